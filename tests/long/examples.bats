#!/usr/bin/env bats
# The examples of 092-examples.bats, three times: no step may depend on how fast
# the one before it is.

load ../helpers
load ../helpers.paste

root=$BATS_TEST_DIRNAME/../..
export root ROUNDS=3

@test "README: every block, as pasted, three times" {
	paste_readme
}

@test "the manuals: every example, as pasted, three times" {
	paste_manuals
}
