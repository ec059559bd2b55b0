"""Join groups on an interface, and tell where they are shown and how.

usage: h_groups.py INTERFACE     which has the address 10.0.0.1
Lines are those of lo and INTERFACE; timers, who reported last and numbers of
interfaces are left out.
"""
import socket
import struct
import sys

IF = sys.argv[1]
INDEX = socket.if_nametoindex(IF)
NAMES = {socket.if_nametoindex("lo"): "lo", INDEX: "IF"}
OWN = struct.pack("=i", INDEX)


def ip4(a):
    return socket.inet_aton(a)


def sockaddr6(a):
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0,
                       socket.inet_pton(socket.AF_INET6, a), 0).ljust(128, b"\0")


def join():
    """Return the sockets, which are to stay open."""
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
    for s in a, b:
        s.setsockopt(0, 35, ip4("239.1.2.3") + bytes(4) + OWN)
    a.setsockopt(0, 35, ip4("239.129.2.3") + bytes(4) + OWN)
    for s, source in (a, "10.0.0.9"), (b, "10.0.0.9"), (b, "10.0.0.8"):
        s.setsockopt(0, 39, ip4("232.1.1.1") + ip4("10.0.0.1") + ip4(source))
    b.setsockopt(0, 38, ip4("239.1.2.3") + ip4("10.0.0.1") + ip4("10.0.0.7"))
    c, d = (socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in "cd")
    for group in "ff05::7", "ff02::fb", "ff0e::7", "ff01::9":
        c.setsockopt(41, 20, socket.inet_pton(socket.AF_INET6, group) + OWN)
    d.setsockopt(41, 46, OWN + bytes(4) + sockaddr6("ff3e::1") +
                 sockaddr6("fd00::9"))
    return a, b, c, d


def lines(name):
    with open("/proc/net/" + name) as f:
        return f.read().splitlines()


def show(*what):
    print(*what)


def igmp():
    shown = None
    head, *rest = lines("igmp")
    show(head)
    for line in rest:
        if line[0] != "\t":
            shown = NAMES.get(int(line.split()[0]))
            if shown:
                show("igmp", shown, line.split()[3], len(line))
        elif shown:
            group, users, _, _ = line.split()
            show("igmp", shown, group, users, len(line))


def of_ours(name, head=0):
    for n, line in enumerate(lines(name)):
        word = line.split()
        if n < head:
            show(line)
        elif int(word[0]) in NAMES:
            yield NAMES[int(word[0])], word[2:], len(line)


def netlink(family):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.settimeout(5)
    s.send(struct.pack("=IHHIIBxxx", 20, 58, 0x301, 1, 0, family))
    while True:
        data = s.recv(65536)
        while data:
            n, kind = struct.unpack_from("=IH", data)
            if kind in (2, 3):
                show("end", kind)
                return
            _, plen, flags, scope, index = struct.unpack_from("=4BI", data, 16)
            if index in NAMES:
                show("netlink", kind, NAMES[index], plen, flags, scope,
                     data[24:n - 20].hex())
            data = data[(n + 3) & ~3:]


held = join()
igmp()
for dev, (group, users, bits, _), size in of_ours("igmp6"):
    show("igmp6", dev, group, users, int(bits, 16) & ~3)
for name in "mcfilter", "mcfilter6":
    for dev, word, size in of_ours(name, 1):
        show(name, dev, *word, size)
for dev, word, size in sorted(of_ours("dev_mcast")):
    show("dev_mcast", dev, *word, size)
for family in socket.AF_INET, socket.AF_INET6:
    netlink(family)
