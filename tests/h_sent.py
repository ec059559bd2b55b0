"""Send what programs send to netlink, and tell how each is answered.

usage: h_sent.py TABLE INTERFACE [virtual]

One line for each line of the table: what it is, and "done", the number of its
error, "list" or "message".  With "virtual" a line that ends in an error has to
be answered by it; else that is not looked at, so that both sides are alike.
"""
import errno
import socket
import struct
import sys

table, iface = sys.argv[1:3]
virtual = "virtual" in sys.argv[3:]
DEV = struct.pack("=I", socket.if_nametoindex(iface)).hex()
KINDS = {"LINK": 16, "ADDR": 20, "ROUTE": 24, "NEIGH": 28, "RULE": 32,
         "QDISC": 36, "NEIGHTBL": 64, "ADDRLABEL": 72, "NETCONF": 80,
         "NSID": 88, "STATS": 92, "NEXTHOP": 104}
DUMP = 0x300


def kind_of(name):
    if name == "GENERIC":
        return socket.NETLINK_GENERIC if hasattr(
            socket, "NETLINK_GENERIC") else 16, 16
    return 0, KINDS[name[3:]] + ("NEW", "DEL", "GET").index(name[:3])


def octets(text):
    return bytes.fromhex(text.replace("DEVINDEX", DEV))


def attribute(word):
    kind, _, value = word.partition("=")
    data = octets(value)
    return struct.pack("=HH", 4 + len(data), int(kind)) + data + \
        bytes(-len(data) & 3)


def body_of(header, attributes):
    body = octets(header) if header != "-" else b""
    if attributes:
        body += bytes(-len(body) & 3)
    return body + b"".join(map(attribute, attributes))


def answer(proto, kind, flags, body):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, proto) as s:
        s.settimeout(5)
        s.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 7, 0) + body)
        if not flags & (DUMP | 4):
            s.settimeout(0.2)    # nothing, or an error
        try:
            while True:
                data = s.recv(65536)
                while data:
                    n, t, _, seq, _ = struct.unpack_from("=IHHII", data)
                    assert seq == 7
                    if t in (2, 3):
                        e, = struct.unpack_from("=i", data, 16)
                        return errno.errorcode[-e] if e else \
                            "list" if t == 3 else "done"
                    if not flags & DUMP:
                        return "message %d" % t
                    data = data[(n + 3) & ~3:]
        except TimeoutError:
            return "nothing"


def groups(what, number):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        try:
            if what == "bind":
                s.bind((0, int(number, 0)))
            else:
                s.setsockopt(270, 1, int(number))
        except OSError as e:
            return errno.errorcode[e.errno]
    return "done"


bad = 0
with open(table, encoding="utf-8") as f:
    for line in f:
        if line.startswith("#"):
            continue
        line, _, error = line.partition(" ; ")
        who, what, *words = line.split()
        if what in ("bind", "join"):
            print(who, what, *words, groups(what, *words))
            continue
        got = answer(*kind_of(what), int(words[0], 0),
                     body_of(words[1], words[2:]))
        if error:
            if virtual and got != error.strip():
                bad = 1
                print(line, "got", got, file=sys.stderr)
            got = "-"
        print(who, what, *words, ":", got)
sys.exit(bad)
