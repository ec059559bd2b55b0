"""Datagrams that no router may cut, and what the sender is told.

usage: h_pmtu.py ADDRESS SIZE...

One line for each message: its size, then "sent" or the error's name; at the
end the path MTU that the socket knows.  A size with "+" behind it is sent until
the error is there that is on its way.
"""
import errno
import socket
import sys
import time

DO = 2


def main():
    v6 = ":" in sys.argv[1]
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                      socket.SOCK_DGRAM)
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    s.setsockopt(level, 23 if v6 else 10, DO)   # IP(V6)_MTU_DISCOVER
    s.connect((sys.argv[1], 9))
    for size in sys.argv[2:]:
        data = b"x" * int(size.rstrip("+"))
        try:
            for _ in range(50 if "+" in size else 1):
                s.send(data)
                time.sleep(0.1 if "+" in size else 0)
            print(size, "sent")
        except OSError as e:
            print(size, errno.errorcode[e.errno])
    print("mtu", s.getsockopt(level, 24 if v6 else 14))     # IP(V6)_MTU


main()
