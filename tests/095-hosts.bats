#!/usr/bin/env bats
# Hosts by their names, and what is said of a host that may not be meant.

load helpers
load helpers.net

@test "hosts: who is on the buses, and -H speaks to one" {
	start_host a 10.0.0.1
	BUS=lab start_host b 10.0.0.1
	start_bg web shmhijack -b net -n web "$PYTHON" -m http.server 80
	run_cmd shmif -b net wait web:80
	run_cmd shmif hosts
	expect "^net +a +10\.0\.0\.1 .*unix://$DIR/a\.sock$"
	expect "^lab +b +10\.0\.0\.1 .*unix://$DIR/b\.sock$"
	expect "^net +web +.*unix://$DIR/run/shmif/[0-9a-f]*\.sock$"
	run_cmd shmif hosts lab
	[ "$(grep -c sock out)" -eq 1 ]
	run_cmd shmif hosts --json
	"$PYTHON" -c 'import json
hosts = json.load(open("out"))
assert {"a", "b", "web"} <= {h["name"] for h in hosts}, hosts
assert [h["url"] for h in hosts if h["name"] == "b"][0].endswith("/b.sock")'
	run_cmd shmif -b net -H web netstat -an
	expect '\*\.80 .*LISTEN'
	run_cmd shmhijack -b net -H a curl -sS http://web/
	expect 'Directory listing'
	run_cmd shmif -b net -H a netstat -i
	run_bad 1 'net: no host c;' 'shmif hosts' shmif -b net -H c arp -a
	run_bad 1 'net: no host c;' 'shmif hosts' shmhijack -b net -H c true
	run_bad 2 '-H' '-b BUS' shmif -H a arp -a
	run_bad 2 '-H' '-b BUS' shmhijack -H a true
	run_bad 2 '-H' 'takes none of' shmhijack -b net -H a -n x true
	run_cmd shmif -b net -H a halt
	wait_for gone "${PID[a]}"
	run_bad 1 'no host a' . shmif -b net -H a arp -a
}

@test "hosts: a name twice, and a socket where others may put theirs" {
	start_host a 10.0.0.1
	start_bg twin shmif_server -s -i shmif0=net,10.0.0.2/24,name=a \
		"unix://$DIR/twin.sock"
	wait_for host_up twin
	run_cmd shmif -b net -H a-2 ifconfig shmif0
	expect 'inet 10\.0\.0\.2/24'
	run_cmd shmif -b net -H a ifconfig shmif0
	expect 'inet 10\.0\.0\.1/24'
	mkdir open
	chmod 777 open
	start_bg c shmif_server -s -i shmif0=net,10.0.0.3/24,name=c \
		"unix://$DIR/open/c.sock"
	wait_for [ -S open/c.sock ]
	run_bad 1 'c has no server of yours' 'URL' shmif -b net -H c arp -a
	chmod 755 open
	run_cmd shmif -b net -H c arp -a
}

@test "hosts: another user's server is not used" {
	requires root
	chmod 755 . run
	mkdir -m 777 bus
	mkdir -m 755 theirs bin
	chown 65534 theirs
	cp "$B"/{shmif_server,shmif,libshmhijack.so} bin
	run_cmd shmif bus create "$DIR/bus/net"
	chmod 666 bus/net
	! [ -e bus/net.lock ] || chmod 666 bus/net.lock
	start_bg c setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$DIR/bin/shmif_server" -s \
		-i "shmif0=$DIR/bus/net,10.0.0.3/24,name=c" \
		"unix://$DIR/theirs/c.sock"
	wait_for [ -S theirs/c.sock ]
	run_bad 1 'c has no server of yours' . \
		shmif -b "$DIR/bus/net" -H c arp -a
	run_cmd shmif hosts "$DIR/bus/net"
	expect ' c +10\.0\.0\.3 .* -$'
	stop c
}

@test "what may not be meant is said, and done" {
	start_host a 10.0.0.1
	run_cmd shmhijack -b ne true
	in_file err '^shmhijack: new bus ne; there is net$'
	run_cmd shmhijack -b net true
	[ ! -s err ]
	run_cmd shmhijack -b net -a 10.0.0.1 -n b true
	in_file err '^shmhijack: -n b has no effect: the host at 10\.0\.0\.1 runs already, as a$'
	run_cmd shmhijack -b net -a 10.7.0.1/24 true
	expect_err '^shmhijack: -a 10\.7\.0\.1/24: nobody .* 10\.0\.0\.0/24$'
	[ "$(wc -l <err)" -eq 1 ]
	run_bad 1 '10\.0\.0\.1 is in use by a in slot 0' . \
		shmif_server -i shmif0=net,10.0.0.1/24 unix://b.sock
	run_cmd shmif bus create ./net
	for c in 'shmif dump net' 'shmhijack -b net true' \
		'shmif -b net -H a ifconfig -l'; do
		# shellcheck disable=SC2086
		run_cmd $c
		expect_err "net is the bus $DIR/run/shmif/net; .* write \./net\$"
		[ "$(wc -l <err)" -eq 1 ]
	done
}

@test "bus list and prune" {
	start_host a 10.0.0.1
	run_cmd shmif bus create lab
	run_cmd shmif bus create old
	echo nothing >run/shmif/file
	run_cmd shmif bus list
	expect '/net: size .*, 1 of 256 slots taken: a$'
	expect '/lab: size 4M, .*, 0 of 256 slots taken$'
	run_cmd shmif bus prune --json
	"$PYTHON" -c 'import json
assert [p.split("/")[-1] for p in json.load(open("out"))] == ["lab", "old"]'
	run_cmd shmif bus create lab
	run_cmd shmif bus prune
	expect '/lab removed$'
	expect '^1 bus, 4\.[0-9] MB$'
	run_cmd shmif bus list
	[ "$(wc -l <out)" -eq 1 ]
	[ -e run/shmif/file ]
	run_cmd shmif -b net -H a ping -c 1 10.0.0.1
}

@test "JSON of ping, traceroute, version and errors" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd tool a ping --json -c 2 -i 0.1 b
	"$PYTHON" -c 'import json
p = json.load(open("out"))
assert p["target"] == "b" and p["address"] == "10.0.0.2", p
assert p["transmitted"] == p["received"] == 2, p
assert [r["seq"] for r in p["replies"]] == [1, 2], p
assert all(r["bytes"] == 64 and r["ttl"] == 64 for r in p["replies"]), p'
	run_cmd -1 tool a ping --json -c 1 10.0.0.99
	"$PYTHON" -c 'import json
p = json.load(open("out"))
assert p["received"] == 0 and "error" in p["replies"][0], p'
	run_cmd tool a traceroute --json -q 2 10.0.0.2
	"$PYTHON" -c 'import json
t = json.load(open("out"))
assert [h["ttl"] for h in t["hops"]] == [1], t
assert [p["address"] for p in t["hops"][0]["probes"]] == ["10.0.0.2"] * 2, t'
	run_cmd shmif version --json
	"$PYTHON" -c 'import json
assert json.load(open("out"))["version"]'
	run_cmd -1 shmif ifconfig --json
	[ ! -s out ]
	"$PYTHON" -c 'import json
e = json.load(open("err"))
assert e["command"] == "shmif ifconfig" and "RUMP_SERVER" in e["error"], e'
}
