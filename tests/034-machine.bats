#!/usr/bin/env bats
# shellcheck disable=SC2016	# sh of the namespace
# Ways past the virtual host to the machine's network: each of them is tried
# in a namespace of its own, with somebody who listens there.

load helpers
load helpers.net

WAYS=$BATS_TEST_DIRNAME/h_ways.py

setup() {
	common_setup
	requires root netns ip
	NET=${DIR##*.}
	machine=(ip netns exec "$NET")
	ip netns add "$NET"
	ip -n "$NET" link set lo up
	ip -n "$NET" link add machine0 type veth peer name machine1
	"${machine[@]}" sh -c 'for if in machine0 machine1; do
		echo 1 >/proc/sys/net/ipv6/conf/$if/disable_ipv6; done'
	ip -n "$NET" addr add 10.0.0.77/24 dev machine0
	ip -n "$NET" link set machine0 up
	ip -n "$NET" link set machine1 up
	INDEX=$(ip -n "$NET" -o link show machine0 | sed 's/:.*//')
	start_bg ear "${machine[@]}" tcpdump -ni any -U -w heard.pcap
	wait_for in_file ear.log 'listening on'
}

teardown() {
	local bad=0

	common_teardown || bad=1
	[ -z "${NET:-}" ] || ip netns del "$NET"
	return $bad
}

# What the machine's network has heard so far: the marker proves that it is
# heard at all, and that all before it was.
heard() {
	local marker=marker$EPOCHREALTIME

	"${machine[@]}" "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.0.0.77", 0))
s.setsockopt(1, 6, 1)
s.sendto(sys.argv[1].encode(), ("10.0.0.255", 4242))' "$marker"
	wait_for in_file heard.pcap "$marker"
	tcpdump -nr heard.pcap 2>/dev/null | grep -v '10\.0\.0\.255\.4242:'
}

silent() {
	! heard || fail "the machine's network was reached"
}

# usage: escape COMMAND...: on host a, but in the machine's namespace
escape() {
	run_cmd "${machine[@]}" env RUMP_SERVER="unix://$DIR/a.sock" \
		LD_PRELOAD="$HIJACK" "$@"
}

@test "the ear hears what a program without the library sends" {
	run_cmd "${machine[@]}" "$PYTHON" "$WAYS" frames "$INDEX"
	expect '^sent ([5-9]|1[0-9])$'
	[ "$(heard | wc -l)" -ge 5 ]
}

@test "families that no virtual host has are not the machine's" {
	start_host a 10.0.0.1
	escape "$PYTHON" "$WAYS" families
	expect '^by_call UNIX given given given given given$'
	! grep -E '^by_[a-z]+ [^N]' out | grep -v ' UNIX\| ALG\| PACKET' |
		grep -E 'given|EACCES|EPERM' || fail "the machine gives these"
	for way in by_call by_number; do
		for family in KEY CAN TIPC BLUETOOTH VSOCK SMC XDP; do
			expect "^$way $family( EAFNOSUPPORT){5}\$"
		done
		expect "^$way INET-PACKET EAFNOSUPPORT EAFNOSUPPORT\$"
		# Whom the machine's sockets, filters and tunnels concern.
		for kind in 3 4 5 6 10 12 13 14 20; do
			expect "^$way NETLINK $kind( EPROTONOSUPPORT){2}\$"
		done
		# These are the library's own.
		for kind in 15 16; do
			expect "^$way NETLINK $kind given given\$"
		done
	done
	expect '^pair UNIX given given given given given$'
	expect '^pair TIPC( EAFNOSUPPORT){5}$'
	silent
}

@test "the machine's families on purpose: RUMPHIJACK=socket=all:noother" {
	start_host a 10.0.0.1
	escape env RUMPHIJACK=socket=all:noother "$PYTHON" "$WAYS" \
		frames "$INDEX"
	expect '^sent ([5-9]|1[0-9])$'
	[ "$(heard | wc -l)" -ge 5 ]
}

@test "frames of a packet socket never come out of the machine" {
	start_host a 10.0.0.1
	escape "$PYTHON" "$WAYS" frames "$INDEX"
	silent
}

# A program that sends to the net of host a, which is the machine's as well.
# usage: sender NAME [OPTION]...
sender() {
	cat >sender.c <<-'EOC'
	#include <arpa/inet.h>
	#include <stdio.h>
	#include <sys/socket.h>
	int main(void)
	{
		struct sockaddr_in to = { .sin_family = AF_INET };
		int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

		to.sin_port = htons(4243);
		inet_pton(AF_INET, "10.0.0.255", &to.sin_addr);
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
		if (sendto(fd, "sent", 4, 0, (void *)&to, sizeof(to)) != 4)
			return 1;
		puts("sent");
		return 0;
	}
	EOC
	"${CC:-cc}" -o "$1" sender.c "${@:2}"
}

@test "what a program starts in any way is not heard, or is told of" {
	local n

	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	sender dynamic
	sender static -static
	start_host a 10.0.0.1
	"$B/tests/h_exec" list >ways
	n=$(wc -l <ways)
	while read -r way; do
		escape "$B/tests/h_exec" "$way" "$PWD/dynamic"
		[ "$output" = sent ]
		[ ! -s err ]
	done <ways
	[ "$(frames net | grep -c '10\.0\.0\.1\..* > 10\.0\.0\.255\.4243:')" \
		-eq "$n" ]
	escape sh -c './dynamic; exec ./dynamic'
	escape env -u LD_PRELOAD -u RUMP_SERVER ./dynamic
	[ ! -s err ]
	# By the second entry.
	while read -r way; do
		escape "$B/tests/h_exec" "$way" "$PWD/static"
		[ "$output" = sent ]
		[ ! -s err ]
	done <ways
	silent
	without_entry
	# Refused, whatever the way reports.
	while read -r way; do
		run_cmd "${machine[@]}" sh -c '"$@" || :' - env \
			SHMIF_ESCAPE=deny RUMP_SERVER="unix://$DIR/a.sock" \
			LD_PRELOAD="$HIJACK" "$B/tests/h_exec" "$way" \
			"$PWD/static"
		[ -z "$output" ]
		expect_err 'static: .* refused'
	done <ways
	silent
	# Let out, with a line for each.
	while read -r way; do
		escape "$B/tests/h_exec" "$way" "$PWD/static"
		[ "$output" = sent ]
		expect_err "static: .* this machine's network"
	done <ways
	heard >all
	[ "$(grep -c '10\.0\.0\.255\.4243:' all)" -ge "$n" ]
}

@test "what is changed by netlink and ioctl is not the machine's" {
	requires ifconfig
	start_host a 10.0.0.1
	ip -n "$NET" -d addr show >before
	ip -n "$NET" route show table all >>before
	escape ip addr add 10.9.9.9/24 dev shmif0
	run_cmd -1 "${machine[@]}" env RUMP_SERVER="unix://$DIR/a.sock" \
		LD_PRELOAD="$HIJACK" ip addr add 10.8.8.8/24 dev machine0
	escape ip link set shmif0 mtu 1400
	escape ip route add 10.7.7.0/24 via 10.0.0.2
	escape ip neigh add 10.0.0.9 lladdr 2:0:0:0:0:9 dev shmif0
	escape ifconfig shmif0:1 10.6.6.6
	run_cmd tool a ifconfig shmif0
	for address in 10.9.9.9 10.6.6.6; do
		expect "inet $address"
	done
	ip -n "$NET" -d addr show >after
	ip -n "$NET" route show table all >>after
	diff before after
	silent
}
