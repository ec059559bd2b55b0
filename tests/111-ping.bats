#!/usr/bin/env bats
# Linux's own ping and traceroute: ICMP sockets, raw ones, error queues.

load helpers.programs

@test "ping: echoes, sizes, statistics, IPv4 and IPv6" {
	start_both
	requires ping
	for addr in $A4 $A6; do
		run_cmd on b ping -n -c 3 -i 0.01 "$addr"
		expect '^3 packets transmitted, 3 received, 0% packet loss'
		expect "^64 bytes from $addr: icmp_seq=3 ttl=64 time="
		run_cmd on b ping -n -c 2 -i 0.01 -s 20000 -p ff00 "$addr"
		expect '^20008 bytes from .* icmp_seq=2'
		run_cmd on b ping -n -q -c 100 -i 0.002 "$addr"
		expect '^100 packets transmitted, 100 received'
		[[ $output != *wrong* ]]
	done
	run_cmd on b ping -n -c 2 -i 0.01 -t 9 -I "$B4" "$A4"
	expect 'from 10.0.0.2'
	run_cmd on a ping -n -c 1 127.0.0.1
	run_cmd on a ping -n -c 1 ::1
	# Linux answers no broadcasts by itself.
	run_cmd -1 on b ping -n -c 1 -W 0.1 -b 10.0.0.255
}

@test "ping: link-local addresses with an interface, and all hosts" {
	local addr

	start_both
	requires ping
	addr=$(tool a ifconfig shmif0 |
		sed -n 's/.*inet6 \(fe80[^%]*\)%.*/\1/p')
	run_cmd on b ping -n -c 2 -i 0.01 "$addr%shmif0"
	expect "^64 bytes from $addr%shmif0"
	run_cmd on b ping -n -c 2 -I shmif0 ff02::1
	expect "bytes from $addr%shmif0"
}

@test "ping: nobody answers, no route" {
	start_both
	requires ping
	run_cmd -1 on b ping -n -c 1 -W 4 10.0.0.99
	expect 'Destination Host Unreachable'
	expect '1 packets transmitted, 0 received, \+1 errors'
	run_cmd -2 on b ping -n -c 1 192.0.2.1
	expect_err 'Network is unreachable'
}

@test "traceroute: UDP, ICMP and TCP probes, IPv4 and IPv6" {
	requires traceroute root
	start_both
	start_bg listen on a nc -k -l 80
	wait_listen a 80
	for addr in $A4 $A6; do
		for how in default udp icmp tcp; do
			run_cmd on b traceroute -n -w 1 -q 2 -m 3 -M "$how" "$addr"
			expect "^ 1  $addr  [0-9.]+ ms  [0-9.]+ ms"
			[ "$(wc -l <out)" -eq 2 ]
		done
	done
}
