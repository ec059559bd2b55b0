"""Send a host descriptors that are none of its business.

usage: h_descr.py SOCKET linger|odd
linger: a TCP socket of the machine whose close(2) takes 20 s
odd: a fifo, a device, a directory, in the place of a pair and of the reply
"""
import os
import socket
import struct
import sys
import threading

from h_wire import Client


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


client = Client(sys.argv[1])
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if sys.argv[2] == "linger":
    # Whoever closes the last duplicate waits: here, or in the host.
    print("sent", flush=True)
    for _ in range(8):
        s, keep = lingering()
        client.post("HELLO", fds=(theirs.fileno(), s.fileno()))
        threading.Thread(target=s.close, daemon=True).start()
else:
    os.mkfifo("fifo")
    for path in ("fifo", "/dev/zero", "."):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        client.post("HELLO", fds=(fd,))
        client.post("HELLO", fds=(theirs.fileno(), fd))
        client.post("SOCKET", 2, 1, data=struct.pack("QQ", fd + 1000000, 1),
                    fds=(fd,))
        os.close(fd)
    # A pair of the wrong kind for a stream.
    client.post("SOCKET", 2, 1, data=struct.pack("QQ", 999, 1),
                fds=(theirs.fileno(),))
print("sent", flush=True)
sys.stdin.read()
