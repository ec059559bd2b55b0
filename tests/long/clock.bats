#!/usr/bin/env bats
# A day passes for a host whose clock goes a thousand times as fast: the
# longest times that it keeps.

load ../helpers
load ../helpers.net

has_address() {
	tool h ifconfig shmif0 | grep -q "inet6 $1"
}

has_no_address() {
	! has_address "$1"
}

@test "an address of a router that is gone stays for a day" {
	requires nosan
	start_bg r shmif_server -s -i shmif0=net,fd00:1::1/64 \
		"unix://$DIR/r.sock"
	wait_for host_up r
	"$PYTHON" -c 'import struct
open("clock", "wb").write(struct.pack("3q", 0, 0, 1000).ljust(4096, b"\0"))'
	tool r sysctl net.inet6.ip6.forwarding=1 net.inet6.ip6.sendra=1
	start_bg h env LD_PRELOAD="$B/tests/s_clock.so" CLOCK=clock \
		shmif_server -s -i shmif0=net,10.0.0.1/24 "unix://$DIR/h.sock"
	wait_for has_address fd00:1:
	kill9 r
	local began=$EPOCHREALTIME
	wait_for -20 no_router
	wait_for -200 has_no_address fd00:1:
	local ms=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	echo "$ms s of the host's"
	[ "$ms" -gt 86000 ]
	run_cmd tool h ping -c 1 127.0.0.1
}

no_router() {
	! tool h route -n show -inet6 2>/dev/null | grep -q '^default'
}
