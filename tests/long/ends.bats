#!/usr/bin/env bats
# How streams end: what 051-ends.bats does, with all values of each three axes
# meeting in place of two.

load ../helpers
load ../helpers.net
load ../helpers.conform

setup() {
	common_setup
	export ENDS=3 LIMIT=600
}

@test "all ends of streams: within one host" {
	conforms ends
}

@test "all ends of streams: between two hosts" {
	PEER=$B/tests/h_conform_ends conforms ends
}

@test "all ends of streams: the program in another network namespace" {
	APART=1 conforms ends
}

# Linux's probes of a window of zero are two minutes apart by then.
@test "what nobody owns is given up if the peer never reads" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on b "$PYTHON" "$BATS_TEST_DIRNAME/../h_full.py" \
		serve quiet
	wait_for in_file server.log listens
	start_bg client on a "$PYTHON" "$BATS_TEST_DIRNAME/../h_full.py" \
		10.0.0.2
	wait_for in_file client.log full
	stop client
	has_socket a '10\.0\.0\.2\.7'
	wait_for -240 no_socket a '10\.0\.0\.2\.7'
	no_socket a '10\.0\.0\.2\.7'
}
