"""A long way: TCP connections whose bytes take their time.

usage: h_delay.py PORT TO SECONDS   from 127.0.0.1:PORT to 127.0.0.1:TO
"""
import queue
import socket
import sys
import threading
import time

port, to, delay = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])


def send(q, s):
    while True:
        due, data = q.get()
        time.sleep(max(0, due - time.monotonic()))
        if not data:
            s.shutdown(socket.SHUT_WR)
            return
        s.sendall(data)


def carry(a, b):
    q = queue.Queue()
    threading.Thread(target=send, args=(q, b), daemon=True).start()
    while True:
        try:
            data = a.recv(65536)
        except OSError:
            data = b""
        q.put((time.monotonic() + delay, data))
        if not data:
            return


with socket.create_server(("127.0.0.1", port)) as server:
    print("ready", flush=True)
    while True:
        here = server.accept()[0]
        there = socket.create_connection(("127.0.0.1", to))
        for s in here, there:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pair in (here, there), (there, here):
            threading.Thread(target=carry, args=pair, daemon=True).start()
