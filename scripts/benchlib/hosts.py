"""Many hosts on one bus: one stream, start-up, memory."""

import statistics
import time

from benchlib import proc
from benchlib.net import Bus
from benchlib.table import verdict

HOSTS = (8, 32, 64, 128)
KEPT = 0.8  # of what two hosts reach alone
START_S = 3  # 64 hosts
IDLE_CPU = 0.001  # of a CPU, a host that only looks on: its timers
ROUNDS = 5


def bulk(bus):
    return bus.run(["bulk", "0.3"])[0]


def many_hosts(lab, results):
    print("\nhosts on one bus: a stream between two of them, beside that "
          "between two alone")
    out = results["hosts"] = {}
    two = Bus(lab.procs, lab.top, "h2")
    for n in HOSTS:
        bus = Bus(lab.procs, lab.top, f"h{n}", hosts=n)
        out[n] = one_size(two, bus, n)
        bus.close()
    two.close()


def one_size(two, bus, n):
    idle = [p.pid for p in bus.all_hosts[2:]]
    alone, among, used, took = [], [], 0, 0
    for _ in range(ROUNDS):
        alone.append(bulk(two))
        cpu, t = proc.cpu_of(idle), time.monotonic()
        among.append(bulk(bus))
        used += proc.cpu_of(idle) - cpu
        took += time.monotonic() - t
    r = {"gbit": statistics.median(among), "min": min(among),
         "max": max(among), "two_gbit": statistics.median(alone),
         "start_s": bus.start_s, "idle_cpu": used / len(idle) / took,
         "pss_kib": statistics.mean(proc.pss_kib(p.pid)
                                    for p in bus.all_hosts)}
    r["ratio"] = r["gbit"] / r["two_gbit"]
    kept, r["ratio_ok"] = verdict(r["ratio"], KEPT, True)
    quiet, r["idle_ok"] = verdict(r["idle_cpu"], IDLE_CPU)
    start = ""
    if n == 64:
        start, r["start_ok"] = verdict(r["start_s"], START_S)
    print(f"  {n:3} hosts {r['gbit']:6.2f} Gbit/s [{r['min']:.3g}.."
          f"{r['max']:.3g}], two {r['two_gbit']:6.2f}: {r['ratio']:.2f}x "
          f"{kept}  start {r['start_s']:.2f} s {start:9} an idle one: "
          f"{r['idle_cpu']:.5f} CPU {quiet}, {r['pss_kib']:.0f} KiB",
          flush=True)
    return r
