#!/usr/bin/env bats
# Which way a packet would take, and what a socket is doing.

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

# A counter's value.  usage: counter HOST NAME
counter() {
	tool "$1" netstat -s | awk -v n="$2" '$2 == n { print $1 }'
}

# The packet would be dropped, with that counter.  usage: drops HOST NAME WORD...
drops() {
	run_cmd -1 tool "$1" trace "${@:3}"
	expect "^it would be dropped: $2\$"
	[ ! -s err ]
}

@test "a packet that leaves: route, interface, neighbour, path MTU" {
	local mac

	run_cmd tool b trace -t 10.0.0.1:80
	expect '^tcp 10\.0\.0\.2 -> 10\.0\.0\.1:80$'
	expect '^  neighbour  10\.0\.0\.1, not known'
	run_cmd tool b ping -c 1 10.0.0.1
	mac=$(tool a ifconfig shmif0 | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}' |
		head -n 1)
	run_cmd tool b trace -u 10.0.0.2:9 10.0.0.1:53
	expect '^udp 10\.0\.0\.2:9 -> 10\.0\.0\.1:53$'
	expect '^  route      10\.0\.0/24$'
	expect '^  interface  shmif0$'
	expect "^  neighbour  10\.0\.0\.1 at $mac, reachable\$"
	expect '^  path MTU   32768$'
	expect '^it would leave$'
	# By name, and by a gateway.
	run_cmd tool b trace a
	expect '^ip 10\.0\.0\.2 -> 10\.0\.0\.1$'
	run_cmd tool b route add 10.7.0.0/16 10.0.0.1
	run_cmd tool b trace 10.7.0.9
	expect '^  route      10\.7/16 by 10\.0\.0\.1$'
	expect "^  neighbour  10\.0\.0\.1 at $mac"
}

@test "nothing is sent, and nothing is counted" {
	run_cmd tool b trace 10.0.0.77
	expect 'it would be asked for first'
	drops b ip.no_route 192.0.2.1
	[ "$(frames net | grep -c '10\.0\.0\.77')" -eq 0 ]
	[ "$(counter b ip.no_route)" -eq 0 ]
}

# What it says is what happens: the counter it names is the one that moves.
@test "dropped: by the counter that it names" {
	drops b ip.no_route 192.0.2.1
	run_cmd -7 on b curl -s http://192.0.2.1/
	[ "$(counter b ip.no_route)" -gt 0 ]
	run_cmd tool b route add 10.8.0.0/16 -reject 127.0.0.1
	drops b ip.rejected -u 10.8.0.1:53
	run_cmd -7 on b curl -s http://10.8.0.1/
	[ "$(counter b ip.rejected)" -gt 0 ]
	drops a tcp.no_port -t 10.0.0.2:999 10.0.0.1:9
	run_cmd -7 on b curl -s http://10.0.0.1:9/
	[ "$(counter a tcp.no_port)" -gt 0 ]
	drops a udp.no_port -u 10.0.0.1:9
	drops a ip.forward_off 10.0.0.2 10.9.0.1
	run_cmd tool b route add 10.9.0.0/16 10.0.0.1
	run_cmd -1 tool b ping -c 1 -W 0.2 10.9.0.1
	[ "$(counter a ip.forward_off)" -gt 0 ]
	run_cmd tool a sysctl net.inet.ip.forwarding=1
	drops a ip.forward_no_route 10.0.0.2 10.9.0.1
	run_cmd -1 tool b ping -c 1 -W 0.2 10.9.0.1
	[ "$(counter a ip.forward_no_route)" -gt 0 ]
	drops b ip6.no_route -u '[fd00::1]:53'
}

@test "delivered: with the socket that gets it" {
	start_http web a 80
	run_cmd tool a trace -t 10.0.0.2:999 10.0.0.1:80
	expect '^  socket     [0-9a-f]+, python[0-9.]*\['
	expect '^it would be delivered to this host$'
	run_cmd tool a trace 127.0.0.1
	expect '^it would be delivered to this host$'
	run_cmd tool a trace --json -t 10.0.0.1:80
	"$PYTHON" - "${PID[web]}" <<-'X'
	import json, sys
	t = json.load(open("out"))
	assert t["verdict"] == "delivered" and t["pid"] == int(sys.argv[1]), t
	X
}

@test "IPv6, with and without brackets" {
	run_cmd tool a ifconfig shmif0 inet6 fd00::1/64
	run_cmd tool b ifconfig shmif0 inet6 fd00::2/64
	run_cmd tool b ping -6 -c 1 fd00::1
	run_cmd tool b trace fd00::1
	expect '^ip fd00::2 -> fd00::1$'
	expect '^  neighbour  fd00::1 at '
	run_cmd tool b trace -t '[fd00::2]:9' '[fd00::1]:80'
	expect '^tcp \[fd00::2\]:9 -> \[fd00::1\]:80$'
	expect '^it would leave$'
}

@test "wrong usage is one line" {
	run_bad 2 'name where to' usage tool a trace
	run_bad 2 'a port is one of' usage tool a trace 10.0.0.2:80
	run_bad 2 '70000' '1 to 65535' tool a trace -t 10.0.0.2:70000
	run_bad 2 'only one' usage tool a trace -t -u 10.0.0.2
	run_bad 2 '\[fd00::1' 'ADDR6' tool a trace -t '[fd00::1'
	run_bad 2 '-x' usage tool a trace -x
	run_bad 1 'no-such.invalid' 'known|resolution|associated' \
		tool a trace no-such.invalid
}

@test "sockstat -v: halves, queues, windows, round trip, path MTU" {
	cat >hold.py <<-'X'
	import socket, sys
	c = socket.create_connection(("10.0.0.1", 80))
	sent = 0
	c.setblocking(False)
	try:
	    while True:
	        sent += c.send(b"x" * 65536)
	except BlockingIOError:
	    pass
	c.shutdown(socket.SHUT_WR)
	print("ready", flush=True)
	sys.stdin.read()
	X
	cat >listen.py <<-'X'
	import socket, sys
	l = socket.create_server(("10.0.0.1", 80), backlog=7)
	u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	u.bind(("10.0.0.1", 53))
	sys.stdin.read()
	X
	mkfifo in
	exec 4<>in
	INPUT=in start_bg listen on a "$PYTHON" listen.py
	wait_listen a 80
	run_cmd tool a sockstat -v
	expect '^	socket:[0-9a-f]+ backlog:7 waiting:0$'
	expect '^	socket:[0-9a-f]+ dropped:0$'
	INPUT=in start_bg hold on b "$PYTHON" hold.py
	wait_for in_file hold.log ready
	# Nobody accepts: what the peer's window took waits there.
	run_cmd tool a sockstat -v
	expect '^	socket:[0-9a-f]+ backlog:7 waiting:1$'
	run_cmd tool b sockstat -cv
	expect '^	socket:[0-9a-f]+ rx:open tx:(ending|eof|fin) end:open recvq:0 sendq:[0-9]+ unsent:[0-9]+ in_flight:[0-9]+ rcv_wnd:[1-9][0-9]* snd_wnd:[0-9]+ cwnd:[1-9][0-9]* ssthresh:[0-9]+ rtt:[0-9]+/[0-9]+us rto:[1-9][0-9]*us retrans:[0-9]+ mss:32728 minrtt:[0-9]+us sacked:0 lost:0 total_retrans:0 dsacks:0 reordered:0 pmtu:32768$'
	run_cmd tool b sockstat -cv --json
	"$PYTHON" - <<-'X'
	import json
	s, = json.load(open("out"))
	i = s["info"]
	assert i["rx"] == "open" and i["end"] == "open" and i["mss"] == 32728, i
	X
	# Without it all is as ever.
	run_cmd tool a sockstat
	! grep -q 'socket:' out || fail "more than asked for"
	exec 4>&-
	stop hold
	stop listen
}
