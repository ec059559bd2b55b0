#!/usr/bin/env bats
# Floods that take longer than those of 056-flood.bats: of segments that wait
# for others, where each is put in its place of a long queue; and how long
# pings take, for a machine that does nothing else.

load ../helpers
load ../helpers.net
load ../helpers.flood

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
	[ -n "$SAN" ] || [ "$(median pings.log)" -le $((quiet * 10)) ]
}

@test "a bystander during a flood of SYNs" {
	# This machine may be busy with something else.
	pings_go_on || pings_go_on || pings_go_on
}

@test "150,000 bytes of one connection, none in order" {
	flood holes 150000
	run_cmd on b nc -zv -w 5 10.0.0.1 7
}

@test "300,000 segments out of order over 100 connections" {
	flood reorder 300000 8
	has_counted tcp.reass_full
	comes_back
}
