"""Buses on two machines, joined by a cable, beside the kernel's VXLAN.

The machines are network namespaces with a veth between, which is wide enough
for what either wraps around a frame.
"""

import ctypes
import os
import shutil
import statistics

from benchlib import proc
from benchlib.net import CTL, ENV, LIB, SERVER, Kernel, Network, may_veth
from benchlib.proc import Failed
from benchlib.table import number

ROUNDS = 5
WIDE = 9200
CABLE = 4790  # the UDP port, which no server has
MTUS = (1500, 9000)
# Other cables, whose frames libvdeplug or a switch sends one by one: 1500 only.
OTHERS = ("vxlan", "vde")
ROWS = (("bulk", ["bulk", "0.5"], "Gbit/s"),
        ("bulk-back", ["rbulk", "0.5"], "Gbit/s"),
        ("bulk-8", ["bulk", "0.5", "8"], "Gbit/s"),
        ("tcp-rr", ["tcprr", "0.5"], "us"),
        ("udp-rr", ["udprr", "0.5"], "us"))


def works(argv):
    try:
        proc.run(argv, ENV)
        return True
    except Failed:
        return False


def missing():
    """Return: why it cannot be measured, or None."""
    if not may_veth():
        return "only root may make network namespaces"
    if not works(["unshare", "-n", "ip", "link", "add", "vx0", "type",
                  "vxlan", "id", "1", "dstport", "4789"]):
        return "this kernel has no VXLAN"
    try:
        ctypes.CDLL("libvdeplug.so.2")
    except OSError:
        return "libvdeplug2 is not installed"
    return None


class Vxlan(Network):
    """The kernel's, between the machines."""

    def __init__(self, procs, machines, mtu):
        super().__init__(procs, "vxlan")
        self.addr, self.port = "10.8.0.1", str(mtu)
        self.prefix, self.server_prefix = (machines.prefix,
                                           machines.server_prefix)
        self.env = self.server_env = ENV
        for i, at in enumerate((self.server_prefix, self.prefix), 1):
            for words in (
                    f"link add vx0 mtu {mtu} type vxlan id 1 dstport 4789 "
                    f"local 10.9.0.{i} remote 10.9.0.{3 - i} dev v0",
                    f"addr add 10.8.0.{i}/24 dev vx0", "link set vx0 up"):
                proc.run([*at, "ip", *words.split()])
        self.serve()

    def close(self):
        super().close()
        for at in (self.server_prefix, self.prefix):
            proc.run([*at, "ip", "link", "del", "vx0"])


class Joined(Network):
    """A bus on each machine, a bridge on each, and a cable of that kind."""

    def __init__(self, procs, top, machines, mtu, kind="udp"):
        super().__init__(procs, "joined")
        self.kind, self.switch = kind, os.path.join(top, "switch")
        if kind == "vde":
            # A path is not the namespace's; it ends with its input.
            self.start(["vde_switch", "-s", self.switch], ENV, talk=True)
            proc.wait_until("the switch", lambda: os.path.exists(
                os.path.join(self.switch, "ctl")))
        self.addr = "10.0.0.1"
        self.prefix, self.server_prefix = (machines.prefix,
                                           machines.server_prefix)
        ends = enumerate((self.server_prefix, self.prefix), 1)
        self.server_env, self.env = [
            self.machine(top, i, at, mtu) for i, at in ends]
        ping = [*self.prefix, CTL, "-s", self.env["RUMP_SERVER"], "ping",
                "-c", "1", "-W", "1", self.addr]
        proc.wait_until("the bridges", lambda: works(ping))
        self.serve()

    def cable(self, i):
        return {"udp": f"udp://{CABLE}->10.9.0.{3 - i}:{CABLE}",
                "vxlan": f"vxlan://239.1.2.3/port={CABLE}",
                "vde": f"vde://{self.switch}"}[self.kind]

    def machine(self, top, i, at, mtu):
        """Return: the environment of programs on its host."""
        bus = os.path.join(top, f"join-{self.kind}-{mtu}-{i}")
        proc.run([CTL, "bus", "create", bus, f"mtu={mtu}"], ENV)
        self.start([*at, CTL, "bus", "join", "-m", str(mtu), bus,
                    self.cable(i)], ENV)
        url = f"unix://{bus}.host"
        self.hosts.append(self.start(
            [*at, SERVER, "-s", "-i", f"shmif0={bus},10.0.0.{i}/24,name=m{i}",
             url], ENV))
        proc.wait_until(f"host {i}", lambda: os.path.exists(f"{bus}.host"))
        return dict(ENV, LD_PRELOAD=LIB, RUMP_SERVER=url)


def join(lab, results):
    lacks = missing()
    if lacks:
        results.setdefault("skipped", {})["join"] = lacks
        print(f"join skipped: {lacks}")
        return
    print("\nbuses on two machines, joined over UDP or what is named; ratio "
          "to the kernel's VXLAN between the same")
    out = results["join"] = {}
    machines = Kernel(lab.procs)
    for at in (machines.server_prefix, machines.prefix):
        proc.run([*at, "ip", "link", "set", "v0", "mtu", str(WIDE)])
        proc.run([*at, "ip", "route", "add", "224.0.0.0/4", "dev", "v0"])
    for mtu in MTUS:
        out[mtu] = {}
        between(lab, machines, out[mtu], mtu, "udp", ROWS)
    for kind in OTHERS:
        if kind == "vde" and not shutil.which("vde_switch"):
            print("  vde skipped: vde_switch is not installed")
            continue
        out[kind] = {}
        between(lab, machines, out[kind], 1500, kind, ROWS[:1])
    machines.close()


def between(lab, machines, out, mtu, kind, rows):
    nets = [Vxlan(lab.procs, machines, mtu),
            Joined(lab.procs, lab.top, machines, mtu, kind)]
    for name, args, unit in rows:
        one(out, mtu if kind == "udp" else f"{mtu} {kind}://", nets, name,
            args, unit)
    for net in nets:
        net.close()


def one(out, mtu, nets, name, args, unit):
    got = {n.name: [] for n in nets}
    for _ in range(ROUNDS):
        for n in nets:
            got[n.name].append(n.run(args)[0])
    r = out[name] = {k: statistics.median(v) for k, v in got.items()}
    r["ratio"] = r["joined"] / r["vxlan"]
    print(f"  MTU {mtu} {name:10} {unit:7}" + "".join(
        f"{k} {number(r[k])} [{number(min(v))}..{number(max(v))}]".ljust(30)
        for k, v in got.items()) + f"{r['ratio']:.2f}x", flush=True)
