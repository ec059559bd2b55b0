#!/usr/bin/env bats
# All ports taken, and given back: as on the host's kernel.

load helpers
load helpers.net

ports="$BATS_TEST_DIRNAME/h_ports.py"

# usage: take_all FIRST LAST
take_all() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd tool a sysctl "net.inet.ip.anonportmin=$1" \
		"net.inet.ip.anonportmax=$2"
	start_bg serve on b "$PYTHON" "$ports" serve
	wait_for in_file serve.log listens
	run_cmd on a "$PYTHON" "$ports" 10.0.0.2
}

@test "no port left: the errno of each call, and all of them again" {
	take_all 40000 40199
	expect '^streams, connect again: 200, then EADDRNOTAVAIL$'
	[ "$(wc -l <out)" -eq 8 ]
	cp out virtual
	requires netns ip
	cat >oracle <<-'X'
		ip link set lo up
		echo 40000 40199 >/proc/sys/net/ipv4/ip_local_port_range
		"$@" serve >serve.log &
		until grep -q listens serve.log; do sleep 0.05; done
		"$@" 127.0.0.1
		kill $!
	X
	run_cmd unshare -n sh oracle "$PYTHON" "$ports"
	diff out virtual
}
