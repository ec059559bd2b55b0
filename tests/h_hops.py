#!/usr/bin/env python3
"""A server that hears nobody beyond its own cable (RFC 5082), and who asks it.

usage: h_hops.py serve|ask ADDRESS
"""

import socket
import sys
import time

HERE, FAR = 255, 254
# IPV6_MINHOPCOUNT and IP_MINTTL, of which Python knows no names.
LEAST = {socket.AF_INET: (socket.IPPROTO_IP, 21),
         socket.AF_INET6: (socket.IPPROTO_IPV6, 73)}
HOPS = {socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
        socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}


def serve(family, addr):
    with socket.socket(family) as s:
        s.setsockopt(*LEAST[family], HERE)
        s.setsockopt(*HOPS[family], HERE)
        s.bind((addr, 7000))
        s.listen()
        print("listens", flush=True)
        c = s.accept()[0]
        with c:
            c.sendall(c.recv(9))


def ask(family, addr):
    with socket.socket(family) as s:
        s.setsockopt(*HOPS[family], FAR)
        s.settimeout(0.3)
        try:
            s.connect((addr, 7000))
        except TimeoutError:
            print("timed out", end=", ")
    with socket.socket(family) as s:
        s.setsockopt(*HOPS[family], HERE)
        s.setsockopt(*LEAST[family], HERE)
        s.settimeout(20)
        s.connect((addr, 7000))
        print("connected", end=", ")
        s.setsockopt(*HOPS[family], FAR)
        s.send(b"late")
        end = time.monotonic() + 20
        # tcpi_retransmits
        while not s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[2]:
            if time.monotonic() > end:
                sys.exit("it was heard")
            time.sleep(0.01)
        print("sent again", end=", ")
        s.setsockopt(*HOPS[family], HERE)
        print("answered" if s.recv(9) == b"late" else "lost")


def main():
    what, addr = sys.argv[1:]
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    {"serve": serve, "ask": ask}[what](family, addr)


main()
