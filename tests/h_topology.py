#!/usr/bin/env python3
"""Changed topologies: each parses, or fails with a line that names the file.

usage: h_topology.py SEED COUNT	(in the top folder; prints what went wrong)
"""
import glob
import os
import random
import sys
import tempfile

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "scripts")]

# pylint: disable=wrong-import-position
from netlib.draw import dot  # noqa: E402
from netlib.process import Failure  # noqa: E402
from netlib.topology import Parser  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = b"""bus tap host iface virt vde gateway route forward sysctl wait run env
inet inet6 listen udp ping nat bridge default 10.0.0.1/24 10.0.0.1/33 fd00::1/64
:: 0 -1 1e9 99999999999999999999 size=1k mtu= =x " ' \\ # $ `id` %s \xff \0
../../x / slirp:// vde://x""".split() + [b"\t", b"\n", b"  ", b"\r\n", b"a" * 5000]


def mutate(rnd, seeds):
    """Some edits of one of them: words, bytes, lines, pieces of others."""
    data = bytearray(rnd.choice(seeds))
    for _ in range(rnd.randint(1, 8)):
        at = rnd.randint(0, len(data))
        to = min(len(data), at + rnd.randint(0, 30))
        kind = rnd.randrange(6)
        if kind == 0:
            data[at:at] = b" " + rnd.choice(WORDS) + b" "
        elif kind == 1:
            data[at:to] = rnd.choice(WORDS)
        elif kind == 2:
            data[at:to] = b""
        elif kind == 3:
            data[at:at] = rnd.randbytes(rnd.randint(1, 4))
        elif kind == 4:
            lines = data.split(b"\n")
            rnd.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        else:
            other = rnd.choice(seeds)
            data[at:at] = other[rnd.randint(0, len(other)):][:200]
    return bytes(data)


def main(seed, count):
    rnd = random.Random(seed)
    seeds = []
    for name in glob.glob(os.path.join(HERE, "../scripts/topologies/*.net")):
        with open(name, "rb") as f:
            seeds.append(f.read())
    parsed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.net")
        for n in range(count):
            data = mutate(rnd, seeds)
            with open(path, "wb") as f:
                f.write(data)
            try:
                dot(Parser(path).parse())
                parsed += 1
            except Failure as e:
                failed += 1
                if not str(e).startswith(path) or "\n" in str(e):
                    print(f"case {n}: {e!r} is no line that names the file")
                    return 1
            except Exception as e:  # pylint: disable=broad-except
                print(f"case {n}: {e!r} of {data!r}")
                return 1
    print(f"seed {seed}: {parsed} parsed, {failed} failed")
    return not (parsed and failed)


sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
