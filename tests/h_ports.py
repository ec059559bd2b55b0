#!/usr/bin/env python3
"""All ports that a host gives to sockets without one are taken, and given back.

usage: h_ports.py PEER	PEER runs `h_ports.py serve`
Prints how many sockets of each kind there can be, what the next one gets, and
whether all is as before when they are closed; the same as on Linux.
"""
import errno
import resource
import selectors
import socket
import sys

PORT = 7
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve():
    """Accepts, and closes when told by a byte: so TIME_WAIT is here."""
    sel = selectors.DefaultSelector()
    listener = socket.create_server(("", PORT), backlog=1000)
    sel.register(listener, selectors.EVENT_READ)
    print("listens", flush=True)
    while True:
        for key, _ in sel.select():
            if key.fileobj is listener:
                conn, _ = listener.accept()
                sel.register(conn, selectors.EVENT_READ)
            else:
                sel.unregister(key.fileobj)
                key.fileobj.close()


def stream():
    s = socket.socket()
    s.settimeout(20)
    return s


def bound(s):
    s.bind(("", 0))
    return s


def connected(s):
    s.connect((sys.argv[1], PORT))
    return s


def datagram():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def end(s):
    """The server closes first, where it has a connection."""
    if s.type == socket.SOCK_STREAM:
        try:
            s.send(b"x")
            s.recv(1)
        except OSError:
            pass
    s.close()


def take_all(what, make, use):
    for again in ("", " again"):
        kept = []
        while True:
            s = make()
            try:
                kept.append(use(s))
            except OSError as e:
                s.close()
                print(f"{what}{again}: {len(kept)}, then "
                      f"{errno.errorcode[e.errno]}", flush=True)
                break
        for s in kept:
            end(s)


if sys.argv[1] == "serve":
    serve()
take_all("datagrams, bind", datagram, bound)
take_all("datagrams, connect", datagram, connected)
take_all("streams, bind", stream, bound)
take_all("streams, connect", stream, connected)
