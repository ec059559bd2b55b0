"""nginx on host .1 sends a file of 1 GiB by sendfile, curl on .2 gets it."""

import os
import shutil
import tempfile
import time

from benchlib import proc
from benchlib.net import free_port
from benchlib.proc import Failed

SIZE = 1 << 30


# Debian has nginx where only root's PATH leads.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def missing():
    """Return: why it cannot be measured, or None."""
    lacks = "nginx" if not NGINX else \
        None if shutil.which("curl") else "curl"
    return lacks and f"{lacks} is not installed"


def nginx(procs, net, top, more):
    """Start it with a directory of its own in top; return: it, and its port.

    It is ready when it answers.
    """
    d = os.path.join(top, net.name)
    os.mkdir(d)
    port = free_port() if net.name == "loopback" else "7080"
    config = os.path.join(d, "nginx.conf")
    paths = "\n".join(f"{what}_temp_path {d}/{what};" for what in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(config, "w", encoding="utf-8") as f:
        # As root the worker stays root: the files are ours alone.
        f.write(f"""
{'user root;' if os.geteuid() == 0 else ''}
daemon off; worker_processes 1; pid {d}/pid;
events {{}}
http {{
    access_log off; sendfile on; tcp_nopush on;
    {paths}
    server {{ listen {port} backlog=512; root {top}; {more} }}
}}
""")
    return procs.start(
        net.server_prefix + [NGINX, "-e", f"{d}/error.log", "-c", config],
        net.server_env), port


class Web:
    missing = staticmethod(missing)

    def __init__(self, lab):
        self.procs, self.nginx = lab.procs, {}
        self.dir = tempfile.mkdtemp(dir=lab.top)
        with open(os.path.join(self.dir, "big"), "wb") as f:
            try:
                os.posix_fallocate(f.fileno(), 0, SIZE)
            except OSError:  # no room: a hole is as long
                f.truncate(SIZE)
        for net in lab.nets:
            self.start(net)

    def start(self, net):
        p, port = nginx(self.procs, net, self.dir, "")
        url = f"http://{net.addr}:{port}/big"
        self.nginx[net.name] = p, url
        end = time.monotonic() + 10
        while True:
            try:
                self.fetch(net, url, ["-r", "0-99"])
                return
            except Failed:
                if p.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def fetch(self, net, url, more=()):
        out = proc.run(
            net.prefix + ["curl", "-sS", "--noproxy", "*", "-o", "/dev/null",
                          "-w", "%{size_download} %{time_total}", *more, url],
            net.env, name=f"on {net.name}: curl")
        return [float(x) for x in out.split()]

    def sample(self, net):
        p, url = self.nginx[net.name]
        pids = [h.pid for h in net.hosts] + [p.pid] + proc.children_of(p.pid)
        cpu = proc.cpu_of(pids) + proc.cpu_of_children()
        size, seconds = self.fetch(net, url)
        cpu = proc.cpu_of(pids) + proc.cpu_of_children() - cpu
        if size != SIZE:
            raise Failed(f"on {net.name}: {size:.0f} bytes of {SIZE} came")
        return {"value": size * 8 / seconds / 1e9, "cpu_s": cpu / size * 1e9}

    def close(self):
        self.procs.stop(*[p for p, _ in self.nginx.values()])
        shutil.rmtree(self.dir)
