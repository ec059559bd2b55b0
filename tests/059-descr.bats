#!/usr/bin/env bats
# A client sends descriptors that are none of a host's business: none of them
# is kept, and nobody waits for it to close.

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	SERVER=$(pgrep -f "unix://$DIR/a.sock" | head -n 1)
	mkfifo keys
	exec 8<>keys
}


descriptors() {
	find "/proc/$SERVER/fd" -type l | wc -l
}

few_descriptors() {
	[ "$(descriptors)" -le "$1" ]
}

counted() {
	run_cmd tool a netstat -s
	expect '[1-9][0-9]* +.*request\.bad_descriptor|request\.bad_descriptor.* [1-9]'
}

@test "a lingering socket of the machine holds nobody up" {
	INPUT=keys start_bg stranger "$PYTHON" \
		"$BATS_TEST_DIRNAME/h_descr.py" a.sock linger
	wait_for in_file stranger.log sent
	LIMIT=10 run_cmd tool a ping -c 2 -i 0.1 127.0.0.1
	LIMIT=10 run_cmd on a "$PYTHON" -c 'import socket; socket.socket()'
	counted
}

@test "files and devices in the place of a pair are refused, and not kept" {
	local before

	before=$(descriptors)
	INPUT=keys start_bg stranger "$PYTHON" \
		"$BATS_TEST_DIRNAME/h_descr.py" a.sock odd
	wait_for in_file stranger.log sent
	counted
	exec 8>&-
	stop stranger
	wait_for few_descriptors "$before"
}
