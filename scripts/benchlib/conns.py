"""Many connections: one after the other, and open at the same time."""

import statistics
import time

from benchlib import proc
from benchlib.proc import Failed
from benchlib.table import verdict

MANY = 40000  # more than there are ports
STALL_MS = 200  # waiting for something sent again takes at least that
IDLE = 4000
IDLE_KIB = 16
OPEN = (10, 100, 1000, 10000)
GROWTH = 1.5
ROUNDS = 2


def many(lab, results):
    print(f"\n{MANY} connections one after the other, to one port")
    out = results["many"] = {}
    failed = None
    for net in lab.nets[:2]:
        try:
            s, rate, longest = net.run(["connmany", str(MANY)], timeout=90)
        except Failed as e:  # the other one can be measured
            failed = failed or e
            continue
        mark, ok = verdict(longest, STALL_MS)
        out[net.name] = {"s": s, "rate": rate, "longest_ms": longest,
                         "longest_ok": ok}
        print(f"  {net.name:10} {s:7.2f} s {rate:8.0f}/s   the longest "
              f"{longest:.2f} ms {mark}", flush=True)
    if failed:
        raise failed


def memory(lab, results):
    print(f"\nmemory of an idle connection, KiB, by {IDLE} of them "
          "(proportional set size; the kernel's by its slabs)")
    out = results["memory"] = {}
    # In those that ran before, memory is free for use again.
    with lab.fresh() as nets:
        for net in nets[:2]:
            one_memory(net, out)


def one_memory(net, out):
    net.run(["bulk", "0.2"])  # what is needed once is there
    p = net.start(net.command(["idle", str(IDLE)]), net.env, talk=True)
    pids = {"hosts": [h.pid for h in net.hosts],
            "programs": [net.served.pid, p.pid]}
    before = memory_now(net, p, pids, "1")
    p.stdin.write("\n")
    p.stdin.flush()
    after = memory_now(net, p, pids, str(1 + IDLE))
    v = {k: (after[k] - before[k]) / IDLE for k in after}
    v["all"] = v["hosts"] + v["programs"]
    text = ""
    if net.hosts:
        text, v["ok"] = verdict(v["all"], IDLE_KIB)
    out[net.name] = v
    print(f"  {net.name:10} {v['all']:6.2f} {text}   of the hosts "
          f"{v['hosts']:.2f}, of client and server {v['programs']:.2f}; "
          f"besides the kernel's {v['kernel']:.2f}", flush=True)


def memory_now(net, p, pids, line):
    net.procs.line(p, line)
    time.sleep(0.5)  # the other end accepts the last ones
    m = {k: sum(map(proc.pss_kib, v)) for k, v in pids.items()}
    m["kernel"] = proc.slab_kib()
    return m


def growth(lab, results):
    print("\nopen connections: round trip over one of them, all on one CPU, "
          "us")
    got = {n: [] for n in OPEN}
    with lab.fresh(one_cpu=True) as nets:
        for _ in range(ROUNDS):
            for n in OPEN:
                got[n].append(nets[1].run(["hold", str(n), "0.2"]))
    out = results["growth"] = {}
    for n, v in got.items():
        p50 = [x[0] for x in v]
        out[n] = {"p50": statistics.median(p50), "min": min(p50),
                  "max": max(p50), "p99": statistics.median(x[1] for x in v)}
        print(f"  {n:6} {out[n]['p50']:7.2f}/{out[n]['p99']:.2f} "
              f"[{min(p50):.2f}..{max(p50):.2f}]")
    out["ratio"] = out[OPEN[-1]]["p50"] / out[OPEN[0]]["p50"]
    mark, out["ok"] = verdict(out["ratio"], GROWTH)
    print(f"  last to first {out['ratio']:.2f}x {mark}", flush=True)
