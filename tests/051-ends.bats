#!/usr/bin/env bats
# How streams end, in all ways, as on the host's kernel: the cases are
# generated.  SEED=N gives others; long/ends.bats has more.

load helpers
load helpers.net
load helpers.conform

@test "ends of streams: within one host" {
	conforms ends
}

@test "ends of streams: between two hosts" {
	PEER=$B/tests/h_conform_ends conforms ends
}

@test "ends of streams: the program in another network namespace" {
	APART=1 conforms ends
}
