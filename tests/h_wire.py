"""A client of a host that speaks stack/wire/wire.h by itself, as well or as
badly as a test wants it to.
"""
import array
import errno
import os
import re
import socket
import struct

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../stack/wire/wire.h")


def _read_header():
    with open(HEADER, encoding="ascii") as f:
        text = f.read()
    magic = int(re.search(r"WIRE_MAGIC\s+(0x\w+)u", text).group(1), 16)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    names = {}
    for body in re.findall(r"enum \w*\s*\{(.*?)\}", text, flags=re.S):
        value = -1
        for item in body.split(","):
            words = re.match(r"\s*(WIRE_\w+)\s*(?:=\s*(\w+))?", item)
            if words and not (words[2] and not words[2][0].isdigit()):
                value = int(words[2], 0) if words[2] else value + 1
                names[words[1]] = value
    return magic, names


MAGIC, W = _read_header()
REQ = struct.Struct("=IHHQQQiiiI")
REP = struct.Struct("=IiQiI")


def cookie(s):
    return struct.unpack("Q", s.getsockopt(socket.SOL_SOCKET, 57, 8))[0]


def fds_of(anc):
    """The descriptors among ancillary data."""
    got = array.array("i")
    for level, kind, data in anc:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            got.frombytes(data[:len(data) - len(data) % got.itemsize])
    return list(got)


class Client:
    def __init__(self, path):
        self.ctl = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ctl.connect(path)

    def post(self, op, *abc, data=b"", sock=0, flags=0, fds=(), server=0):
        abc = (abc + (0, 0, 0))[:3]
        op = W["WIRE_" + op] if isinstance(op, str) else op
        msg = REQ.pack(MAGIC, op, len(data), server, sock, 0, *abc,
                       flags) + data
        self.ctl.sendmsg([msg], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                  array.array("i", fds))] if fds else [])

    def call(self, op, *abc, fds=(), **more):
        """Return errno's name or "", value, data, descriptors."""
        ours, theirs = socket.socketpair(socket.AF_UNIX,
                                         socket.SOCK_SEQPACKET)
        with ours, theirs:
            self.post(op, *abc, fds=(theirs.fileno(), *fds), **more)
            theirs.close()
            ours.settimeout(10)
            msg, anc, _, _ = ours.recvmsg(4096, 64)
        if not msg:
            return "closed", 0, b"", fds_of(anc)
        _, err, value, _, n = REP.unpack_from(msg)
        return (errno.errorcode[err] if err else "", value,
                msg[REP.size:REP.size + n], fds_of(anc))

    def socket(self, domain, kind, protocol=0, number=None, **more):
        """A virtual socket: our end and its number."""
        pair = kind if kind == socket.SOCK_STREAM else socket.SOCK_SEQPACKET
        ours, theirs = socket.socketpair(socket.AF_UNIX, pair)
        if number is None:
            number = int.from_bytes(os.urandom(6), "little") | 1
        with theirs:
            self.post("SOCKET", domain, kind, protocol,
                      data=struct.pack("QQ", number, cookie(ours)),
                      fds=(theirs.fileno(),), **more)
        return ours, number
