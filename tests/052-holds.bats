#!/usr/bin/env bats
# What a socket holds (port, line in lists, descriptor of the host), and until
# when: as on the host's kernel, and nothing of what has ended.

load helpers
load helpers.net
load helpers.conform

# Descriptors of a host.  usage: held HOST
held() {
	find "/proc/${PID[$1]}/fd" -type l 2>/dev/null | wc -l
}

holds() {
	[ "$(held "$1")" -le "$2" ]
}

@test "what sockets hold: within one host" {
	conforms holds
}

@test "what sockets hold: the program in another network namespace" {
	APART=1 conforms holds
}

@test "a host holds no descriptor of what has ended" {
	local before

	start_bg a shmif_server -s -i shmif0=net,10.0.0.1/24,fd00::1/64 \
		"unix://$DIR/a.sock"
	wait_for host_up a
	run_cmd on a "$B/tests/h_conform_holds"
	before=$(held a)
	run_cmd on a "$B/tests/h_conform_holds"
	wait_for holds a "$before"
	wait_for no_socket a '^(tcp|udp)'
}

# usage: mac_of HOST
mac_of() {
	tool "$1" ifconfig shmif0 | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}'
}

# A connection whose windows are full.  usage: full [quiet]
full() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on b "$PYTHON" "$BATS_TEST_DIRNAME/h_full.py" \
		serve "$@"
	wait_for in_file server.log listens
	start_bg client on a "$PYTHON" "$BATS_TEST_DIRNAME/h_full.py" \
		10.0.0.2
	wait_for in_file client.log full
}

@test "both windows full, and the programs end: so does the connection" {
	full
	wait_for in_file server.log full
	kill9 client
	wait_for -5 no_socket a '10\.0\.0\.2\.7'
	wait_for -5 no_socket b 'tcp .*10\.0\.0\.1\.'
}

@test "what nobody owns is given up when the other host is gone" {
	full quiet
	run_cmd tool a sysctl net.inet.tcp.orphanretries=1
	has_socket a '10\.0\.0\.2\.7 .*ESTABLISHED'
	kill9 b
	stop client
	has_socket a '10\.0\.0\.2\.7'
	wait_for -20 no_socket a '10\.0\.0\.2\.7'
}

@test "a program that dies while it connects leaves nothing" {
	start_host a 10.0.0.1
	start_bg client on a "$PYTHON" -c 'import socket, time
s = socket.socket()
s.setblocking(False)
s.connect_ex(("10.0.0.77", 7))
time.sleep(60)'
	wait_for has_socket a '10\.0\.0\.77\.7'
	kill9 client
	wait_for -2 no_socket a '10\.0\.0\.77\.7'
}

# Each knows a wrong MAC of the other until both have sent a SYN.
@test "two programs that connect to each other at the same time" {
	local mac_a mac_b

	start_host a 10.0.0.1
	start_host b 10.0.0.2
	cat >cross.py <<-'X'
		import socket, sys
		here, there = sys.argv[1:3]
		s = socket.socket()
		s.bind((here, 9))
		s.settimeout(20)
		s.connect((there, 9))
		s.sendall(here.encode() * 100000)
		s.shutdown(socket.SHUT_WR)
		text = s.makefile().read()
		print("right" if text == there * 100000 else "wrong", flush=True)
	X
	mac_a=$(mac_of a)
	mac_b=$(mac_of b)
	run_cmd tool a arp -s 10.0.0.2 02:00:00:00:00:77
	run_cmd tool b arp -s 10.0.0.1 02:00:00:00:00:77
	start_bg one on a "$PYTHON" cross.py 10.0.0.1 10.0.0.2
	start_bg two on b "$PYTHON" cross.py 10.0.0.2 10.0.0.1
	wait_for has_socket a '10\.0\.0\.2\.9 .*SYN_SENT'
	wait_for has_socket b '10\.0\.0\.1\.9 .*SYN_SENT'
	run_cmd tool a arp -s 10.0.0.2 "$mac_b"
	run_cmd tool b arp -s 10.0.0.1 "$mac_a"
	wait_for -20 gone "${PID[one]}"
	wait_for -20 gone "${PID[two]}"
	in_file one.log '^right$'
	in_file two.log '^right$'
}
