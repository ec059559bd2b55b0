"""Send a host descriptors that are none of its business.

usage: h_descr.py SOCKET MAGIC linger|odd
linger: a TCP socket of the machine whose close(2) takes 20 s
odd: a fifo, a device, a directory, in the place of a pair and of the reply
"""
import array
import os
import socket
import struct
import sys
import threading

HELLO, SOCKET = 1, 2


def lingering():
    server = socket.create_server(("127.0.0.1", 0))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    s.setblocking(False)
    try:
        while True:
            s.send(b"x" * 65536)
    except BlockingIOError:
        pass
    s.setblocking(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 struct.pack("ii", 1, 20))
    return s, (server, peer)


def request(ctl, op, fds, data=b""):
    head = struct.pack("<IHHQQiiiI", int(sys.argv[2], 16), op, 0, 0, 0,
                       2, 1, 0, len(data))
    ctl.sendmsg([head + data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                 array.array("i", fds))])


ctl = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ctl.connect(sys.argv[1])
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if sys.argv[3] == "linger":
    # Whoever closes the last duplicate waits: here, or in the host.
    print("sent", flush=True)
    for _ in range(8):
        s, keep = lingering()
        request(ctl, HELLO, [theirs.fileno(), s.fileno()])
        threading.Thread(target=s.close, daemon=True).start()
else:
    os.mkfifo("fifo")
    for path in ("fifo", "/dev/zero", "."):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        request(ctl, HELLO, [fd])
        request(ctl, HELLO, [theirs.fileno(), fd])
        request(ctl, SOCKET, [fd], struct.pack("<Q", fd + 1000000))
        os.close(fd)
    # A pair of the wrong kind for a stream.
    request(ctl, SOCKET, [theirs.fileno()], struct.pack("<Q", 999))
print("sent", flush=True)
sys.stdin.read()
