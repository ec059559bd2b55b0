#!/usr/bin/env bats
# The shortest way through everything: if this fails, the rest is skipped.

load helpers
load helpers.net

@test "the programs are there and tell their version" {
	run_cmd shmif version
	expect '^shmif [0-9]'
	run_cmd shmif_server -V
	expect '^shmif_server [0-9]'
	run_cmd shmhijack --version
	expect '^shmhijack [0-9]'
}

@test "a host comes up, answers and goes down" {
	run_cmd shmif_server -i shmif0=net,10.0.0.1/24 unix://a.sock
	[ -S a.sock ]
	run_cmd env RUMP_SERVER=unix://a.sock shmif ifconfig shmif0
	expect 'inet 10\.0\.0\.1/24'
	run_cmd shmif bus show net
	expect ', 1 of 256 '
	run_cmd shmif -s unix://a.sock halt
	[ ! -e a.sock ]
	has_members net 0
}

@test "two hosts ping each other" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	expect '1 received, 0% packet loss'
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.1
	expect '1 received, 0% packet loss'
}

@test "curl fetches a file from another host" {
	random_file file 100000
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -o got http://10.0.0.1/file
	same_file got file
}

@test "the host's own network is out of reach" {
	start_host a 10.0.0.1
	run_cmd -7 on a curl -sS http://127.0.0.1:1/
	# What listens on the machine's loopback is not on the host's.
	start_bg real "$PYTHON" -u -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
s.accept()'
	wait_for in_file real.log '^[0-9]+$'
	run_cmd -7 on a curl -sS "http://127.0.0.1:$(cat real.log)/"
}
