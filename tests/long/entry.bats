#!/usr/bin/env bats
# The programs of the conformance test once more, linked statically: what the
# second entry makes of their calls.  Where it differs from the machine beyond
# conform.differ, entry.differ says why.

load ../helpers
load ../helpers.net
load ../helpers.conform

# shellcheck disable=SC2034	# of helpers.bash
command_words() {
	case $1 in
	on) WORDS=(shmhijack -s "$(url_of "$2")" "${@:3}") ;;
	*) WORDS=("$@") ;;
	esac
}

# usage: static NAME: the same program, without a library
static() {
	requires nosan
	"${CC:-cc}" -pthread -static -o "$1" "$B/tests/h_conform_$1.o" \
		"$B/librumpshm.a" 2>cc.log || fail "$(cat cc.log)"
	DIFFER_TOO=$BATS_TEST_DIRNAME/../entry.differ LIMIT=280 \
		conforms "$1" "./$1"
}

@test "static programs conform: kinds of sockets, names, ports" {
	static names
}

@test "static programs conform: sharing ports" {
	static ports
}

@test "static programs conform: options" {
	static opts
}

@test "static programs conform: options that are more than a number" {
	static optval
}

@test "static programs conform: streams begin and end" {
	static stream
}

@test "static programs conform: data on streams" {
	static data
}

@test "static programs conform: calls and arguments that few programs use" {
	static calls
}

@test "static programs conform: turns that few sockets take" {
	static turns
}

@test "static programs conform: datagrams" {
	static dgram
}

@test "static programs conform: control messages" {
	static cmsg
}

@test "static programs conform: messages whose memory is not there" {
	static memory
}

@test "static programs conform: multicast by its sources" {
	static mcast
}

@test "static programs conform: raw and ping sockets" {
	static raw
}

@test "static programs conform: processes, descriptors, interfaces" {
	static proc
}
