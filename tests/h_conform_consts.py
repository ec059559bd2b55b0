"""Every option that Linux's headers name, on every kind of socket.

One line "CASE NAME: VALUE" for each, as h_conform.h has them: what getsockopt
and setsockopt give, of which only success, length and errno count here.
The names and numbers are taken out of the headers by the C compiler.
"""
import ctypes
import errno
import os
import re
import socket
import subprocess

HEADERS = ("sys/socket.h", "netinet/in.h", "netinet/tcp.h", "netinet/udp.h",
           "linux/mroute.h", "linux/mroute6.h", "linux/icmp.h",
           "linux/icmpv6.h")
LEVELS = (("SO_", ("SOL_SOCKET",)), ("IP_", ("IPPROTO_IP",)),
          ("MCAST_", ("IPPROTO_IP", "IPPROTO_IPV6")),
          ("MRT_", ("IPPROTO_IP",)), ("MRT6_", ("IPPROTO_IPV6",)),
          ("IPV6_", ("IPPROTO_IPV6", "SOL_RAW")), ("TCP_", ("IPPROTO_TCP",)),
          ("UDP_", ("IPPROTO_UDP",)), ("ICMP_FILTER", ("SOL_RAW",)),
          ("ICMPV6_FILTER", ("IPPROTO_ICMPV6",)))
# Values of options, and control messages' names.
NO_OPTION = re.compile(
    "PMTUDISC|DEFAULT|MAX|_TYPE_|RTHDR_|COOKIE_|REPAIR_O|S_DATA|MSS$|ENCAP_|"
    "MSS_|FLAG|MCAST_(IN|EX)CLUDE|TCPOPT|ISOLATE|MRT6?_(BASE|FLUSH_)|CM_INQ|"
    "SECURITY|TIMESTAMP$|PREFER_SRC")
KINDS = (("tcp", socket.SOCK_STREAM, lambda f: 0),
         ("udp", socket.SOCK_DGRAM, lambda f: 0),
         ("icmp", socket.SOCK_RAW,
          lambda f: 1 if f == socket.AF_INET else 58),
         ("igmp", socket.SOCK_RAW, lambda f: 2 if f == socket.AF_INET else 89),
         ("ping", socket.SOCK_DGRAM,
          lambda f: 1 if f == socket.AF_INET else 58))
LIBC = ctypes.CDLL(None, use_errno=True)


def constants():
    """[(level name, level, option's name, number)], each number once."""
    head = "".join("#include <%s>\n" % h for h in HEADERS)
    cc = os.environ.get("CC", "cc").split()
    text = subprocess.run(cc + ["-E", "-dM", "-"], input=head, text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    names = sorted(set(re.findall(r"^#define ([A-Z0-9_]+) ", text, re.M)))
    lines = []
    for prefix, levels in LEVELS:
        for name in names:
            if name.startswith(prefix) and not NO_OPTION.search(name):
                lines += ["K(%s, %s)" % (lv, name) for lv in levels]
    # The compiler knows their values, and which there are.
    found = {}
    c = head + "#include <stdio.h>\n#ifndef ICMPV6_FILTER\n" \
        "#define ICMPV6_FILTER 1\n#endif\nint main(void) {\n"
    for line in lines:
        lv, name = line[2:-1].split(", ")
        c += "#if defined(%s)\nprintf(\"%s %%d %s %%d\\n\", (int)%s, " \
            "(int)(%s));\n#endif\n" % (name, lv, name, lv, name)
    c += "return 0; }\n"
    # Of its own: the machine's and the virtual host's run side by side.
    program = "./consts%d" % os.getpid()
    subprocess.run(cc + ["-w", "-x", "c", "-o", program, "-"], input=c,
                   text=True, check=True)
    for line in subprocess.run([program], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        lv, level, name, number = line.split()
        found.setdefault((int(level), int(number)), (lv, name))
    return [(lv, level, name, number)
            for (level, number), (lv, name) in sorted(found.items())]


def result(r, length=""):
    if r < 0:
        return errno.errorcode[ctypes.get_errno()]
    return "ok" + length


def get(fd, level, number, room):
    buf = ctypes.create_string_buffer(256)
    n = ctypes.c_uint(room)
    r = LIBC.getsockopt(fd, level, number, buf, ctypes.byref(n))
    return result(r, "(%d)" % n.value)


def put(fd, level, number, value, length):
    buf = ctypes.create_string_buffer(value.to_bytes(4, "little"), 256)
    return result(LIBC.setsockopt(fd, level, number, buf, length))


def try_option(make, level, number):
    said = []
    for room in (4, 256):
        with make() as s:
            said.append("get%d %s" % (room, get(s.fileno(), level, number,
                                                room)))
    for value, length in ((0, 4), (1, 4), (1, 1), (0, 256)):
        with make() as s:
            said.append("set%d/%d %s" % (value, length, put(
                s.fileno(), level, number, value, length)))
    return ", ".join(said)


def main():
    known = constants()
    for kind, sock_type, proto in KINDS:
        for family, digit in (socket.AF_INET, 4), (socket.AF_INET6, 6):
            def make(family=family, sock_type=sock_type, proto=proto):
                return socket.socket(family, sock_type, proto(family))
            for lv, level, name, number in known:
                print("%s.%d %s %s: %s" % (kind, digit, lv, name,
                                           try_option(make, level, number)))


main()
