"""Frames of every size, there and back, and one that is too long.

usage: h_sizes.py echo
       h_sizes.py ask FIRST LAST OVER
echo: says "ready", and sends back what it gets.  ask: sends frames of FIRST to
LAST bytes to who echoes, and then one of OVER, which must not come; each that
comes must be the one that was sent, once.
"""
import random
import socket
import sys

ETH = 0x88b6                # the other one for experiments, IEEE 802
WINDOW = 65536              # bytes that are on their way


def open_socket():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH))
    s.bind(("shmif0", ETH))
    s.settimeout(10)
    return s, s.getsockname()[4]


def frame(size, dst, src):
    body = random.Random(size).randbytes(size - 14)
    return dst + src + ETH.to_bytes(2, "big") + body


def echo():
    s, mine = open_socket()
    s.settimeout(None)
    print("ready", flush=True)
    while True:
        f = s.recv(1 << 16)
        s.send(f[6:12] + mine + f[12:])


def ask(first, last, over):
    s, mine = open_socket()
    s.send(frame(60, b"\xff" * 6, mine))
    peer = s.recv(1 << 16)[6:12]
    waiting, back = list(range(first, last + 1)), 0
    away = set()
    while waiting or away:
        while waiting and len(away) < 32 and \
                sum(away) + waiting[0] < WINDOW:
            size = waiting.pop(0)
            s.send(frame(size, peer, mine))
            away.add(size)
        try:
            f = s.recv(1 << 16)
        except TimeoutError:
            sys.exit(f"no answer of {sorted(away)}")
        if len(f) not in away or f != frame(len(f), mine, peer):
            sys.exit(f"{len(f)} bytes: not what was sent, or not again")
        away.remove(len(f))
        back += 1
    s.send(frame(over, peer, mine))
    s.send(frame(60, peer, mine))
    if len(s.recv(1 << 16)) != 60:
        sys.exit(f"a frame of {over} bytes came")
    print(back, "came back")


if sys.argv[1] == "echo":
    echo()
else:
    ask(*map(int, sys.argv[2:]))
