"""Datagrams of many sizes between two hosts, each with bytes of its own.

usage: h_dgram.py echo ADDRESS PORT
       h_dgram.py sizes ADDRESS PORT MTU
       h_dgram.py take ADDRESS PORT RCVBUF
       h_dgram.py give ADDRESS PORT SIZE COUNT
       h_dgram.py raw ADDRESS PORT COUNT SIZE

echo sends back what comes.  sizes sends datagrams around the borders of
fragments and says what is wrong with the answers.  take waits for a line on
standard input, reads all that has come, says how many, and what the next one
tells of losses (SO_RXQ_OVFL).  raw sends UDP packets with an IP header of its
own.
"""
import errno
import random
import select
import socket
import struct
import sys

RXQ_OVFL = 40


def place(argv):
    v6 = ":" in argv[0]
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                      socket.SOCK_DGRAM)
    return s, (argv[0], int(argv[1]))


def content(size):
    return random.Random(size).randbytes(size)


def echo(argv):
    s, at = place(argv)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind(at)
    while True:
        data, who = s.recvfrom(65536)
        s.sendto(data, who)


def borders(v6, mtu):
    head, most = (48, 65487) if v6 else (20, 65507)
    piece = (mtu - head) // 8 * 8
    yield from (0, 1, 2, most - 1, most, 35320, 35321, 60000)
    for count in (1, 2, 3, 63, 64, 65, most // piece):
        for more in (-8, -1, 0, 1, 4, 5):
            size = count * piece - 8 + more
            if 0 <= size <= most:
                yield size
    yield mtu - head - 8


def sizes(argv):
    s, at = place(argv)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.settimeout(5)
    for size in borders(s.family == socket.AF_INET6, int(argv[2])):
        try:
            s.sendto(content(size), at)
            back = s.recv(65536)
            if back != content(size):
                print(size, "came back as", len(back))
        except OSError as e:
            print(size, errno.errorcode.get(e.errno, e))
    print("end")


def take(argv):
    s, at = place(argv)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(argv[2]))
    s.setsockopt(socket.SOL_SOCKET, RXQ_OVFL, 1)
    s.bind(at)
    print("room", s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    sys.stdin.readline()
    count = lost = 0
    s.settimeout(1)
    try:
        while True:
            data = s.recv(65536)
            assert data == content(len(data))
            count += 1
    except socket.timeout:
        print("count", count)
    s.settimeout(20)
    for level, kind, value in s.recvmsg(65536, 100)[1]:
        if (level, kind) == (socket.SOL_SOCKET, RXQ_OVFL):
            lost = struct.unpack("I", value)[0]
    print("lost", lost)


def give(argv):
    s, at = place(argv)
    for _ in range(int(argv[3])):
        s.sendto(content(int(argv[2])), at)


def raw(argv):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in range(int(argv[2])):
        data = content(int(argv[3]))
        udp = struct.pack("!HHHH", 9, int(argv[1]), 8 + len(data), 0) + data
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, i + 1, 0, 64, 17, 0,
                           bytes(4), socket.inet_aton(argv[0]))
        s.sendto(head + udp, (argv[0], 0))
    try:
        s.sendto(head + bytes(9000), (argv[0], 0))
        select.select([s], [], [], 5)   # a virtual host tells of it later
        err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError as e:
        err = e.errno
    print("too long:", errno.errorcode.get(err))


globals()[sys.argv[1]](sys.argv[2:])
