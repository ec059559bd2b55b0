"""Processes: the tools that are called, and those that a network has started."""
import os
import shutil
import signal
import subprocess
import sys
import time

STOP = 5            # seconds between SIGTERM and SIGKILL


class Failure(Exception):
    """One line for the user."""


def find_tool(name):
    here = os.path.dirname(os.path.realpath(sys.argv[0]))
    for place in (here, *os.environ.get("PATH", "").split(":"),
                  os.path.join(here, "..", os.environ.get("B", "build"))):
        path = os.path.join(place, name)
        if os.access(path, os.X_OK):
            return path
    raise Failure(f"{name} is not installed, and not built in build")


def run(*argv, limit=60):
    """Its error message becomes ours."""
    try:
        p = subprocess.run([find_tool(argv[0]), *argv[1:]],
                           stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as e:
        raise Failure(f"{argv[0]}: no end after {limit} s") from e
    if p.returncode:
        lines = (p.stderr or p.stdout).strip().splitlines() or ["failed"]
        raise Failure(lines[-1])
    return p.stdout


def progress(text):
    """On a terminal, instead of what it said before."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width]}\033[K", end="", file=sys.stderr, flush=True)


def works(*argv, limit=5):
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, timeout=limit,
                              stderr=subprocess.DEVNULL,
                              check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


# As /proc/PID/stat counts them, from the state on.
STATE, PARENT, GROUP, SESSION, TTY, BORN = 0, 1, 2, 3, 4, 19


def stat(pid):
    """None: it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[STATE] in "ZX" else fields


def born(pid):
    """When, in ticks: tells a process from a later one of the same number."""
    fields = stat(pid)
    return int(fields[BORN]) if fields else None


def family(leaders):
    """LEADERS that live, their sessions and groups, and all descendants."""
    leaders = set(leaders)
    every = {int(pid): fields for pid in os.listdir("/proc")
             if pid.isdigit() and (fields := stat(pid))}
    ours = {pid for pid, f in every.items()
            if {pid, int(f[GROUP]), int(f[SESSION])} & leaders}
    more = ours
    while more:
        more = {pid for pid, f in every.items()
                if int(f[PARENT]) in more} - ours
        ours |= more
    return ours - {os.getpid()}


def send(pids, sig):
    for pid in pids:
        try:
            os.kill(pid, sig)
        except (ProcessLookupError, PermissionError):
            pass    # gone meanwhile, or another user's by set-user-ID


def end(leaders, *signals):
    """A family.  Who is stopped is woken, or would not hear of its end."""
    leaders = set(leaders)
    pids = family(leaders)
    for sig in signals or (signal.SIGTERM, signal.SIGKILL):
        send(pids, sig)
        send(pids, signal.SIGCONT)
        limit = time.monotonic() + STOP
        while pids and time.monotonic() < limit:
            reap()
            pids = {pid for pid in pids if stat(pid)} | family(leaders)
            if sig == signal.SIGKILL:
                send(pids, sig)
            time.sleep(0.02)
        if not pids:
            return


def reap():
    """Children of ours, when `up` undoes what it did."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
