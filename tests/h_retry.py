#!/usr/bin/env python3
"""A socket whose connect was refused is connected again, watched by epoll.

usage: h_retry.py [copy]	(with a second descriptor of the socket)
Prints what the watchers see; the same on Linux.
"""
import asyncio
import errno
import select
import socket
import sys

peer = socket.socket()
peer.bind(("127.0.0.1", 0))
to = peer.getsockname()
s = socket.socket()
s.setblocking(False)
sets = {"level": select.EPOLLOUT, "edge": select.EPOLLOUT | select.EPOLLET,
        "once": select.EPOLLOUT | select.EPOLLONESHOT,
        "other": select.EPOLLIN | select.EPOLLRDHUP}
eps = {}
s.connect_ex(to)
for name, events in sets.items():
    eps[name] = select.epoll()
    eps[name].register(s.fileno(), events)
p = select.poll()
p.register(s, select.POLLOUT)
p.poll(2000)
copy = s.dup() if "copy" in sys.argv else None
assert s.connect_ex(to) == errno.ECONNREFUSED
peer.listen(1)
e = s.connect_ex(to)
assert e in (0, errno.EINPROGRESS), e
p.poll(2000)
for name, ep in eps.items():
    got = [(fd == s.fileno(), events & ~select.EPOLLRDNORM) for fd, events in ep.poll(0.3)]
    print(name, got)
a, _ = peer.accept()
a.send(b"x")
print("other", [e for _, e in eps["other"].poll(2)])
for name, ep in eps.items():
    ep.modify(s.fileno(), select.EPOLLIN)
    print(name, [e for _, e in ep.poll(2)])
    ep.unregister(s.fileno())
    assert ep.poll(0) == []


async def again():
    loop = asyncio.get_running_loop()
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    s = socket.socket()
    s.setblocking(False)
    try:
        await loop.sock_connect(s, l.getsockname())
    except ConnectionRefusedError:
        print("refused")
    l.listen(1)
    l.setblocking(False)
    for _ in range(2):
        try:
            await asyncio.wait_for(loop.sock_connect(s, l.getsockname()), 5)
            break
        except ConnectionAbortedError:
            print("aborted")
    c, _ = await loop.sock_accept(l)
    await loop.sock_sendall(s, b"hello")
    print(await loop.sock_recv(c, 5))

asyncio.run(again())
