#!/usr/bin/env bats
# Urgent data (RFC 6093): what a receiver sees of them must be what it sees on
# the machine's own TCP.

load helpers
load helpers.net

# A kernel whose socket pairs have no MSG_OOB has everything in line.
setup() {
	common_setup
	py=$BATS_TEST_DIRNAME/h_urgent.py
	"$PYTHON" -c 'import socket
a, b = socket.socketpair()
a.send(b"!", socket.MSG_OOB)' 2>/dev/null || skip "no MSG_OOB on pairs"
	run_cmd "$PYTHON" "$py" both 127.0.0.1 0
	mv out expected
}

teardown() {
	local bad=0

	common_teardown || bad=1
	[ -z "${NET:-}" ] || ip netns del "$NET"
	return $bad
}

# usage: compare ADDRESS PORT RECEIVER... -- SENDER...
compare() {
	local to=()

	while [ "$3" != -- ]; do
		to+=("$3")
		set -- "$1" "$2" "${@:4}"
	done
	start_bg to "${to[@]}" "$PYTHON" "$py" receive "$1" "$2"
	retry "${@:4}" "$PYTHON" "$py" send "$1" "$2"
	wait_for gone "${PID[to]}"
	diff expected to.log
}

# Until the other one listens.
retry() {
	local limit=$((SECONDS + 15))

	until run_cmd "$@" || [ $SECONDS -ge $limit ]; do
		grep -q refused err || return 1
	done
}

start_two() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	tool a ifconfig shmif0 inet6 fd00::1/64
	tool b ifconfig shmif0 inet6 fd00::2/64
}

@test "marks, signals and bytes out of line are as on the machine" {
	start_two
	compare 10.0.0.1 80 on a -- on b
	compare fd00::2 80 on b -- on a
	compare 10.0.0.1 81 on a -- on a
}

@test "the pointer is right in the segments of short frames, past a router" {
	run_cmd shmif bus create one mtu=1500
	run_cmd shmif bus create two mtu=1400
	BUS=one start_host r 10.0.0.254 -i shmif1=two,10.1.0.254/24
	tool r sysctl -q net.inet.ip.forwarding=1
	BUS=one start_host a 10.0.0.1 -r default=10.0.0.254
	BUS=two start_host b 10.1.0.1 -r default=10.1.0.254
	compare 10.1.0.1 80 on b -- on a
	run_cmd shmif dump -p cap two
	run_cmd tcpdump -nr cap 'tcp[tcpflags] & tcp-urg != 0'
	expect 'urg [0-9]+'
}

@test "the machine's own TCP sends and receives them over a tap" {
	requires root netns tun ip
	NET=${DIR##*.}
	ip netns add "$NET"
	start_bg v ip netns exec "$NET" shmif_server -s \
		-i virt0,10.0.0.1/24 "unix://$DIR/v.sock"
	wait_for host_up v
	ip -n "$NET" addr add 10.0.0.2/24 dev tap0
	ip -n "$NET" link set tap0 up
	compare 10.0.0.1 80 on v -- ip netns exec "$NET"
	compare 10.0.0.2 80 ip netns exec "$NET" -- on v
}
