"""What programs ask and tell rtnetlink, byte for byte, and what they get.

usage: h_netlink.py IFACE NEIGHBOUR NOBODY
NEIGHBOUR, NOBODY: IPv4 addresses on IFACE, one that answers and one that
does not.  One line of output for each answer that is not Linux's.
"""
import errno
import socket
import struct
import sys

iface, peer, nobody = sys.argv[1:4]
index = socket.if_nametoindex(iface)
DUMP, ACK, CREATE, EXCL, REPLACE = 0x300, 4, 0x400, 0x200, 0x100
LINK, ADDR, ROUTE, NEIGH, RULE = 16, 20, 24, 28, 32
NEW, DEL, GET = 0, 1, 2
bad = 0


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + \
        bytes(-len(data) & 3)


def ask(kind, body, flags):
    """The answers: types of messages, an errno, 0 (done, acknowledged)."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.settimeout(5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    s.send(struct.pack("=IHHII", 16 + len(body), kind, flags | 1, 7, 0) + body)
    got = []
    while True:
        data, control, _, sender = s.recvmsg(65536, 256)
        assert sender == (0, 0), sender
        for _, _, cred in control:
            assert struct.unpack("=3i", cred) == (0, 0, 0), cred
        while data:
            n, t, f, seq, pid = struct.unpack("=IHHII", data[:16])
            assert (seq, pid) == (7, s.getsockname()[0])
            if t in (2, 3):
                e = struct.unpack("=i", data[16:20])[0]
                return got + [e and errno.errorcode[-e]]
            got.append(t)
            data = data[(n + 3) & ~3:]
        if not flags & (DUMP | ACK):
            return got


def check(who, got, want):
    global bad
    if isinstance(want, int):    # that kind of messages, then the end
        ok = got[-1] == 0 and set(got[:-1]) == {want}
    else:
        ok = got == want
    if not ok:
        bad = 1
        print("%s: %r, not %r" % (who, got, want))


def ndmsg(state, flags, ip, mac=None, dev=index):
    return struct.pack("=BBHiHBB", 2, 0, 0, dev, state, flags, 0) + \
        attr(1, socket.inet_aton(ip)) + (attr(2, mac) if mac else b"")


short = bytes(1)                                  # struct rtgenmsg
full = struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)   # struct ifinfomsg
rtmsg = bytes(12)
mac = bytes([2, 0, 0, 0, 0, 9])

# Lists.  avahi, chromium and glibc send rtgenmsg; bird and Java whole headers.
check("avahi: links", ask(LINK + GET, short, DUMP), LINK)
check("avahi: links, acknowledged", ask(LINK + GET, short, DUMP | ACK), LINK)
check("glibc: links", ask(LINK + GET, bytes(4), DUMP), LINK)
check("bird: links", ask(LINK + GET, full, DUMP), LINK)
check("iproute2: links", ask(LINK + GET, full + attr(29, b"\1\0\0\0"), DUMP),
      LINK)
check("avahi: addresses", ask(ADDR + GET, short, DUMP), ADDR)
check("bird: IPv4 addresses", ask(ADDR + GET, b"\2" + full[1:], DUMP), ADDR)
check("iproute2: addresses", ask(ADDR + GET, bytes(8), DUMP), ADDR)
check("FRR: routes", ask(ROUTE + GET, b"\2", DUMP), ROUTE)
check("bird: routes", ask(ROUTE + GET, b"\2" + rtmsg[1:], DUMP), ROUTE)
check("half of the flags of a list", ask(LINK + GET, full, 0x200), LINK)
check("pyroute2: rules", ask(RULE + GET, b"\2" + rtmsg[1:], DUMP), RULE)
ask(NEIGH + NEW, ndmsg(0x80, 0, nobody, mac), CREATE | ACK)
check("pyroute2: neighbours", ask(NEIGH + GET, short, DUMP), NEIGH)
check("iproute2: neighbours", ask(NEIGH + GET, bytes(12), DUMP), NEIGH)
check("ip neigh get", ask(NEIGH + GET, ndmsg(0, 0, nobody), 0), [NEIGH])
check("ip neigh get, of none", ask(NEIGH + GET, ndmsg(0, 0, "10.0.0.222"), 0),
      ["ENOENT"])

# One link, and what is not one.
check("one link", ask(LINK + GET, struct.pack("=BBHiII", 0, 0, 0, index, 0, 0),
                      0), [LINK])
check("no such link", ask(LINK + GET, struct.pack("=BBHiII", 0, 0, 0, 999, 0,
                                                  0), 0), ["ENODEV"])
check("a short header for one", ask(LINK + GET, short, ACK), ["EINVAL"])
check("no header", ask(LINK + GET, b"", DUMP | ACK), [0])
check("iproute2: is there NEWLINK?", ask(LINK + NEW, full, ACK), ["ENODEV"])
check("ip link add", ask(LINK + NEW, full + attr(3, b"br7\0") + attr(
    18, attr(1, b"bridge")), ACK | CREATE | EXCL), ["ENOTSUP"])

# What is not there must not look as if it were.
for kind, who in ((0x6a, "FRR: next hops"), (0x7e, "a type of the future"),
                  (0x2e, "tc: filters")):
    check(who, ask(kind, bytes(24), DUMP), ["ENOTSUP"])
check("tc: queues", ask(0x26, bytes(20), DUMP), 0x24)
check("tc: classes", ask(0x2a, bytes(20), DUMP), [0])

# Neighbours, as FRR and keepalived set them.
NONE, INCOMPLETE, REACHABLE, STALE, FAILED, PERMANENT = 0, 1, 2, 4, 32, 128
SET = CREATE | REPLACE | ACK
check("NTF_USE", ask(NEIGH + NEW, ndmsg(INCOMPLETE, 1, peer), SET), [0])
check("incomplete", ask(NEIGH + NEW, ndmsg(INCOMPLETE, 0, peer), SET), [0])
check("valid, but where", ask(NEIGH + NEW, ndmsg(PERMANENT, 0, "10.0.0.223"),
                              SET), ["EINVAL"])
check("add one that is there", ask(NEIGH + NEW, ndmsg(
    PERMANENT, 0, nobody, mac), CREATE | EXCL | ACK), ["EEXIST"])
check("change one that is not", ask(NEIGH + NEW, ndmsg(
    PERMANENT, 0, "10.0.0.224", mac), REPLACE | ACK), ["ENOENT"])
check("delete one that is not", ask(NEIGH + DEL, ndmsg(0, 0, "10.0.0.224"),
                                    ACK), ["ENOENT"])
check("no interface", ask(NEIGH + NEW, ndmsg(PERMANENT, 0, nobody, mac, 0),
                          SET), ["EINVAL"])
check("no such interface", ask(NEIGH + NEW, ndmsg(
    PERMANENT, 0, nobody, mac, 999), SET), ["ENODEV"])
check("reachable", ask(NEIGH + NEW, ndmsg(REACHABLE, 0, nobody, mac), SET),
      [0])
check("failed", ask(NEIGH + NEW, ndmsg(FAILED, 0, nobody), SET), [0])
sys.exit(bad)
