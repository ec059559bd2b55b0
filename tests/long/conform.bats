#!/usr/bin/env bats
# What 050-conform.bats does, for each option that a header has: some thousand
# calls of each kind of socket, on the kernel and on a virtual host.

load ../helpers
load ../helpers.net
load ../helpers.conform

@test "conformance: every option that the headers name" {
	conforms consts "$PYTHON" "$BATS_TEST_DIRNAME/../h_conform_consts.py"
}
