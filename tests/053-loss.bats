#!/usr/bin/env bats
# TCP on a bad network: by a peer whose segments are made by hand (h_tcp.py),
# and over interfaces with faults (shmif link).

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

# A peer that nobody is, at the end of b's interface.
ghost() {
	mac() { tool "$1" ifconfig shmif0 | awk '$1 == "address:" { print $2 }'; }
	run_cmd tool a arp -s 10.0.0.77 "$(mac b)"
	GHOST=(on b "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" shmif0 "$(mac b)"
		10.0.0.77 "$(mac a)" 10.0.0.1)
}

counted() {
	tool a sysctl -n "net.inet.tcp.stats.$1"
}

@test "what is lost is sent again, by SACK, duplicates, probes and time-outs" {
	ghost
	start_bg server on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" serve 7
	wait_for in_file server.log ready
	for case in sack newreno probe; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted tailprobes)" -gt 0 ] || fail "no probe"
	[ "$(counted recoveries)" -gt 0 ] || fail "no recovery"
	run_cmd "${GHOST[@]}" backoff
	expect '^ok$'
	[ "$(counted timeouts)" -ge 4 ] || fail "$(counted timeouts) time-outs"
	run_cmd tool a netstat -s -p tcp
	expect '	[1-9][0-9]* rexmit$'
}

@test "what comes twice, early, too old or one by one is answered rightly" {
	ghost
	start_bg server on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" serve 7
	wait_for in_file server.log ready
	for case in dsack paws every_second; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted dsackout)" -ge 2 ] || fail "$(counted dsackout) DSACKs"
}

@test "a SYN is sent again after 1, 2, 4 ... s, TCP_SYNCNT times" {
	ghost
	start_bg peer "${GHOST[@]}" syn
	wait_for in_file peer.log ready
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" connect 10.0.0.77 9 1
	expect '^ETIMEDOUT after 3 s$'
	wait_for in_file peer.log ok
}

@test "8 MB arrive whole over a link that loses, repeats, turns and overtakes" {
	head -c 8000000 /dev/urandom >big
	start_bg web on b "$PYTHON" -m http.server --bind 10.0.0.2 80
	wait_listen b 80
	for host in a b; do
		run_cmd tool $host link shmif0 set delay 5ms 1ms loss 1% \
			duplicate 1% reorder 5% corrupt 0.5% seed 7
	done
	run_cmd on a curl -sS -m 60 -o copy http://10.0.0.2/big
	cmp big copy
	run_cmd tool b netstat -s -p tcp
	expect '	[1-9][0-9]* rexmit$'
	run_cmd tool a netstat -s -p tcp
	expect '	[1-9][0-9]* dsackout$'
}
