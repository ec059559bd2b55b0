#!/usr/bin/env bats
# A program or a host is killed at some of the system calls of what it does;
# tests/long/steps.bats takes all.

load helpers
load helpers.net
load helpers.steps

@test "kill -9 of a program at its system calls" {
	lose_programs $((RANDOM % 23)) 23
}

@test "kill -9 of a host at the system calls of its program" {
	lose_host with $((RANDOM % 40)) 40 4
}

@test "kill -9 of a host at its own system calls" {
	lose_host host $((RANDOM % 60 + 1)) 60 4
}
