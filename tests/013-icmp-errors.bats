#!/usr/bin/env bats
# ICMP errors are believed if they are whole, for this host, and about a packet
# that it has sent (RFC 1122 3.2.2, RFC 5927).

load helpers
load helpers.net

ICMP=$BATS_TEST_DIRNAME/h_icmp.py

# Host a, which is also a router, is told by b of what never went to PEER.
start_two() {
	start_host a fd00::1/64,10.0.0.1
	start_host b fd00::2/64,10.0.0.2
	run_cmd tool a sysctl net.inet.ip.forwarding=1
	run_cmd tool a sysctl net.inet6.ip6.forwarding=1
}

# usage: believed VICTIM PEER refused|toobig
believed() {
	start_two
	start_bg victim on a "$PYTHON" "$ICMP" udp "$1" "$2"
	wait_for has_socket a '^udp.*[.]5000 '
	run_cmd on b "$PYTHON" "$ICMP" forge "$1" "$2" udp "$3" 0 \
		sum piece later other quote source none
	wait_for in_file victim.log '^mtu'
}

@test "a port nobody listens on, IPv4" {
	believed 10.0.0.1 10.0.0.9 refused
	printf 'ECONNREFUSED\nmtu 32768\n' | cmp - victim.log
}

@test "a port nobody listens on, IPv6" {
	believed fd00::1 fd00::9 refused
	printf 'ECONNREFUSED\nmtu 32768\n' | cmp - victim.log
}

@test "the path's MTU, IPv4" {
	believed 10.0.0.1 10.0.0.9 toobig
	printf 'EMSGSIZE\nmtu 1300\n' | cmp - victim.log
}

@test "the path's MTU, IPv6" {
	believed fd00::1 fd00::9 toobig
	printf 'EMSGSIZE\nmtu 1300\n' | cmp - victim.log
}

# Nothing is left behind of the six that were not believed.
@test "an error that is not believed changes nothing" {
	start_two
	start_bg victim on a "$PYTHON" "$ICMP" udp 10.0.0.1 10.0.0.9
	wait_for has_socket a '^udp.*[.]5000 '
	run_cmd on b "$PYTHON" "$ICMP" forge 10.0.0.1 10.0.0.9 udp toobig 0 \
		sum piece later other quote source
	run_cmd on b "$PYTHON" "$ICMP" forge 10.0.0.1 10.0.0.9 udp refused 0 \
		none
	wait_for in_file victim.log '^mtu'
	printf 'ECONNREFUSED\nmtu 32768\n' | cmp - victim.log
}

# The number of the SYN to port 6000, from a capture.
syn() {
	timeout 10 shmif dump -p net.pcap net >/dev/null 2>&1
	"$PYTHON" -c 'import re, struct, sys
data = open("net.pcap", "rb").read()
at = data.find(struct.pack("!HH", 5000, 6000))
print(struct.unpack_from("!I", data, at + 4)[0] if at >= 0 else "")'
}

syn_sent() {
	[ -n "$(syn)" ]
}

@test "a connection that is being made: the sequence number counts" {
	start_two
	run_cmd tool a arp -s 10.0.0.9 02:00:00:00:00:09
	start_bg victim on a "$PYTHON" "$ICMP" tcp 10.0.0.1 10.0.0.9
	wait_for syn_sent
	run_cmd on b "$PYTHON" "$ICMP" forge 10.0.0.1 10.0.0.9 tcp refused \
		"$(syn)" seq sum piece quote source
	run_cmd tool b ping -c 1 10.0.0.1
	[ ! -s victim.log ]
	run_cmd on b "$PYTHON" "$ICMP" forge 10.0.0.1 10.0.0.9 tcp refused \
		"$(syn)" none
	wait_for in_file victim.log '^ECONNREFUSED$'
}
