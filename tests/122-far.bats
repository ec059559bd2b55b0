#!/usr/bin/env bats
# Hosts that are far away: by ssh, over a link that dies, for many at once.

load helpers
load helpers.net
load helpers.ssh

setup() {
	common_setup
	export OVER=tcp
}

# A server of ssh on loopback, and an ssh that finds it: SSH_PORT.
start_sshd() {
	start_local_sshd "$DIR/run"
	mkdir bin
	cat >bin/ssh <<-EOF
	#!/bin/sh
	echo "\$*" >>$DIR/sshs
	exec $(command -v ssh) -F $DIR/ssh.conf "\$@"
	EOF
	chmod 755 bin/ssh
	export PATH=$DIR/bin:$PATH
}

@test "ssh://: one ssh for all programs, and every byte" {
	local url

	random_file big 10000000
	OVER='' start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	start_sshd
	start_http web b 80
	url=ssh://127.0.0.1:$SSH_PORT$DIR/a.sock
	for i in {1..10}; do
		start_bg "curl$i" env RUMP_SERVER="$url" LD_PRELOAD="$HIJACK" \
			curl -sS -o "got$i" http://10.0.0.2/big
	done
	for i in {1..10}; do
		wait_for -30 gone "${PID[curl$i]}"
		[ ! -s "curl$i.log" ]
		same_file "got$i" big
	done
	[ "$(wc -l <sshs)" -eq 1 ]
	run_cmd shmif -s "$url" ifconfig shmif0
	expect 'inet 10\.0\.0\.1'
	in_file sshs "^-T -p $SSH_PORT 127\.0\.0\.1 shmif_relay --stdio unix://$DIR/a.sock\$"
	wait_for -5 no_ssh
	run_bad 1 "ssh://.*none" 'No such file' \
		shmif -s "ssh://127.0.0.1:$SSH_PORT$DIR/none" ifconfig
	run_bad 2 'ssh://' 'ABSOLUTE/PATH' shmif -s ssh://127.0.0.1 ifconfig
}

no_ssh() {
	! leftovers | while read -r pid; do
		tr '\0' ' ' <"/proc/$pid/cmdline"
	done | grep -q -- --stdio
}

@test "a link that is dead is seen within ten seconds" {
	local far start

	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	start_bg server on b nc -l 8000
	wait_listen b 8000
	INPUT=/dev/zero start_bg idle on a nc -l 8001
	wait_listen a 8001
	far=$(leftovers | while read -r pid; do
		! grep -qz -- --listen "/proc/$pid/cmdline" || echo "$pid"
	done)
	kill -STOP "$far"
	start=$SECONDS
	wait_for -12 gone "${PID[idle]}"
	[ $((SECONDS - start)) -le 10 ] || fail "$((SECONDS - start)) s"
	kill -CONT "$far"
	# The host has it no more, and others can come.
	run_cmd tool a sockstat
	! grep -q 8001 out || fail "its socket is still there"
}

@test "a hundred programs at once, and a thousand sockets" {
	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	mkdir web
	random_file web/file 100000
	start_http web b 80 4 web
	# shellcheck disable=SC2016 # it is for that shell
	LIMIT=60 run_cmd on a bash -c 'for i in {1..100}; do
		curl -sS -o "got$i" http://10.0.0.2/file & done; wait'
	[ "$(sha256sum got* web/file | cut -d " " -f 1 | sort -u | wc -l)" -eq 1 ]
	[ "$(find . -name "got*" | wc -l)" -eq 100 ]
	cat >many.py <<-'END'
	import socket, sys
	l = socket.create_server(("", 9000), backlog=1000)
	l.settimeout(30)
	n, there, here = 1000, [], []
	for i in range(n):
	    here.append(socket.create_connection(("127.0.0.1", 9000)))
	    there.append(l.accept()[0])
	for i, s in enumerate(here):
	    s.sendall(b"%d" % i)
	for i, s in enumerate(there):
	    d = s.recv(10)
	    assert d == b"%d" % i, (i, d)
	    s.sendall(d)
	for i, s in enumerate(here):
	    assert s.recv(10) == b"%d" % i
	END
	LIMIT=60 run_cmd on a "$PYTHON" many.py
}

# From now on the host is reached by a way of so many seconds.
# usage: far_away HOST SECONDS
far_away() {
	local real=${PORT[$1]}

	wait_for no_relay "$1"
	PORT[$1]=$(free_port)
	start_bg delay "$PYTHON" "$BATS_TEST_DIRNAME/h_delay.py" \
		"${PORT[$1]}" "$real" "$2"
	wait_for in_file delay.log ready
}

# The processes that programs share.  usage: relays HOST
relays() {
	local pid

	for pid in $(leftovers); do
		! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null |
			grep -q "^shmif_relay $(url_of "$1") " || echo "$pid"
	done
}

no_relay() {
	[ -z "$(relays "$1")" ]
}

@test "a connect is one round trip, and many at once are no more" {
	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	start_http web b 80
	far_away a 0.4
	run_cmd on a "$PYTHON" -c 'import socket, threading, time
def connect():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    began = time.monotonic()
    s.connect(("10.0.0.2", 80))
    took.append(time.monotonic() - began)
took = []
for _ in range(3): connect()
one = min(took)
many = [threading.Thread(target=connect) for _ in range(20)]
for t in many: t.start()
for t in many: t.join()
assert 0.8 <= min(took), took
assert one < 1.4 and min(took[3:]) < 1.4, took
# One after the other they would take 16 s.
assert max(took) < 4, took'
}

@test "a near half that is killed is its programs end, and others find one" {
	local old

	start_host a 10.0.0.1
	start_bg nc on a nc -l 8000
	wait_for listens_on_a 8000
	old=$(relays a)
	kill -KILL "$old"
	wait_for -5 gone "${PID[nc]}"
	in_file nc.log 'the virtual host is gone'
	wait_for -5 not listens_on_a 8000
	run_cmd tool a ifconfig shmif0
	expect 'inet 10\.0\.0\.1'
	# Programs that are to wait for another host find it at the next call.
	start_bg waits env RUMPHIJACK_RETRYCONNECT=inftime \
		RUMP_SERVER="$(url_of a)" LD_PRELOAD="$HIJACK" \
		"$PYTHON" -c 'import socket, sys
s = socket.create_server(("", 8000))
print("ready", flush=True)
try:
    s.accept()
except OSError as e:
    print("over", e.errno, flush=True)
s = socket.create_server(("", 8001))
print("again", flush=True)
s.accept()'
	wait_for in_file waits.log ready
	kill -KILL "$(relays a)"
	wait_for in_file waits.log again
	wait_for listens_on_a 8001
}

@test "one that does not read holds nobody up" {
	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	cat >slow.py <<-'END'
	import socket, sys, time
	socks = [socket.create_connection(("10.0.0.2", 80)) for _ in range(4)]
	for s in socks:
	    s.sendall(b"GET /big HTTP/1.0\r\n\r\n")
	print("asked", flush=True)
	time.sleep(60)
	END
	mkdir web
	random_file web/big 30000000
	random_file web/file 1000000
	start_http web b 80 4 web
	start_bg slow on a "$PYTHON" slow.py
	wait_for in_file slow.log asked
	for _ in 1 2 3; do
		run_cmd on a curl -sS -m 5 -o got http://10.0.0.2/file
		same_file got web/file
	done
	LIMIT=5 run_cmd tool a ifconfig shmif0
}

@test "two machines, by namespaces: the cable cut for a moment, and for good" {
	requires root netns ip nsenter
	local url=tcp://192.0.2.1:7000/ start

	start_bg there unshare -n sleep 300
	start_bg here unshare -n sleep 300
	wait_for is_apart "${PID[there]}"
	wait_for is_apart "${PID[here]}"
	ip link add far0 netns "${PID[there]}" type veth peer name near0 netns "${PID[here]}"
	run_cmd nsenter -t "${PID[there]}" -n sh -c 'ip link set lo up
		ip addr add 192.0.2.1/24 dev far0; ip link set far0 up'
	run_cmd nsenter -t "${PID[here]}" -n sh -c 'ip link set lo up
		ip addr add 192.0.2.2/24 dev near0; ip link set near0 up'
	run_cmd shmif key new -f keys all raw,config,halt
	export RUMP_SERVER_KEY=$DIR/keys
	start_bg a nsenter -t "${PID[there]}" -n shmif_server -s -k keys \
		-i shmif0=net,10.0.0.1/24 "unix://$DIR/a.sock" "$url"
	wait_for [ -S a.sock ]
	OVER='' start_host b 10.0.0.2
	mkdir web
	random_file web/big 8000000
	start_http web b 80 4 web
	start_bg curl nsenter -t "${PID[here]}" -n env RUMP_SERVER="$url" \
		LD_PRELOAD="$HIJACK" curl -sS --limit-rate 2M -o got \
		http://10.0.0.2/big
	wait_for has_some got
	cable down
	sleep_until_quiet got
	cable up
	wait_for -30 gone "${PID[curl]}"
	[ ! -s curl.log ]
	same_file got web/big
	start_bg idle nsenter -t "${PID[here]}" -n env RUMP_SERVER="$url" \
		LD_PRELOAD="$HIJACK" nc -l 8001
	wait_for listens_on_a 8001
	cable down
	start=$SECONDS
	wait_for -12 gone "${PID[idle]}"
	[ $((SECONDS - start)) -le 10 ] || fail "$((SECONDS - start)) s"
	wait_for -12 not listens_on_a 8001
	cable up
	run_cmd nsenter -t "${PID[here]}" -n shmif -s "$url" ifconfig shmif0
}

is_apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

cable() {
	nsenter -t "${PID[here]}" -n ip link set near0 "$1"
}

has_some() {
	[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 1000000 ]
}

# Until the file has not grown for a second.
sleep_until_quiet() {
	local size=-1 now

	while now=$(stat -c %s "$1"); [ "$now" != "$size" ]; do
		size=$now
		sleep 1
	done
}

listens_on_a() {
	shmif -s "unix://$DIR/a.sock" netstat -an |
		grep -qE -- "^tcp .*[.*]$1 .*LISTEN"
}

not() {
	! "$@"
}
