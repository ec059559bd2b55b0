"""A program that names the sockets of others: by numbers that it has read in
/proc/net/unix, since any user can.  Each request has to be refused, and the
sockets' owner must not notice.

usage: h_guess.py SOCKET (of the server)
"""
import re
import socket
import struct
import sys

from h_wire import Client, W, cookie


def names():
    """The numbers of all virtual sockets of this machine."""
    with open("/proc/net/unix", encoding="ascii", errors="replace") as f:
        return re.findall(r"@shmif/([0-9a-f]{16})/([0-9a-f]{16})/\w+/(\S+)",
                          f.read())


def fail(*what):
    print("wrong:", *what)
    sys.exit(1)


def expect(want, what, got):
    if got[0] != want:
        fail(what, "gave", got[0] or "success", "instead of", want)


client = Client(sys.argv[1])
error, server, _, _ = client.call("HELLO", data=b"guess")
if error:
    fail("hello:", error)
victims = [(int(sock, 16), kind) for host, sock, kind in names()
           if int(host, 16) == server]
if len(victims) < 4:
    fail("only", len(victims), "sockets to try")

ours, mine = client.socket(socket.AF_INET, socket.SOCK_STREAM)
other, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
here = struct.pack("<H", socket.AF_INET) + bytes(14)
requests = [
    ("BIND", (), here), ("CONNECT", (0,), here), ("CONNECT", (1,), here),
    ("LISTEN", (5,), b""), ("GETSOCKNAME", (), b""), ("GETPEERNAME", (), b""),
    ("SETSOCKOPT", (socket.SOL_SOCKET, socket.SO_LINGER),
     struct.pack("ii", 1, 0)),
    ("GETSOCKOPT", (socket.SOL_SOCKET, socket.SO_ERROR, 4), b""),
    ("SHUTDOWN", (2,), b""), ("LEND", (), b""),
] + [("QUERY", (q,), b"") for name, q in W.items()
     if name.startswith("WIRE_QUERY_")]
for victim, kind in victims:
    for op, abc, data in requests:
        expect("EBADF", f"{op} of {kind}",
               client.call(op, *abc, data=data, sock=victim))
        # Shown is another one, of ours, of the machine, or none at all.
        for fd in (ours, other):
            expect("EBADF", f"{op} of {kind}, a socket shown",
                   client.call(op, *abc, data=data, sock=victim, fds=(
                       fd.fileno(),), flags=W["WIRE_SHOWS"]))
    client.post("SETSOCKOPT", socket.SOL_SOCKET, socket.SO_LINGER,
                data=struct.pack("ii", 1, 0), sock=victim)
    # Its options are not for a new one of ours, nor is its number.
    s, _ = client.socket(socket.AF_INET, socket.SOCK_STREAM, sock=victim)
    s.settimeout(10)
    if s.recv(1):
        fail("options of", kind)
    s, _ = client.socket(socket.AF_INET, socket.SOCK_STREAM, number=victim)
    s.settimeout(10)
    if s.recv(1):
        fail("number of", kind)

# What we made ourselves we may name, and what we show elsewhere.
expect("", "our own", client.call("GETSOCKNAME", sock=mine))
again = Client(sys.argv[1])
expect("EBADF", "ours, elsewhere", again.call("GETSOCKNAME", sock=mine))
expect("", "ours, shown", again.call("GETSOCKNAME", sock=mine, fds=(
    ours.fileno(),), flags=W["WIRE_SHOWS"]))
expect("", "ours, shown before", again.call("GETSOCKNAME", sock=mine))
# Nor does a false cookie help: it proves that socket, not the other way.
fake, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
again.post("SOCKET", socket.AF_INET, socket.SOCK_STREAM, 0,
           data=struct.pack("QQ", 77, cookie(ours)), fds=(theirs.fileno(),))
third = Client(sys.argv[1])
expect("EBADF", "a false cookie", third.call("GETSOCKNAME", sock=77, fds=(
    fake.fileno(),), flags=W["WIRE_SHOWS"]))
# Who may configure the host can say that it does not matter whose it is.
expect(sys.argv[2] if len(sys.argv) > 2 else "", "of others", client.call(
    "GETSOCKNAME", sock=victims[0][0], flags=W["WIRE_OF_OTHERS"]))
client.call("LIMIT", data=b"guess:raw,halt,watch")
expect("EBADF", "of others, without the right", client.call(
    "GETSOCKNAME", sock=victims[0][0], flags=W["WIRE_OF_OTHERS"]))
print("ok", len(victims), "sockets")
