"""The second entry beside the library: the same programs on the same hosts.

What is told of costs a few microseconds more: connections, and opening files;
reads and writes of streams are the kernel's in both, so bytes and round trips
cost the same.
"""

import os
import statistics
import sys

from benchlib import proc
from benchlib.net import B, ENV, NET, Bus
from benchlib.proc import Failed
from benchlib.table import number, verdict

ENTRY = os.path.join(B, "shmif_entry")
ROUNDS = 3
# Name, of bench_net, unit, whether more is better, bound of the ratio to the
# library: what is bytes alone is as good as equal.
ROWS = (("conn", ["conn", "0.3"], "1/s", True, 0.5),
        ("bulk", ["bulk", "0.3"], "Gbit/s", True, 0.9),
        ("tcp-rr", ["tcprr", "0.3"], "us", False, 1.1))
OPENS = """
import os, time
n = 5000
t = time.perf_counter()
for _ in range(n):
    os.close(os.open("/dev/null", os.O_RDONLY))
print((time.perf_counter() - t) / n * 1e6)
"""


class Watched(Bus):
    """A bus whose programs have no library, but the entry."""

    def environ(self, i):
        return dict(ENV, RUMP_SERVER=self.url(i))

    def serve(self):
        # After the entry's name the file, and then the program's own name.
        self.prefix = self.server_prefix = [ENTRY, NET]
        super().serve()


def opens(prefix, env):
    """Return: us of an open(2) and a close(2)."""
    return float(proc.run(prefix + [sys.executable, "-c", OPENS], env,
                          name="opening files"))


def entry(lab, results):
    if not os.path.exists(ENTRY):
        raise Failed(f"{ENTRY} is missing")
    print("\nthe second entry, for programs without the library; ratio to "
          "the library")
    out = results["entry"] = {}
    ours, watched = (kind(lab.procs, lab.top, name) for kind, name in
                     ((Bus, "preloaded"), (Watched, "watched")))
    for name, args, unit, up, bound in ROWS:
        got = {n: [] for n in (ours, watched)}
        for _ in range(ROUNDS):
            for n, samples in got.items():
                samples.append(n.run(args)[0])
        show(out, name, unit, got[ours], got[watched], up, bound)
    prefix = [ENTRY, sys.executable]
    env = watched.environ(2)
    got = [(opens([], ENV), opens(prefix, env)) for _ in range(ROUNDS)]
    show(out, "open", "us", *map(list, zip(*got)), False, None)
    for n in (ours, watched):
        n.close()


def show(out, name, unit, before, after, up, bound):
    a, b = statistics.median(before), statistics.median(after)
    r = out[name] = {"without": a, "with": b, "ratio": b / a}
    mark = ""
    if bound:
        mark, r["ok"] = verdict(r["ratio"], bound, up)
    print(f"  {name:8} {unit:7} {number(a):>8} {number(b):>8} "
          f"[{number(min(after))}..{number(max(after))}]   "
          f"{r['ratio']:.2f}x {mark}", flush=True)
