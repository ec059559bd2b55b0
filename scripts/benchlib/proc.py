"""Processes: started, watched and ended by pid; what they use."""

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
NOWHERE = subprocess.DEVNULL
CPUS = sorted(os.sched_getaffinity(0))


class Failed(Exception):
    """One measurement could not be made; the others can."""


def _with_us():
    # Should the benchmark be killed, the kernel ends what it started.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def first_cpu_only():
    """What is started meanwhile stays on one CPU, whatever it would like."""
    os.sched_setaffinity(0, CPUS[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, CPUS)


def run(argv, env=None, timeout=60, name=None):
    """Return: what the command printed.  name: for messages."""
    name = name or _short(argv)
    try:
        done = subprocess.run(
            argv, env=env, timeout=timeout, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False, preexec_fn=_with_us)
    except subprocess.TimeoutExpired as e:
        raise Failed(f"{name}: no end after {timeout} s") from e
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Failed(f"{name}: " + (
            said[-1] if said else f"exit status {done.returncode}"))
    return done.stdout


def _short(argv):
    return " ".join([os.path.basename(argv[0])] + [str(a) for a in argv[1:]])


class Procs:
    """Processes that end with us."""

    def __init__(self):
        self.all = []

    def start(self, argv, env=None, ready=None, talk=False, log=None):
        """ready: the line that says it is; talk: it reads lines from us."""
        # An interrupt in between would leave one that we do not know of.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)

        def child():
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _with_us()

        try:
            p = subprocess.Popen(
                argv, env=env, text=True, stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
                start_new_session=True, preexec_fn=child)
            self.all.append(p)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if ready:
            self.line(p, ready)
        return p

    def line(self, p, want, timeout=30):
        # Asked for line by line, so nothing waits in Python's buffer.
        if not select.select([p.stdout], [], [], timeout)[0]:
            raise Failed(f"{_short(p.args)}: nothing said in {timeout} s")
        if p.stdout.readline().strip() != want:
            raise Failed(f"{_short(p.args)}: did not get ready")

    def stop(self, *which):
        """A session each: what they started ends as well."""
        for p in which:
            p.terminate()
        for p in which:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
            for f in (p.stdin, p.stdout):
                if f:
                    f.close()
            self.all.remove(p)

    def close(self):
        self.stop(*reversed(self.all))


def wait_until(what, true, timeout=10):
    end = time.monotonic() + timeout
    while not true():
        if time.monotonic() > end:
            raise Failed(f"{what}: not in {timeout} s")
        time.sleep(0.002)


def cpu_of(pids):
    """Seconds, those of threads that ended too."""
    # The clock of another process, as clock_getcpuclockid() makes it: exact,
    # where /proc/PID/stat counts hundredths.
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def cpu_of_tree(pid):
    """Its own, its children's, and of those it has waited for."""
    # cutime and cstime, behind the name, in which there may be spaces
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    total = ended + cpu_of([pid])
    for child in children_of(pid):
        try:
            total += cpu_of([child])
        except OSError:
            pass  # it has just ended
    return total


def cpu_of_children():
    """Of all that were started and waited for."""
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def switches_of_children():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_nvcsw + r.ru_nivcsw


def switches_of(pids):
    """Context switches of the threads there are, of both kinds."""
    total = 0
    for pid in pids:
        for tid in os.listdir(f"/proc/{pid}/task"):
            total += sum(_fields(f"/proc/{pid}/task/{tid}/status", (
                "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")))
    return total


def pss_kib(pid):
    return _fields(f"/proc/{pid}/smaps_rollup", ("Pss",))[0]


def slab_kib():
    return _fields("/proc/meminfo", ("Slab",))[0]


def _fields(path, names):
    with open(path, encoding="ascii", errors="replace") as f:
        found = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(found[n].split()[0]) for n in names]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(c) for c in f.read().split()]
