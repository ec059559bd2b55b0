"""Networks of virtual hosts, for tests of programs that talk to each other.

    import shmif

    with shmif.Network("lan.net") as net:
        net["web"].popen(["python3", "-m", "http.server", "80"])
        net["web"].wait_listen(80)
        net["client"].run(["curl", "-sS", "http://web/"])
        net.partition(["web"], ["client"])

shmif-net(1) has the format of the file.  Leaving the `with` ends all that was
started, on exceptions too.  Every call has a time-out, in seconds, and raises
subprocess.TimeoutExpired at its end; what shmif-net(1) refuses is an Error,
with its line.

With pytest, `from shmif import shmif_network` in a conftest.py gives the
fixture of that name: shmif_network(FILE) is a Network that is up, and goes
down at the end of the test.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

__all__ = ["Error", "Host", "Network"]

PROMPT = 60         # seconds for a network to come or to change
STOP = 5            # seconds between SIGTERM and SIGKILL


class Error(Exception):
    """What a tool said, one line."""


def _tool(name):
    """On the PATH, or where this file's tree or PREFIX has it."""
    here = os.path.dirname(os.path.realpath(__file__))
    found = shutil.which(name)
    for place in (here, os.path.join(here, "..", "build"),
                  os.path.join(here, "..", "..", "..", "bin")):
        found = found or shutil.which(name, path=place)
    if not found:
        raise Error(f"{name} is not on the PATH")
    return found


def _end(process):
    """With all of its session, which nothing of ours shares."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP)
            if sig == signal.SIGKILL:
                return


def _run(argv, timeout, check, **kwargs):
    """subprocess.run, but nothing that ARGV left behind can hold it up."""
    with subprocess.Popen(argv, start_new_session=True, **kwargs) as p:
        try:
            out, err = p.communicate(timeout=timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
            raise
    done = subprocess.CompletedProcess(argv, p.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def _call(name, *args, timeout=PROMPT):
    """What a tool of ours prints."""
    done = _run([_tool(name), *map(str, args)], timeout, False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Error(lines[-1] if lines else
                    f"{name}: status {done.returncode}")
    return done.stdout


class Host:
    """A host of a network that is up: net["web"]."""

    def __init__(self, net, name, url):
        self.net, self.name, self.url = net, name, url

    def _argv(self, argv):
        if isinstance(argv, str):
            argv = ["sh", "-c", argv]
        return [_tool("shmhijack"), "-s", self.url, "--", *map(str, argv)]

    def run(self, argv, *, timeout=30, check=True, **kwargs):
        """Run a program to its end, as subprocess.run does: its output is
        kept, as text, unless told otherwise, and a status that is not 0 is
        subprocess.CalledProcessError unless check=False.  A string is the
        shell's."""
        return _run(self._argv(argv), timeout, check,
                    **{"stdin": subprocess.DEVNULL, "text": True,
                       "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                       **kwargs})

    def popen(self, argv, **kwargs):
        """A subprocess.Popen, in a session of its own, which ends with the
        network.  Its output goes nowhere unless told otherwise."""
        p = subprocess.Popen(    # pylint: disable=consider-using-with
            self._argv(argv), **{
                "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                "stderr": subprocess.DEVNULL, **kwargs,
                "start_new_session": True})
        self.net.processes.append(p)
        return p

    def _ask(self, *args, timeout=10):
        return json.loads(_call("shmif", "-s", self.url, *args, "--json",
                                timeout=timeout))

    def listens(self, port, proto="tcp"):
        """Does a program of the host have that port?"""
        return any(s["protocol"].startswith(proto) and s["local"]
                   and s["local"]["port"] == port
                   and (proto == "udp" or s.get("state") == "LISTEN")
                   for s in self._ask("netstat", "-an"))

    def wait_listen(self, port, proto="tcp", *, timeout=15):
        """Wait until a program of the host has that port."""
        limit = time.monotonic() + timeout
        while not self.listens(port, proto):
            if time.monotonic() > limit:
                raise subprocess.TimeoutExpired(
                    f"{self.name}: nothing listens on {proto} port {port}",
                    timeout)
            time.sleep(0.05)

    @property
    def addresses(self):
        """Those of its interfaces, without loopback and link-local ones."""
        return [a["address"] for i in self._ask("ifconfig")
                if i["name"] != "lo" for a in i["addresses"]
                if not a["address"].startswith(("169.254.", "fe80:"))]

    def kill(self):
        """End it and its programs at once."""
        self.net.change("kill", self.name)

    def pause(self):
        """Stop it and its programs."""
        self.net.change("pause", self.name)

    def resume(self):
        """Let them go on."""
        self.net.change("resume", self.name)

    def restart(self):
        """Start it and the file's programs again."""
        self.net.change("restart", self.name)


class Network:
    """FILE's network, or that of TEXT; it is up inside a `with`."""

    def __init__(self, file=None, *, text=None, timeout=PROMPT):
        if (file is None) == (text is None):
            raise TypeError("a file or text=")
        self.file, self.text, self.timeout = file, text, timeout
        self.name, self.processes, self._hosts, self._dir = "", [], {}, None

    def __enter__(self):
        if self.text is not None:
            self._dir = tempfile.mkdtemp(prefix="net")
            self.file = os.path.join(self._dir,
                                     os.path.basename(self._dir) + ".net")
            with open(self.file, "w", encoding="utf-8") as f:
                f.write(self.text)
        try:
            _call("shmif-net", "up", self.file, timeout=self.timeout)
        except BaseException:
            self._forget()
            raise
        try:
            now = json.loads(_call("shmif-net", "status", "--json", self.file))
            self.name = now["name"]
            self._hosts = {name: Host(self, name, host["url"])
                           for name, host in now["hosts"].items()}
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End all of it; more than once does no harm."""
        try:
            for p in reversed(self.processes):
                _end(p)
            if self.file:
                with contextlib.suppress(Error):    # it was down already
                    _call("shmif-net", "down", self.file,
                          timeout=self.timeout)
        finally:
            self.processes.clear()
            self._forget()

    def _forget(self):
        if self._dir:
            shutil.rmtree(self._dir, ignore_errors=True)
        self._dir = None

    def __getitem__(self, name):
        return self._hosts[name]

    def __iter__(self):
        return iter(self._hosts.values())

    def change(self, command, *args):
        """shmif-net COMMAND on this network."""
        return _call("shmif-net", command, self.name, *args,
                     timeout=self.timeout)

    def partition(self, *groups):
        """Cut groups of hosts, each a list of names, off from each other; a
        host in none reaches all.  It takes the place of an earlier one."""
        words = []
        for group in groups:
            words += ["|", *group]
        self.change("partition", *words[1:])

    def heal(self):
        """End the partition."""
        self.change("heal")

    def link(self, a, b, *words):
        """Faults of what A and B send each other, as `shmif link` has them:
        net.link("web", "db", "delay 40ms loss 1%"); "clear" ends them."""
        self.change("link", a, b, *" ".join(map(str, words)).split())

    def capture(self, file, bus=None, filter=""):
        """Write what passes on a bus, the first if none is named, to FILE
        until the network goes down: pcapng, with names, programs and what
        happens to the network."""
        # pylint: disable=redefined-builtin
        words = [bus] if bus else []
        if filter and not bus:
            raise TypeError("a filter goes with a bus")
        self.change("capture", os.path.abspath(file), *words, *filter.split())

    def status(self):
        """What `shmif-net status --json` prints."""
        return json.loads(self.change("status", "--json"))


with contextlib.suppress(ImportError):
    import pytest

    @pytest.fixture
    def shmif_network():
        """Networks that end with the test."""
        with contextlib.ExitStack() as stack:
            yield lambda *args, **kwargs: stack.enter_context(
                Network(*args, **kwargs))
    __all__.append("shmif_network")
