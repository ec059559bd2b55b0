"""Sockets as a program sees them, whose host may be on another machine.

usage: h_relay.py here ADDR PEER     or     h_relay.py there ADDR
`there` runs on another host, at PEER; each tells by its status if all was
right.  What is expected is what Linux does.
"""
import errno
import select
import socket
import struct
import sys
import time

HARD = struct.pack("ii", 1, 0)
TCP, UDP, DONE, NOBODY = 7000, 7001, 7002, 7003


def check(name, ok, *what):
    if not ok:
        sys.exit(f"{name}: {what}")


def expect(name, err, call, *args):
    try:
        got = call(*args)
    except OSError as e:
        check(name, e.errno == err, e)
    else:
        check(name, False, got)


def read_all(s):
    data = b""
    while part := s.recv(65536):
        data += part
    return data


def connect_later(addr, port):
    """A non-blocking connect. Return: the socket, what poll said of it."""
    s = socket.socket()
    s.setblocking(False)
    check("in progress", s.connect_ex((addr, port)) == errno.EINPROGRESS)
    p = select.poll()
    p.register(s, select.POLLIN | select.POLLOUT)
    events = p.poll(5000)
    check("in time", events)
    return s, events[0][1]


def connects(peer):
    s, events = connect_later(peer, TCP)
    check("connected", events == select.POLLOUT, events)
    check("no error", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)
    check("peer", s.getpeername() == (peer, TCP), s.getpeername())
    s.setblocking(True)
    s.sendall(b"echo")
    check("echo", s.recv(10) == b"echo")
    s.shutdown(socket.SHUT_WR)
    check("after our end", read_all(s) == b"that was all")
    s.close()
    s, events = connect_later(peer, NOBODY)
    check("refused", events & select.POLLERR and events & select.POLLHUP,
          events)
    check("why", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) ==
          errno.ECONNREFUSED)
    s.close()
    s = socket.socket()
    expect("refused", errno.ECONNREFUSED, s.connect, (peer, NOBODY))
    expect("no route", errno.ENETUNREACH, s.connect, ("192.0.2.1", 1))
    s.close()


def datagrams(peer):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    for size in 0, 1, 1472, 1473, 30000, 65507:
        s.sendto(b"x" * size, (peer, UDP))
        data, who = s.recvfrom(65536)
        check("datagram", len(data) == size and who == (peer, UDP), size, who)
    expect("too long", errno.EMSGSIZE, s.sendto, b"x" * 65508, (peer, UDP))
    s.connect((peer, NOBODY))
    s.send(b"anybody?")
    expect("nobody", errno.ECONNREFUSED, s.recv, 10)
    # What was sent before an option changes goes by the old one.
    s.connect((peer, UDP))
    for ttl in range(1, 20):
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        s.send(b"ttl")
    check("the last one", s.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 19)
    s.close()


def accepts(addr):
    """The peer makes connections, of which each ends in its own way."""
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind((addr, TCP))
    l.listen(8)
    s, who = l.accept()
    check("who", s.getpeername() == who and s.getsockname() == (addr, TCP))
    s.sendall(b"in order")
    check("its end", read_all(s) == b"and you")
    s.close()
    s, _ = l.accept()            # closed with something unread
    select.select([s], [], [], 5)
    s.close()
    s, _ = l.accept()            # closed hard
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
    s.close()
    s, _ = l.accept()            # by the peer
    expect("reset", errno.ECONNRESET, s.recv, 10)
    s.close()
    select.select([l], [], [], 5)
    l.close()                    # with one that nobody has accepted


def here(addr, peer):
    connects(peer)
    datagrams(peer)
    s = socket.create_connection((peer, DONE))
    accepts(addr)
    check("there", s.recv(10) == b"good")


def serve():
    """Until `here` goes on to accept: echoes."""
    l = socket.create_server(("", TCP))
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("", UDP))
    done = socket.create_server(("", DONE))
    while True:
        for s in select.select([l, u, done], [], [])[0]:
            if s is done:
                return done.accept()[0]
            if s is u:
                data, who = u.recvfrom(65536)
                u.sendto(data, who)
                continue
            c, _ = l.accept()
            c.sendall(c.recv(10))
            check("its end", c.recv(10) == b"")
            c.sendall(b"that was all")
            c.close()


def connect_soon(addr):
    for _ in range(200):
        try:
            return socket.create_connection((addr, TCP))
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("nobody listens")


def there(addr):
    done = serve()
    s = connect_soon(addr)
    check("in order", s.recv(100) == b"in order")
    s.sendall(b"and you")
    s.shutdown(socket.SHUT_WR)
    check("its end", read_all(s) == b"")
    s = connect_soon(addr)
    s.sendall(b"not to be read")
    expect("unread", errno.ECONNRESET, s.recv, 10)
    s = connect_soon(addr)
    expect("hard", errno.ECONNRESET, s.recv, 10)
    s = connect_soon(addr)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
    s.close()
    s = connect_soon(addr)
    expect("not accepted", errno.ECONNRESET, s.recv, 10)
    done.sendall(b"good")


if sys.argv[1] == "here":
    here(*sys.argv[2:])
else:
    there(*sys.argv[2:])
