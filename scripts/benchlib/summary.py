"""What is told first, in ten lines; all the rest is told after it.

While it is measured, the rest goes to bench/detail.txt, and to a terminal
what is measured just now.
"""

import os
import sys

from benchlib.report import OUT
from benchlib.table import BARE

# A line each: what it says, and the rows it is of.
LINES = (
    ("a stream, there and back", ("bulk", "bulk-back")),
    ("eight streams, there and back", ("bulk-8", "bulk-back-8")),
    ("nginx, a large file; iperf3", ("sendfile", "iperf3")),
    ("round trip, TCP and UDP", ("tcp-rr", "udp-rr")),
    ("the same, all on one CPU", ("tcp-rr-1cpu", "udp-rr-1cpu")),
    ("connections", ("conn",)),
    ("datagrams of 64 and 1,472 bytes", ("udp-64", "udp-1472")),
    ("wrk: connections kept, and not", ("wrk", "wrk-close")),
    ("redis, and 16 at a time; pgbench", ("redis", "redis-p16", "pgbench")),
)


class Detail:
    """In standard output's place."""

    def __init__(self):
        os.makedirs(OUT, exist_ok=True)
        self.path = os.path.join(OUT, "detail.txt")
        self.out = sys.stdout
        # pylint: disable=consider-using-with
        self.file = open(self.path, "w", encoding="utf-8")

    def write(self, text):
        self.file.write(text)
        self.file.flush()
        said = text.split(maxsplit=1)
        if said and sys.stderr.isatty():
            print(f"\r\033[K{said[0]}", end="", file=sys.stderr, flush=True)
        return len(text)

    def flush(self):
        self.file.flush()

    def restore(self):
        self.file.close()
        sys.stdout = self.out
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        with open(self.path, encoding="utf-8") as f:
            return f.read()


def begin():
    sys.stdout = Detail()
    return sys.stdout


def give_up():
    """What there is is told all the same."""
    if isinstance(sys.stdout, Detail):
        text = sys.stdout.restore()
        print(text, end="", flush=True)


def good(r, name, key="ratio"):
    """How good it is, the kernel's being 1."""
    v = r.get(name, {}).get(key)
    return f"{v if r['up'] else 1 / v:.2f}" if v else "-"


def end(detail, results, names):
    text = detail.restore()
    rows = [(what, [n for n in of if n in results]) for what, of in LINES]
    if any(of for _, of in rows):
        print(f"as good as {names[0]} (1: the same; more is better), and CPU "
              "per work (less is better)")
        print(f"{'':34}" + "".join(f"{n:20}" for n in names[1:]) +
              f"{BARE:20}CPU, {names[1]}")
    for what, of in rows:
        if of:
            print(f"{what:34}" + "".join(
                f"{'  '.join(good(results[o], n) for o in of):20}"
                for n in names[1:] + [BARE]) + "  ".join(
                f"{results[o][names[1]]['cpu_ratio']:.2f}" for o in of))
    print(text, end="", flush=True)
