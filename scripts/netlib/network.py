"""A network that runs: how it comes and goes."""
import json
import os
import shutil
import subprocess
import time

from .process import (Failure, STOP, born, end, find_tool, progress, run,
                      works)
from .topology import START


class Network:
    """What runs, as state.json in the network's directory says."""

    def __init__(self, net):
        self.net = net
        run_dir = os.environ.get("XDG_RUNTIME_DIR")
        if not run_dir or not os.path.isdir(run_dir):
            run_dir = f"/dev/shm/shmif-{os.getuid()}"
        self.dir = os.path.join(run_dir, "shmif-net", net.name)
        self.state = {"file": net.path, "buses": [], "taps": [],
                      "processes": []}

    def url(self, host):
        return f"unix://{self.dir}/{host}.sock"

    def save(self):
        path = os.path.join(self.dir, "state.json")
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(self.state, f, indent=1)
        os.replace(path + ".new", path)

    # Up.

    def up(self):
        if os.path.exists(self.dir):
            raise Failure(f"{self.net.name} is up already; shmif-net down "
                          f"{self.net.path} ends it")
        os.makedirs(self.dir, mode=0o700)
        try:
            self.start_all()
        except BaseException:
            self.down()
            raise

    def start_all(self):
        self.save()
        for number, (kind, *args) in self.net.taps.items():
            self.state["taps"].append([number, kind, *args])
            self.save()
            self.tap(number, kind, args)
        for name, options in self.net.buses.items():
            run("shmif", "bus", "create", self.bus(name), *options)
            self.state["buses"].append(self.bus(name))
            self.save()
        for n, host in enumerate(self.net.hosts.values(), 1):
            progress(f"host {n} of {len(self.net.hosts)}: {host.name}")
            self.start_host(host)
        for host in self.net.hosts.values():
            for number, (command, conditions) in enumerate(host.programs, 1):
                progress(f"program {number} of {host.name}: {command}")
                self.start_program(host, number, command, conditions)
        progress("")

    def bus(self, name):
        return os.path.join(self.net.dir, name) if "/" in name else name

    def tap(self, number, kind, args, *down):
        if kind == "nat":
            run("tap-nat", f"tap{number}", *(down or args))
        else:
            run("tap-bridge", args[0], f"tap{number}", *down)

    def start(self, log, argv):
        with open(os.path.join(self.dir, log), "w", encoding="utf-8") as f:
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f,
                                 stderr=f, cwd=self.net.dir,
                                 start_new_session=True)
        self.state["processes"].append([p.pid, born(p.pid)])
        self.save()
        return p

    def last_words(self, log):
        with open(os.path.join(self.dir, log), encoding="utf-8",
                  errors="replace") as f:
            lines = f.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def wait(self, limit, process, log, what, condition):
        """For condition(), as long as the process lives."""
        end = time.monotonic() + limit
        while not condition():
            status = process.poll()
            if status is not None and what != "exit":
                raise Failure(f"{log[:-4]} has ended (status {status}): "
                              f"{self.last_words(log)}")
            if time.monotonic() > end:
                raise Failure(f"{log[:-4]}: no {what} in {limit} s: "
                              f"{self.last_words(log)}")
            time.sleep(0.05)

    def start_host(self, host):
        argv = [find_tool("shmif_server"), "-s"]
        for number, (kind, unit, bus, words) in enumerate(host.ifaces):
            first = f"{kind}{unit}" + (f"={self.bus(bus)}" if bus else "")
            name = [f"name={host.name}"] if number == 0 else []
            argv += ["-i", ",".join([first, *words, *name])]
        for route in host.routes:
            argv += ["-r", route]
        log = f"{host.name}.log"
        process = self.start(log, [*argv, self.url(host.name)])
        tool = (find_tool("shmif"), "-s", self.url(host.name))
        self.wait(START, process, log, "answer",
                  lambda: works(*tool, "ifconfig", "-l"))
        for setting in host.settings:
            run("shmif", *tool[1:], "sysctl", "-q", setting)

    def start_program(self, host, number, command, conditions):
        log = f"{host.name}.{number}.log"
        on = [find_tool("shmhijack"), "-s", self.url(host.name), "--"]
        process = self.start(log, [*on, "sh", "-c", command])
        for limit, words in conditions:
            self.wait(limit, process, log, " ".join(words),
                      lambda w=words: self.is_true(host, process, on, log, w))

    def is_true(self, host, process, on, log, words):
        what, *args = words
        if what == "file":
            return os.path.exists(os.path.join(self.net.dir, args[0]))
        if what == "run":
            return works(*on, *args)
        tool = (find_tool("shmif"), "-s", self.url(host.name))
        if what == "ping":
            return works(*tool, "ping", "-c", "1", "-W", "1", args[0])
        if what == "exit":
            if process.poll():
                raise Failure(f"{log[:-4]} has failed (status "
                              f"{process.returncode}): {self.last_words(log)}")
            return process.returncode == 0
        return self.is_open(tool, what, args[0])

    @staticmethod
    def is_open(tool, what, port):
        """Does a program of the host listen there?"""
        for s in json.loads(run(*tool, "netstat", "-an", "--json")):
            if s["protocol"].startswith("udp" if what == "udp" else "tcp") \
                    and s["local"] and str(s["local"]["port"]) == port \
                    and (what == "udp" or s.get("state") == "LISTEN"):
                return True
        return False

    # Down.

    def load(self):
        try:
            with open(os.path.join(self.dir, "state.json"),
                      encoding="utf-8") as f:
                self.state = json.load(f)
        except FileNotFoundError as e:
            if not os.path.isdir(self.dir):
                raise Failure(f"{self.net.name} is not up") from e
        except ValueError:
            pass        # what is left goes with the directory

    def down(self):
        troubles = []
        processes = self.state["processes"]
        # Programs before their hosts, all in the reverse order.
        for pid, when in reversed(processes):
            end(pid, when)
        for name in reversed(self.state["buses"]):
            self.undo(troubles, self.remove_bus, name)
        for number, kind, *args in reversed(self.state["taps"]):
            self.undo(troubles, self.tap, number, kind, args, "down")
        shutil.rmtree(self.dir, ignore_errors=True)
        for parent in (os.path.dirname(self.dir),):
            try:
                os.rmdir(parent)
            except OSError:
                pass    # another network is up
        return troubles

    @staticmethod
    def remove_bus(name):
        """A private host of somebody's stays for a second after its use."""
        end = time.monotonic() + STOP
        while True:
            try:
                run("shmif", "bus", "remove", name)
                return
            except Failure:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    @staticmethod
    def undo(troubles, what, *args):
        try:
            what(*args)
        except Failure as e:
            troubles.append(str(e))
