"""Links and partitions by hosts' names, as entries of their interfaces.

A link's faults are met by what leaves either end for the other: a frame is
known by the Ethernet address that it is for, so that broadcasts and those to
others get none.  A partition is kept at both sides and knows a host by all its
addresses, since there may be routers between.
"""
from .process import Failure, run


def look(network, hosts=None):
    """Learn the addresses of those, or all, that answer; tell who does."""
    answer = []
    for host in hosts or network.net.hosts:
        if not network.is_awake(host):
            continue
        answer.append(host)
        network.state.addresses[host] = [
            {"name": i["name"], "bus": i.get("linkstr"),
             "mac": i.get("address"),
             "ip": [a["address"].partition("%")[0] for a in i["addresses"]]}
            for i in network.ask(host, "ifconfig") if i["name"] != "lo"]
    return answer


def link_faults(network, host):
    """{(interface, match): words}"""
    seen, out = network.state.addresses, {}
    for a, b, *words in network.state.links:
        if host not in (a, b):
            continue
        for mine in seen[host]:
            for theirs in seen.get(b if host == a else a, []):
                if mine["bus"] and mine["bus"] == theirs["bus"]:
                    out[mine["name"], f"ether dst {theirs['mac']}"] = words
    return out


def cut_off(network, host):
    """The addresses of those that a host cannot reach."""
    mine = [g for g in network.state.partition if host in g]
    others = [h for g in network.state.partition if mine and g not in mine
              for h in g]
    return [addr for h in others for i in network.state.addresses.get(h, [])
            for addr in [i["mac"], *i["ip"]] if addr]


def wanted(network, host):
    out = {f"{name}|{match}": ["set", "out", *words, "match", match]
           for (name, match), words in link_faults(network, host).items()}
    addresses = cut_off(network, host)
    if addresses:
        for iface in network.state.addresses[host]:
            out[f"{iface['name']}|"] = ["set", "partition", *addresses]
    return out


def apply(network):
    """Make the hosts' entries what the state says; what stands stays."""
    for host in look(network):
        old = network.state.faults.get(host, {})
        new = wanted(network, host)
        for key in old:
            if key not in new:
                name, _, match = key.partition("|")
                fault(network, host, name, "clear",
                      *(["out", "match", match] if match else ["partition"]))
        for key, words in new.items():
            if old.get(key) != words:
                fault(network, host, key.partition("|")[0], *words)
        network.state.faults[host] = new
    network.state.save()


def fault(network, host, iface, *words):
    run("shmif", "-s", network.url(host), "link", iface, *words)


def partition(network, groups):
    """In place of the one there is; [] heals."""
    network.state.partition = groups
    apply(network)


def link(network, a, b, words):
    """In place of what there is between the two; clear takes it away."""
    network.net.check_link(network.host(a).name, network.host(b).name, words)
    rest = [l for l in network.state.links if {a, b} != set(l[:2])]
    if words == ["clear"] and len(rest) == len(network.state.links):
        raise Failure(f"no faults between {a} and {b}")
    network.state.links = rest + ([] if words == ["clear"] else
                                  [[a, b, *words]])
    apply(network)
