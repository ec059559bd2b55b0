#!/usr/bin/env bats
# Java has a network layer of its own; it prints on a virtual host what it
# prints on Linux.

load ../helpers
load ../helpers.net

@test "Java's sockets, channels, interfaces and multicast" {
	requires root netns ip java
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip link set shmif0 up
		ip link set peer0 up
		exec "$@"
	END
	local program=("$(command -v java)"
		"$BATS_TEST_DIRNAME/../h_java.java" 10.0.0.1 shmif0)

	LIMIT=60 run_cmd unshare -n sh linux.sh "${program[@]}"
	sed '/^peer0/d' out | sort >linux
	start_host a 10.0.0.1
	LIMIT=60 run_cmd on a "${program[@]}"
	sort out >virtual
	diff linux virtual
	[ "$(wc -l <linux)" -gt 10 ]
}
