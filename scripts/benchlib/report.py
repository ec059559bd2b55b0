"""What stays of a run: facts of the machine, numbers, plot, comparison."""

import json
import os
import shutil
import statistics
import subprocess

from benchlib import proc
from benchlib.net import B, HOST, ROOT
from benchlib.table import MEASURES

OUT = os.path.join(B, "bench")
# What of a result says how good it is, where it differs by the machine least.
KEYS = ("ratio", "cpu_ratio", "switches", "longest_ms", "all", "more_ms",
        "us_per_packet")


def machine():
    facts = {"kernel": os.uname().release, "arch": os.uname().machine,
             "cpus": len(proc.CPUS), "cpu": None, "commit": None,
             "load": os.getloadavg()[0]}
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                facts["cpu"] = line.split(":", 1)[1].strip()
                break
    try:
        facts["commit"] = proc.run(
            ["git", "-C", ROOT, "describe", "--always", "--dirty",
             "--abbrev=12", "--exclude=*"]).strip()
    except (proc.Failed, OSError):
        pass  # not from a repository
    print(f"{facts['cpus']} CPUs ({facts['cpu'] or facts['arch']}), Linux "
          f"{facts['kernel']}, commit {facts['commit'] or 'unknown'}, "
          f"load {facts['load']:.2f}")
    return facts


def numbers(*args):
    return [float(x) for x in proc.run([HOST, *map(str, args)]).split()]


def yardstick(results):
    """What the machine can do at best: waking a sleeping thread is the floor
    of every round trip, which over a bus takes six wake-ups; copying into
    the kernel and out again is the floor of every stream."""
    ends = {"one CPU": [proc.CPUS[0]] * 2}
    if len(proc.CPUS) > 1:
        ends["two CPUs"] = proc.CPUS[:2]
    wake = {k: numbers("wake", *cpus)[0] / 2 for k, cpus in ends.items()}
    print("one wake-up, us: " +
          ", ".join(f"{v:.1f} on {k}" for k, v in wake.items()))
    pair = {}
    for k, cpus in ends.items():
        got = [numbers("pair", *cpus, 0.2) for _ in range(3)]
        pair[k] = {"gbit": statistics.median(g[0] for g in got),
                   "cpu_s": statistics.median(g[1] for g in got)}
    copy = statistics.median(numbers("copy", 0.05)[0] for _ in range(3))
    print("one hop over a pair of Unix sockets: " + ", ".join(
        f"{v['gbit']:.1f} Gbit/s, {v['cpu_s']:.3f} CPU s/GB on {k}"
        for k, v in pair.items()))
    print(f"memcpy: {copy:.1f} GB/s", flush=True)
    results["yardstick"] = {"wake_us": wake, "pair": pair, "copy_gb_s": copy}


def save(results):
    os.makedirs(OUT, exist_ok=True)
    path = os.path.join(OUT, "bench.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
    print(f"\nnumbers: {path}")


def plot(results, names):
    rows = [m.name for m in MEASURES if m.name in results]
    if not shutil.which("gnuplot") or not rows:
        print("no plot: " + ("no row of the table was measured" if not rows
                             else "gnuplot is not installed"))
        return
    data = os.path.join(OUT, "bench.dat")
    with open(data, "w", encoding="utf-8") as f:
        for row in rows:
            r = results[row]
            cols = [r[n]["ratio"] if r["up"] else 1 / r[n]["ratio"]
                    for n in names[1:]]
            f.write(f'"{row}" ' + " ".join(f"{c:.4f}" for c in cols) + "\n")
    cols = ", ".join(
        f"'{data}' using {i + 2}:xtic(1) title '{n}'"
        for i, n in enumerate(names[1:]))
    script = (
        "set terminal svg size 900,420 background 'white'\n"
        f"set output '{OUT}/bench.svg'\n"
        "set style data histogram\nset style fill solid 0.8\n"
        "set xtics rotate by -30\nset grid y\n"
        f"set ylabel 'as good as {names[0]} = 1'\n"
        f"set arrow from graph 0,first 1 to graph 1,first 1 nohead\n"
        f"plot {cols}\n")
    subprocess.run(["gnuplot"], input=script, text=True, check=True,
                   timeout=30)
    print(f"plot: {OUT}/bench.svg")


def leaves(tree, path=()):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, path + (key,))
        elif key in KEYS:
            yield path + (key,), value


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def compare(old, base):
    """Both as read from files: keys that are numbers are text there."""
    now = read(os.path.join(OUT, "bench.json"))
    was = dict(leaves(old))
    print(f"\nagainst {base}, then and now")
    for path, v in leaves(now):
        if path in was:
            change = f"{v / was[path]:6.2f}x" if was[path] > 0 else ""
            print(f"  {' '.join(path):34} {was[path]:9.3f} -> {v:9.3f} "
                  f"{change}")
