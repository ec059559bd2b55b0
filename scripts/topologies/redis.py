#!/usr/bin/env python3
"""A Redis primary, two replicas and three sentinels, through a partition.

The primary is cut off; the sentinels make a replica the primary; when the
partition heals the old primary follows the new one, and nothing that was
acknowledged by two of them is lost.

usage: redis.py [FILE]     (PYTHONPATH=scripts in the source tree)
"""
import os
import sys
import tempfile
import time

import shmif

HERE = os.path.dirname(os.path.abspath(__file__))
SENTINEL = """
port 26379
bind 0.0.0.0
protected-mode no
dir {dir}
sentinel monitor db {primary} 6379 2
sentinel down-after-milliseconds db 1000
sentinel failover-timeout db 5000
"""


def redis(host, *command, port=6379):
    return host.run(["redis-cli", "-p", port, *command], timeout=10,
                    check=False).stdout.strip()


def until(what, condition, limit=30):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {limit} s: {what}")
        time.sleep(0.2)
    print(what, flush=True)


def start(host, primary, directory):
    data = os.path.join(directory, host.name)
    os.mkdir(data)
    with open(os.path.join(data, "sentinel.conf"), "w",
              encoding="utf-8") as f:
        f.write(SENTINEL.format(dir=data, primary=primary))
    role = [] if primary in host.addresses else ["--replicaof", primary, 6379]
    # Without a replica that hears it, a primary takes no writes.
    host.popen(["redis-server", "--dir", data, "--save", "", "--bind",
                "0.0.0.0", "--protected-mode", "no", "--repl-diskless-sync-"
                "delay", "0", "--min-replicas-to-write", 1,
                "--min-replicas-max-lag", 2, *role])
    host.wait_listen(6379)
    host.popen(["redis-server", os.path.join(data, "sentinel.conf"),
                "--sentinel"])
    host.wait_listen(26379)


def replicas(host):
    return redis(host, "info", "replication").count("state=online")


def primary_of(host):
    return redis(host, "sentinel", "get-master-addr-by-name", "db",
                 port=26379).split("\n")[0]


def main(file):
    with shmif.Network(file) as net, tempfile.TemporaryDirectory() as tmp:
        a, b, c = net
        old = a.addresses[0]
        for host in net:
            start(host, old, tmp)
        until("two replicas follow a", lambda: replicas(a) == 2)
        until("the sentinels know each other", lambda: redis(
            c, "sentinel", "ckquorum", "db", port=26379).startswith("OK 3"))
        assert redis(a, "set", "colour", "red") == "OK"
        until("c has what was written", lambda:
              redis(c, "get", "colour") == "red")
        net.partition(["a"], ["b", "c"])
        until("b and c have a new primary", lambda:
              primary_of(b) == primary_of(c) != old)
        new = b if primary_of(b) in b.addresses else c
        until("it takes writes", lambda:
              redis(new, "set", "colour", "green") == "OK")
        until("a takes none", lambda: redis(a, "set", "colour", "grey")
              .startswith("NOREPLICAS"))
        net.heal()
        until("a follows the new primary", lambda:
              "role:slave" in redis(a, "info", "replication") and
              redis(a, "get", "colour") == "green")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "redis.net"))
