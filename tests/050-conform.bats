#!/usr/bin/env bats
# The host's kernel is the oracle: programs that print what each call gives
# must print the same on a virtual host, but for what conform.differ lists.

load helpers
load helpers.net
load helpers.conform

@test "conformance: kinds of sockets and names" {
	conforms names
}

@test "conformance: sharing ports" {
	conforms ports
}

@test "conformance: options" {
	conforms opts
}

@test "conformance: options that are more than a number" {
	conforms optval
}

@test "conformance: streams begin and end" {
	conforms stream
}

@test "conformance: data on streams" {
	conforms data
}

@test "conformance: calls and arguments that few programs use" {
	conforms calls
}

@test "conformance: turns that few sockets take" {
	conforms turns
}

@test "conformance: datagrams" {
	conforms dgram
}

@test "conformance: UDP, many at once, segments, corks, ECN" {
	conforms udp
}

@test "conformance: control messages, broadcast, multicast" {
	conforms cmsg
}

@test "conformance: messages whose memory is not there" {
	conforms memory
}

@test "conformance: multicast by its sources" {
	conforms mcast
}

@test "conformance: raw and ping sockets" {
	conforms raw
}

@test "conformance: processes, fds, system calls, interfaces" {
	conforms proc
}

@test "conformance: between two hosts" {
	PEER=$B/tests/h_conform_pair conforms pair
}

# "?" is for what kernels differ in; every other line must be needed, and the
# list must not be what makes the test pass.
@test "conformance: a line that differs is found" {
	printf 'x one: 1\nx two: 2\n' >host.opts
	printf 'x one: 1\nx two: 3\n' >virt.opts
	differences opts >found
	grep -q '^opts x two$' found
	grep -q '^listed, but the same: opts ' found
}
