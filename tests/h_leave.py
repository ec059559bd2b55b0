"""Servers that were root when they began, and are not when they work.

usage: h_leave.py fork|exec|new PORT UID
fork	workers that are another user, of a listening socket, as nginx's are
exec	a program for each connection, on its stdin, as inetd's services
new	the same, which makes a socket before it asks about that one
"""
import os
import socket
import sys

SERVICE = """
import os, socket, sys
if sys.argv[1] == "new":
    more = socket.socket()
s = socket.socket(fileno=0)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
text = f"{os.getuid()} {s.getpeername()[0]} {s.getsockname()[1]}"
more = socket.create_connection(("10.0.0.1", 80))
text += f" {more.getpeername()[1]}"
for kind in socket.AF_INET, socket.AF_PACKET:
    try:
        socket.socket(kind, socket.SOCK_RAW, 1).close()
        text += " raw"
    except PermissionError:
        text += " EPERM"
s.sendall(text.encode() + b"\\n")
"""


def leave(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def work(peer, uid):
    if sys.argv[1] != "fork":
        os.dup2(peer.fileno(), 0)
        leave(uid)
        os.execv(sys.executable, [sys.executable, "-c", SERVICE, sys.argv[1]])
    leave(uid)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    more = socket.create_connection(("10.0.0.1", 80))
    text = (f"{os.getuid()} {peer.getpeername()[0]} "
            f"{peer.getsockname()[1]} {more.getpeername()[1]}")
    peer.sendall(text.encode() + b"\n")
    os._exit(0)


server = socket.create_server(("10.0.0.1", int(sys.argv[2])))
print("ready", flush=True)
while True:
    peer, _ = server.accept()
    if os.fork() == 0:
        work(peer, int(sys.argv[3]))
    peer.close()
