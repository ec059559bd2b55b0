#!/usr/bin/env bats
# A program or a host is killed at each system call of what it does.

load ../helpers
load ../helpers.net
load ../helpers.steps

@test "kill -9 of a program at each of its system calls" {
	lose_programs 0 1
}

@test "kill -9 of a host at each system call of its program" {
	lose_host with 0 1 10000
	[ "$KILLED" -gt 300 ]
}

@test "kill -9 of a host at each of its own system calls" {
	lose_host host 1 1 10000
	[ "$KILLED" -gt 200 ]
}
