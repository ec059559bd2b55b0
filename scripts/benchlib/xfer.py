"""usage: xfer.py serve PORT | xfer.py ask

serve takes what comes over each connection, and answers with its SHA-256.
ask reads lines "ADDRESS PORT BYTES STREAMS SECONDS", sends as much over so
many connections at once, and prints how long it took, or what went wrong.
"""

import hashlib
import os
import socket
import sys
import threading
import time

BLOCK = os.urandom(1 << 20)


def take(c):
    h = hashlib.sha256()
    while True:
        data = c.recv(1 << 18)
        if not data:
            break
        h.update(data)
    c.sendall(h.digest())
    c.close()


def serve(port):
    s = socket.create_server(("::", port), family=socket.AF_INET6,
                             dualstack_ipv6=True, backlog=64)
    print("ready", flush=True)
    while True:
        c = s.accept()[0]
        threading.Thread(target=take, args=(c,), daemon=True).start()


def give(address, size, limit, wrong):
    try:
        h = hashlib.sha256()
        with socket.create_connection(address, limit) as s:
            while size:
                part = memoryview(BLOCK)[:min(size, len(BLOCK))]
                s.sendall(part)
                h.update(part)
                size -= len(part)
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while len(answer) < h.digest_size:
                data = s.recv(h.digest_size)
                if not data:
                    break
                answer += data
        if answer != h.digest():
            wrong.append("other bytes came")
    except OSError as e:
        wrong.append(str(e))


def ask(line):
    host, port, size, streams, limit = line.split()
    wrong, limit = [], float(limit)
    all_of_them = [threading.Thread(
        target=give, daemon=True,
        args=((host, int(port)), int(size) // int(streams), limit, wrong))
        for _ in range(int(streams))]
    began = time.monotonic()
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join(max(0, limit - (time.monotonic() - began)))
    took = time.monotonic() - began
    if any(t.is_alive() for t in all_of_them):
        wrong.append(f"no end in {limit:.0f} s")
    print(f"failed: {wrong[0]}" if wrong else f"{took:.6f}", flush=True)


def main():
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    print("ready", flush=True)
    for line in sys.stdin:
        ask(line)


main()
