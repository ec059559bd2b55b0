#!/usr/bin/env python3
"""What a program sees of a host that dies and comes back.

usage: h_lost.py PEER	(port 7 of PEER takes connections and is silent;
			 10.0.0.77 is nobody)
Blocks in each call in a thread of its own and prints "blocked"; then, once
the file "back" is there, what old and new sockets do.
"""
import errno
import os
import select
import socket
import sys
import threading
import time

peer = (sys.argv[1], 7)


def show(name, call):
    try:
        text = call()
    except OSError as e:
        text = errno.errorcode[e.errno]
    sys.stdout.write(f"{name}: {text}\n")	# at once: there are threads


def stream():
    s = socket.socket()
    s.connect(peer)
    return s


def poll(s, events):
    p = select.poll()
    p.register(s, events)
    got = p.poll(60000)[0][1]
    # A pair hangs up a moment before there is room in it.
    for _ in range(1000):
        if not got & select.POLLHUP or got & select.POLLOUT or not events & select.POLLOUT:
            break
        time.sleep(0.001)
        got = p.poll(60000)[0][1]
    return ",".join(sorted(n for n in ("POLLIN", "POLLOUT", "POLLHUP", "POLLERR")
                           if got & getattr(select, n)))


def connecting():
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("10.0.0.77", 7))
    return s


def datagram(bound=True):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if bound:
        s.bind(("", 0))
    return s


listener, other = socket.create_server(("", 0)), socket.create_server(("", 0))
reader, watched, pending, udp = stream(), stream(), connecting(), datagram()
waits = {
    "read": lambda: reader.recv(1),
    "poll of a stream": lambda: poll(watched, select.POLLIN),
    "poll of a listener": lambda: poll(other, select.POLLIN),
    "poll of a connect": lambda: poll(pending, select.POLLOUT),
    "accept": listener.accept,
    "connect": lambda: socket.socket().connect(("10.0.0.77", 7)),
    "recvfrom": lambda: udp.recvfrom(1),
}
threads = [threading.Thread(target=show, args=item) for item in waits.items()]
for t in threads:
    t.start()
time.sleep(0.3)
print("blocked", flush=True)
for t in threads:
    t.join()
while not os.path.exists("back"):
    time.sleep(0.05)
show("SO_ERROR of a connect", lambda: errno.errorcode.get(
    pending.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
signal = socket.MSG_NOSIGNAL
show("send", lambda: watched.send(b"x", signal))
show("read again", lambda: reader.recv(1))
show("sendto", lambda: udp.sendto(b"x", peer))
show("listen", listener.listen)
show("accept again", listener.accept)
show("getsockname", watched.getsockname)
show("setsockopt", lambda: watched.setsockopt(
    socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
show("close", watched.close)
show("a new stream", lambda: stream().getpeername()[0])
show("a new listener", lambda: socket.create_server(("", 0)).getsockname()[0])
show("a new datagram", lambda: datagram().getsockname()[0])
