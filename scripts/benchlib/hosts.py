"""Many hosts on one bus: one stream, start-up, memory, broadcasts."""

import statistics
import time

from benchlib import proc
from benchlib.net import NET, Bus
from benchlib.table import verdict

HOSTS = (8, 32, 64, 128)
KEPT = 0.8  # of what two hosts reach alone
START_S = 3  # 64 hosts
IDLE_CPU = 0.001  # of a CPU, a host that only looks on: its timers
ROUNDS = 3
STORM_HOSTS = 16
STORM_S = 0.7
FEW = 1000  # broadcasts a second that a network may well have


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


def storm(lab, results):
    print(f"\nbroadcasts on a bus of {STORM_HOSTS} hosts, to a port that "
          "nobody has")
    out = results["storm"] = {}
    bus = Bus(lab.procs, lab.top, "storm", hosts=STORM_HOSTS)
    for rate, name in ((0, "all it can"), (FEW, f"{FEW} a second")):
        out[name] = flood(bus, rate, name)
    out["beside"] = beside(bus)
    bus.close()


def command(rate, seconds=STORM_S):
    return [NET, "bcast", "10.0.0.255", "9", str(seconds), str(rate)]


def flood(bus, rate, name):
    """Host 3 sends, all others only hear it."""
    pids = [p.pid for p in bus.all_hosts]
    sender = pids.pop(2)
    before, cpu = bus.members(), proc.cpu_of(pids)
    mine = proc.cpu_of([sender])
    sent = float(proc.run(command(rate), bus.environ(3)))
    time.sleep(0.1)  # the last ones are read
    cpu, mine = proc.cpu_of(pids) - cpu, proc.cpu_of([sender]) - mine
    now = bus.members()
    read, lost = (sum(now[p][key] - before[p][key] for p in pids)
                  for key in ("rx_frames", "rx_lost"))
    r = {"sent": sent, "rate": sent / STORM_S,
         "read": read / len(pids), "lost": lost / len(pids),
         "us_per_packet": cpu / read * 1e6, "sender_us": mine / sent * 1e6}
    print(f"  {name:13} {r['rate']:7.0f}/s sent, {r['sender_us']:.2f} us of "
          f"the sending host each; {r['us_per_packet']:.2f} us of each "
          f"other host, which reads {r['read'] / sent:.1%}", flush=True)
    return r


def beside(bus):
    """A stream between hosts 1 and 2, without and with host 3's few."""
    alone, among = [], []
    for _ in range(ROUNDS):
        alone.append(bulk(bus))
        p = bus.start(command(FEW, 60), bus.environ(3))
        time.sleep(0.1)
        among.append(bulk(bus))
        bus.procs.stop(p)
        bus.started.remove(p)
    r = {"gbit": statistics.median(among),
         "alone_gbit": statistics.median(alone)}
    r["ratio"] = r["gbit"] / r["alone_gbit"]
    print(f"  a stream beside {FEW} a second: {r['gbit']:.2f} Gbit/s, "
          f"without {r['alone_gbit']:.2f}: {r['ratio']:.2f}x", flush=True)
    return r
