"""A bus of NetBSD's format: two of our hosts on it, beside the native one."""

import statistics

from benchlib.net import Bus
from benchlib.table import number, verdict

ROUNDS = 5
MEASURES = (("bulk", ["bulk", "0.4"], "Gbit/s", True, 3.0),
            ("bulk-back", ["rbulk", "0.4"], "Gbit/s", True, 3.0),
            ("tcp-rr", ["tcprr", "0.4"], "us", False, 150.0),
            ("udp-rr", ["udprr", "0.4"], "us", False, 150.0))


def rump_bus(lab, results):
    print("\na bus of NetBSD's format; ratio to a native one of MTU 1500")
    out = results["rump"] = {}
    with lab.fresh() as nets:
        net = Bus(lab.procs, nets[2].top, "bus-rump", form="rump")
        for name, args, unit, up, target in MEASURES:
            got = {n.name: [] for n in (nets[2], net)}
            for _ in range(ROUNDS):
                for n in (nets[2], net):
                    got[n.name].append(n.run(args)[0])
            one(out, name, unit, got, verdict, (target, up))
        net.close()


def one(out, name, unit, got, judge, wanted):
    native, rump = (statistics.median(v) for v in got.values())
    mark, good = judge(rump, *wanted)
    out[name] = {"unit": unit, "rump": rump, "native": native, "ok": good,
                 "min": min(got["bus-rump"]), "max": max(got["bus-rump"])}
    print(f"  {name:10} {number(rump):>8} {unit:7} {mark:12} "
          f"[{number(out[name]['min'])}..{number(out[name]['max'])}]  "
          f"{rump / native:.2f}x", flush=True)
