#!/usr/bin/env bats
# fd numbers: a call takes those it returns, and no others that can be seen.

load helpers
load helpers.net

numbers() {
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_numbers.py" "$@"
	expect '^done$'
}

@test "socket needs one number" {
	start_host a 10.0.0.1
	for limit in 32 48 300; do
		numbers last $limit
	done
}

@test "a number just closed stays closed while other threads call" {
	start_host a 10.0.0.1
	numbers hidden
}

@test "children and their children ask on their own" {
	start_host a 10.0.0.1
	numbers fork
}
