"""A network as a graph for dot(1)."""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def dot(net):
    out = [f"graph {quoted(net.name)} {{", "\tnode [fontname=sans];",
           "\tedge [fontname=sans, fontsize=10];"]
    for bus, options in net.buses.items():
        label = "\n".join([bus, *options])
        out.append(f"\t{quoted('bus ' + bus)} [shape=box, style=filled, "
                   f"label={quoted(label)}];".replace("\n", "\\n"))
    for host in net.hosts.values():
        router = any(".forwarding=1" in s for s in host.settings)
        label = "\n".join([host.name, *[c for c, _ in host.programs]])
        out.append(f"\t{quoted(host.name)} [shape="
                   f"{'diamond' if router else 'ellipse'}, label="
                   f"{quoted(label)}];".replace("\n", "\\n"))
    taps = {unit: None for h in net.hosts.values()
            for kind, unit, *_ in h.ifaces if kind == "virt"}
    for number in {**taps, **net.taps}:
        how = net.taps.get(number, ["", ])
        label = "\n".join([f"tap{number}", " ".join(how)]).strip()
        out.append(f"\t\"tap {number}\" [shape=house, label="
                   f"{quoted(label)}];".replace("\n", "\\n"))
    plugs = {to: None for h in net.hosts.values()
             for kind, _, to, _ in h.ifaces if kind == "vde"}
    plugs |= {to: None for _, to, _ in net.joins if "://" in to}
    for vnl in plugs:
        out.append(f"\t{quoted('vde ' + vnl)} [shape=octagon, label="
                   f"{quoted(vnl)}];")
    for bus, to, _ in net.joins:
        far = f"{'vde' if '://' in to else 'bus'} {to}"
        out.append(f"\t{quoted('bus ' + bus)} -- {quoted(far)};")
    for host in net.hosts.values():
        for kind, unit, to, words in host.ifaces:
            to = f"{'bus' if kind == 'shmif' else 'vde'} {to}" if to \
                else f"tap {unit}"
            label = "\n".join([f"{kind}{unit}", *words])
            out.append(f"\t{quoted(host.name)} -- {quoted(to)} [label="
                       f"{quoted(label)}];".replace("\n", "\\n"))
    return "\n".join([*out, "}"])
