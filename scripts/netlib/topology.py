"""What a topology file says; shmif-net(1) has the format."""
import ipaddress
import os
import re
import shlex

from .process import Failure

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}$")
START = 15          # seconds for a host to serve, or a condition to come true


class Host:
    def __init__(self, name):
        self.name = name
        # (kind, unit, bus, VNL or None, [addresses, mtu=..])
        self.ifaces = []
        self.routes = []        # DEST=GATEWAY, as shmif_server -r has it
        self.settings = []      # NAME=VALUE
        self.files = {}         # hosts or resolv: a path
        self.programs = []      # (command, [(seconds, [condition])])

    def is_given_addresses(self):
        """None of its interfaces takes that of a slot on its bus."""
        return all(kind != "shmif" or any("=" not in w for w in words)
                   for kind, _, _, words in self.ifaces)


def net_name(path):
    return re.sub(r"\.net$", "", os.path.basename(path))


class Topology:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.dir = os.path.dirname(self.path)
        self.name = net_name(path)
        self.buses = {}         # name: [mtu=.., size=.., subnet=..]
        self.joins = []         # (bus, bus or VNL, [-m, MTU])
        self.taps = {}          # number: [nat|bridge, argument...]
        self.hosts = {}
        self.links = []         # [host, host, word of shmif-link...]
        self.events = []        # (seconds, [command, argument...])

    def buses_of(self, host):
        if host not in self.hosts:
            raise Failure(f"{host}: no such host above")
        return {bus for kind, _, bus, _ in self.hosts[host].ifaces
                if kind == "shmif"}

    def check_link(self, a, b, words):
        if a == b:
            raise Failure(f"{a}: a link has two ends")
        if not self.buses_of(a) & self.buses_of(b):
            raise Failure(f"{a} and {b} have no bus in common")
        if not words:
            raise Failure("link HOST HOST delay 40ms loss 1% ...")


def seconds(text):
    """As sleep(1) has them, and ms."""
    m = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|)", text)
    if not m:
        raise Failure(f"{text}: not a time, as 5s, 250ms or 2m")
    return float(m[1]) * {"ms": .001, "m": 60, "h": 3600}.get(m[2], 1)


def groups(words, hosts):
    """a b | c: the groups of a partition."""
    out = [[]]
    for word in words:
        if word == "|":
            out.append([])
        elif word not in hosts:
            raise Failure(f"{word}: no such host")
        elif any(word in group for group in out):
            raise Failure(f"{word}: in a partition once")
        else:
            out[-1].append(word)
    if len(out) < 2 or not all(out):
        raise Failure("partition HOST... '|' HOST...: two groups at least")
    return out


class Parser:
    """One method for each word that may begin a line."""

    def __init__(self, path, copy=None):
        self.net = Topology(path)
        self.host = None
        self.copy = copy or self.net.path

    def parse(self):
        try:
            with open(self.copy, encoding="utf-8") as f:
                lines = f.readlines()
        except (OSError, UnicodeDecodeError) as e:
            why = e.strerror if isinstance(e, OSError) else "it is not text"
            raise Failure(f"{self.net.path}: {why}") from e
        for number, line in enumerate(lines, 1):
            try:
                self.line(line)
            except (Failure, ValueError) as e:
                raise Failure(f"{self.net.path}:{number}: {e}") from e
        if not self.net.hosts:
            raise Failure(f"{self.net.path}: no host in it")
        return self.net

    def line(self, line):
        bare = line.strip()
        word = bare.split(None, 1)[0] if bare else "#"
        if word.startswith("#"):
            return
        if word == "run":       # the shell's words, not ours
            self.need_host().programs.append((bare[3:].strip(), []))
            if bare == "run":
                raise Failure("run what?")
            return
        lexer = shlex.shlex(bare, posix=True,
                            punctuation_chars="|" if word == "at" else "")
        lexer.whitespace_split = True
        args = list(lexer)[1:]
        rule = getattr(self, "do_" + word, None)
        if not rule:
            raise Failure(f"{word}: not one of bus, join, tap, host, iface, "
                          "virt, vde, gateway, route, forward, hosts, resolv, "
                          "sysctl, run, wait, link, at")
        rule(*self.arguments(word, rule, args))

    @staticmethod
    def arguments(word, rule, args):
        least = rule.__code__.co_argcount - 1
        if len(args) < least or (len(args) > least and
                                 not rule.__code__.co_flags & 4):
            raise Failure(f"{word}: {'more' if len(args) < least else 'fewer'}"
                          " words are wanted")
        return args

    def need_host(self):
        if not self.host:
            raise Failure("this belongs below a host")
        return self.host

    @staticmethod
    def new_name(name, what, there):
        if not NAME.match(name) and not (what == "bus" and "/" in name):
            raise Failure(f"{name}: not a name for a {what}")
        if name in there:
            raise Failure(f"{name}: there is such a {what} already")
        return name

    @staticmethod
    def options(args, allowed):
        for a in args:
            if a.partition("=")[0] not in allowed or "=" not in a:
                raise Failure(f"{a}: not one of {'=, '.join(allowed)}=")
        return list(args)

    def do_bus(self, name, *args):
        self.new_name(name, "bus", self.net.buses)
        self.net.buses[name] = self.options(args, ("mtu", "size", "subnet"))
        self.host = None

    def old_bus(self, name):
        if name not in self.net.buses:
            raise Failure(f"{name}: no such bus above")

    @staticmethod
    def is_vnl(text):
        return "://" in text and text.isprintable() and len(text) <= 400

    def do_join(self, bus, what, *args):
        self.old_bus(bus)
        if "://" not in what:
            self.old_bus(what)
        elif not self.is_vnl(what):
            raise Failure("join BUS VNL, with a VNL as slirp:// or "
                          "vde:///PATH")
        words = [w.partition("=")[2] for w in self.options(args, ("mtu",))]
        self.net.joins.append((bus, what, ["-m", *words] if words else []))
        self.host = None

    def do_tap(self, number, kind, *args):
        if not number.isdigit() or kind not in ("nat", "bridge"):
            raise Failure("tap NUMBER nat [ADDR/LEN [NET/LEN=GATEWAY]...], or "
                          "tap NUMBER bridge INTERFACE")
        if kind == "bridge" and len(args) != 1:
            raise Failure("bridge with which interface?")
        self.net.taps[int(number)] = [kind, *args]
        self.host = None

    def do_host(self, name):
        self.new_name(name, "host", self.net.hosts)
        self.host = self.net.hosts[name] = Host(name)

    def add_iface(self, kind, unit, bus, args):
        words = []
        for a in args:
            if "=" in a:
                words += self.options([a], ("mtu", "mac"))
            else:
                words.append(str(ipaddress.ip_interface(a)))
        self.need_host().ifaces.append((kind, unit, bus, words))

    def do_iface(self, bus, *args):
        unit = sum(kind == "shmif" for kind, *_ in self.need_host().ifaces)
        self.old_bus(bus)
        self.add_iface("shmif", unit, bus, args)

    def do_virt(self, number, *args):
        if not number.isdigit():
            raise Failure("virt NUMBER [ADDR/LEN]...")
        self.add_iface("virt", int(number), None, args)

    def do_vde(self, vnl, *args):
        if not self.is_vnl(vnl):
            raise Failure("vde VNL [ADDR/LEN]..., with a VNL as slirp:// or "
                          "vde:///PATH")
        unit = sum(kind == "vde" for kind, *_ in self.need_host().ifaces)
        self.add_iface("vde", unit, vnl, args)

    def do_gateway(self, gateway):
        ipaddress.ip_address(gateway)
        self.need_host().routes.append(f"default={gateway}")

    def do_route(self, dest, gateway):
        ipaddress.ip_network(dest)
        ipaddress.ip_address(gateway)
        self.need_host().routes.append(f"{dest}={gateway}")

    def do_forward(self, *families):
        for family in families or ("inet", "inet6"):
            if family not in ("inet", "inet6"):
                raise Failure(f"{family}: inet or inet6")
            self.need_host().settings.append(
                f"net.{family}.ip{family[4:]}.forwarding=1")

    def add_file(self, what, path):
        files = self.need_host().files
        if what in files:
            raise Failure(f"{what}: the host has a file for that already")
        files[what] = os.path.join(self.net.dir, path)

    def do_hosts(self, path):
        self.add_file("hosts", path)

    def do_resolv(self, path):
        self.add_file("resolv", path)

    def do_sysctl(self, setting):
        if "=" not in setting:
            raise Failure(f"{setting}: NAME=VALUE")
        self.need_host().settings.append(setting)

    def do_wait(self, *args):
        words = list(args)
        limit = START
        if words and words[0].isdigit():
            limit = int(words.pop(0))
        counts = {"listen": 1, "udp": 1, "ping": 1, "file": 1, "exit": 0}
        if not words or words[0] not in (*counts, "run") or \
                counts.get(words[0], len(words) - 1) != len(words) - 1:
            raise Failure("wait [SECONDS] listen PORT | udp PORT | ping ADDR |"
                          " file PATH | exit | run COMMAND...")
        if not self.need_host().programs:
            raise Failure("wait belongs below a run")
        self.host.programs[-1][1].append((limit, words))

    def old_host(self, name):
        if name not in self.net.hosts:
            raise Failure(f"{name}: no such host above")

    def do_link(self, a, b, *words):
        self.net.check_link(a, b, words)
        self.net.links.append([a, b, *words])
        self.host = None

    def do_at(self, when, what, *args):
        at = seconds(when)
        if what == "partition":
            groups(args, self.net.hosts)
        elif what == "link":
            if len(args) < 2:
                raise Failure("link HOST HOST WORD...")
            self.net.check_link(*args[:2], args[2:])
        elif what in ("kill", "pause", "resume", "restart"):
            if len(args) != 1:
                raise Failure(f"{what} which host?")
            self.old_host(args[0])
        elif what != "heal" or args:
            raise Failure("at TIME partition HOST... | HOST..., heal, "
                          "link HOST HOST WORD..., or kill, pause, resume, "
                          "restart HOST")
        self.net.events.append((at, [what, *args]))
        self.host = None
