#!/usr/bin/env bats
# shellcheck disable=SC2016	# Python
# A host's threads run where its programs do.

load helpers
load helpers.net

setup() {
	common_setup
	(($(nproc) > 1)) || skip "needs two CPUs"
	start_host one 10.0.0.1
	ALL=$(allowed "${PID[one]}")
	FIRST=${ALL%%[-,]*} LAST=${ALL##*[-,]}
}

# The CPUs a thread may run on, as /proc writes them.
allowed() {
	awk '$1 == "Cpus_allowed_list:" { print $2 }' "/proc/$1/status"
}

# usage: loop_is_on CPUS: the thread that waits for programs
loop_is_on() {
	[ "$(allowed "${PID[one]}")" = "$1" ]
}

# A byte to the host itself and back, over and over, on one CPU.
pingpong() {
	start_bg "on$1" on one taskset -c "$1" "$PYTHON" -c '
import socket
a = socket.create_server(("10.0.0.1", 0))
b = socket.create_connection(a.getsockname())
c = a.accept()[0]
while True:
    b.send(b"x")
    c.send(c.recv(1))
    b.recv(1)'
}

@test "a host follows a busy program and does not stay for nothing" {
	pingpong "$LAST"
	wait_for loop_is_on "$LAST"
	stop "on$LAST"
	pingpong "$FIRST"
	wait_for loop_is_on "$FIRST"
	stop "on$FIRST"
	# what comes once in a while is no reason to be anywhere
	start_bg slow on one "$PYTHON" -c '
import socket, time
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.bind(("10.0.0.1", 0))
while True:
    a.sendto(b"x", a.getsockname())
    a.recv(1)
    time.sleep(0.05)'
	wait_for loop_is_on "$ALL"
}

@test "net.follow=0: the scheduler decides" {
	pingpong "$LAST"
	wait_for loop_is_on "$LAST"
	run_cmd tool one sysctl net.follow=0
	wait_for loop_is_on "$ALL"
}

@test "an affinity given from outside stays" {
	run_cmd taskset -apc "$FIRST" "${PID[one]}"
	pingpong "$LAST"
	# a program that makes turns of the loop: each is a chance to move
	run_cmd on one "$PYTHON" -c '
import socket
a = socket.create_server(("10.0.0.1", 0))
b = socket.create_connection(a.getsockname())
c = a.accept()[0]
for i in range(3000):
    b.send(b"x")
    c.send(c.recv(1))
    b.recv(1)'
	loop_is_on "$FIRST" || fail "it is on $(allowed "${PID[one]}")"
}
