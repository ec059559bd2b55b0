"""Numbered datagrams, to see which of them arrive.

usage: h_link.py take ADDRESS PORT FILE
       h_link.py give ADDRESS PORT COUNT SIZE

give sends COUNT datagrams of SIZE bytes with their numbers in them, and then
one that is the end until it is answered.  take writes the numbers of those that
came, in the order in which they did, and a "!" behind one whose bytes are not
right.
"""
import random
import socket
import struct
import sys
import time

END = 0xffffffff


def place(argv):
    v6 = ":" in argv[0]
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                      socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    return s, (argv[0], int(argv[1]))


def content(n, size):
    return struct.pack("!I", n) + random.Random(n).randbytes(size - 4)


def take(argv):
    s, at = place(argv)
    s.bind(at)
    s.settimeout(50)
    with open(argv[2], "w", encoding="ascii") as f:
        while True:
            data, who = s.recvfrom(65536)
            n, = struct.unpack("!I", data[:4])
            if n == END:
                break
            print(n, "" if data == content(n, len(data)) else "!", file=f)
    s.sendto(data, who)


def give(argv):
    s, at = place(argv)
    count, size = int(argv[2]), int(argv[3])
    s.settimeout(0.5)
    for n in range(count):
        s.sendto(content(n, size), at)
        if n % 50 == 49:
            time.sleep(0.002)
    time.sleep(0.3)  # what a delay holds comes first
    for _ in range(60):
        s.sendto(struct.pack("!I", END), at)
        try:
            s.recv(100)
            return
        except TimeoutError:
            pass
    sys.exit("no answer")


{"take": take, "give": give}[sys.argv[1]](sys.argv[2:])
