"""A network that runs: how it, its hosts and their programs come and go."""
import concurrent.futures
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time

from .faults import apply, look
from .process import (Failure, STATE, STOP, TTY, born, end, family, find_tool,
                      progress, run, send, stat, works)
from .state import State
from .topology import START, Host

AT_ONCE = 8         # hosts that start, or are asked
ANSWER = 5          # seconds for a host to tell who has sockets


class Network:
    """NET is the topology, of a file or of the copy of what is up."""

    def __init__(self, net, state=None):
        self.net = net
        self.state = state or State(net.name)

    def url(self, host):
        return f"unix://{self.state.path(host)}.sock"

    def host(self, name):
        if name not in self.net.hosts:
            raise Failure(f"{name}: no host of {self.net.name}, which has "
                          f"{', '.join(self.net.hosts)}")
        return self.net.hosts[name]

    def tool(self, host):
        return (find_tool("shmif"), "-s", self.url(host))

    def on(self, host):
        return [find_tool("shmhijack"), "-s", self.url(host), "--"]

    def ask(self, host, *argv, **limit):
        """What `shmif ARGV --json` says of a host."""
        return json.loads(run("shmif", "-s", self.url(host), *argv, "--json",
                              **limit))

    def bus(self, name):
        return os.path.join(self.net.dir, name) if "/" in name else name

    # Up.

    def up(self):
        self.state.create(self.net)
        try:
            with self.state.locked():
                self.start_all()
        except BaseException:
            self.end_all()
            raise

    def start_all(self):
        for number, (kind, *args) in self.net.taps.items():
            self.state.taps.append([number, kind, *args])
            self.state.save()
            self.tap(number, kind, args)
        for name, options in self.net.buses.items():
            run("shmif", "bus", "create", self.bus(name), *options)
            self.state.buses.append(self.bus(name))
            self.state.save()
        for number, join in enumerate(self.net.joins, 1):
            self.start_join(f"join{number}.log", *join)
        self.start_hosts(list(self.net.hosts.values()))
        # Before the programs, which are to meet them.
        self.state.links = [list(link) for link in self.net.links]
        if self.state.links:
            apply(self)
        for host in self.net.hosts.values():
            self.start_programs(host)
        if self.net.events:
            self.start("events.log", [sys.executable, sys.argv[0], "events",
                                      self.net.name], None, "events")
        self.state.note("up")
        progress("")

    def tap(self, number, kind, args, *down):
        if kind == "nat":
            run("tap-nat", f"tap{number}", *(down or args))
        else:
            run("tap-bridge", args[0], f"tap{number}", *down)

    def start(self, log, argv, host, what):
        with open(self.state.path(log), "a", encoding="utf-8") as f:
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f,
                                 stderr=f, cwd=self.net.dir,
                                 start_new_session=True)
        self.state.processes.append({"pid": p.pid, "born": born(p.pid),
                                     "host": host, "what": what})
        self.state.save()
        return p

    def bridges(self, bus):
        show = json.loads(run("shmif", "bus", "show", self.bus(bus), "--json"))
        return {m["pid"] for m in show["members"] if "bridge_to" in m}

    def start_join(self, log, bus, what, options):
        """It is in the background once it passes frames, or tells why not."""
        before = self.bridges(bus)
        with open(self.state.path(log), "a", encoding="utf-8") as f:
            status = subprocess.call(
                [find_tool("shmif"), "bus", "join", "-d", *options,
                 self.bus(bus), what if "://" in what else self.bus(what)],
                stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                cwd=self.net.dir)
        self.state.processes += [
            {"pid": pid, "born": born(pid), "host": None,
             "what": f"join {bus} {what}"}
            for pid in self.bridges(bus) - before]
        self.state.save()
        if status:
            raise Failure(self.last_words(log))

    def last_words(self, log):
        with open(self.state.path(log), encoding="utf-8",
                  errors="replace") as f:
            lines = f.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def wait(self, limit, process, log, what, condition):
        """For condition(), as long as the process lives."""
        limit_at = time.monotonic() + limit
        while not condition():
            status = process.poll()
            # One that ended well may have left a daemon.
            if status and what != "exit":
                raise Failure(f"{log[:-4]} has ended (status {status}): "
                              f"{self.last_words(log)}")
            if time.monotonic() > limit_at:
                raise Failure(f"{log[:-4]}: no {what} in {limit} s: "
                              f"{self.last_words(log)}")
            time.sleep(0.05)

    def mac(self, host, unit):
        """The same when it comes again, as a machine's is."""
        digest = hashlib.sha256(f"{self.net.path} {host} {unit}".encode())
        return "02:" + digest.digest()[:5].hex(":")

    def start_hosts(self, hosts):
        """Some at a time, since each of them waits most of its start."""
        done = 0
        while done < len(hosts):
            some = self.next_hosts(hosts[done:])
            done += len(some)
            progress(f"host {done} of {len(hosts)}: {some[-1].name}")
            for host, process in [(h, self.start_server(h)) for h in some]:
                self.set_up(host, process)

    @staticmethod
    def next_hosts(hosts):
        """One that goes by its slot on the bus starts when all those above it
        are there, and before those below it."""
        some = list(itertools.takewhile(Host.is_given_addresses,
                                        hosts[:AT_ONCE]))
        return some or hosts[:1]

    def start_host(self, host):
        self.set_up(host, self.start_server(host))

    def start_server(self, host):
        argv = [find_tool("shmif_server"), "-s"]
        for number, (kind, unit, to, words) in enumerate(host.ifaces):
            name = [f"name={host.name}"] if number == 0 else []
            if to and not any(w.startswith("mac=") for w in words):
                on = unit if kind == "shmif" else f"{kind}{unit}"
                words = [*words, f"mac={self.mac(host.name, on)}"]
            first = f"{kind}{unit}"
            if kind == "shmif":
                first += "=" + self.bus(to)
            spec = ",".join([first, *words, *name])
            argv += ["-i", f"{spec}={to}" if kind == "vde" else spec]
        for what, path in host.files.items():
            argv += ["-o", f"{what}={path}"]
        for route in host.routes:
            argv += ["-r", route]
        return self.start(f"{host.name}.log", [*argv, self.url(host.name)],
                          host.name, "server")

    def set_up(self, host, process):
        log = f"{host.name}.log"
        self.wait(START, process, log, "answer",
                  lambda: works(*self.tool(host.name), "ifconfig", "-l"))
        for setting in host.settings:
            run("shmif", "-s", self.url(host.name), "sysctl", "-q", setting)

    def start_programs(self, host):
        for number, (command, conditions) in enumerate(host.programs, 1):
            progress(f"program {number} of {host.name}: {command}")
            log = f"{host.name}.{number}.log"
            process = self.start(log, [*self.on(host.name), "sh", "-c",
                                       command], host.name, command)
            for limit, words in conditions:
                self.wait(limit, process, log, " ".join(words),
                          lambda p=process, l=log, w=words:
                          self.is_true(host.name, p, l, w))

    def is_true(self, host, process, log, words):
        what, *args = words
        if what == "file":
            return os.path.exists(os.path.join(self.net.dir, args[0]))
        if what == "run":
            return works(*self.on(host), *args)
        if what == "ping":
            return works(*self.tool(host), "ping", "-c", "1", "-W", "1",
                         args[0])
        if what == "exit":
            if process.poll():
                raise Failure(f"{log[:-4]} has failed (status "
                              f"{process.returncode}): {self.last_words(log)}")
            return process.returncode == 0
        return self.is_open(host, what, args[0])

    def is_open(self, host, what, port):
        """Does a program of the host listen there?"""
        for s in self.ask(host, "netstat", "-an"):
            if s["protocol"].startswith("udp" if what == "udp" else "tcp") \
                    and s["local"] and str(s["local"]["port"]) == port \
                    and (what == "udp" or s.get("state") == "LISTEN"):
                return True
        return False

    # What runs.

    def leaders(self, host, programs):
        """The server of a host, or the sessions of its programs."""
        return [p["pid"] for p in self.state.processes
                if p["host"] == host and (p["what"] != "server") == programs
                and born(p["pid"]) in (p["born"], None)]

    def lives(self, host):
        return any(stat(pid) for pid in self.leaders(host, False))

    def is_awake(self, host):
        """Its server lives, and is not stopped."""
        states = [stat(pid) for pid in self.leaders(host, False)]
        return any(s and s[STATE] not in "Tt" for s in states)

    def programs(self, host):
        return family(self.leaders(host, True)) | self.with_sockets(host)

    def with_sockets(self, host):
        """Also those that have left their session, as daemons do, are known by
        their sockets.  Who has a terminal there is a user's."""
        if not self.is_awake(host):
            return set()
        try:
            found = self.ask(host, "sockstat", limit=ANSWER)
        except Failure:
            return set()        # it has just ended, or hangs
        return {s["pid"] for s in found if s.get("pid")
                and (f := stat(s["pid"])) and f[TTY] == "0"}

    def kill(self, name):
        """At once, as when a machine's power is cut."""
        self.host(name)
        look(self, [name])      # a partition is to hold when it comes again
        pids = self.programs(name) | family(self.leaders(name, False))
        send(pids, signal.SIGKILL)
        end(self.leaders(name, True) + self.leaders(name, False),
            signal.SIGKILL)
        self.state.processes = [p for p in self.state.processes
                                if p["host"] != name]
        self.state.faults.pop(name, None)
        self.state.save()

    def pause(self, name):
        self.host(name)
        if not self.lives(name):
            raise Failure(f"{name} does not run; shmif-net restart "
                          f"{self.net.name} {name} starts it")
        send(self.programs(name), signal.SIGSTOP)
        send(self.leaders(name, False), signal.SIGSTOP)

    def resume(self, name):
        self.host(name)
        send(self.leaders(name, False), signal.SIGCONT)
        send(self.programs(name), signal.SIGCONT)

    def restart(self, name):
        host = self.host(name)
        self.kill(name)
        self.start_host(host)
        apply(self)
        self.start_programs(host)

    # Down.

    def down(self):
        """The events first: they change what we are about to end."""
        self.state.load()
        end([p["pid"] for p in self.state.processes
             if p["what"] == "events" and born(p["pid"]) == p["born"]])
        with self.state.locked():
            return self.end_all()

    def end_all(self):
        """What could not be undone, a line each."""
        troubles = []
        alive = [p for p in self.state.processes
                 if born(p["pid"]) in (p["born"], None)]
        servers = [p["pid"] for p in alive if p["what"] == "server"]
        send(servers, signal.SIGCONT)   # or they could not be asked
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            daemons = set().union(*pool.map(self.with_sockets,
                                            self.net.hosts))
        end(p["pid"] for p in alive if p["what"] != "server")
        end(pid for pid in daemons if stat(pid))
        end(servers)
        for name in reversed(self.state.buses):
            self.undo(troubles, self.remove_bus, name)
        for number, kind, *args in reversed(self.state.taps):
            self.undo(troubles, self.tap, number, kind, args, "down")
        self.state.forget()
        return troubles

    @staticmethod
    def remove_bus(name):
        """A private host of somebody's stays for a second after its use."""
        limit = time.monotonic() + STOP
        while True:
            try:
                run("shmif", "bus", "remove", name)
                return
            except Failure:
                if time.monotonic() > limit:
                    raise
            time.sleep(0.2)

    @staticmethod
    def undo(troubles, what, *args):
        try:
            what(*args)
        except Failure as e:
            troubles.append(str(e))
