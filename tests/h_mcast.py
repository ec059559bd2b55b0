"""Multicast between hosts, of which one is not wanted.

usage: h_mcast.py hear GROUP IFACE SOURCE...
       h_mcast.py say GROUP IFACE WORD

hear joins the group for those sources only and prints what comes to port 5007.
"""
import socket
import struct
import sys

GROUP = sys.argv[2]
V6 = ":" in GROUP
FAMILY = socket.AF_INET6 if V6 else socket.AF_INET
LEVEL = socket.IPPROTO_IPV6 if V6 else socket.IPPROTO_IP
INDEX = socket.if_nametoindex(sys.argv[3])
MCAST_JOIN_SOURCE_GROUP = 46


def storage(ip):
    if V6:
        a = struct.pack("=HHI16sI", FAMILY, 0, 0,
                        socket.inet_pton(FAMILY, ip), 0)
    else:
        a = struct.pack("=HH4s", FAMILY, 0, socket.inet_pton(FAMILY, ip))
    return a.ljust(128, b"\0")


s = socket.socket(FAMILY, socket.SOCK_DGRAM)
if sys.argv[1] == "hear":
    s.bind(("", 5007))
    for source in sys.argv[4:]:
        s.setsockopt(LEVEL, MCAST_JOIN_SOURCE_GROUP, struct.pack(
            "=Q", INDEX) + storage(GROUP) + storage(source))
    while True:
        print(s.recv(100).decode())
if V6:
    s.setsockopt(LEVEL, socket.IPV6_MULTICAST_IF, INDEX)
else:
    s.setsockopt(LEVEL, socket.IP_MULTICAST_IF,
                 struct.pack("=4s4si", bytes(4), bytes(4), INDEX))
s.sendto(sys.argv[4].encode(), (GROUP, 5007))
