"""A TCP that misbehaves on purpose: segments made by hand for a host.

usage: h_tcp.py IFACE MY_MAC MY_IP MAC IP CASE
       h_tcp.py serve PORT | h_tcp.py connect IP PORT SYNCNT

Runs on a host of its own, whose frames it writes and reads by a packet
socket under an address that nobody has.  Prints "ok", or what was wrong with
status 1.  `serve` and `connect` are the programs of the host that is tried.
"""

import errno
import socket
import struct
import sys
import time

FIN, SYN, RST, PSH, ACK, ECE, CWR = 1, 2, 4, 8, 16, 64, 128
ECT0, CE = 2, 3  # of an IP header
PORT = 7
MSS = 1460
SIZE = 1448  # of a full segment, with time stamps
IW = 10


def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


class Segment:
    def __init__(self, p):
        head, self.ecn = (p[0] & 15) * 4, p[1] & 3
        t = p[head:struct.unpack("!H", p[2:4])[0]]
        (self.sport, self.dport, self.seq, self.ack, off, self.flags,
         self.wnd) = struct.unpack("!HHIIBBH", t[:16])
        self.data = t[(off >> 4) * 4:]
        self.options, self.at = self.parse(t[20:(off >> 4) * 4]), 0

    @staticmethod
    def parse(o):
        found, i = {}, 0
        while i < len(o) and o[i]:
            if o[i] == 1:
                i += 1
                continue
            found[o[i]] = o[i + 2:i + o[i + 1]]
            i += o[i + 1]
        return found

    def sacks(self):
        o = self.options.get(5, b"")
        return [struct.unpack("!II", o[i:i + 8]) for i in range(0, len(o), 8)]


class Peer:
    """One connection to the host's port 7, or from it."""

    def __init__(self, iface, my_mac, my_ip, mac, ip):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.s.bind((iface, 0x0800))
        self.eth = bytes.fromhex((mac + my_mac).replace(":", "")) + b"\x08\0"
        self.me, self.it = (socket.inet_aton(a) for a in (my_ip, ip))
        self.port = 20000 + int(time.time() * 1000) % 20000
        self.seq, self.ack, self.first = 1000, 0, 0
        self.ts, self.echo, self.stamps = 1000000, 0, False
        self.opened, self.wnd = False, 65535

    def send(self, flags, data=b"", sacks=(), seq=None, ack=None, ts=None,
             options=b"", dport=PORT, ecn=0):
        if self.stamps:
            options += struct.pack("!BBBBII", 1, 1, 8, 10,
                                   self.ts if ts is None else ts, self.echo)
        if sacks:
            options += struct.pack("!BBBB", 1, 1, 5, 2 + 8 * len(sacks))
            options += b"".join(struct.pack("!II", *b) for b in sacks)
        options += b"\1" * (-len(options) % 4)
        t = struct.pack("!HHIIBBHHH", self.port, dport,
                        self.seq if seq is None else seq,
                        self.ack if ack is None else ack,
                        (20 + len(options)) // 4 << 4, flags, self.wnd, 0, 0)
        t += options + data
        pseudo = self.me + self.it + struct.pack("!HH", 6, len(t))
        t = t[:16] + struct.pack("!H", checksum(pseudo + t)) + t[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, ecn, 20 + len(t), 1, 0, 64, 6,
                         0)
        ip += self.me + self.it
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.s.send(self.eth + ip + t)

    def get(self, seconds):
        """Return: the next segment for us, or None."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.s.settimeout(left)
            try:
                f = self.s.recv(65536)
            except TimeoutError:
                return None
            if f[12:14] != b"\x08\0" or f[23] != 6 or f[30:34] != self.me:
                continue
            g = Segment(f[14:])
            if self.opened and g.dport != self.port:
                continue  # of the connection before
            g.at = time.monotonic()
            self.echo_of(g)
            return g

    def open(self, sack=True, stamps=True, late=0, more=0):
        self.stamps, self.opened = stamps, True
        options = struct.pack("!BBHBBB", 2, 4, MSS, 3, 3, 7)
        self.send(SYN | more, options=options + (b"\4\2" if sack else b""))
        g = self.get(5)
        check(g and g.flags & (SYN | ACK) == SYN | ACK, "no SYN|ACK")
        check((4 in g.options) == sack and (8 in g.options) == stamps,
              f"options of the SYN|ACK: {g.options.keys()}")
        self.seq += 1
        self.ack = self.first = g.seq + 1
        time.sleep(late)
        self.send(ACK)
        return g

    def ask(self, n):
        """The server shall send n bytes.  Return: what comes of them."""
        self.send(ACK | PSH, b"%9d\n" % n)
        self.seq += 10
        got, size = [], SIZE if self.stamps else MSS
        while len(got) < min(IW, -(-n // size)):
            g = self.get(5)
            check(g, f"{len(got)} segments came, no more")
            # A busy machine may still have sent something of before again.
            if g.data and g.seq == (got[-1].seq + size if got else self.ack):
                got.append(g)
        return got

    def echo_of(self, g):
        if 8 in g.options:
            self.echo = struct.unpack("!I", g.options[8][:4])[0]

    def end(self):
        self.send(RST, seq=self.seq)

    def again(self):
        """Another connection: a slow machine has spoilt this one."""
        self.end()
        self.port, self.seq, self.ack = self.port + 1, 1000, 0


def check(good, text):
    if not good:
        print(text)
        sys.exit(1)


def data_of(p, seconds):
    """The next segment with data, or None."""
    end = time.monotonic() + seconds
    while True:
        g = p.get(max(0, end - time.monotonic()))
        if g is None or g.data:
            return g


def sack(p):
    """What is told to be there is not sent again; what is missing is."""
    p.open()
    got = p.ask(IW * SIZE)
    last = got[-1].seq + len(got[-1].data)
    # The first and the fourth are missing.
    holes = {got[0].seq, got[3].seq}
    left = set(holes)
    for g in got[1:3]:
        p.send(ACK, sacks=[(got[1].seq, g.seq + len(g.data))])
    for g in got[4:]:
        p.send(ACK, sacks=[(got[4].seq, g.seq + len(g.data)),
                           (got[1].seq, got[3].seq)])
    while left:
        g = data_of(p, 5)
        check(g, f"not sent again: {left}")
        check(g.seq in holes, f"{g.seq - p.first} came again, and was there")
        left.discard(g.seq)
    p.send(ACK, ack=last)


def last(p):
    """The last one is lost, too: told by what was sent again after it."""
    for _ in range(5):
        p.open()
        got = p.ask(IW * SIZE)
        end = got[-1].seq + SIZE
        p.send(ACK, ack=got[0].seq, sacks=[(got[1].seq, got[-1].seq)])
        g = data_of(p, 5)
        check(g and g.seq == got[0].seq, "the first one did not come again")
        time.sleep(0.02)  # no less than a round trip before
        p.ack, now = got[-1].seq, time.monotonic()
        p.send(ACK)
        g = data_of(p, 5)
        check(g and g.seq == got[-1].seq, "the last one did not come again")
        p.ack = end
        p.send(ACK)
        if g.at - now < 0.1:
            return
        p.again()
    check(False, f"the last one came after {g.at - now:.3f} s, a time-out")


def overtaken(p):
    """What is late is waited for longer once it was sent again for nothing."""
    for _ in range(5):
        gaps = late(p)
        if min(gaps[3:]) - gaps[0] > 0.05:
            return
        p.again()
    check(False, f"sent again after {gaps}")


def late(p):
    """Return: how long the first one of a few was waited for, each time."""
    p.open(late=0.04)
    gaps = []
    for wait in 2 * [0.04] + 6 * [0.1]:
        got = p.ask(4 * SIZE)
        end = got[3].seq + SIZE
        time.sleep(wait)
        if wait == 0.04:  # the third one has overtaken the second
            p.send(ACK, sacks=[(got[2].seq, got[3].seq)])
            p.send(ACK, sacks=[(got[1].seq, got[3].seq)])
            p.ack = end
            p.send(ACK)
            continue
        p.send(ACK, sacks=[(got[1].seq, end)])
        now = time.monotonic()
        g = data_of(p, 5)
        while g and g.seq != got[0].seq:
            g = data_of(p, 5)  # a probe
        check(g, "the first one did not come again")
        gaps.append(g.at - now)
        p.ack = end
        p.send(ACK, sacks=[(got[0].seq, got[1].seq)])  # twice
    return gaps


def newreno(p):
    """Without SACK: three duplicates, then each hole as it is told."""
    p.open(sack=False, stamps=False)
    got = p.ask(IW * MSS)
    for _ in range(5):
        p.send(ACK)
    g = data_of(p, 5)
    check(g and g.seq == got[0].seq, "the first one did not come again")
    p.send(ACK, ack=got[2].seq)
    g = data_of(p, 5)
    check(g and g.seq == got[2].seq, "the next hole did not come again")
    p.send(ACK, ack=got[-1].seq + len(got[-1].data))


def probe(p):
    """Nothing tells that the last ones are lost, but a probe."""
    p.open()
    got = p.ask(4 * SIZE)
    p.send(ACK, ack=got[2].seq)
    g = data_of(p, 5)
    check(g and g.seq == got[3].seq, "the last one did not come again")
    p.send(ACK, ack=got[2].seq, sacks=[(g.seq, g.seq + len(g.data))])
    g = data_of(p, 5)
    check(g and g.seq == got[2].seq, "the one before it did not come")
    p.send(ACK, ack=got[3].seq + len(got[3].data))


def spike(p):
    """All answers come a second late: nothing was lost."""
    for sack, stamps in (True, True), (True, False), (False, False):
        p.open(sack, stamps)
        got = p.ask(3 * IW * MSS)
        again = 0
        end = time.monotonic() + 1
        while g := data_of(p, max(0, end - time.monotonic())):
            again += g.seq == got[0].seq
        check(again, "there was no time-out")
        came = []
        for old in got:
            p.ack = old.seq + len(old.data)
            p.echo_of(old)
            p.send(ACK)
            while g := p.get(0.01):
                came.append(g.seq)
        while g := data_of(p, 0.3):
            came.append(g.seq)
        # The first one may have been on its way again just then.
        bad = [g.seq - p.first for g in got[1:] if g.seq in came]
        check(not bad, f"SACK {sack}, time stamps {stamps}: {bad} came again")
        p.again()


def timeout(p):
    """One that is real: what is new tells it, and all come again."""
    for sack in True, False:
        p.open(sack)
        got = p.ask(4 * IW * SIZE)
        g = data_of(p, 5)
        while g.seq != got[0].seq:
            g = data_of(p, 5)  # a probe
        p.ack = got[1].seq
        p.send(ACK)
        g = data_of(p, 5)
        check(g and g.seq > got[-1].seq, "not what is new, but "
              f"{g and g.seq - p.first}")
        if sack:
            p.send(ACK, sacks=[(g.seq, g.seq + len(g.data))])
        else:
            p.send(ACK)
        left = {g.seq for g in got[1:]}
        while left:
            g = data_of(p, 5)
            check(g, f"did not come again: {left}")
            left.discard(g.seq)
            while g.seq == p.ack:
                p.ack += len(g.data)
                p.send(ACK)
        p.again()


def backoff(p):
    """A peer that is gone: each time after twice as long, from 0.2 s on."""
    p.open(sack=False)
    got = p.ask(SIZE)
    times = [got[0].at]
    while len(times) < 5:
        g = data_of(p, 10)
        check(g and g.seq == got[0].seq, "it did not come again")
        times.append(g.at)
    gaps = [b - a for a, b in zip(times, times[1:])]
    check(gaps[0] >= 0.19, f"the first one after {gaps[0]:.3f} s")
    # Each is late by what the machine takes, and never early.
    for i, gap in enumerate(gaps):
        check(gap >= 0.19 * 2 ** i, f"too early: {gaps}")
        check(gap <= 0.25 * 2 ** i + 1, f"too late: {gaps}")
    p.send(ACK, ack=got[0].seq + len(got[0].data))


def window(p):
    """A closed window is asked for with nothing, and filled when it opens."""
    p.open()
    total = 20 * IW * SIZE
    got = p.ask(total)
    p.ack, p.wnd = got[-1].seq + SIZE, 0
    p.send(ACK)
    times = [time.monotonic()]
    while len(times) < 4:
        g = p.get(5)
        check(g, "no probe")
        check(not g.data and g.seq == p.ack - 1,
              f"a probe of {len(g.data)} bytes at {g.seq - p.ack}")
        times.append(g.at)
        p.send(ACK)
    gaps = [b - a for a, b in zip(times, times[1:])]
    check(all(gap >= 0.19 * 2 ** i for i, gap in enumerate(gaps)),
          f"too early: {gaps}")
    p.wnd = 65535
    p.send(ACK)
    while p.ack - p.first < total:
        g = data_of(p, 5)
        check(g, f"only {p.ack - p.first} of {total} bytes came")
        if g.seq == p.ack:
            p.ack += len(g.data)
            p.send(ACK)


def dsack(p):
    """A segment that comes twice, and one that comes too early."""
    p.open()
    p.send(ACK, b"x" * 100, seq=p.seq + 100)
    g = p.get(5)
    check(g and g.ack == p.seq and g.sacks() == [(p.seq + 100, p.seq + 200)],
          f"SACK of what is too early: {g and g.sacks()}")
    p.send(ACK, b"x" * 100, seq=p.seq + 100)
    g = p.get(5)
    check(g and g.sacks()[:2] == [(p.seq + 100, p.seq + 200)] * 2,
          f"DSACK of it: {g and g.sacks()}")
    p.send(ACK, b"x" * 100)
    g = p.get(5)
    check(g and g.ack == p.seq + 200 and not g.sacks(),
          "the hole is filled, and that not said at once")
    p.send(ACK, b"x" * 100)
    g = p.get(5)
    check(g and g.sacks() == [(p.seq, p.seq + 100)],
          f"DSACK of the first: {g and g.sacks()}")


def dsacks(p):
    """Many that came too early, and of these the first twice."""
    p.open()
    for i in range(1, 8):
        p.send(ACK, b"x" * 100, seq=p.seq + 200 * i)
        g = p.get(5)
        check(g and g.sacks(), "it was not told of")
    p.send(ACK, b"x" * 100, seq=p.seq + 200)
    g = p.get(5)
    check(g and g.sacks()[:2] == [(p.seq + 200, p.seq + 300)] * 2,
          f"DSACK of it: {g and g.sacks()}")


def fin(p):
    """An end that comes too early, alone and with data, and twice."""
    p.open()
    for data in b"", b"x" * 100:
        p.send(FIN | ACK, data, seq=p.seq + 200 - len(data))
        g = p.get(5)
        told = [(p.seq + 200 - len(data), p.seq + 201)]
        check(g and g.sacks() == told, f"SACK of it: {g and g.sacks()}")
    p.send(FIN | ACK, seq=p.seq + 200)
    g = p.get(5)
    check(g and g.sacks()[0] == (p.seq + 200, p.seq + 201),
          f"DSACK of it: {g and g.sacks()}")


def paws(p):
    """What is older than what came is dropped, and answered."""
    p.open()
    p.ts += 1000
    p.send(ACK, b"x" * 100)
    p.seq += 100
    g = p.get(5)
    while g and g.ack != p.seq:
        g = p.get(5)
    check(g, "not acknowledged")
    p.send(ACK, b"y" * 100, ts=p.ts - 500)
    g = p.get(5)
    check(g and g.ack == p.seq, "an old one was taken, or not answered")
    p.send(ACK, b"y" * 100, ts=p.ts + 1)
    g = p.get(5)
    check(g and g.ack == p.seq + 100, "a new one was not taken")


def every_second(p):
    """Full segments one by one: every second is acknowledged."""
    p.open()
    acks = set()
    for _ in range(40):
        p.send(ACK, b"x" * SIZE)
        p.seq += SIZE
    while p.seq not in acks:
        g = p.get(5)
        check(g, "the last one was not acknowledged")
        acks.add(g.ack)
    check(len(acks) >= 20, f"{len(acks)} acknowledgements of 40 segments")


def ecn_sends(p):
    """The host slows down, and says so once, in what is new."""
    g = p.open(more=ECE | CWR)
    check(g.flags & (ECE | CWR) == ECE and not g.ecn,
          f"SYN|ACK: flags {g.flags:#x}, ECN {g.ecn}")
    got = p.ask(10 * IW * SIZE)
    check(all(g.ecn == ECT0 and not g.flags & (ECE | CWR) for g in got),
          f"data: {[(g.flags, g.ecn) for g in got]}")
    cwr, new, high = 0, [], got[-1].seq
    for old in got:
        p.ack = old.seq + len(old.data)
        p.send(ACK | ECE)
        while g := data_of(p, 0.02):
            check(g.ecn == (ECT0 if g.seq > high else 0),
                  f"ECN {g.ecn} of {g.seq - p.first}")
            check(g.seq > high, "it was sent again")
            high = g.seq
            new.append(g)
            cwr += g.flags & CWR != 0
    check(new and cwr == 1 and new[0].flags & CWR,
          f"CWR: {[g.flags for g in new]}")
    p.ack = new[0].seq
    p.send(ACK, sacks=[(new[1].seq, new[-1].seq)])
    g = data_of(p, 5)
    while g and g.seq != new[0].seq:
        g = data_of(p, 5)
    check(g and not g.ecn, "what is sent again may be marked")


def ecn_takes(p):
    """The host says that what comes is marked, until it hears CWR."""
    p.open(more=ECE | CWR)
    for flags, ecn, want in ((0, ECT0, 0), (0, CE, ECE), (0, ECT0, ECE),
                             (0, ECT0, ECE), (CWR, ECT0, 0), (CWR, CE, ECE),
                             (CWR, ECT0, 0)):
        p.send(ACK | flags, b"x" * 100, ecn=ecn)
        p.seq += 100
        g = p.get(5)
        while g and g.ack != p.seq:
            g = p.get(5)
        check(g and g.flags & (ECE | CWR) == want and not g.ecn,
              f"ECN {ecn}, flags {flags:#x}: "
              f"{g and (hex(g.flags), g.ecn)}")
    p.again()
    for more in 0, ECE, CWR:
        g = p.open(more=more)
        check(not g.flags & (ECE | CWR), f"{more:#x}: SYN|ACK {g.flags:#x}")
        g = p.ask(SIZE)[0]
        check(not g.ecn, "what may not be marked is said to")
        p.again()


def ecn_syn(p):
    """A SYN that asks for it, and once more without."""
    first = p.get(10)
    check(first and first.flags == SYN | ECE | CWR and not first.ecn,
          "it does not ask")
    again = p.get(5)
    check(again and again.flags == SYN, "it asks again")


def syn(p):
    """A SYN that nobody answers, with TCP_SYNCNT of 1."""
    first = p.get(10)
    check(first and first.flags == SYN, "no SYN")
    again = p.get(5)
    check(again and again.flags == SYN, "it was not sent again")
    gap = again.at - first.at
    check(0.95 <= gap <= 2, f"after {gap:.2f} s")
    check(p.get(2.5) is None, "and more")


CASES = {f.__name__: f for f in (
    sack, last, overtaken, newreno, probe, spike, timeout, backoff,
    window, dsack, dsacks, fin, paws, every_second, ecn_sends, ecn_takes,
    ecn_syn, syn)}


def serve(port):
    with socket.create_server(("", port)) as s:
        print("ready", flush=True)
        while True:
            c = s.accept()[0]
            try:
                line = c.recv(10)
                while line:
                    if line.strip().isdigit():
                        c.sendall(b"z" * int(line))
                    line = c.recv(65536)
            except OSError:
                pass
            c.close()


def connect(ip, port, count):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, count)
    began = time.monotonic()
    e = s.connect_ex((ip, port))
    print(f"{errno.errorcode.get(e, e)} after "
          f"{time.monotonic() - began:.0f} s", flush=True)


def main():
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    elif sys.argv[1] == "connect":
        connect(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        p = Peer(*sys.argv[1:6])
        case = CASES[sys.argv[6]]
        print("ready", flush=True)
        case(p)
        if p.stamps or p.first:
            p.end()
        print("ok")


main()
