#!/usr/bin/env bats
# Datagrams between two hosts: of every size, more at once than the program
# reads, and with headers of the program's own.

load helpers
load helpers.net

DGRAM=$BATS_TEST_DIRNAME/h_dgram.py

# usage: start_two MTU
start_two() {
	run_cmd shmif bus create net "mtu=$1"
	start_host a fd00::1/64,10.0.0.1
	start_host b fd00::2/64,10.0.0.2
	# Who does not know a neighbour keeps little for it.
	run_cmd tool b ping -c 1 10.0.0.1
}

# Someone who takes on host a, port 7, when told to.  usage: start_take RCVBUF
start_take() {
	mkfifo keys
	exec 8<>keys
	INPUT=keys start_bg take on a "$PYTHON" "$DGRAM" take 10.0.0.1 7 "$1"
	wait_udp a 7
}

# Have it take all; then one more, that tells it what is lost.
taken() {
	echo >&8
	wait_for in_file take.log '^count'
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 1 1
	wait_for in_file take.log '^lost'
	exec 8>&-
	COUNT=$(sed -n 's/^count //p' take.log)
	LOST=$(sed -n 's/^lost //p' take.log)
}

# usage: sizes MTU
sizes() {
	local ip

	start_two "$1"
	start_bg echo4 on a "$PYTHON" "$DGRAM" echo 10.0.0.1 7
	start_bg echo6 on a "$PYTHON" "$DGRAM" echo fd00::1 8
	wait_udp a 7
	wait_for has_socket a '^udp6 .*[.]8 '
	for ip in "10.0.0.1 7" "fd00::1 8"; do
		# Of an interface below 1280 there is no IPv6.
		[ "$ip" = "10.0.0.1 7" ] || [ "$1" -ge 1280 ] || continue
		# shellcheck disable=SC2086 # two words
		LIMIT=60 run_cmd on b "$PYTHON" "$DGRAM" sizes $ip "$1"
		[ "$output" = end ]
	done
}

@test "every size: MTU 576" {
	sizes 576
}

@test "every size: MTU 1280" {
	sizes 1280
}

@test "every size: MTU 1500" {
	sizes 1500
}

@test "every size: MTU 9000" {
	sizes 9000
}

@test "every size: MTU 65521" {
	sizes 65521
}

@test "SO_RCVBUF holds what comes while nobody reads" {
	start_two 1500
	start_take 1048576
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 60000 30
	taken
	in_file take.log '^room 2097152$'
	[ "$COUNT" = 30 ]
	[ "$LOST" = 0 ]
}

@test "what SO_RCVBUF does not hold is lost, and counted" {
	start_two 1500
	start_take 50000
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 10000 60
	taken
	in_file take.log '^room 100000$'
	# The pair holds as much again, in the kernel's way of counting.
	((COUNT >= 8 && COUNT <= 20))
	((COUNT + LOST == 60))
}

@test "SO_RCVBUF: at most net.core.rmem_max" {
	start_two 1500
	run_cmd tool a sysctl net.core.rmem_max
	expect '4194304$'
	run_cmd tool a sysctl net.core.rmem_max=30000
	start_take 1048576
	wait_for in_file take.log '^room 60000$'
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 1 1
	taken
}

@test "net.dgram_mem bounds what a host keeps for all" {
	start_two 1500
	run_cmd tool a sysctl net.dgram_mem
	expect '67108864$'
	run_cmd tool a sysctl net.dgram_mem=70000
	start_take 1048576
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 60000 30
	taken
	((COUNT >= 2 && COUNT <= 8))
	((COUNT + LOST == 30))
}

@test "datagrams at once to a neighbour that is not known yet" {
	start_two 1500
	run_cmd tool b arp -d 10.0.0.1
	start_take 1048576
	run_cmd on b "$PYTHON" "$DGRAM" give 10.0.0.1 7 60000 12
	taken
	[ "$COUNT" = 12 ]
}

@test "packets with a header of the program's own leave the host" {
	start_two 1500
	start_take 1048576
	run_cmd on b "$PYTHON" "$DGRAM" raw 10.0.0.1 7 5 1000
	expect '^too long: EMSGSIZE$'
	taken
	[ "$COUNT" = 5 ]
}

# usage: sources GROUP SOURCE
sources() {
	local mcast=$BATS_TEST_DIRNAME/h_mcast.py

	start_two 1500
	start_host c fd00::3/64,10.0.0.3
	start_bg hear on a "$PYTHON" "$mcast" hear "$1" shmif0 "$2"
	wait_for has_socket a '^udp.*[.]5007 '
	run_cmd on b "$PYTHON" "$mcast" say "$1" shmif0 one
	run_cmd on c "$PYTHON" "$mcast" say "$1" shmif0 two
	run_cmd on b "$PYTHON" "$mcast" say "$1" shmif0 three
	wait_for in_file hear.log '^three$'
	printf 'one\nthree\n' | cmp - hear.log
}

@test "multicast from one source only, IPv4" {
	sources 232.1.1.1 10.0.0.2
}

@test "multicast from one source only, IPv6" {
	sources ff15::77 fd00::2
}
