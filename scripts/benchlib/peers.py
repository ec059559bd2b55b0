"""What else there is that needs no root, beside the kernel's and the bus."""

import os
import shutil
import statistics

from benchlib import proc
from benchlib.net import ENV, NET, Network, free_port
from benchlib.proc import Failed

ROUNDS = 2
SHOWN = (("bulk", ["bulk", "0.3"], "Gbit/s"),
         ("round trip", ["tcprr", "0.3"], "us"),
         ("connections", ["conn", "0.3"], "1/s"))
WRAPPER = "libsocket_wrapper.so"


class Peer(Network):
    """The server is on the machine's loopback; prefix leads to it."""

    def __init__(self, procs, top, name, mtu=None):
        super().__init__(procs, name)
        self.top, self.mtu = top, mtu
        self.server_prefix, self.port = [], free_port()
        self.env = self.server_env = dict(ENV)
        try:
            self.connect()
            self.serve()
        except Failed:
            self.close()
            raise

    def namespaces(self):
        """Return: the pid of a process in a network namespace of its own."""
        own = os.readlink("/proc/self/ns/net")
        p = self.start(["unshare", "-rn", "sleep", "600"])
        proc.wait_until("a network namespace", lambda: os.readlink(
            f"/proc/{p.pid}/ns/net") != own)
        self.prefix = ["nsenter", "-t", str(p.pid), "-U",
                       "--preserve-credentials", "-n", "--"]
        return str(p.pid)

    def carry(self, argv):
        """Start what carries the packets, and wait for its interface."""
        path = os.path.join(self.top, f"{self.name}.log")
        with open(path, "w", encoding="utf-8") as f:
            p = self.start(argv, log=f)
        self.hosts = [p]
        try:
            proc.wait_until("its interface",
                            lambda: p.poll() is not None or self.has_link(),
                            5)
            if p.poll() is not None:
                raise Failed(f"exit status {p.returncode}")
        except Failed as e:
            with open(path, encoding="utf-8", errors="replace") as f:
                said = f.read().strip().splitlines()
            raise Failed(f"{argv[0]} does not run here: " + (
                said[-1] if said else str(e))) from e

    def has_link(self):
        out = proc.run(self.prefix + ["ip", "-4", "addr", "show", "up"])
        return any("inet " in line and " lo" not in line
                   for line in out.splitlines())


class Slirp(Peer):
    needs = ("slirp4netns", "nsenter", "unshare", "ip")
    addr = "10.0.2.2"

    def connect(self):
        pid = self.namespaces()
        self.carry(["slirp4netns", "--configure", f"--mtu={self.mtu}", pid,
                    "tap0"])


class Pasta(Peer):
    needs = ("pasta", "nsenter", "unshare", "ip")
    addr = "10.9.8.1"

    def connect(self):
        pid = self.namespaces()
        self.carry([
            "pasta", "-q", "-f", "--config-net", "-m", str(self.mtu),
            "-a", "10.9.8.2", "-n", "24", "-g", self.addr, "-t", "none",
            "-u", "none", "-T", "none", "-U", "none", pid])


class Wrapper(Peer):
    """Unix sockets in TCP's place: no network, as socket calls see it."""

    needs = ()
    addr = "127.0.0.2"

    def connect(self):
        d = os.path.join(self.top, "wrapper")
        os.mkdir(d)
        self.env = dict(ENV, LD_PRELOAD=WRAPPER, SOCKET_WRAPPER_DIR=d,
                        SOCKET_WRAPPER_DEFAULT_IFACE="3")
        self.server_env = dict(self.env, SOCKET_WRAPPER_DEFAULT_IFACE="2")
        # The loader says so on standard error, and goes on without it.
        if "wrapper" not in proc.run(["cat", "/proc/self/maps"], self.env):
            raise Failed(f"{WRAPPER} is not installed")


KINDS = ((Pasta, "pasta-1500", 1500), (Pasta, "pasta-65520", 65520),
         (Slirp, "slirp4netns-1500", 1500),
         (Slirp, "slirp4netns-65520", 65520),
         (Wrapper, "socket_wrapper", None))


def opened(lab, out):
    """Return: the peers that run here; why not is shown and noted."""
    nets = []
    for kind, name, mtu in KINDS:
        gone = [n for n in kind.needs if not shutil.which(n)]
        try:
            if gone:
                raise Failed(f"{gone[0]} is not installed")
            peer = kind(lab.procs, lab.top, name, mtu)
            peer.run(["tcprr", "0.1"], timeout=5)
            nets.append(peer)
        except Failed as e:
            out[name] = {"skipped": str(e)}
            print(f"  {name:18} skipped: {e}", flush=True)
    return nets


def peers(lab, results):
    print("\nwhat else needs no root: medians, and as good as "
          f"{lab.nets[0].name}")
    out = results["peers"] = {}
    others = opened(lab, out)
    nets = lab.nets + others
    got = {n.name: {what: [] for what, _, _ in SHOWN} for n in nets}
    for _ in range(ROUNDS):
        for what, args, _ in SHOWN:
            for n in nets:
                try:
                    got[n.name][what].append(n.run(args, timeout=20)[0])
                except Failed as e:
                    if n in lab.nets:
                        raise
                    out[n.name] = {"failed": str(e)}
    for n in nets:
        one_row(n.name, got, out, lab.nets[0].name)
    for n in others:
        n.close()
    shutil.rmtree(os.path.join(lab.top, "wrapper"), ignore_errors=True)


def one_row(name, got, out, kernel):
    row, cells = out.setdefault(name, {}), []
    for what, _, unit in SHOWN:
        if not got[name][what]:
            cells.append(f"{'-':>21}")
            continue
        v = statistics.median(got[name][what])
        first = statistics.median(got[kernel][what])
        good = first / v if unit == "us" else v / first
        row[what], row[f"{what} ratio"] = v, good
        cells.append(f"{v:9.4g} {unit:6} {good:4.2f}x")
    print(f"  {name:18}" + "".join(f"{c:>26}" for c in cells) +
          (f"  {row['failed']}" if "failed" in row else ""), flush=True)
