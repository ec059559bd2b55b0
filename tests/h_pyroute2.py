"""What pyroute2 does with interfaces, addresses, routes and neighbours.

usage: h_pyroute2.py INTERFACE     which has the address 10.0.0.1/24

One line for each request: its answer, or the error that came.  On a virtual
host and on Linux they are the same.
"""
import socket
import sys

from pyroute2 import NDB, IPRoute, NetlinkError

IF = sys.argv[1]


def own(messages):
    """Of IPv4, and of that interface where it has one."""
    return sorted(str(m.get_attr("IFA_ADDRESS") or m.get_attr("RTA_DST") or
                      m.get_attr("NDA_DST")) for m in messages)


def hops(messages):
    return [sorted(h.get_attr("RTA_GATEWAY") for h in m.get_attr(
        "RTA_MULTIPATH")) for m in messages if m.get_attr("RTA_MULTIPATH")]


def requests(ip):
    i = ip.link_lookup(ifname=IF)[0]
    net, gw = "10.77.0.0/16", "10.0.0.9"
    yield lambda: ip.get_links(i)[0].get_attr("IFLA_IFNAME")
    yield lambda: ip.link("get", ifname=IF)[0]["index"] == i
    yield lambda: ip.link("set", index=i, mtu=1400) and None
    yield lambda: ip.get_links(i)[0].get_attr("IFLA_MTU")
    yield lambda: ip.get_links(999)
    yield lambda: ip.link("set", index=999, mtu=1400)
    yield lambda: own(ip.get_addr(family=socket.AF_INET, index=i))
    yield lambda: "10.0.0.1" in own(ip.get_addr())
    for act in ("add", "add", "replace", "del", "del"):
        yield lambda: ip.addr(act, index=i, address="10.0.0.33",
                              prefixlen=24) and None
    yield lambda: ip.addr("add", index=i, address="10.0.0.34", prefixlen=77)
    yield lambda: own(ip.get_routes(family=socket.AF_INET, table=254))
    yield lambda: "10.0.0.0" in own(ip.get_routes())
    yield lambda: ip.get_routes(table=100)
    for act in ("add", "add", "replace"):
        yield lambda: ip.route(act, dst=net, gateway=gw) and None
    yield lambda: own(ip.route("get", dst="10.77.0.1"))
    yield lambda: ip.route("del", dst=net, gateway=gw) and None
    yield lambda: ip.route("del", dst=net, gateway=gw) and None
    yield lambda: ip.route("add", dst=net, gateway="10.55.0.1")
    yield lambda: ip.route("add", dst=net, multipath=[
        {"gateway": "10.0.0.8"}, {"gateway": "10.0.0.9", "hops": 2}]) and None
    yield lambda: hops(ip.get_routes(family=socket.AF_INET, table=254))
    yield lambda: ip.route("del", dst=net) and None
    yield lambda: ip.route("get", dst="10.77.0.1")
    yield lambda: ip.route("add", dst=net, gateway=gw,
                           prefsrc="10.0.0.99")
    yield lambda: len(ip.flush_routes(proto=99))
    for act in ("add", "add", "replace", "del", "del"):
        yield lambda: ip.neigh(act, dst="10.0.0.99", ifindex=i,
                               lladdr="02:00:00:00:00:01") and None
    yield lambda: ip.get_neighbours(family=socket.AF_INET, ifindex=i,
                                    dst="10.0.0.99")
    yield lambda: len(ip.get_rules(family=socket.AF_INET))
    yield lambda: ip.link("add", ifname="x0", kind="nonesuch")


def main():
    with IPRoute() as ip:
        for n, request in enumerate(requests(ip)):
            try:
                print(n, request())
            except NetlinkError as e:
                print(n, "error", e.code)
    with NDB() as ndb:
        print(ndb.interfaces[IF]["ifname"], ndb.interfaces[IF]["mtu"])


main()
