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
    for place in (here, *os.environ["PATH"].split(":"),
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


def stat(pid):
    """The fields of its stat file from the state on; None: it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def born(pid):
    """When, in ticks: tells a process from a later one of the same number."""
    fields = stat(pid)
    return int(fields[19]) if fields else None


def group_lives(pgid):
    return any(fields and int(fields[2]) == pgid for fields in
               (stat(pid) for pid in os.listdir("/proc") if pid.isdigit()))


def end(pid, when):
    """The whole group: a program's children go with it."""
    if born(pid) not in (when, None):
        return      # the number is another's by now
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sig)
        except ProcessLookupError:
            return
        limit = time.monotonic() + STOP
        while group_lives(pid) and time.monotonic() < limit:
            reap()
            time.sleep(0.02)


def reap():
    """Children of ours, when `up` undoes what it did."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
