"""What a network is like: who is up, and who reaches whom."""
import concurrent.futures
import ipaddress
import json
import os
import subprocess

from .faults import look
from .process import Failure, find_tool, stat
from .state import State, names

KINDS = {"T": "paused", "t": "paused"}


def listing():
    """[(name, number of hosts, file)] of all that are up."""
    out = []
    for name in names():
        state = State(name)
        try:
            state.load()
            out.append({"name": name, "hosts": len(
                [p for p in state.processes if p["what"] == "server"]),
                "file": state.file})
        except Failure:
            continue    # it went down meanwhile
    return out


def status(network):
    """What status --json prints."""
    hosts = {}
    for name in network.net.hosts:
        host = hosts[name] = {"url": network.url(name), "state": "down",
                              "programs": [], "faults":
                              sorted(network.state.faults.get(name, {}))}
        for p in network.state.processes:
            if p["host"] != name:
                continue
            now = stat(p["pid"])
            how = KINDS.get(now[0], "up") if now else "ended"
            if p["what"] == "server":
                host["state"], host["pid"] = how, p["pid"]
            else:
                host["programs"].append({"pid": p["pid"], "state": how,
                                         "command": p["what"]})
    return {"name": network.net.name, "file": network.state.file,
            "hosts": hosts, "partition": network.state.partition,
            "links": network.state.links, "journal": journal(network)}


def journal(network):
    try:
        with open(network.state.path("journal"), encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def print_status(status_of):
    for name, host in status_of["hosts"].items():
        print(f"{name:<12} {host['state']:<7} {host['url']}")
        for p in host["programs"]:
            print(f"{'':<12} {p['state']:<7} [{p['pid']}] {p['command']}")
    if status_of["partition"]:
        print("partition    " + " | ".join(
            " ".join(g) for g in status_of["partition"]))
    for a, b, *words in status_of["links"]:
        print(f"link         {a} {b} {' '.join(words)}")
    for line in status_of["journal"][-10:]:
        print(line)


def far(address):
    ip = ipaddress.ip_address(address)
    return not (ip.is_link_local or ip.is_loopback)


def ping(network, wait=2):
    """[(from, to, address, microseconds or None)] of all pairs."""
    answer = look(network)
    hosts = network.net.hosts
    pairs = [(a, b, ip) for a in hosts for b in hosts if a != b
             for i in network.state.addresses.get(b, [])
             for ip in i["ip"] if far(ip)]

    def one(pair):
        a, _, ip = pair
        if a not in answer:
            return None
        command = [*network.tool(a), "ping", "-c", "1", "-W", str(wait),
                   "--json", ip]
        try:
            p = subprocess.run(command, capture_output=True, check=False,
                               text=True, timeout=wait + 5)
            return json.loads(p.stdout)["replies"][0]["time_us"]
        except (ValueError, LookupError, TypeError,
                subprocess.TimeoutExpired):
            return None

    # Few at a time: each is a process, and the machine may be small.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return [(*pair, us) for pair, us in zip(pairs, pool.map(one, pairs))]


def print_ping(rows):
    for a, b, ip, us in rows:
        print(f"{a:<12} {b:<12} {ip:<24} "
              f"{'no answer' if us is None else f'{us / 1000:.3f} ms'}")
    lost = sum(us is None for *_, us in rows)
    print(f"{len(rows)} asked, {lost} without an answer")
    return 1 if lost else 0


def iperf(network, a, b, args):
    """iperf3 from A to B, with its own output and status."""
    network.host(a)
    find_tool("iperf3")
    look(network)
    ips = [ip for i in network.state.addresses.get(b, []) for ip in i["ip"]
           if far(ip)]
    if not ips:
        raise Failure(f"{b}: it has no address")
    server = subprocess.Popen(
        [*network.on(b), "iperf3", "-s", "-1"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait = ["-w", f"[{ips[0]}]:5201" if ":" in ips[0]
                else f"{ips[0]}:5201"]
        on = network.on(a)
        return subprocess.call([*on[:-1], *wait, "--", "iperf3", "-c",
                                ips[0], *args])
    finally:
        server.kill()
        server.communicate()


def program_on(network, host, argv):
    """Become ARGV on a host."""
    network.host(host)
    if not network.lives(host):
        raise Failure(f"{host} does not run; shmif-net restart "
                      f"{network.net.name} {host} starts it")
    words = [*network.on(host), *argv]
    os.execv(words[0], words)
