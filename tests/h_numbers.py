#!/usr/bin/env python3
"""fd numbers: those a program has not asked for are not to be seen.

usage: h_numbers.py last LIMIT	socket(2) with one number left
       h_numbers.py hidden		numbers just closed, beside busy threads
       h_numbers.py fork		many children that ask, at the limit
"""
import errno
import fcntl
import os
import resource
import socket
import sys
import threading


def leave_one(limit):
    """Use up all numbers but one."""
    keep = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    try:
        while True:
            keep.append(os.dup(0))
    except OSError as e:
        assert e.errno == errno.EMFILE
    os.close(keep[-1])
    return keep[-1]


def flags(s):
    return (fcntl.fcntl(s, fcntl.F_GETFD) & fcntl.FD_CLOEXEC,
            fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK)


def try_last(family):
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        for flag in 0, socket.SOCK_NONBLOCK:
            s = socket.socket(family, kind | flag)
            assert flags(s) == (1, os.O_NONBLOCK if flag else 0), flags(s)
            s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if kind == socket.SOCK_STREAM and not flag:
                s.listen(1)
            elif kind == socket.SOCK_DGRAM:
                s.connect(s.getsockname())
                s.send(b"own")
                s.settimeout(5)
                assert s.recv(9) == b"own"
            s.close()


def last():
    # The first one also takes what is needed to talk to the host.
    socket.socket().close()
    fd = leave_one(int(sys.argv[2]))
    for family in socket.AF_INET, socket.AF_INET6:
        try_last(family)
    s = socket.socket()
    assert s.fileno() == fd
    try:
        socket.socket()
    except OSError as e:
        assert e.errno == errno.EMFILE
    else:
        assert False, "one more than there are"
    print("done")


def hidden():
    lst = socket.create_server(("127.0.0.1", 0), backlog=64)
    c = socket.create_connection(lst.getsockname())
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    stop = []

    def ask():
        while not stop:
            c.getpeername()
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def refused():
        # A blocking one takes a while: its number was there all that time.
        s = socket.socket()
        while not stop:
            assert s.connect_ex(free.getsockname()) == errno.ECONNREFUSED

    threads = [threading.Thread(target=f) for f in (ask, ask, refused)]
    # What is made for a thread's first call is no matter.
    for t in threads:
        t.start()
    for _ in range(200):
        c.getpeername()
    seen = 0
    for _ in range(4000):
        fd = os.open("/dev/null", os.O_RDONLY)
        os.close(fd)
        try:
            os.fstat(fd)
            seen += 1
        except OSError:
            pass
    stop.append(True)
    for t in threads:
        t.join()
    assert not seen, seen
    print("done")


def fork():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    name = s.getsockname()
    for depth in range(4):
        pids = []
        for _ in range(4):
            pid = os.fork()
            if not pid:
                for _ in range(50):
                    assert s.getsockname() == name
                os._exit(0)
            pids.append(pid)
        for pid in pids:
            assert os.waitpid(pid, 0)[1] == 0
        # The next ones are children's children.
        pid = os.fork()
        if pid:
            status = os.waitpid(pid, 0)[1]
            os._exit(1 if status else 0)
    s.getsockname()
    numbers = [int(n) for n in os.listdir("/proc/self/fd")]
    # Nothing of its forebears', but its own connection and channel.
    assert len([n for n in numbers if n >= 900]) <= 2, numbers
    leave_one(48)
    try_last(socket.AF_INET)
    print("done", flush=True)
    os._exit(0)


{"last": last, "hidden": hidden, "fork": fork}[sys.argv[1]]()
