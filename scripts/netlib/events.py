"""What changes a network that is up: commands, and events of its file."""
import os
import shlex
import time

from . import faults
from .process import Failure, find_tool
from .topology import START, groups

# The commands that may be events, each with (network, argument...).
CHANGES = {
    "partition": lambda n, *hosts: faults.partition(n, groups(hosts,
                                                              n.net.hosts)),
    "heal": lambda n: faults.partition(n, []),
    "link": lambda n, a, b, *words: faults.link(n, a, b, list(words)),
    "kill": lambda n, *hosts: each(n.kill, hosts),
    "pause": lambda n, *hosts: each(n.pause, hosts),
    "resume": lambda n, *hosts: resume(n, hosts),
    "restart": lambda n, *hosts: each(n.restart, hosts),
}


def each(what, hosts):
    for host in hosts:
        what(host)


def resume(network, hosts):
    """With the faults and the partition that came while they stood still."""
    each(network.resume, hosts)
    faults.apply(network)


def change(network, words):
    """One of CHANGES, in the journal with its time and what went wrong."""
    text = " ".join(w if w == "|" else shlex.quote(w) for w in words)
    with network.state.locked():
        network.state.note(text)
        try:
            CHANGES[words[0]](network, *words[1:])
        except Failure as e:
            network.state.note(f"{text}: failed: {e}")
            raise


def written(file):
    """What changes when somebody writes a file; None: nothing is in it."""
    try:
        now = os.stat(file)
    except FileNotFoundError:
        return None
    return (now.st_ino, now.st_mtime_ns) if now.st_size else None


def capture(network, file, bus, words):
    """From now until `down`; the journal's lines are comments in it."""
    if bus not in network.net.buses:
        raise Failure(f"{bus}: no bus of {network.net.name}, which has "
                      f"{', '.join(network.net.buses)}")
    log = f"capture.{bus}.log"
    before = written(file)
    with network.state.locked():
        network.state.note(f"capture {bus} {file}")
        process = network.start(log, [
            find_tool("shmif"), "dump", "--new", "-U", "--pcapng", "--notes",
            network.state.path("journal"), "-p", os.path.abspath(file),
            network.bus(bus), *words], None, f"capture {bus}")
        network.wait(START, process, log, "file",
                     lambda: written(file) not in (None, before))


def runner(network):
    """The file's events, each at its time after our start."""
    begin = time.monotonic()
    for at, words in sorted(network.net.events, key=lambda event: event[0]):
        time.sleep(max(0, begin + at - time.monotonic()))
        try:
            change(network, words)
        except Failure as e:
            print(f"at {at:g}s {' '.join(words)}: {e}", flush=True)
