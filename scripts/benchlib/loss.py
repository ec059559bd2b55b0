"""Streams over a bad network, beside the kernel's TCP over the same one.

A virtual host forwards between two networks and makes the faults on both ways
out: taps in network namespaces for the kernel, buses of MTU 1500 for ours.
Every cell is a transfer with several seeds of the faults, the same for both.
"""

import concurrent.futures
import os
import queue
import shutil
import statistics
import sys
import tempfile

from benchlib import proc
from benchlib.net import CTL, ENV, LIB, SERVER
from benchlib.proc import Failed
from benchlib.table import verdict

XFER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "xfer.py")
LANES = 3  # transfers at a time: they wait, most of it
SEEDS, MORE = 5, 15
MEDIAN, SLOWEST = 1.5, 3
LIMIT_S = 60  # one transfer
MB = 1000000
FAULTS = {
    "0.5 % loss": "loss 0.5%",
    "2 % loss": "loss 2%",
    "5 % loss": "loss 5%",
    "10 % loss": "loss 10%",
    "20 % reordered": "reorder 20%",
    "5 % duplicated": "duplicate 5%",
    "1 % corrupted": "corrupt 1%",
}
ROUND_TRIPS = (10, 50, 200)  # ms; the last not with much loss
SHORT_ONLY = ("5 % loss", "10 % loss")


def cells():
    """Each pair of fault, round trip, number of streams and IP version."""
    for i, fault in enumerate(FAULTS):
        for j, ms in enumerate(ROUND_TRIPS):
            if ms == ROUND_TRIPS[-1] and fault in SHORT_ONLY:
                continue
            many = (i + j) % 2
            six = many if j < 2 else 1 - many
            yield fault, ms, MB, 8 if many else 1, 6 if six else 4
    yield "0.5 % loss", 10, 50 * MB, 1, 4
    yield "0.5 % loss", 10, 50 * MB, 8, 6


class Way:
    """A server and a client with the host between them that makes faults."""

    def __init__(self, procs, top, name):
        self.procs, self.path = procs, os.path.join(top, name)
        self.started, self.kind = [], None

    def start(self, *args, **kw):
        p = self.procs.start(*args, **kw)
        self.started.append(p)
        return p

    def host(self, name, *spec, prefix=()):
        url = f"{self.path}.{name}"
        p = self.start([*prefix, SERVER, "-s", *spec, f"unix://{url}"], ENV)
        proc.wait_until(f"host {name}", lambda: os.path.exists(url))
        return p

    def environ(self, name):
        return dict(ENV, RUMP_SERVER=f"unix://{self.path}.{name}")

    def between(self, kind, links, prefix=()):
        """The host that forwards; links: what it stands on."""
        self.kind = kind
        spec = []
        for i in (0, 1):
            spec += ["-i", f"{kind}{i}{links[i]},10.8.{i}.254/24,"
                     f"fd8{i}::fe/64"]
        p = self.host("m", *spec, prefix=prefix)
        proc.run([CTL, "sysctl", "net.inet.ip.forwarding=1",
                  "net.inet6.ip6.forwarding=1"], self.environ("m"))
        return p

    def ends(self, prefixes, envs):
        self.start(prefixes[0] + [sys.executable, XFER, "serve", "7000"],
                   envs[0], ready="ready")
        self.client = self.start(prefixes[1] + [sys.executable, XFER, "ask"],
                                 envs[1], ready="ready", talk=True)

    def faults(self, ms, words, seed):
        for i in (0, 1):
            proc.run([CTL, "link", f"{self.kind}{i}", "set", "delay",
                      f"{ms / 2}ms", *words.split(), "seed",
                      str(2 * seed + i)], self.environ("m"))

    def transfer(self, size, streams, family):
        """Return: seconds."""
        address = "10.8.0.1" if family == 4 else "fd80::1"
        self.client.stdin.write(f"{address} 7000 {size} {streams} "
                                f"{LIMIT_S}\n")
        self.client.stdin.flush()
        said = self.client.stdout.readline().strip()
        if not said or said.startswith("failed"):
            raise Failed(said or "the client has ended")
        return float(said)

    def close(self):
        self.procs.stop(*reversed(self.started))


class Buses(Way):
    """Ours."""

    def __init__(self, procs, top, name):
        super().__init__(procs, top, name)
        for i in (0, 1):
            proc.run([CTL, "bus", "create", f"{self.path}.bus{i}",
                      "mtu=1500"], ENV)
        self.between("shmif", [f"={self.path}.bus{i}" for i in (0, 1)])
        for i in (0, 1):
            self.host(f"h{i}", "-i", f"shmif0={self.path}.bus{i},"
                      f"10.8.{i}.1/24,fd8{i}::1/64", "-r",
                      f"default=10.8.{i}.254", "-r", f"default=fd8{i}::fe")
        self.ends([[], []], [dict(self.environ(f"h{i}"), LD_PRELOAD=LIB)
                             for i in (0, 1)])


class Taps(Way):
    """The kernel's, in two network namespaces."""

    def __init__(self, procs, top, name):
        super().__init__(procs, top, name)
        spaces = [self.space() for _ in (0, 1)]
        middle = self.between("virt", ["", ""], ["unshare", "-n"])
        prefixes = [["nsenter", "-t", str(p.pid), "-n"] for p in spaces]
        for i, prefix in enumerate(prefixes):
            proc.run(["nsenter", "-t", str(middle.pid), "-n", "ip", "link",
                      "set", f"tap{i}", "netns", str(spaces[i].pid)])
            for words in ("link set lo up", f"link set tap{i} up",
                          f"addr add 10.8.{i}.1/24 dev tap{i}",
                          f"addr add fd8{i}::1/64 dev tap{i} nodad",
                          f"route add default via 10.8.{i}.254",
                          f"-6 route add default via fd8{i}::fe"):
                proc.run(prefix + ["ip"] + words.split())
        self.ends(prefixes, [ENV, ENV])

    def space(self):
        own = os.readlink("/proc/self/ns/net")
        p = self.start(["unshare", "-n", "sleep", "3600"])
        proc.wait_until("a network namespace", lambda: os.readlink(
            f"/proc/{p.pid}/ns/net") != own)
        return p


def measure(way, cell, seeds):
    fault, ms, size, streams, family = cell
    took = []
    for seed in seeds:
        way.faults(ms, FAULTS[fault], seed)
        took.append(way.transfer(size, streams, family))
    return took


def one_cell(lane, cell, seeds):
    ours, kernel = (measure(way, cell, seeds) for way in lane)
    r = {"ours": ours, "kernel": kernel,
         "ratio": statistics.median(ours) / statistics.median(kernel),
         "slowest": max(ours) / max(kernel)}
    r["ok"] = r["ratio"] <= MEDIAN and r["slowest"] <= SLOWEST
    return r


def show(cell, r):
    fault, ms, size, streams, family = cell
    mark, _ = verdict(r["ratio"], MEDIAN)
    late, _ = verdict(r["slowest"], SLOWEST)
    print(f"  {fault:15} {ms:4} ms {size // MB:3} MB {streams} x IPv{family}"
          f" {statistics.median(r['ours']):7.3f} s, kernel "
          f"{statistics.median(r['kernel']):7.3f}: {r['ratio']:.2f}x {mark}"
          f"  slowest {max(r['ours']):.2f}/{max(r['kernel']):.2f}: "
          f"{r['slowest']:.2f}x {late}  {len(r['ours'])} seeds", flush=True)


def matrix(lab, results):
    """All cells; one that misses is measured again with more seeds."""
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.W_OK):
        raise Failed("taps in network namespaces need root and /dev/net/tun")
    algorithm = "/proc/sys/net/ipv4/tcp_congestion_control"
    with open(algorithm, encoding="ascii") as f:
        print("\nstreams over a bad network, beside the kernel's TCP "
              f"({f.read().strip()}); medians")
    out = results["loss"] = {}
    top = tempfile.mkdtemp(dir=lab.top)
    lanes = queue.Queue()
    ways = []
    for i in range(LANES):
        pair = (Buses(lab.procs, top, f"o{i}"), Taps(lab.procs, top, f"k{i}"))
        ways += pair
        lanes.put(pair)

    def work(cell):
        lane = lanes.get()
        try:
            r = one_cell(lane, cell, range(1, SEEDS + 1))
            if not r["ok"]:
                r = one_cell(lane, cell, range(1, MORE + 1))
        finally:
            lanes.put(lane)
        out[" ".join(map(str, cell))] = r
        show(cell, r)

    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        for done in [pool.submit(work, c) for c in cells()]:
            done.result()
    for way in ways:
        way.close()
    shutil.rmtree(top)
    missed = sum(not r["ok"] for r in out.values())
    print(f"  {len(out)} cells, {missed} missed")
