"""Many connections, open at the same time."""

import statistics

from benchlib.table import verdict

OPEN = (10, 100, 1000, 10000)
GROWTH = 1.5
ROUNDS = 3


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
