"""Whole programs, for rows of the table: a server of each network, a client.

Such a class says what is missing, takes the lab, and takes a sample of a
network: value, and cpu_s, that of all processes, per GB or 1,000 requests.
"""

import json
import os
import pwd
import re
import shutil
import tempfile
import time

from benchlib import proc, web
from benchlib.net import ENV, free_port
from benchlib.proc import Failed

CONNECTIONS = "16"
SECONDS = "1"


def lacking(*names):
    """Return: the first of these programs that is not there, or None."""
    gone = [n for n in names if not shutil.which(n)]
    return f"{gone[0]} is not installed" if gone else None


class Program:
    """A server on host .1 for each network, which sample() asks from .2."""

    port = "7090"
    per = 1000  # CPU is told for so many of value

    def __init__(self, lab):
        self.procs, self.servers, self.nets = lab.procs, {}, lab.nets
        self.dir = tempfile.mkdtemp(dir=lab.top)
        try:
            for net in lab.nets:
                self.at = free_port() if net.name == "loopback" else self.port
                self.servers[net.name] = self.serve(net), self.at
                self.until_ready(net)
        except BaseException:
            self.close()
            raise

    def start(self, net, argv):
        # What they note by the way is no news.
        return self.procs.start(net.server_prefix + argv, net.server_env,
                                log=proc.NOWHERE)

    def until_ready(self, net):
        """As long as connections are refused it is not."""
        p, port = self.servers[net.name]
        ask = net.prefix + ["sh", "-c", f"exec nc -z {net.addr} {port}"]
        if not shutil.which("nc"):
            time.sleep(1)
            return
        end = time.monotonic() + 10
        while True:
            try:
                proc.run(ask, net.env)
                return
            except Failed:
                if p.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def sample(self, net):
        p, port = self.servers[net.name]
        hosts = [h.pid for h in net.hosts]
        cpu = proc.cpu_of(hosts) + proc.cpu_of_tree(p.pid) + \
            proc.cpu_of_children()
        value, done = self.ask(net, port)
        cpu = proc.cpu_of(hosts) + proc.cpu_of_tree(p.pid) + \
            proc.cpu_of_children() - cpu
        return {"value": value, "cpu_s": cpu / done * self.per}

    def client(self, net, argv):
        return proc.run(net.prefix + argv, net.env,
                        name=f"on {net.name}: {argv[0]}")

    def number(self, said, pattern):
        found = re.search(pattern, said)
        if not found:
            raise Failed(f"{pattern} was not said: {said.strip()[-200:]}")
        return float(found[1])

    def close(self):
        self.procs.stop(*[p for p, _ in self.servers.values()])
        shutil.rmtree(self.dir, ignore_errors=True)


class Wrk(Program):
    """Small pages over connections that stay."""

    port = "7080"
    more = ()

    @staticmethod
    def missing():
        return lacking("wrk") or (None if web.NGINX else
                                  "nginx is not installed")

    def serve(self, net):
        p, self.at = web.nginx(self.procs, net, self.dir, (
            "keepalive_requests 1000000; "
            "location / { return 200 'as small as pages are'; }"))
        return p

    def ask(self, net, port):
        said = self.client(net, [
            "wrk", "-t1", "-c", CONNECTIONS, "-d", SECONDS, *self.more,
            f"http://{net.addr}:{port}/"])
        if "Non-2xx" in said or "Socket errors" in said:
            raise Failed(f"on {net.name}: wrk: {said.strip()[-200:]}")
        return (self.number(said, r"Requests/sec: +([0-9.]+)"),
                self.number(said, r"([0-9]+) requests in"))


class WrkClose(Wrk):
    """A connection for each."""

    more = ("-H", "Connection: close")


class Redis(Program):
    pipeline, requests = "1", "20000"

    @staticmethod
    def missing():
        return lacking("redis-server", "redis-benchmark")

    def serve(self, net):
        return self.start(net, [
            "redis-server", "--port", self.at, "--save", "", "--appendonly",
            "no", "--protected-mode", "no", "--dir", self.dir])

    def ask(self, net, port):
        said = self.client(net, [
            "redis-benchmark", "-h", net.addr, "-p", port, "-t", "get",
            "-c", CONNECTIONS, "-P", self.pipeline, "-n", self.requests,
            "--csv"])
        return self.number(said, r'"GET","([0-9.]+)"'), int(self.requests)


class Redis16(Redis):
    pipeline, requests = "16", "200000"


class Iperf(Program):
    per = 1e9

    @staticmethod
    def missing():
        return lacking("iperf3")

    def serve(self, net):
        return self.start(net, ["iperf3", "-s", "-p", self.at, "--logfile",
                                os.path.join(self.dir, net.name)])

    def until_ready(self, net):
        """It takes one client at a time, and nc would be one."""
        time.sleep(0.5)

    def ask(self, net, port):
        said = self.client(net, ["iperf3", "-c", net.addr, "-p", port,
                                 "-t", SECONDS, "-J"])
        got = json.loads(said)["end"]["sum_received"]
        return got["bits_per_second"] / 1e9, got["bytes"]


def postgres_bin():
    top = "/usr/lib/postgresql"
    found = sorted(os.listdir(top), key=float) if os.path.isdir(top) else []
    return os.path.join(top, found[-1], "bin") if found else None


def postgres_user():
    """It does not run as root; Debian's package brings this user."""
    try:
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    except KeyError:
        return None


class Pgbench(Program):
    """Selects over connections that stay."""

    port = "7054"

    @staticmethod
    def missing():
        if not postgres_bin():
            return "PostgreSQL is not installed"
        if os.geteuid() == 0 and not postgres_user():
            return "PostgreSQL does not run as root, and there is no user " \
                "postgres"
        return lacking("pgbench")

    def __init__(self, lab):
        self.user = []
        who = postgres_user()
        if who:
            self.user = ["setpriv", f"--reuid={who.pw_uid}",
                         f"--regid={who.pw_gid}", "--clear-groups", "--"]
        super().__init__(lab)

    def serve(self, net):
        who = postgres_user()
        data = os.path.join(self.dir, net.name)
        os.mkdir(data, 0o700)
        if who:
            os.chmod(self.dir, 0o711)
            os.chmod(os.path.dirname(self.dir), 0o711)
            os.chown(data, who.pw_uid, who.pw_gid)
        proc.run(self.user + [
            os.path.join(postgres_bin(), "initdb"), "-D", data, "-A", "trust",
            "-U", "bench", "--no-sync", "--no-locale"], ENV)
        with open(os.path.join(data, "pg_hba.conf"), "a",
                  encoding="utf-8") as f:
            f.write("host all all all trust\n")
        return self.start(net, self.user + [
            os.path.join(postgres_bin(), "postgres"), "-D", data,
            "-c", f"listen_addresses={net.addr}", "-p", self.at,
            "-c", "unix_socket_directories=", "-c", "fsync=off",
            "-c", "shared_buffers=16MB", "-c", "max_connections=20"])

    def until_ready(self, net):
        super().until_ready(net)
        end = time.monotonic() + 20
        while True:  # it refuses clients until it has recovered
            try:
                self.pgbench(net, "-i", "-q", "-s", "1")
                return
            except Failed:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def pgbench(self, net, *args):
        return self.client(net, ["pgbench", "-h", net.addr, "-p",
                                 self.servers[net.name][1], "-U", "bench",
                                 *args, "postgres"])

    def ask(self, net, port):
        said = self.pgbench(net, "-S", "-n", "-c", "4", "-T", SECONDS)
        return (self.number(said, r"tps = ([0-9.]+)"),
                self.number(said, r"actually processed: ([0-9]+)"))
