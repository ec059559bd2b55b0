"""What packet sockets do, printed so that two networks can be compared.

usage: h_packet.py echo IFACE   send back what comes with our Ethernet type
       h_packet.py say IFACE    try all, with such a one on the wire; one line
                                for each thing, "NAME: VALUE"
"""
import ctypes
import errno
import fcntl
import mmap
import os
import select
import socket
import struct
import sys

ETH = 0x88b5			# for experiments, IEEE 802
ALL = socket.htons(3)
SOL = 263			# SOL_PACKET
ADD, DROP, RING, STATS, COPY, AUX, ORIG, VERSION, HDRLEN, RESERVE = (
    1, 2, 5, 6, 7, 8, 9, 10, 11, 12)
LOSS, TSTAMP, IGNORE = 14, 17, 23
ATTACH, DETACH, LOCK = 26, 27, 44
BROADCAST = b"\xff" * 6
iface = sys.argv[2]
index = socket.if_nametoindex(iface)


def mac_of(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        r = fcntl.ioctl(s, 0x8927, struct.pack("16s16x", name.encode()))
    return r[18:24]


mine = mac_of(iface)


def name(f):
    try:
        return f()
    except OSError as e:
        return errno.errorcode[e.errno]


def say(what, value):
    print("%s: %s" % (what, value), flush=True)


def new(kind=socket.SOCK_RAW, protocol=ETH, bound=True):
    s = socket.socket(socket.AF_PACKET, kind, socket.htons(protocol))
    if bound:
        s.bind((iface, protocol))
    s.settimeout(3)
    return s


def frame(to, payload, kind=ETH):
    return to + mine + struct.pack("!H", kind) + payload


def echo():
    s = new()
    s.settimeout(None)
    print("ready", flush=True)
    while True:
        d = s.recv(70000)
        if d[6:12] != mine and d[14:18] == b"echo":
            # What is asked for: to whom, and what stands before the payload.
            to = {b"u": d[6:12], b"b": BROADCAST, b"m": b"\1\0^\0\0\x63",
                  b"o": b"\2\0\0\0\0\x77"}[d[18:19]]
            n = d[19]
            s.send(to + mine + d[20:20 + n] + b"back" + d[20 + n:])


def ask(s, how=b"u", head=struct.pack("!H", ETH), more=b"." * 50):
    """Make the other send a frame."""
    s.send(frame(BROADCAST, b"echo" + how + bytes([len(head)]) + head + more))


def look(addr):
    """An address as from recvfrom, without what depends on the machine."""
    who = "mine" if addr[4] == mine else "other" if any(addr[4]) else addr[4]
    return (addr[0] == iface, hex(addr[1]), addr[2], addr[3], who)


def back(s, flags=0, room=2000):
    """The next frame that was sent back: its payload and address."""
    while True:
        d, a = s.recvfrom(room, flags)
        if b"back" in d or room < 100:
            return d, a


def silent(s):
    """What is in the queue now, if anything."""
    s.setblocking(False)
    try:
        return s.recv(100)[14:20]
    except BlockingIOError:
        return "nothing"
    finally:
        s.settimeout(3)


def kinds():
    for t in (1, 2, 3, 5, 11):
        say("type %d" % t, name(lambda: socket.socket(17, t, ALL).close()))
    s = socket.socket(17, socket.SOCK_RAW)
    say("fresh name", s.getsockname())
    for opt in (3, 39):
        say("option %d" % opt, s.getsockopt(1, opt))
    libc = ctypes.CDLL(None, use_errno=True)

    def bind(data):
        r = libc.bind(s.fileno(), data, len(data))
        return r if r >= 0 else errno.errorcode[ctypes.get_errno()]
    ll = struct.pack("=HHiHBB8s", 17, ALL, index, 0, 0, 0, b"")
    say("bind short", bind(ll[:19]))
    say("bind family", bind(struct.pack("=H", 2) + ll[2:]))
    say("bind no index", bind(ll[:4] + struct.pack("=i", 999) + ll[8:]))
    say("bind", bind(ll))
    n = s.getsockname()
    say("bound name", look(n))
    raw = (ctypes.c_char * 32)()
    size = ctypes.c_int(32)
    libc.getsockname(s.fileno(), raw, ctypes.byref(size))
    say("length of name", size.value)
    say("bind protocol 0", bind(ll[:2] + b"\0\0" + ll[4:]))
    say("then", look(s.getsockname()))
    say("bind any", bind(struct.pack("=HHiHBB8s", 17, ALL, 0, 0, 0, 0, b"")))
    say("then", s.getsockname())
    say("peer", name(s.getpeername))
    s.settimeout(None)
    say("listen", name(s.listen))
    say("accept", name(s.accept))
    say("shutdown", name(lambda: s.shutdown(1)))
    r = libc.connect(s.fileno(), ll, len(ll))
    say("connect", r if r >= 0 else errno.errorcode[ctypes.get_errno()])


def sending():
    s = new(bound=False)
    say("unbound", name(lambda: s.send(frame(BROADCAST, b"x" * 50))))
    say("no index", name(lambda: s.sendto(b"x" * 60, ("", ETH))))
    libc = ctypes.CDLL(None, use_errno=True)

    def to(data, halen, size, index=index, kind=s):
        ll = struct.pack("=HHiHBB8s", 17, socket.htons(ETH), index, 0, 0,
                         halen, BROADCAST)[:size]
        r = libc.sendto(kind.fileno(), data, len(data), 0, ll, len(ll))
        return r if r >= 0 else errno.errorcode[ctypes.get_errno()]
    good = frame(BROADCAST, b"x" * 50)
    say("short name", to(good, 6, 19))
    say("long halen", to(good, 9, 20))
    say("bad index", to(good, 6, 20, 999))
    say("to index", to(good, 0, 20))
    s = new()
    for n in (0, 13, 14, 15, 1514, 1515, 1518, 1519, 65000):
        d = frame(BROADCAST, b"x" * 66000)[:n]
        say("raw %d" % n, name(lambda: s.send(d)))
    for n in (1518, 1519):
        d = frame(BROADCAST, b"\0\5\x88\xb5" + b"x" * 2000, 0x8100)[:n]
        say("tagged %d" % n, name(lambda: s.send(d)))
    d = new(socket.SOCK_DGRAM)
    say("dgram nowhere", name(lambda: d.send(b"x" * 50)))
    say("dgram no halen", to(b"x" * 50, 0, 20, kind=d))
    for n in (0, 1, 1500, 1501):
        say("dgram %d" % n, to(b"x" * n, 6, 20, kind=d))


def receiving():
    s, all_, d, ip = new(), new(protocol=3), new(2), new(protocol=0x800)
    ask(s)
    say("raw", look(back(s)[1]))
    data, a = back(all_)
    say("all", (len(data), look(a)))
    say("dgram", (len(back(d)[0]), look(a)))
    say("other protocol", silent(ip))
    for how in (b"b", b"m"):
        ask(s, how)
        say("to %s" % how, look(back(s)[1]))
    ask(s)
    say("peek", len(back(s, socket.MSG_PEEK)[0]))
    say("cut", len(s.recv(20, socket.MSG_PEEK)))
    r, _, flags, _ = s.recvmsg(20)
    say("flags", (len(r), flags & socket.MSG_TRUNC))
    ask(s)
    say("waitall", name(lambda: s.recv(20, socket.MSG_WAITALL)))
    select.select([s], [], [], 3)
    n = fcntl.ioctl(s, 0x541b, struct.pack("i", 0))
    say("FIONREAD", struct.unpack("i", n)[0])
    s.recv(2000)
    say("empty", silent(s))
    # Lengths instead of a type.
    for text in (b"\xff\xff", b"\xaa\xaa"):
        ask(s, head=struct.pack("!H", 60) + text)
        x = back(all_)
        while x[0][12:14] == struct.pack("!H", ETH):
            x = back(all_)
        say("802.3 %r" % text, look(x[1]))


def outgoing():
    s, other, ign = new(), new(protocol=3), new(protocol=3)
    ign.setsockopt(SOL, IGNORE, 1)
    me = new(protocol=3)
    s.send(frame(BROADCAST, b"out"))
    say("seen", look(other.recvfrom(100)[1]))
    me.send(frame(BROADCAST, b"mine"))
    d, a = me.recvfrom(100)
    say("not its own", (d[14:17], look(a)))
    say("ignored", silent(ign))
    say("by protocol", silent(s))


def aux():
    s = new(protocol=3)
    s.setsockopt(SOL, AUX, 1)
    s.setsockopt(1, 35, 1)
    ask(s)
    while True:
        d, anc, flags, a = s.recvmsg(40, 200)
        if b"back" in d:
            break
    for level, kind, data in sorted(anc):
        if level == SOL:
            v = struct.unpack("=IIIHHHH", data)
            # A veth may know that the checksum is good, or not there yet.
            say("aux", (v[0] & ~0x88,) + v[1:])
        else:
            say("time", (level, kind, len(data)))
    ask(s, head=struct.pack("!HHH", 0x8100, 5, ETH))
    while True:
        d, anc, flags, a = s.recvmsg(200, 200)
        if b"back" in d:
            break
    for level, kind, data in anc:
        if level == SOL:
            v = struct.unpack("=IIIHHHH", data)
            say("tagged", (v[0] & ~0x88,) + v[1:])
    say("frame", (len(d), d[12:16].hex(), look(a)))


def prog(*insns):
    text = b"".join(struct.pack("=HBBI", *i) for i in insns)
    buf = ctypes.create_string_buffer(text)
    return struct.pack("HL", len(insns), ctypes.addressof(buf)), buf


def filters():
    s = new()

    def attach(*insns):
        p, keep = prog(*insns)
        return name(lambda: s.setsockopt(1, ATTACH, p))
    say("detach none", name(lambda: s.setsockopt(1, DETACH, 0)))
    say("empty", attach())
    say("no end", attach((0x28, 0, 0, 12)))
    say("jump away", attach((0x05, 0, 0, 9), (6, 0, 0, 0)))
    say("bad code", attach((0xff, 0, 0, 9), (6, 0, 0, 0)))
    say("short", name(lambda: s.setsockopt(1, ATTACH, b"1234")))
    say("none", attach((6, 0, 0, 0)))
    other = new()
    ask(other)
    back(other)
    say("of it", silent(s))
    # The first four bytes of the payload are "back", and 30 bytes of it.
    say("some", attach((0x20, 0, 0, 14), (0x15, 0, 1, 0x6261636b),
                       (6, 0, 0, 30), (6, 0, 0, 0)))
    ask(s)
    say("cut to", len(s.recv(100)))
    say("lock", name(lambda: s.setsockopt(1, LOCK, 1)))
    say("locked", attach((6, 0, 0, 0)))
    say("locked detach", name(lambda: s.setsockopt(1, DETACH, 0)))
    d = new(socket.SOCK_DGRAM)
    s = d
    say("dgram", attach((0x20, 0, 0, 0), (0x15, 0, 1, 0x6261636b),
                        (6, 0, 0, 9), (6, 0, 0, 0)))
    ask(new())
    say("dgram cut to", len(d.recv(100)))
    say("detach", name(lambda: d.setsockopt(1, DETACH, 0)))


def options():
    s = new()
    for opt in (1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 23,
                99):
        say("get %d" % opt, name(lambda: s.getsockopt(SOL, opt, 4).hex()))
    for opt in (7, 8, 9, 10, 12, 14, 17, 20, 23, 99):
        for v in (0, 1, 2, -1):
            if (opt, v) not in ((10, 2), (17, 2), (17, -1), (12, -1)):
                say("set %d to %d" % (opt, v),
                    name(lambda: s.setsockopt(SOL, opt, v)))
        say("get %d" % opt, name(lambda: s.getsockopt(SOL, opt, 4).hex()))
    say("short", name(lambda: s.setsockopt(SOL, AUX, b"12")))
    say("level ip", name(lambda: s.setsockopt(0, 1, 1)))
    say("level ip get", name(lambda: s.getsockopt(0, 1)))
    for n in (0, 1, 7):
        def hdrlen():
            buf = struct.pack("i", n)
            libc = ctypes.CDLL(None, use_errno=True)
            b = ctypes.create_string_buffer(buf, 4)
            size = ctypes.c_int(4)
            if libc.getsockopt(s.fileno(), SOL, HDRLEN, b,
                               ctypes.byref(size)):
                raise OSError(ctypes.get_errno(), "")
            return struct.unpack("i", b.raw)[0]
        say("hdrlen %d" % n, name(hdrlen))
    for what, req in (("short", b"123"), ("no index",
                      struct.pack("iHH8s", 999, 1, 0, b"")),
                      ("promisc", struct.pack("iHH8s", index, 1, 0, b"")),
                      ("multicast", struct.pack("iHH8s", index, 0, 6,
                                                b"\1\0^\0\0\x63")),
                      ("allmulti", struct.pack("iHH8s", index, 2, 0, b"")),
                      ("long", struct.pack("iHH8s", index, 0, 7, b"\1"))):
        say("add " + what, name(lambda: s.setsockopt(SOL, ADD, req)))
        say("drop " + what, name(lambda: s.setsockopt(SOL, DROP, req)))
        say("again " + what, name(lambda: s.setsockopt(SOL, DROP, req)))


def statistics():
    s = new()
    s.setsockopt(SOL, ADD, struct.pack("iHH8s", index, 1, 0, b""))
    for _ in range(3):
        ask(s)
        back(s)
    say("statistics", struct.unpack("II", s.getsockopt(SOL, STATS, 8)))
    say("again", struct.unpack("II", s.getsockopt(SOL, STATS, 8)))
    ask(s, b"o")
    d, a = back(s)
    say("for others", look(a))


def ring():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    page = 4096

    def rx(*req):
        return name(lambda: s.setsockopt(SOL, RING, struct.pack("4I", *req)))
    say("version", name(lambda: s.setsockopt(SOL, VERSION, 1)))
    say("odd block", rx(5000, 1, 2048, 2))
    say("small frame", rx(page, 1, 32, 128))
    say("odd frame", rx(page, 1, 1001, 4))
    say("large frame", rx(page, 1, 8192, 1))
    say("wrong count", rx(page, 2, 2048, 5))
    say("no block", rx(page, 0, 2048, 5))
    say("none", rx(0, 0, 0, 0))
    s.setsockopt(SOL, RESERVE, 4)
    say("good", rx(page, 2, 2048, 4))
    say("twice", rx(page, 2, 2048, 4))
    say("version now", name(lambda: s.setsockopt(SOL, VERSION, 1)))
    say("reserve now", name(lambda: s.setsockopt(SOL, RESERVE, 0)))
    say("wrong size", name(lambda: mmap.mmap(s.fileno(), page)))
    m = mmap.mmap(s.fileno(), 2 * page)
    s.bind((iface, ETH))
    p = select.poll()
    p.register(s, select.POLLIN)
    say("empty", p.poll(0))
    send = new(protocol=3)
    for n in range(6):
        ask(send, more=bytes([65 + n]) * (50 + n))
        back(send)
    say("poll", [e[1] & select.POLLIN for e in p.poll(1000)])
    for n in range(4):
        h = struct.unpack_from("=IIIHHIIHH", m, n * 2048)
        ll = struct.unpack_from("=HHiHBB8s", m, n * 2048 + 32)
        data = m[n * 2048 + h[3]:][:h[2]]
        say("frame %d" % n, (h[0] & 0x5f & ~4, h[1:5], h[7:], data[14:18],
                             data[20:24], h[5] > 0, ll[:2], ll[2] == index,
                             ll[3:6], ll[6][:6] == mine))
    say("statistics", struct.unpack("II", s.getsockopt(SOL, STATS, 8)))
    say("still", [e[1] & select.POLLIN for e in p.poll(0)])
    for n in range(4):
        m[n * 2048:n * 2048 + 4] = bytes(4)
    say("taken", select.select([s], [], [], 0)[0])
    say("by poll", p.poll(0))
    ask(send, more=b"again" * 10)
    say("next", [e[1] & select.POLLIN for e in p.poll(1000)])
    h = struct.unpack_from("=IIIHHIIHH", m, 0)
    say("first again", h[0] & 5)
    say("nothing queued", silent(s))
    m.close()
    say("away", rx(0, 0, 0, 0))


if sys.argv[1] == "echo":
    echo()
for case in (kinds, sending, receiving, outgoing, aux, filters, options,
             statistics, ring):
    print("--- " + case.__name__, flush=True)
    case()
