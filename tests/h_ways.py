"""Try to reach the machine's network past the virtual host's.

usage: h_ways.py families       say which sockets the machine gives
       h_ways.py frames IFINDEX send frames and packets to that interface of
                                the machine's by every socket that is given
"""
import ctypes
import errno
import socket
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
PACKET = 10		# SOCK_PACKET
FAMILIES = [n for n in range(46)]
NETLINKS = range(32)
NAMES = {1: "UNIX", 2: "INET", 10: "INET6", 15: "KEY", 16: "NETLINK",
         17: "PACKET", 29: "CAN", 30: "TIPC", 31: "BLUETOOTH", 38: "ALG",
         40: "VSOCK", 43: "SMC", 44: "XDP"}

SYS_SOCKET = {"x86_64": 41, "aarch64": 198}
SYS_SOCKETPAIR = {"x86_64": 53, "aarch64": 199}


def by_call(domain, kind, protocol):
    return libc.socket(domain, kind, protocol)


def by_number(domain, kind, protocol):
    import os
    nr = SYS_SOCKET[os.uname().machine]
    return libc.syscall(nr, domain, kind, protocol)


def pair(domain, kind, protocol):
    sv = (ctypes.c_int * 2)()
    return sv[0] if libc.socketpair(domain, kind, protocol, sv) == 0 else -1


def word(fd):
    if fd < 0:
        return errno.errorcode[ctypes.get_errno()]
    socket.close(fd)
    return "given"


def show(title, make, domain, kinds, protocol=0):
    print(title, *[word(make(domain, kind, protocol)) for kind in kinds])


def families():
    for make in by_call, by_number, pair:
        for n in FAMILIES:
            if n not in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
                show("%s %s" % (make.__name__, NAMES.get(n, n)), make, n,
                     (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW,
                      socket.SOCK_SEQPACKET, socket.SOCK_RAW |
                      socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK))
    for make in by_call, by_number:
        show("%s INET-PACKET" % make.__name__, make, socket.AF_INET,
             (PACKET, PACKET | socket.SOCK_CLOEXEC), socket.htons(3))
        for n in NETLINKS:
            show("%s NETLINK %d" % (make.__name__, n), make, socket.AF_NETLINK,
                 (socket.SOCK_RAW, socket.SOCK_DGRAM), n)


def frames(ifindex):
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x88\xb5" + b"M" * 60
    to = struct.pack("=HHiHBB8s", socket.AF_PACKET, 0xb588, ifindex, 1, 0, 6,
                     b"\xff" * 8)
    by_name = struct.pack("=H14s", 17, b"machine0")
    sent = 0
    for make in by_call, by_number:
        for domain, kind in ((17, socket.SOCK_RAW), (17, socket.SOCK_DGRAM),
                             (17, PACKET), (2, PACKET)):
            fd = make(domain, kind, socket.htons(3))
            if fd < 0:
                continue
            for addr in to, by_name:
                n = libc.sendto(fd, frame, len(frame), 0, addr, len(addr))
                sent += n > 0
            libc.bind(fd, to, len(to))
            sent += libc.send(fd, frame, len(frame), 0) > 0
            socket.close(fd)
    print("sent", sent)


if __name__ == "__main__":
    if sys.argv[1] == "families":
        families()
    else:
        frames(int(sys.argv[2]))
