#!/usr/bin/env bats
# What a host tells of itself: its log, and its counters of drops.

load helpers
load helpers.net

TIME='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}'

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

# A line of the host's log.  usage: logged HOST REGEXP
logged() {
	tool "$1" log | grep -qE -- "^$TIME $2"
}

# A counter's value.  usage: counter HOST NAME
counter() {
	tool "$1" netstat -s | awk -v n="$2" '$2 == n { print $1 }'
}

py() {
	cat >"$1.py"
}

@test "a connection from its attempt to its end, on both hosts" {
	local c='tcp 10\.0\.0\.2:[0-9]+ -> 10\.0\.0\.1'

	run_cmd -7 on b curl -s http://10.0.0.1:9/
	wait_for logged b "connect $c:9 ECONNREFUSED curl\[[0-9]+\]\$"
	start_http web a 80
	logged a 'listen tcp 0\.0\.0\.0:80 backlog [0-9]+ ok python[0-9.]*\[[0-9]+\]$'
	run_cmd on b curl -sf -o /dev/null http://10.0.0.1/
	wait_for logged b "connect $c:80 EINPROGRESS curl"
	wait_for logged b "connect $c:80 ok curl"
	wait_for logged a 'accept tcp 10\.0\.0\.1:80 <- 10\.0\.0\.2:[0-9]+ python'
	wait_for logged b "close $c:80 curl"
	py reset <<-'X'
	import socket, struct
	s = socket.create_connection(("10.0.0.1", 80))
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
	    struct.pack("ii", 1, 0))
	s.close()
	X
	run_cmd on b "$PYTHON" reset.py
	wait_for logged b "reset $c:80 by this host python"
	wait_for logged a 'reset tcp 10\.0\.0\.1:80 -> 10\.0\.0\.2:[0-9]+ by the peer python'
	run_cmd -7 on b curl -s http://192.0.2.1/
	logged b 'connect tcp .* -> 192\.0\.2\.1:80 ENETUNREACH curl'
}

@test "nobody there: the attempt, and how it ended" {
	run_cmd -7 on b curl -s http://10.0.0.77/
	logged b 'connect tcp .* -> 10\.0\.0\.77:80 EINPROGRESS curl'
	logged b 'connect tcp .* -> 10\.0\.0\.77:80 EHOSTUNREACH curl'
	[ "$(counter b ip.no_neighbour)" -ge 1 ]
}

@test "interfaces, addresses, routes and buses" {
	logged a 'bus shmif0 joins .*/net ok$'
	logged a 'interface shmif0 address 10\.0\.0\.1/24$'
	logged a 'interface shmif0 up$'
	run_cmd tool a ifconfig shmif1 create
	run_cmd tool a ifconfig shmif1 linkstr other
	run_cmd tool a ifconfig shmif1 inet6 fd00::1/64
	run_cmd tool a ifconfig shmif1 mtu 1400
	run_cmd tool a route add 10.7.0.0/16 10.0.0.2
	run_cmd tool a route delete 10.7.0.0/16
	run_cmd tool a ifconfig shmif1 down
	run_cmd tool a ifconfig shmif1 destroy
	run_cmd tool a log
	expect "^$TIME interface shmif1 created\$"
	expect "^$TIME bus shmif1 joins .*/other ok\$"
	expect "^$TIME interface shmif1 address fd00::1/64\$"
	expect "^$TIME interface shmif1 mtu 1400\$"
	expect "^$TIME route add 10\.7\.0\.0/16 10\.0\.0\.2 shmif0\$"
	expect "^$TIME route delete 10\.7\.0\.0/16 10\.0\.0\.2 shmif0\$"
	expect "^$TIME interface shmif1 down\$"
	expect "^$TIME interface shmif1 destroyed\$"
}

@test "a flood is cut, and what was left out is counted" {
	local shown out

	py flood <<-'X'
	import socket
	s = socket.socket()
	for i in range(3000):
	    s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
	X
	run_cmd on b "$PYTHON" flood.py
	run_cmd tool b log
	shown=$(grep -cE ' request [a-z]+\(.* socket ' out)
	out=$(awk '/ request [0-9]+ lines more, left out$/ { n += $3 }
		END { print n + 0 }' out)
	echo "$shown shown, $out left out"
	[ "$out" -gt 0 ]
	[ $((shown + out)) -ge 3000 ]
	[ $((shown + out)) -le 3010 ]
	# Another kind is not cut with it.
	run_cmd tool b route add 10.7.0.0/16 10.0.0.1
	logged b 'route add 10\.7'
}

@test "log -f shows what comes, once, and ends with its reader" {
	start_bg follow tool a log -f
	wait_for in_file follow.log ' bus shmif0 joins '
	run_cmd tool a route add 10.7.0.0/16 10.0.0.2
	wait_for in_file follow.log ' route add 10\.7\.0\.0/16 '
	run_cmd tool a route add 10.8.0.0/16 10.0.0.2
	wait_for in_file follow.log ' route add 10\.8\.0\.0/16 '
	[ "$(grep -c ' route add 10\.7' follow.log)" -eq 1 ]
	# Looking is no news.
	! grep -E ' request dump\(6,' follow.log || fail "it sees itself"
	stop follow
	run_bad 2 '-x' usage tool a log -x
}

@test "log --json: an object a line, numbered" {
	run_cmd tool a log --json
	"$PYTHON" - <<-'X'
	import json
	lines = [json.loads(l) for l in open("out")]
	assert [l["number"] for l in lines] == list(range(1, len(lines) + 1))
	assert any(l["kind"] == "bus" and "joins" in l["text"] for l in lines)
	assert all(l["time_ns"] > 1700000000 * 10**9 for l in lines)
	X
}

@test "shmif_server -v writes the same lines on standard error" {
	start_host c 10.0.0.3 -v
	run_cmd -7 on c curl -s http://10.0.0.1:9/
	wait_for in_file c.log "^$TIME connect tcp 10\.0\.0\.3:[0-9]+ -> 10\.0\.0\.1:9 ECONNREFUSED curl"
	wait_for in_file c.log "^$TIME bus shmif0 joins"
	[ ! -s a.log ]
}

@test "a program's name cannot write into the terminal" {
	py name <<-'X'
	import ctypes, socket
	ctypes.CDLL(None).prctl(15, b"a\x1b[2J\nb")
	socket.socket()
	X
	run_cmd on b "$PYTHON" name.py
	run_cmd tool b log
	expect ' request hello.* shmif\['
	expect 'socket.* a\?\[2J\?b\[[0-9]+\]'
}

@test "each reason to drop has a counter with a name" {
	py send <<-'X'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for i in range(3):
	    s.sendto(b"x", ("10.0.0.1", 9))
	s.close()
	t = socket.socket()
	t.connect_ex(("10.0.0.1", 9))
	X
	[ "$(counter a udp.no_port)" -eq 0 ]
	run_cmd on b "$PYTHON" send.py
	[ "$(counter a udp.no_port)" -eq 3 ]
	[ "$(counter a tcp.no_port)" -eq 1 ]
	# A packet for others, where nobody forwards.
	run_cmd tool b route add 10.9.0.0/16 10.0.0.1
	run_cmd -1 tool b ping -c 2 -i 0.1 -W 0.2 10.9.0.1
	[ "$(counter a ip.forward_off)" -eq 2 ]
	run_cmd tool b route add 10.8.0.0/16 -reject 127.0.0.1
	run_cmd -7 on b curl -s http://10.8.0.1/
	[ "$(counter b ip.rejected)" -ge 1 ]
	run_cmd -7 on b curl -s http://192.0.2.1/
	[ "$(counter b ip.no_route)" -ge 1 ]
	run_cmd tool a netstat -s --json
	"$PYTHON" - <<-'X'
	import json
	d = json.load(open("out"))["drops"]
	assert d["udp.no_port"] == 3 and "bus.lapped" in d, d
	X
	run_cmd tool a netstat -s -p udp
	expect '	3 udp\.no_port'
	! grep -q 'tcp\.no_port' out || fail "not only udp"
}

@test "shmif(1) says what each counter means" {
	local page=$BATS_TEST_DIRNAME/../stack/ctl/shmif.1

	run_cmd tool a netstat -s --json
	"$PYTHON" - "$page" <<-'X'
	import fnmatch, json, re, sys
	names = json.load(open("out"))["drops"]
	text = open(sys.argv[1]).read()
	part = re.search(r"\.Sh COUNTERS\n(.*?)\n\.Sh", text, re.S).group(1)
	told = [w for l in re.findall(r"^\.It Sy (.*)", part, re.M)
	    for w in l.split(" , ")]
	told += [w.replace("ip.", "ip6.") for w in told if w.startswith("ip.")]
	told += [w.replace("icmp.", "icmp6.") for w in told]
	bad = [n for n in names if not any(fnmatch.fnmatch(n, w) for w in told)]
	assert len(names) > 50 and not bad, bad
	none = [w for w in told if "*" not in w and "6." not in w and
	    w not in names]
	assert not none, none
	X
}

@test "a program that does not read, a listener that does not accept" {
	py full <<-'X'
	import socket, sys, time
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("10.0.0.1", 53))
	l = socket.create_server(("10.0.0.1", 80), backlog=0)
	print("ready", flush=True)
	sys.stdin.read()
	X
	mkfifo hold
	exec 4<>hold
	INPUT=hold start_bg full on a "$PYTHON" full.py
	wait_for in_file full.log ready
	py send <<-'X'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for i in range(20000):
	    s.sendto(b"x" * 1000, ("10.0.0.1", 53))
	l = [socket.socket() for i in range(4)]
	for c in l:
	    c.settimeout(0.3)
	    c.connect_ex(("10.0.0.1", 80))
	X
	run_cmd on b "$PYTHON" send.py
	[ "$(counter a udp.socket_full)" -gt 0 ]
	listen_full() { [ "$(counter a tcp.listen_full)" -gt 0 ]; }
	wait_for listen_full
	wait_for logged a 'listen tcp 10\.0\.0\.1:80 is full'
	exec 4>&-
	stop full
}
