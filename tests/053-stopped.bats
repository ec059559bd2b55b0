#!/usr/bin/env bats
# A member is stopped: the others do not wait for it, and what it has lost is
# counted.  tests/long/stopped.bats does it for ten seconds.

load helpers
load helpers.net
load helpers.stopped

@test "a host that is stopped" {
	stop_member 2 c
	wait_for lost_is_shown
}

@test "a program that is stopped" {
	stop_member 2 idle
	kill -0 "${PID[writer]}"
}
