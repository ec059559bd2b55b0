"""From the start of a program to its first byte from a server."""

import os
import select
import signal
import statistics
import subprocess
import time

from benchlib import proc
from benchlib.net import ENV, LIB, NET, free_port
from benchlib.proc import Failed
from benchlib.table import verdict

ROUNDS = 15
FIRST_ADDR = 100
MORE_MS = {"running host": 5, "private host": 30}


def start_up(lab, results):
    print("\na program from its start to the first byte that it receives, ms")
    bus = lab.nets[1]
    port = free_port()
    # Without us is the kernel's loopback: nothing wraps the program.
    plain = lab.procs.start([NET, "serve", port], ENV, ready="ready")
    got = {"without us": [], "running host": [], "private host": []}
    hosts = []
    try:
        for i in range(ROUNDS):
            addr = f"10.0.0.{FIRST_ADDR + i}"
            private = dict(ENV, LD_PRELOAD=LIB, SHMIF_BUS=bus.path,
                           SHMIF_ADDR=f"{addr}/24", XDG_RUNTIME_DIR=lab.top)
            for name, to, p, env in (
                    ("without us", "127.0.0.1", port, ENV),
                    ("running host", bus.addr, bus.port, bus.env),
                    ("private host", bus.addr, bus.port, private)):
                got[name].append(once(to, p, env))
            # It stays for a second after its program.
            new = [pid for pid, m in bus.members().items()
                   if addr in (a["address"] for a in m["addresses"])]
            if len(new) != 1:
                raise Failed(f"no private host {addr} was started")
            hosts += new
    finally:
        lab.procs.stop(plain)
        end(hosts)
    show(got, results)


def once(addr, port, env):
    """Return: milliseconds."""
    t = time.monotonic()
    # No preexec_fn, whose fork() costs more than the program.
    p = subprocess.Popen([NET, "hold", addr, port, "1", "0"], env=env,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        there = select.select([p.stdout], [], [], 10)[0]
        ms = (time.monotonic() - t) * 1e3
        if not there or not p.stdout.read() or p.wait(10):
            raise Failed(f"no answer from {addr}")
        return ms
    finally:
        if p.poll() is None:
            p.kill()
            p.wait()
        p.stdout.close()


def end(hosts):
    """Private hosts end by themselves, in a second."""
    for pid in hosts:
        try:
            proc.wait_until("the end of a private host",
                            lambda: not os.path.exists(f"/proc/{pid}"), 5)
        except Failed:
            os.kill(pid, signal.SIGKILL)
            raise


def show(got, results):
    out = results["start"] = {}
    plain = statistics.median(got["without us"])
    for name, ms in got.items():
        r = out[name] = {"median": statistics.median(ms), "min": min(ms),
                         "max": max(ms)}
        text = ""
        if name in MORE_MS:
            r["more_ms"] = r["median"] - plain
            mark, r["ok"] = verdict(r["more_ms"], MORE_MS[name])
            text = f"{r['more_ms']:+.2f} ms {mark}"
        print(f"  {name:12} {r['median']:7.2f} [{r['min']:.2f}.."
              f"{r['max']:.2f}] {text}".rstrip(), flush=True)
