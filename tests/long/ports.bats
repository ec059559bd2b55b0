#!/usr/bin/env bats
# All 28,232 ports that a host gives out, twice.

load ../helpers
load ../helpers.net

ports="$BATS_TEST_DIRNAME/../h_ports.py"

@test "all ports of a host, and all of them again" {
	# A descriptor each.
	ulimit -n 70000 2>/dev/null || skip "may not have 70,000 descriptors"
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg serve on b "$PYTHON" "$ports" serve
	wait_for in_file serve.log listens
	LIMIT=600 run_cmd on a "$PYTHON" "$ports" 10.0.0.2
	[ "$(grep -c ': 28232, then E' out)" -eq 8 ]
	expect '^streams, connect again: 28232, then EADDRNOTAVAIL$'
}
