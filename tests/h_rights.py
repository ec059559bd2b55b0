"""Try what a user of a host may do, one thing a line: NAME ok|ERRNO.

usage: h_rights.py [NAME]...
"""
import errno
import fcntl
import socket
import struct
import sys

SIOCGIFADDR, SIOCSIFMTU = 0x8915, 0x8922


def tcp():
    socket.create_connection(("10.0.0.1", 80), 5).close()


def names():
    socket.if_nameindex()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(s, SIOCGIFADDR, struct.pack("16s16x", b"shmif0"))


def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def packet():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


def mtu():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(s, SIOCSIFMTU, struct.pack("16si12x", b"shmif0", 1400))


tries = [f for f in list(globals().values()) if callable(f)]
for f in tries:
    if sys.argv[1:] and f.__name__ not in sys.argv[1:]:
        continue
    try:
        f()
        print(f.__name__, "ok")
    except OSError as e:
        print(f.__name__, errno.errorcode.get(e.errno, str(e)))
