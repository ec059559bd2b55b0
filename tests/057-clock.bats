#!/usr/bin/env bats
# The clocks of a host, as its machine may set them: the date by years, the
# time since its start over the 32 bits of ms that lwIP has, and by a day, as
# after a suspension.  tests/long/clock.bats lets a day pass.

load helpers
load helpers.net

setup() {
	common_setup
	requires nosan
	head -c 4096 /dev/zero >clock
	start_bg a env LD_PRELOAD="$B/tests/s_clock.so" CLOCK=clock \
		shmif_server -s -i shmif0=net,10.0.0.1/24,name=a \
		"unix://$DIR/a.sock"
	wait_for host_up a
	start_host b 10.0.0.2
	start_bg peer on b "$B/tests/h_life" peer
	wait_listen b 7
	start_bg life on a "$B/tests/h_life" loop 10.0.0.2
	wait_for in_file life.log lives
}

# Seconds that are added.  usage: set_clock MONOTONIC REAL
set_clock() {
	"$PYTHON" -c 'import struct, sys
f = open("clock", "r+b", buffering=0)
f.write(struct.pack("2q", *map(int, sys.argv[1:])))' "$@"
}

# Some lives more, none of which waited.
goes_on() {
	sleep 1
	stop life
	in_file life.log 'lives, [0-9]+ ms'
	[ "$(sed -n 's/.* \([0-9]*\) ms.*/\1/p' life.log)" -lt 2000 ] ||
		fail "$(tail -n 1 life.log)"
}

@test "the date is set, by years and back" {
	local date

	for date in 315360000 -630720000 0; do
		set_clock 0 "$date"
		run_cmd tool a ping -c 2 -i 0.1 10.0.0.2
		expect 'time=[0-9.]{1,6} ms'
	done
	goes_on
}

@test "the 32 bits of milliseconds since the start run over" {
	local now

	now=$("$PYTHON" -c 'import time; print(int(time.monotonic()))')
	# Connections that were there would seem to send from the past: their
	# time stamps count the milliseconds as well.
	stop life
	set_clock $((4294967 - now % 4294967 - 6)) 0
	start_bg idle on a "$PYTHON" -u -c 'import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
s.connect(("10.0.0.2", 7))
print("connected")
print(s.recv(1))'
	wait_for in_file idle.log connected
	start_bg life on a "$B/tests/h_life" loop 10.0.0.2
	wait_for in_file life.log lives
	# On either side of it: three tries of ARP, a second apart.
	LIMIT=10 run_cmd -1 on a nc -zv -w 8 10.0.0.77 7
	expect_err '(No route to host|unreachable)'
	goes_on
	! grep -q Error idle.log || fail "$(tail -n 1 idle.log)"
}

@test "a day has passed at once" {
	set_clock 86400 0
	run_cmd tool a ping -c 2 -i 0.1 10.0.0.2
	set_clock 864000 0
	goes_on
	run_cmd on a "$B/tests/h_life" 10.0.0.2
}
