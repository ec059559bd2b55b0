"""The networks compared: the kernel's, and buses with their hosts."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import tempfile
import time

from benchlib import proc
from benchlib.proc import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
B = os.path.abspath(os.environ.get("B") or os.path.join(ROOT, "build"))
NET = os.path.join(B, "tests", "bench_net")
HOST = os.path.join(B, "tests", "bench_host")
MODEL = os.path.join(B, "tests", "bench_model")
LIB = os.path.join(B, "libshmhijack.so")
SERVER = os.path.join(B, "shmif_server")
CTL = os.path.join(B, "shmif")
ENV = {k: v for k, v in os.environ.items() if k not in (
    "LD_PRELOAD", "RUMP_SERVER", "RUMP_SERVER_KEY", "RUMPHIJACK",
    "RUMPHIJACK_RETRYCONNECT", "SHMIF_BUS", "SHMIF_ADDR", "SHMIF_GATEWAY", "SHMIF_NAME", "SHMIF_HOST__",
    "SHMIF_USER__", "SHMIF_HOSTS", "SHMIF_RESOLV", "SHMIF_HOLDER__")}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


class Network:
    """Where a client reaches a server.

    prefix, env: how a client is called; addr, port: of the server;
    served: its process; hosts: the processes between the two.
    """

    def __init__(self, procs, name):
        self.procs, self.name = procs, name
        self.prefix, self.hosts, self.started = [], [], []
        self.port, self.served = "7000", None

    def start(self, *args, **kw):
        p = self.procs.start(*args, **kw)
        self.started.append(p)
        return p

    def serve(self):
        self.served = self.start(self.server_prefix + [
            NET, "serve", self.port], self.server_env, ready="ready")

    def command(self, args):
        return self.prefix + [NET, args[0], self.addr, self.port] + args[1:]

    def run(self, args, timeout=60):
        """Return: the numbers printed."""
        out = proc.run(self.command(args), self.env, timeout,
                       f"on {self.name}: {args[0]}")
        return [float(x) for x in out.split()]

    def pids(self):
        return [p.pid for p in self.hosts + [self.served]]

    def ended(self):
        """Return: those of its processes that should not have."""
        return [f"{os.path.basename(p.args[0])} of {self.name}, "
                f"status {p.returncode}"
                for p in self.started if p.poll() is not None]

    def switches(self):
        """Of all processes that carry a request; a client's when it ended."""
        # The server is asked, since its threads end with their connections.
        return self.run(["switches"])[0] + proc.switches_of(
            [p.pid for p in self.hosts])

    def close(self):
        self.procs.stop(*reversed(self.started))
        self.started = []


def may_veth():
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    try:
        proc.run(["unshare", "-n", "true"])
    except Failed:  # a container's root
        return False
    return True


class Kernel(Network):
    """veth between two network namespaces when root, else loopback."""

    def __init__(self, procs):
        veth = may_veth()
        super().__init__(procs, "veth" if veth else "loopback")
        self.env = self.server_env = dict(ENV)
        self.server_prefix = []
        if veth:
            self.veth()
        else:
            self.addr, self.port = "127.0.0.1", free_port()
        self.serve()

    def veth(self):
        # Namespaces without a name are gone with the process that is in them.
        own = os.readlink("/proc/self/ns/net")
        pids = []
        for _ in range(2):
            p = self.start(["unshare", "-n", "sleep", "3600"])
            pids.append(str(p.pid))
            proc.wait_until("a network namespace", lambda: os.readlink(
                f"/proc/{pids[-1]}/ns/net") != own)
        proc.run(["ip", "link", "add", "v0", "netns", pids[0], "type", "veth",
                  "peer", "name", "v0", "netns", pids[1]])
        prefixes = [["nsenter", "-t", pid, "-n"] for pid in pids]
        for prefix, ip in zip(prefixes, ("10.9.0.1/24", "10.9.0.2/24")):
            proc.run(prefix + ["ip", "addr", "add", ip, "dev", "v0"])
            proc.run(prefix + ["ip", "link", "set", "v0", "up"])
            proc.run(prefix + ["ip", "link", "set", "lo", "up"])
        self.server_prefix, self.prefix = prefixes
        self.addr = "10.9.0.1"


def allow():
    """PostgreSQL does not run as root; it has a user of its own."""
    try:
        return ["-o", f"allow={pwd.getpwnam('postgres').pw_name}"] \
            if os.geteuid() == 0 else []
    except KeyError:
        return []


class Bus(Network):
    """`hosts` virtual hosts on one bus; .1 serves, .2 asks."""

    def __init__(self, procs, top, name, mtu=None, hosts=2, form=None):
        super().__init__(procs, name)
        self.top = top
        self.path = os.path.join(top, name)
        self.addr = "10.0.0.1"
        self.server_prefix = []
        self.env, self.server_env = self.environ(2), self.environ(1)
        proc.run([CTL, "bus", "create", self.path] + (
            [f"mtu={mtu}"] if mtu else []) + (
            [f"format={form}"] if form else []), ENV)
        t = time.monotonic()
        self.all_hosts = [self.start(
            [SERVER, "-s", *allow(), "-i",
             f"shmif0={self.path},10.0.0.{i}/24"] +
            self.serve_at(i), ENV) for i in range(1, hosts + 1)]
        for i in range(1, hosts + 1):
            proc.wait_until(f"host {i} of {hosts}", lambda: os.path.exists(
                f"{self.path}.{i}"))
        self.start_s = time.monotonic() - t
        self.hosts = self.all_hosts[:2]
        self.serve()

    def url(self, i):
        return f"unix://{self.path}.{i}"

    def serve_at(self, i):
        return [self.url(i)]

    def environ(self, i):
        return dict(ENV, LD_PRELOAD=LIB, RUMP_SERVER=self.url(i))

    def members(self):
        """What the bus tells of its hosts, by pid."""
        said = json.loads(proc.run([CTL, "bus", "show", "--json", self.path],
                                   ENV))
        return {m["pid"]: m for m in said["members"]}

    def close(self):
        super().close()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Lab:
    """The networks that measurements share; nets[0] is the kernel's."""

    def __init__(self, procs, top):
        self.procs, self.top = procs, top
        self.nets = self.open(top)

    def open(self, top):
        return [Kernel(self.procs), Bus(self.procs, top, "bus"),
                Bus(self.procs, top, "bus-1500", mtu=1500)]

    @contextlib.contextmanager
    def fresh(self, one_cpu=False):
        """Networks of the same kind for a while."""
        with proc.first_cpu_only() if one_cpu else contextlib.nullcontext():
            top = tempfile.mkdtemp(dir=self.top)
            nets = self.open(top)
            yield nets
            for net in nets:
                net.close()
            shutil.rmtree(top)

    def again(self):
        """After a failure nobody knows what state they are in."""
        self.procs.close()
        shutil.rmtree(self.top)
        os.mkdir(self.top, 0o700)
        self.nets = self.open(self.top)
