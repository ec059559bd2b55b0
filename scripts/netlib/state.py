"""A network's directory: what is up, and who may change it."""
import contextlib
import fcntl
import json
import os
import shutil
import stat
import time

from .process import Failure
from .topology import Parser

PATIENCE = 30       # seconds that a change waits for another to end


def user_dir():
    """The user's own directory on memory: not one that somebody else made."""
    path = os.environ.get("XDG_RUNTIME_DIR")
    if not path or not os.path.isdir(path) or \
            os.stat(path).st_uid != os.geteuid():
        path = f"/dev/shm/shmif-{os.geteuid()}"
    try:
        st = os.lstat(path)
    except FileNotFoundError:
        return path
    if not stat.S_ISDIR(st.st_mode) or st.st_uid != os.geteuid() or \
            st.st_mode & 0o022:
        raise Failure(f"{path}: is not only yours to write to; set "
                      "XDG_RUNTIME_DIR to a directory of mode 0700")
    return path


def home():
    """Where the networks that are up are kept."""
    return os.path.join(user_dir(), "shmif-net")


def names():
    try:
        return sorted(n for n in os.listdir(home())
                      if os.path.isdir(os.path.join(home(), n)))
    except FileNotFoundError:
        return []


class State:
    """state.json and its neighbours, of the network called NAME.

    processes	[{pid, born, host, what, log}]; host is None for our own
    addresses	{host: [{bus, name, mac, ip: [...]}]}, last seen
    partition	[[host...]...]; links: [[a, b, word...]], as they were asked for
    faults	{host: {"iface|match": [word...]}}, as the hosts have them now
    topology	a copy of the file, by which a network that is up goes on
    """

    def __init__(self, name):
        self.name = name
        self.dir = os.path.join(home(), name)
        self.lock_fd = None
        self.clear()

    def clear(self, file=None):
        self.file, self.buses, self.taps = file, [], []
        self.processes, self.addresses = [], {}
        self.partition, self.links, self.faults = [], [], {}

    def path(self, *name):
        return os.path.join(self.dir, *name)

    def create(self, net):
        os.makedirs(user_dir(), mode=0o700, exist_ok=True)
        os.makedirs(home(), mode=0o700, exist_ok=True)
        try:
            os.mkdir(self.dir, mode=0o700)
        except FileExistsError:
            raise Failure(f"{self.name} is up already; shmif-net down "
                          f"{self.name} ends it") from None
        shutil.copyfile(net.path, self.path("topology"))
        self.clear(net.path)
        self.save()

    def save(self):
        keys = ("file", "buses", "taps", "processes", "addresses",
                "partition", "links", "faults")
        with open(self.path("state.json.new"), "w", encoding="utf-8") as f:
            # Without indent, which takes some times as long.
            f.write(json.dumps({k: getattr(self, k) for k in keys}))
        os.replace(self.path("state.json.new"), self.path("state.json"))

    def load(self):
        try:
            with open(self.path("state.json"), encoding="utf-8") as f:
                self.__dict__.update(json.load(f))
        except FileNotFoundError:
            if not os.path.isdir(self.dir):
                raise Failure(f"{self.name} is not up") from None
        except ValueError:
            pass        # what is left goes with the directory

    def topology(self):
        return Parser(self.file or self.name, self.path("topology")).parse()

    @contextlib.contextmanager
    def locked(self):
        """One change at a time; the state is read anew for each."""
        try:
            fd = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            raise Failure(f"{self.name} is not up") from None
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > limit:
                    os.close(fd)
                    raise Failure(f"{self.name}: another shmif-net has been "
                                  f"changing it for {PATIENCE} s") from None
                time.sleep(0.02)
        try:
            self.load()
            yield self
        finally:
            os.close(fd)

    def forget(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(home())    # else another network is up

    def note(self, text):
        """A line of the journal."""
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S",
                              time.gmtime(now // 10**9))
        line = f"{stamp}.{now % 10**9 // 1000:06}Z {text}\n"
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(self.path("journal"),
                         os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(fd, line.encode())
            os.close(fd)
