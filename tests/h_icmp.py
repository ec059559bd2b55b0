"""ICMP errors, forged, and one who may believe them.

usage: h_icmp.py udp LOCAL PEER
       h_icmp.py tcp LOCAL PEER
       h_icmp.py forge VICTIM PEER udp|tcp refused|toobig SEQ FLAW...

udp and tcp are sockets of port 5000, connected to port 6000 of PEER, and say
each error that they are told, and what they know of the path.  forge sends a
message about a packet of theirs, each with one FLAW: none, or where one has to look:
sum         the message's checksum
piece       it is the first fragment of something
later       it is a later fragment
other       it is for another host, by way of the victim
quote       it quotes a later fragment
source      it quotes a packet that somebody else sent
seq         it quotes a sequence number that was never sent (tcp)
SEQ is the number of the SYN, or 0.
"""
import errno
import select
import socket
import struct
import sys

V6 = ":" in sys.argv[2]
FAMILY = socket.AF_INET6 if V6 else socket.AF_INET
OTHER = "fd00::77" if V6 else "10.0.0.77"


def packed(ip):
    return socket.inet_pton(FAMILY, ip)


def chksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def show(s):
    level, name = (socket.IPPROTO_IPV6, 24) if V6 else (socket.IPPROTO_IP, 14)
    while True:
        select.select([s], [], [])
        err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if err:
            print(errno.errorcode[err])
        if s.type == socket.SOCK_DGRAM:
            print("mtu", s.getsockopt(level, name))
        else:
            return


def udp(local, peer):
    s = socket.socket(FAMILY, socket.SOCK_DGRAM)
    s.bind((local, 5000))
    s.connect((peer, 6000))
    show(s)


def tcp(local, peer):
    s = socket.socket(FAMILY, socket.SOCK_STREAM)
    s.bind((local, 5000))
    s.setblocking(False)
    s.connect_ex((peer, 6000))
    show(s)


def header(src, dst, proto, payload, bits=0):
    """An IP packet; bits: those of its fragment offset field."""
    if V6:
        if bits:
            payload = struct.pack("!BBHI", proto, 0, bits << 3 & 0xfff8 |
                                  bits >> 13, 9) + payload
            proto = 44
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + \
            packed(src) + packed(dst) + payload
    h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 9, bits, 64,
                    proto, 0) + packed(src) + packed(dst)
    return h[:10] + struct.pack("!H", chksum(h)) + h[12:] + payload


def message(victim, peer, proto, what, seq, flaw):
    more, later = 0x2000, 3
    if V6:
        kind, code = (1, 4) if what == "refused" else (2, 0)
    else:
        kind, code = 3, 3 if what == "refused" else 4
    ports = struct.pack("!HHI", 5000, 6000, seq + (1 << 30 if flaw == "seq"
                                                   else 0) & 0xffffffff)
    quote = header(OTHER if flaw == "source" else victim, peer,
                   {"udp": 17, "tcp": 6}[proto], ports + bytes(24),
                   later if flaw == "quote" else 0)
    mtu = 1300 if what == "toobig" else 0
    body = struct.pack("!BBHI", kind, code, 0, mtu) + quote
    dst = OTHER if flaw == "other" else victim
    pseudo = packed(peer) + packed(dst) + struct.pack("!II", len(body), 58) \
        if V6 else b""
    right = chksum(pseudo + body) ^ (0x5555 if flaw == "sum" else 0)
    body = body[:2] + struct.pack("!H", right) + body[4:]
    return header(peer, dst, 58 if V6 else 1, body,
                  {"piece": more, "later": later}.get(flaw, 0))


def forge(victim, peer, proto, what, seq, *flaws):
    s = socket.socket(FAMILY, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for flaw in flaws:
        s.sendto(message(victim, peer, proto, what, int(seq), flaw),
                 (victim, 0))


globals()[sys.argv[1]](*sys.argv[2:])
