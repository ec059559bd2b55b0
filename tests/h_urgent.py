"""Urgent data over a connection, as the receiver sees them.

usage: h_urgent.py receive ADDRESS PORT    prints what each case shows
       h_urgent.py send ADDRESS PORT
       h_urgent.py both ADDRESS 0          receives from itself

The sender makes a connection for each case and waits at its end until the
receiver has closed it.  What is printed is the same wherever TCP has urgent
data.
"""
import array
import errno
import fcntl
import os
import select
import signal
import socket
import sys
import threading

SIOCATMARK = 0x8905
OOB = socket.MSG_OOB
BULK = 400000
CASES = []


def case(send):
    def add(receive):
        CASES.append((receive.__name__, send, receive))
        return receive
    return add


def sends(*parts):
    """Strings go as they are, those that end with "!" as urgent."""
    def send(c):
        for part in parts:
            c.sendall(part) if part[-1:] != b"!" else c.send(part, OOB)
    return send


def mark(s):
    at = array.array("i", [0])
    fcntl.ioctl(s, SIOCATMARK, at)
    return at[0]


def urgent(s, flags=0):
    try:
        return s.recv(10, OOB | flags)
    except OSError as e:
        return errno.errorcode[e.errno]


def await_urgent(s):
    p = select.poll()
    p.register(s, select.POLLPRI)
    return p.poll(5000)[0][1] == select.POLLPRI


def is_urgent(s):
    return bool(select.select([], [], [s], 0)[2])


@case(sends(b"ab", b"!", b"cd"))
def read_to_the_mark(s):
    print(await_urgent(s), is_urgent(s), mark(s))
    print(s.recv(9), mark(s), is_urgent(s))
    print(urgent(s, socket.MSG_PEEK), urgent(s), mark(s), is_urgent(s))
    print(urgent(s), s.recv(9), mark(s), urgent(s))


@case(sends(b"abcdef!", b"gh"))
def taken_before_the_data(s):
    print(await_urgent(s), urgent(s), is_urgent(s), mark(s))
    print(s.recv(3), mark(s), s.recv(9), mark(s), s.recv(9), mark(s))


@case(sends(b"ab", b"!", b"cd"))
def passed_by(s):
    print(await_urgent(s), s.recv(9), mark(s))
    print(s.recv(9), mark(s), urgent(s), is_urgent(s))


@case(sends(b"ab", b"!", b"cd"))
def in_line(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    print(await_urgent(s), urgent(s), s.recv(9), mark(s), is_urgent(s))
    print(s.recv(1), mark(s), is_urgent(s), s.recv(9))


@case(sends(b"ab", b"1!", b"cd"))
def more_than_one_byte(s):
    print(await_urgent(s), s.recv(9), mark(s), urgent(s), s.recv(9))


def once_asked(c):
    c.recv(1)
    c.send(b"ab!", OOB)


@case(once_asked)
def a_signal(s):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
    fcntl.fcntl(s, fcntl.F_SETOWN, os.getpid())
    s.sendall(b"x")
    print(signal.sigtimedwait([signal.SIGURG], 5) is not None)
    print(await_urgent(s), urgent(s))


@case(sends(b"ab", b"!", b"cd"))
def end_of_the_data(s):
    print(await_urgent(s), s.recv(9), urgent(s), s.recv(9))
    s.shutdown(socket.SHUT_WR)
    print(s.recv(9), mark(s), urgent(s))


def in_bulk(c):
    for i in range(8):
        c.sendall(b"a" * BULK)
        c.send(b"!", OOB)
    c.shutdown(socket.SHUT_WR)


@case(in_bulk)
def marks_in_bulk(s):
    """In line, since a byte whose mark is passed is lost, on Linux too."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    got, marked = 0, []
    while True:
        select.select([s], [], [])
        at = mark(s)
        data = s.recv(65536)
        if not data:
            break
        if at:
            marked.append(data[:1])
        got += len(data)
    print(got, set(marked))


def bulk_both_ways(c):
    t = threading.Thread(target=in_bulk, args=(c,))
    t.start()
    marks_in_bulk(c)
    t.join()


@case(bulk_both_ways)
def marks_both_ways(s):
    bulk_both_ways(s)


def serve(srv):
    for name, _, show in CASES:
        s, _ = srv.accept()
        print("-", name)
        show(s)
        s.close()


def listen(addr, port):
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    return socket.create_server((addr, port), family=family)


def send(addr, port):
    for _, act, _ in CASES:
        with socket.create_connection((addr, port)) as c:
            act(c)
            try:
                while c.recv(99):
                    pass
            except ConnectionResetError:
                pass


def main():
    addr, port = sys.argv[2], int(sys.argv[3])
    if sys.argv[1] == "send":
        send(addr, port)
        return
    srv = listen(addr, port)
    if sys.argv[1] == "both" and os.fork() == 0:
        sys.stdout = open(os.devnull, "w")
        send(addr, srv.getsockname()[1])
        return
    serve(srv)


main()
