#!/usr/bin/env bats
# A member is stopped for ten seconds: see ../053-stopped.bats.

load ../helpers
load ../helpers.net
load ../helpers.stopped

@test "a host that is stopped for ten seconds" {
	stop_member 10 c
	wait_for lost_is_shown
}

@test "a program that is stopped for ten seconds" {
	stop_member 10 idle
	kill -0 "${PID[writer]}"
}
