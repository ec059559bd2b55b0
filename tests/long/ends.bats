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
