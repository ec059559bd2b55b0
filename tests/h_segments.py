"""Datagrams that are sent with one call, and what comes of them.

usage: h_segments.py give ADDRESS PORT SIZE SEGMENT [TOS [SOURCE]]
       h_segments.py refused ADDRESS PORT SIZE SEGMENT
       h_segments.py many ADDRESS PORT SIZE COUNT
       h_segments.py take ADDRESS PORT BYTES [gro]
       h_segments.py raw ADDRESS COUNT

give sends SIZE bytes that are cut by SEGMENT (UDP_SEGMENT); refused says which
error comes then.  many sends COUNT datagrams in a row.  take reads until BYTES
have come, and says of each read how long it is, what UDP_GRO says, its TOS, and
its destination.  raw says how long the UDP packets are that a raw socket gets.
"""
import socket
import struct
import sys

UDP_SEGMENT, UDP_GRO = 103, 104
IP_PKTINFO, IP_RECVTOS = 8, 13
IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50
IPV6_RECVTCLASS, IPV6_TCLASS = 66, 67


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def content(size):
    return bytes((i * 31 + i // 251) & 255 for i in range(size))


def beside(v6, tos, source):
    if tos:
        yield ((socket.IPPROTO_IPV6, IPV6_TCLASS) if v6 else
               (socket.IPPROTO_IP, socket.IP_TOS)) + (struct.pack("i", tos),)
    if source and v6:
        yield (socket.IPPROTO_IPV6, IPV6_PKTINFO, struct.pack(
            "16si", socket.inet_pton(socket.AF_INET6, source), 0))
    elif source:
        yield (socket.IPPROTO_IP, IP_PKTINFO, struct.pack(
            "i4s4s", 0, socket.inet_aton(source), bytes(4)))


def give(address, port, size, segment, tos="0", source=None):
    v6 = ":" in address
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.connect((address, int(port)))
    about = [(socket.IPPROTO_UDP, UDP_SEGMENT,
              struct.pack("H", int(segment)))]
    about += beside(v6, int(tos), source)
    print("sent", s.sendmsg([content(int(size))], about), flush=True)
    return s


def refused(*argv):
    s = give(*argv)
    s.settimeout(10)
    try:
        s.recv(1)
    except OSError as e:
        print(e.strerror)


def many(address, port, size, count):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.connect((address, int(port)))
    data, size = content(int(size) * int(count)), int(size)
    for i in range(int(count)):
        s.send(data[i * size:(i + 1) * size])


def told(about):
    segment, tos, to = 0, 0, "-"
    for level, kind, data in about:
        if (level, kind) == (socket.IPPROTO_UDP, UDP_GRO):
            segment = struct.unpack("i", data)[0]
        elif kind in (socket.IP_TOS, IPV6_TCLASS):
            tos = data[0]
        elif kind == IP_PKTINFO:
            to = socket.inet_ntoa(data[8:12])
        elif kind == IPV6_PKTINFO:
            to = socket.inet_ntop(socket.AF_INET6, data[:16])
    return f"{segment} {tos} {to}"


def take(address, port, size, *more):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.setsockopt(socket.IPPROTO_UDP, UDP_GRO, "gro" in more)
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    else:
        s.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    s.bind((address, int(port)))
    got, size = 0, int(size)
    right = content(size)
    while got < size:
        data, about, _, _ = s.recvmsg(65536, 256)
        if right[got:got + len(data)] != data:
            print("other bytes")
        got += len(data)
        print(len(data), told(about), flush=True)
        s.settimeout(10)
    print("end", flush=True)


def raw(address, count):
    s = socket.socket(family(address), socket.SOCK_RAW, socket.IPPROTO_UDP)
    s.bind((address, 0))
    s.settimeout(10)
    print("ready", flush=True)
    for _ in range(int(count)):
        print(len(s.recv(65536)), flush=True)
    print("end", flush=True)


{"give": give, "refused": refused, "many": many, "take": take, "raw": raw}[
    sys.argv[1]](*sys.argv[2:])
