"""The table: one row a measurement, one column a network."""

import statistics
import time
from typing import NamedTuple, Optional

from benchlib import proc
from benchlib.net import MODEL
from benchlib.programs import Iperf, Pgbench, Redis, Redis16, Wrk, WrkClose
from benchlib.web import Web

ROUNDS = 5
MOST = 15  # rounds
PATIENCE = 6  # s, after which they are enough
STABLE = 0.05  # by how much of it a ratio may move in the last three rounds
CPU_TARGETS = (1.15, 1.5)  # CPU per GB, as ratio to the kernel's: bus, 1500
# What the bus cannot exceed: what lies between two programs without TCP/IP.
BARE = "no stack"
FAR = proc.CPUS[:2][-1]  # the other CPU, if there is one
STREAM = ["relay", proc.CPUS[0], FAR, 0.2, 1]
STREAMS = ["relay", proc.CPUS[0], FAR, 0.2, 8]
ECHO = ["chain", proc.CPUS[0], FAR]
ECHO_ONE_CPU = ["chain", proc.CPUS[0], proc.CPUS[0]]
DIAL = ["dial", 0.2]


class Measure(NamedTuple):
    name: str
    args: Optional[list]  # of bench_net; None: the program's
    unit: str
    up: bool  # more is better
    target: Optional[float] = None  # of the ratio to the kernel
    target_1500: Optional[float] = None
    program: Optional[type] = None  # see programs.py
    bare: Optional[list] = None  # of bench_model

    @property
    def bulk(self):
        return self.unit == "Gbit/s"

    @property
    def first_cpu(self):
        return self.name.endswith("1cpu")

    @property
    def round_trips(self):
        return self.args and self.args[0] == "tcprr"


MEASURES = [
    Measure("bulk", ["bulk", "0.3"], "Gbit/s", True, 1.1, 0.7,
            bare=STREAM),
    Measure("bulk-back", ["rbulk", "0.3"], "Gbit/s", True, 1.1, 0.7,
            bare=STREAM),
    Measure("bulk-8", ["bulk", "0.3", "8"], "Gbit/s", True, 0.8, 0.7,
            bare=STREAMS),
    Measure("bulk-back-8", ["rbulk", "0.3", "8"], "Gbit/s", True, 0.8, 0.7,
            bare=STREAMS),
    Measure("sendfile", None, "Gbit/s", True, 0.8, 0.7, Web),
    Measure("tcp-rr", ["tcprr", "0.3"], "us", False, 1.3, bare=ECHO),
    Measure("tcp-rr-1cpu", ["tcprr", "0.3"], "us", False, 2.6,
            bare=ECHO_ONE_CPU),
    Measure("udp-rr", ["udprr", "0.3"], "us", False, 1.3, bare=ECHO),
    Measure("udp-rr-1cpu", ["udprr", "0.3"], "us", False, 2.8,
            bare=ECHO_ONE_CPU),
    Measure("conn", ["conn", "0.3"], "1/s", True, 0.6, bare=DIAL),
    Measure("udp-64", ["udp", "0.3", "64"], "1/s", True, 1.0),
    Measure("udp-1472", ["udp", "0.3", "1472"], "1/s", True),
    Measure("wrk", None, "1/s", True, program=Wrk),
    Measure("wrk-close", None, "1/s", True, program=WrkClose),
    Measure("redis", None, "1/s", True, program=Redis),
    Measure("redis-p16", None, "1/s", True, program=Redis16),
    Measure("iperf3", None, "Gbit/s", True, program=Iperf),
    Measure("pgbench", None, "1/s", True, program=Pgbench),
]


def number(x):
    return f"{x:.0f}" if x >= 1000 else f"{x:.4g}"


def verdict(value, target, up=False):
    """Return: how it is shown, and whether it is met."""
    good = value >= target if up else value <= target
    text = f"{'ok' if good else 'not'} {'>=' if up else '<='}{target:g}"
    return f"({text})", good


def heading(nets):
    print(f"\n{'':21}" + "".join(f"{n.name:28}" for n in nets) +
          "ratio to " + nets[0].name)


def line(name, unit, cells, ratios):
    print((f"{name:11} {unit:8} " + "".join(f"{c:28}" for c in cells) +
           "".join(f"{r:19}" for r in ratios)).rstrip(), flush=True)


def measure(lab, m, results):
    """Every network in turn, until the ratios are stable; then medians."""
    bare = (lambda: bare_sample(m)) if m.bare else None
    if m.first_cpu:
        with lab.fresh(one_cpu=True) as nets:
            got = rounds(nets, lambda net: sample(net, m), bare=bare)
    elif m.args:
        got = rounds(lab.nets, lambda net: sample(net, m), bare=bare)
    else:
        program = m.program(lab)
        try:
            got = rounds(lab.nets, program.sample, 3, 9)
        finally:
            program.close()
    r = {"unit": m.unit, "up": m.up, "target": m.target}
    for name, samples in got.items():
        r[name] = {"median": statistics.median(s["value"] for s in samples),
                   "min": min(s["value"] for s in samples),
                   "max": max(s["value"] for s in samples),
                   "rounds": len(samples)}
        for key in samples[0]:
            if key != "value":
                r[name][key] = statistics.median(s[key] for s in samples)
    results[m.name] = r
    show(m, r, [n.name for n in lab.nets])


def rounds(nets, take, least=ROUNDS, most=MOST, bare=None):
    """Return: by the network's name, its samples; those of bare() as BARE.

    Where the scheduler puts client and server, on one CPU or apart, changes
    what the kernel's network gives by some times, and that from one
    round to the next: so as many rounds are made as the ratio takes to settle.
    """
    got = {n.name: [] for n in nets}
    more = {BARE: []} if bare else {}
    history = []
    end = time.monotonic() + PATIENCE
    for i in range(most):
        for n in nets:
            got[n.name].append(take(n))
        for v in more.values():
            v.append(bare())
        history.append(ratios_now(got))
        if i + 1 >= least and (time.monotonic() > end or all(
                map(is_stable, zip(*history[-3:])))):
            break
    return got | more


def ratios_now(got):
    """Of the medians so far, each network's to the first."""
    medians = [statistics.median(s["value"] for s in v) for v in got.values()]
    return [m / medians[0] if medians[0] else 0 for m in medians[1:]]


def is_stable(last):
    return max(last) - min(last) <= STABLE * max(last)


def sample(net, m):
    s = {}
    switches = net.switches() if m.round_trips else 0
    mine = proc.switches_of_children()
    cpu = proc.cpu_of(net.pids()) + proc.cpu_of_children()
    v = net.run(m.args)
    cpu = proc.cpu_of(net.pids()) + proc.cpu_of_children() - cpu
    if m.round_trips:
        mine = proc.switches_of_children() - mine
        s["switches"] = (net.switches() - switches + mine) / v[2]
    s["value"] = v[0]
    if m.bulk:  # CPU seconds per GB
        s["cpu_s"] = cpu / (v[0] / 8 * float(m.args[1]))
    elif m.up:  # per 1,000 connections or packets
        s["cpu_s"] = cpu / (v[0] * float(m.args[1])) * 1000
    else:
        s["p99"] = v[1]
        s["cpu_s"] = cpu / v[2] * 1000
    return s


def bare_sample(m):
    v = [float(x) for x in proc.run([MODEL, *map(str, m.bare)]).split()]
    return {"value": v[0], "cpu_s": v[1]} if m.up else {"value": v[0]}


def ratios(r, names, key, to, targets, up=False):
    """Note each network's ratio to the first in r, as `to`; show them."""
    shown = []
    for name, target in zip(names[1:], targets):
        first, v = r[names[0]][key], r[name][key]
        ratio = r[name][to] = v / first if first else 0
        text = f"{ratio:.2f}x"
        if target:
            mark, r[name][to + "_ok"] = verdict(ratio, target, up)
            text += " " + mark
        shown.append(text)
    return shown


def show(m, r, names):
    cells = []
    for name in names:
        v = r[name]
        p99 = f"/{v['p99']:.4g}" if "p99" in v else ""
        cells.append(f"{number(v['median'])}{p99} "
                     f"[{number(v['min'])}..{number(v['max'])}]")
    line(m.name, m.unit if m.up else "p50/p99", cells, ratios(
        r, names, "median", "ratio",
        (m.target, m.target_1500), m.up))
    line("", "CPU s/GB" if m.bulk else "s/1000",
         [f"{r[n]['cpu_s']:.3g}" for n in names],
         ratios(r, names, "cpu_s", "cpu_ratio",
                CPU_TARGETS if m.bulk else (None, None)))
    if m.round_trips:
        line("", "switches", [f"{r[n]['switches']:.2f}" for n in names],
             ratios(r, names, "switches", "switches_ratio", (None, None)))
    if BARE in r:
        show_bare(m, r, names[0])


def show_bare(m, r, kernel):
    bare = r[BARE]
    text = f"{'':12}{BARE}: {number(bare['median'])} {m.unit} " + "".join(
        ratios(r, [kernel, BARE], "median", "ratio", (None,), m.up))
    if "cpu_s" in bare:
        text += f", CPU {bare['cpu_s']:.3g} " + "".join(
            ratios(r, [kernel, BARE], "cpu_s", "cpu_ratio", (None,)))
    print(text, flush=True)
