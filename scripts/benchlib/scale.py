"""A thousand hosts: buses with a router each, which are joined by one more.

All of it is one file of shmif-net(1)'s, which starts and ends it.
"""

import json
import os
import random
import statistics
import time

from benchlib import proc
from benchlib.net import CTL, ENV, ROOT
from benchlib.proc import Failed
from benchlib.table import verdict

TOOL = os.path.join(ROOT, "scripts", "shmif-net")
LANS = 5
HOSTS = 199  # on each, besides its router: a bus has 256 slots
PAIRS = 100
UP_S = 60
MIB = 4
IDLE_CPU = 0.1  # %, of one CPU
SETTLE_S = 3  # what follows from the start and the questions is over
LOOK_S = 10


def address(lan, n):
    return f"10.{lan}.0.{n}"


def topology():
    lans = range(1, LANS + 1)
    out = ["bus core", *(f"bus lan{lan}" for lan in lans)]
    for lan in lans:
        out += [f"host r{lan}", f"\tiface core 10.0.0.{lan}/24",
                f"\tiface lan{lan} {address(lan, 1)}/24", "\tforward inet"]
        out += [f"\troute 10.{to}.0.0/24 10.0.0.{to}"
                for to in lans if to != lan]
        for n in range(2, HOSTS + 2):
            out += [f"host h{lan}-{n}",
                    f"\tiface lan{lan} {address(lan, n)}/24",
                    f"\tgateway {address(lan, 1)}"]
    return "\n".join(out) + "\n"


def pairs():
    """URLs' names and addresses of two on different buses, the same always."""
    pick = random.Random(1)
    for _ in range(PAIRS):
        a, b = pick.sample(range(1, LANS + 1), 2)
        n, m = (pick.randrange(2, HOSTS + 2) for _ in range(2))
        yield f"h{a}-{n}", address(b, m)


def reaches(urls, host, to):
    try:
        proc.run([CTL, "-s", urls[host], "ping", "-c", "1", "-W", "5", to],
                 ENV)
        return True
    except Failed:
        return False


def scale(lab, results):
    count = LANS * (HOSTS + 1)
    print(f"\n{count} hosts on {LANS} buses, with a router each")
    top = os.path.join(lab.top, "scale")
    os.mkdir(top, 0o700)
    file = os.path.join(top, "scale.net")
    with open(file, "w", encoding="utf-8") as f:
        f.write(topology())
    env = dict(ENV, XDG_RUNTIME_DIR=top)
    out = results["scale"] = {"hosts": count}
    t = time.monotonic()
    proc.run([TOOL, "up", file], env, timeout=600, name="shmif-net up")
    try:
        out["up_s"] = time.monotonic() - t
        look(json.loads(proc.run([TOOL, "status", "--json", file], env)), out)
    finally:
        t = time.monotonic()
        proc.run([TOOL, "down", file], env, timeout=600,
                 name="shmif-net down")
        out["down_s"] = time.monotonic() - t
    print(f"  {'all gone':28} {out['down_s']:9.2f} s", flush=True)


def look(status, out):
    urls = {name: h["url"] for name, h in status["hosts"].items()}
    pids = [h["pid"] for h in status["hosts"].values() if h["state"] == "up"]
    if len(pids) != out["hosts"]:
        raise Failed(f"{len(pids)} hosts of {out['hosts']} are up")
    row(out, "all answer", "up_s", "s", UP_S)
    out["reached"] = sum(reaches(urls, *p) for p in pairs())
    row(out, f"pairs reached, of {PAIRS}", "reached", "", PAIRS, True)
    time.sleep(SETTLE_S)
    cpu, t = proc.cpu_of(pids), time.monotonic()
    time.sleep(LOOK_S)
    used = (proc.cpu_of(pids) - cpu) / (time.monotonic() - t)
    out["idle_cpu_percent"] = used / len(pids) * 100
    row(out, "CPU of an idle host", "idle_cpu_percent", "%", IDLE_CPU)
    out["pss_mib"] = statistics.mean(map(proc.pss_kib, pids)) / 1024
    row(out, "memory of an idle host", "pss_mib", "MiB", MIB)


def row(out, what, key, unit, target, more=False):
    mark, out[key + "_ok"] = verdict(out[key], target, more)
    print(f"  {what:28} {out[key]:9.4g} {unit:4}{mark}", flush=True)
