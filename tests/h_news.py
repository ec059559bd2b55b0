"""Join rtnetlink's groups and print what they bring.

usage: h_news.py BITS [GROUP]...: bits as of bind, numbers as of setsockopt
"""
import socket
import struct
import sys

NAMES = {16: "link", 17: "-link", 20: "addr", 21: "-addr", 24: "route",
         25: "-route", 28: "neigh", 29: "-neigh"}


def join(bits, groups):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, bits))
    for group in groups:
        s.setsockopt(270, 1, group)    # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP
    return s


def text(kind, data):
    name = NAMES.get(kind, kind)
    family = data[0]
    skip = {"link": 16, "addr": 8, "neigh": 12}.get(str(name).strip("-"), 12)
    want = 3 if "link" in name else 1
    attrs = data[skip:]
    while len(attrs) >= 4:
        n, t = struct.unpack("=HH", attrs[:4])
        if t == want:
            value = attrs[4:n]
            return "%s %s" % (name, value.rstrip(b"\0").decode() if want == 3
                              else socket.inet_ntop(family, value))
        attrs = attrs[(n + 3) & ~3:]
    return name


for _ in range(200):    # those who leave make room
    join(1, []).close()
s = join(int(sys.argv[1], 0), [int(g) for g in sys.argv[2:]])
print("ready")
while True:
    data, sender = s.recvfrom(65536)
    assert sender == (0, 0), sender
    while data:
        n, t, flags, seq, pid = struct.unpack("=IHHII", data[:16])
        print(text(t, data[16:n]))
        data = data[(n + 3) & ~3:]
