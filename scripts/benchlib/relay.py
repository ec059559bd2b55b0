"""Programs whose host is reached by tcp://, beside those at unix://."""

import os
import signal
import statistics
import time

from benchlib import proc
from benchlib.net import Bus, CTL, ENV, LIB, NET, free_port
from benchlib.table import number, verdict

ROUNDS = 3
ROWS = [  # name, of bench_net, unit, more is better, targets by tcp and TLS
    ("bulk", ["bulk", "0.3"], "Gbit/s", True, (0.4, 0.25)),
    ("bulk-back", ["rbulk", "0.3"], "Gbit/s", True, (0.4, 0.25)),
    ("bulk-8", ["bulk", "0.3", "8"], "Gbit/s", True, (None, None)),
    ("tcp-rr", ["tcprr", "0.3"], "us", False, (2.5, 2.5)),
    ("udp-rr", ["udprr", "0.3"], "us", False, (None, None)),
    ("conn", ["conn", "0.3"], "1/s", True, (None, None)),
    ("rr of 1000", ["hold", "1000", "0.3"], "us", False, (None, None)),
]
PROGRAMS = 100
HELD_UP = 2.0  # a round trip beside one that does not read


class Over(Bus):
    """The asking host is reached by kind: unix, tcp, or tcp with TLS."""

    def __init__(self, procs, top, kind):
        self.kind, self.at = kind, f"tcp://127.0.0.1:{free_port()}/"
        self.keys = os.path.join(top, "keys")
        self.run_dir = os.path.join(top, "run-" + kind)
        os.mkdir(self.run_dir, 0o700)
        if kind == "tls":
            proc.run([CTL, "key", "new", "-f", self.keys, "all"], ENV)
        super().__init__(procs, top, "over-" + kind)
        self.name = kind

    def serve_at(self, i):
        if i != 2 or self.kind == "unix":
            return [self.url(i)]
        how = ["--insecure"] if self.kind == "tcp" else ["-k", self.keys]
        return how + [self.url(i), self.at]

    def environ(self, i):
        if i != 2 or self.kind == "unix":
            return super().environ(i)
        return dict(ENV, LD_PRELOAD=LIB, RUMP_SERVER=self.at,
                    RUMP_SERVER_KEY=self.keys if self.kind == "tls" else "",
                    XDG_RUNTIME_DIR=self.run_dir)


def relay(lab, results):
    nets = [Over(lab.procs, lab.top, k) for k in ("unix", "tcp", "tls")]
    print(f"\n{'programs on':21}" + "".join(f"{n.name:28}" for n in nets) +
          "ratio to unix")
    out = results["relay"] = {}
    # The relay is there, as it is after the first program.
    keep = [n.start(n.command(["idle", "1"]), n.env, talk=True)
            for n in nets]
    for p in keep:
        lab.procs.line(p, "1")
    for name, args, unit, up, targets in ROWS:
        got = rounds(nets, lambda n, a=args: n.run(a)[0])
        row(out, name, unit, up, targets, got)
    row(out, f"{PROGRAMS} at once", "s", False, (None, None),
        rounds(nets, at_once, 2))
    beside_slow(nets, out)
    for n in nets:
        n.close()


def rounds(nets, take, count=ROUNDS):
    got = {n.name: [] for n in nets}
    for _ in range(count):
        for n in nets:
            got[n.name].append(take(n))
    return got


def row(out, name, unit, up, targets, got):
    r = out[name] = {k: {"median": statistics.median(v), "min": min(v),
                         "max": max(v)} for k, v in got.items()}
    first = r["unix"]["median"]
    text = f"{name:11} {unit:8} "
    for v in r.values():
        text += (f"{number(v['median'])} [{number(v['min'])}.."
                 f"{number(v['max'])}]").ljust(28)
    for kind, target in zip(("tcp", "tls"), targets):
        ratio = r[kind]["ratio"] = r[kind]["median"] / first
        mark = ""
        if target:
            mark, r[kind]["ok"] = verdict(ratio, target, up)
        text += f"{ratio:.2f}x {mark}".ljust(19)
    print(text.rstrip(), flush=True)


def at_once(net):
    """As many programs, each with a few connections of its own."""
    began = time.monotonic()
    all_ = [net.start(net.command(["connmany", "10"]), net.env)
            for _ in range(PROGRAMS)]
    for p in all_:
        p.wait(60)
    took = time.monotonic() - began
    for p in all_:
        net.started.remove(p)
        net.procs.stop(p)
        if p.returncode:
            raise proc.Failed(f"{net.name}: a program of {PROGRAMS} failed")
    return took


def beside_slow(nets, out):
    """A reader that is stopped in the midst of much, and a round trip."""
    alone = {n.name: n.run(["tcprr", "0.3"])[0] for n in nets}
    slow = [n.start(n.command(["rbulk", "60"]), n.env) for n in nets]
    time.sleep(0.5)
    for p in slow:
        p.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    for n in nets:
        us = n.run(["tcprr", "0.3"])[0]
        ratio = us / alone[n.name]
        mark, ok = verdict(ratio, HELD_UP)
        out.setdefault("slow reader", {})[n.name] = {
            "us": us, "alone_us": alone[n.name], "ratio": ratio, "ok": ok}
        print(f"  {n.name}: a round trip beside a reader that is stopped: "
              f"{us:.1f} us, alone {alone[n.name]:.1f}: {ratio:.2f}x {mark}",
              flush=True)
    for p in slow:
        p.kill()
