#!/usr/bin/env python3
"""A connection whose windows are full: who writes until nothing is taken.

usage: h_full.py serve|ADDRESS [quiet]	quiet: it does not write
Neither reads.
"""
import socket
import sys
import time

if sys.argv[1] == "serve":
    l = socket.create_server(("", 7))
    print("listens", flush=True)
    s = l.accept()[0]
else:
    s = socket.create_connection((sys.argv[1], 7))
if len(sys.argv) > 2:
    print("quiet", flush=True)
    time.sleep(600)
s.setblocking(False)
idle = time.time()
while time.time() - idle < 0.5:
    try:
        s.send(b"x" * 65536)
        idle = time.time()
    except BlockingIOError:
        time.sleep(0.01)
print("full", flush=True)
time.sleep(600)
