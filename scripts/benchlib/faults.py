"""What faults of an interface cost: off, nothing; on, what they do.

An interface without entries has nothing of them on its path, so that one that
had some and lost them is as fast as one that never had any.
"""

import statistics

from benchlib import proc
from benchlib.net import CTL, ENV

ROUNDS = 3
MEASURES = (("bulk", ["bulk", "0.3"], "Gbit/s"),
            ("tcp-rr", ["tcprr", "0.3"], "us"))
# What is set on both hosts, for both directions.
STATES = (("off", None),
          ("for other frames", ["limit", "1000", "match", "ether", "proto",
                                "0x9999"]),
          ("that do nothing", ["limit", "100000"]))


def put(net, words):
    for i in (1, 2):
        proc.run([CTL, "-s", net.url(i), "link", "shmif0", "clear"], ENV)
        for way in ("in", "out") if words else ():
            proc.run([CTL, "-s", net.url(i), "link", "shmif0", "set", way] +
                     words, ENV)


def take(net, state, got):
    for name, args, _ in MEASURES:
        got.setdefault((name, state), []).append(net.run(args)[0])


def faults(lab, results):
    print("\nfaults of an interface (shmif link): off again, for other "
          "frames, that do nothing; ratio to none ever")
    out = results["faults"] = {}
    with lab.fresh() as without, lab.fresh() as nets:
        for never, net in zip(without[1:], nets[1:]):
            one(never, net, out)


def one(never_net, net, out):
    """In turn on a network that never had any, and in each state."""
    got = {}
    for _ in range(ROUNDS):
        take(never_net, "never", got)
        for state, words in STATES:
            put(net, words)
            take(net, state, got)
    put(net, None)
    for name, _, unit in MEASURES:
        never = statistics.median(got[name, "never"])
        cells = [f"{never:8.4g} {unit:6}"]
        mine = out.setdefault(net.name, {})[name] = {"never": never}
        for state, _ in STATES:
            v = mine[state] = statistics.median(got[name, state])
            cells.append(f"{state} {v:.4g} ({v / never:.2f}x)")
        print(f"  {net.name:9} {name:7} " + "   ".join(cells), flush=True)
