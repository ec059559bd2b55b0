#!/usr/bin/env bats
# A stranger on the bus makes a host keep things: each kind has a bound, and a
# bystander is served all the while.  The figures are the promises of
# shmif_server(1): 100 MB and 10 s of CPU, whatever is sent.

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	server=$(pgrep -f "unix://$DIR/a.sock" | head -1)
	[ -n "$server" ] || fail "no server"
	start_bg deaf on a "$PYTHON" -u -c 'import socket, time
s = socket.create_server(("", 7), backlog=5)
print("listens", flush=True)
time.sleep(100)'
	wait_for in_file deaf.log listens
}

memory() {	# KiB that the host has in use now
	awk '/^VmRSS/ { print $2 }' "/proc/$server/status"
}

peak() {	# KiB, the most it ever had
	awk '/^VmHWM/ { print $2 }' "/proc/$server/status"
}

cpu() {		# ms
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' \
		"/proc/$server/stat"
}

has_counted() {
	run_cmd tool a netstat -s
	expect "[1-9][0-9]*.* $1"
}

# usage: flood KIND COUNT
flood() {
	local before

	before=$(cpu)
	start_bg flood "$B/tests/h_flood" run/shmif/net 10.0.0.1 7 "$1" "$2"
	start_bg bystander tool b ping -i 0.05 -w 60 10.0.0.1
	LIMIT=100 wait_for -90 in_file flood.log ready
	[ "$(peak)" -lt 100000 ] || fail "$(peak) KiB"
	[ $(($(cpu) - before)) -lt 10000 ] || fail "$(cpu) ms of CPU"
	kill -INT "${PID[bystander]}"
	wait_for gone "${PID[bystander]}"
	in_file bystander.log 'bytes from 10.0.0.1'
}

# us, of a ping's output
median() {
	sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$1" | sort -n |
		awk '{ v[NR] = $1 } END { print int(v[int((NR + 1) / 2)] * 1000) }'
}

# A bystander's pings take at most ten times as long as without the flood.
pings_go_on() {
	local quiet

	run_cmd tool b ping -i 0.01 -c 100 10.0.0.1
	quiet=$(median out)
	start_bg syns "$B/tests/h_flood" run/shmif/net 10.0.0.1 7 syn 1500000
	start_bg pings tool b ping -i 0.01 -w 60 10.0.0.1
	wait_for -60 in_file syns.log ready
	kill -INT "${PID[pings]}"
	wait_for gone "${PID[pings]}"
	stop syns
	echo "$quiet us, then $(median pings.log) us"
	[ "$(median pings.log)" -le $((quiet * 10)) ]
}

@test "a bystander during a flood of SYNs" {
	# This machine may be busy with something else.
	pings_go_on || pings_go_on || pings_go_on
}

@test "1.5 million SYNs that nobody completes" {
	flood syn 1500000
	has_counted tcp.halfopen_dropped
	has_counted tcp.syn_flood
	# One who means it gets through, at once.
	run_cmd on b nc -zv -w 5 10.0.0.1 7
}

@test "150,000 bytes of one connection, none in order" {
	flood holes 150000
	run_cmd on b nc -zv -w 5 10.0.0.1 7
}

@test "500,000 bytes one by one, to a program that does not read" {
	local kept

	flood bytes 500000
	kept=$(memory)
	[ "$kept" -lt 30000 ] || fail "$kept KiB for 500,000 bytes"
}

# What a host holds of fragments and for neighbours is some MiB.
@test "first fragments of 100,000 datagrams" {
	flood fragments 100000
	has_counted ip.fragments_full
	[ "$(peak)" -lt 40000 ] || fail "$(peak) KiB"
}

@test "the same of IPv6" {
	flood 6fragments 100000
	has_counted ip6.fragments_full
	[ "$(peak)" -lt 40000 ] || fail "$(peak) KiB"
}

@test "30,000 large answers to neighbours that are not there" {
	flood neighbours 30000
	has_counted ip.neighbour_full
	[ "$(peak)" -lt 40000 ] || fail "$(peak) KiB"
}
