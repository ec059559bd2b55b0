#!/usr/bin/env bats
# virt(4): virtual hosts on taps of the machine.  Each test has a network
# namespace of its own for the machine's part.

load helpers
load helpers.net

setup() {
	common_setup
	requires root netns tun ip ping
	NET=${DIR##*.}
	machine=(ip netns exec "$NET")
	ip netns add "$NET"
	"${machine[@]}" ip link set lo up
}

teardown() {
	local bad=0

	common_teardown || bad=1
	[ -z "${NET:-}" ] || ip netns del "$NET"
	[ -z "${OUT:-}" ] || ip netns del "$OUT"
	return $bad
}

# usage: start_virt NAME SPEC [OPTION]...
start_virt() {
	start_bg "$1" "${machine[@]}" shmif_server -s -i "$2" "${@:3}" \
		"unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

# A machine outside, on the same wire as the machine's eth0.
start_outside() {
	OUT=$NET.out
	ip netns add "$OUT"
	ip link add eth0 netns "$NET" type veth peer name eth0 netns "$OUT"
	ip -n "$OUT" addr add 198.51.100.1/24 dev eth0
	ip -n "$OUT" link set eth0 up
	ip -n "$NET" addr add 198.51.100.2/24 dev eth0
	ip -n "$NET" link set eth0 up
	ip -n "$NET" route add default via 198.51.100.1
	start_bg outside ip netns exec "$OUT" "$PYTHON" -u -m http.server 8000
	wait_for in_file outside.log Serving
}

has_tap() {
	"${machine[@]}" ip link show "$1" 2>/dev/null | grep -q "$2"
}

# A directory for /dev/net; the shell that runs has it in its place.
# usage: with_dev_net [MODE] COMMAND: as nobody; without MODE there is no tun
with_dev_net() {
	local node=true

	[ -z "$1" ] || node="mknod -m $1 /dev/net/tun c 10 200"
	chmod 777 .
	cat >as-nobody <<-END
		mount -t tmpfs none /dev/net && chmod 755 /dev/net && $node &&
		exec setpriv --reuid=65534 --regid=65534 --clear-groups "\$@"
	END
	WITH=("${machine[@]}" unshare -m sh "$DIR/as-nobody")
}

@test "the machine and a virtual host ping each other" {
	start_virt a virt0,192.168.77.2/24,fd77::2/64
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	"${machine[@]}" ip addr add fd77::1/64 dev tap0 nodad
	run_cmd "${machine[@]}" ping -c 2 -i 0.2 192.168.77.2
	expect '2 received'
	run_cmd "${machine[@]}" ping -c 1 -s 6000 192.168.77.2
	run_cmd "${machine[@]}" ping -c 2 -i 0.2 fd77::2
	run_cmd shmif -s unix://a.sock ping -c 2 -i 0.2 192.168.77.1
	run_cmd shmif -s unix://a.sock ping -c 1 -s 6000 192.168.77.1
	run_cmd shmif -s unix://a.sock ifconfig virt0
	expect 'address: b2:0a:..:0b:0e:00'
	expect 'status: active'
	expect 'mtu 1500'
}

@test "curl between the machine and a virtual host, both ways" {
	random_file file 20000000
	start_virt a virt0,192.168.77.2/24
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	start_http web a 80
	run_cmd "${machine[@]}" curl -sS -o got http://192.168.77.2/file
	same_file got file
	start_bg real "${machine[@]}" "$PYTHON" -u -m http.server 8000
	wait_for in_file real.log Serving
	run_cmd on a curl -sS -o got2 http://192.168.77.1:8000/file
	same_file got2 file
	in_file real.log '192\.168\.77\.2 .*GET /file'
}

@test "virt0 is tap0, made and destroyed by ifconfig" {
	start_virt a virt3
	has_tap tap3 UP
	run_cmd shmif -s unix://a.sock ifconfig virt0 create
	has_tap tap0 UP
	run_cmd shmif -s unix://a.sock ifconfig virt0 destroy
	run ! has_tap tap0 .
	# A persistent one stays, and its owner sets it up.
	"${machine[@]}" ip tuntap add dev tap5 mode tap
	run_cmd shmif -s unix://a.sock ifconfig virt5 create
	run ! has_tap tap5 '[<,]UP'
	# Down on the machine: nothing arrives, nothing fails.
	run_cmd shmif -s unix://a.sock ifconfig virt5 inet 192.168.75.2/24
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 192.168.75.1
	"${machine[@]}" ip link set tap5 up
	"${machine[@]}" ip addr add 192.168.75.1/24 dev tap5
	run_cmd shmif -s unix://a.sock ping -c 1 192.168.75.1
	run_cmd shmif -s unix://a.sock ifconfig virt5 destroy
	has_tap tap5 .
}

@test "the MTU is the tap's; larger frames are dropped and counted" {
	"${machine[@]}" ip tuntap add dev tap0 mode tap
	"${machine[@]}" ip link set tap0 mtu 9000 up
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	start_virt a virt0,192.168.77.2/24
	run_cmd shmif -s unix://a.sock ifconfig virt0
	expect 'mtu 9000'
	run_cmd "${machine[@]}" ping -c 1 -M 'do' -s 8972 192.168.77.2
	run_cmd shmif -s unix://a.sock ifconfig virt0 mtu 1400
	run_cmd -1 "${machine[@]}" ping -c 1 -W 1 -M 'do' -s 1400 192.168.77.2
	run_cmd shmif -s unix://a.sock ifconfig --json virt0
	expect '"drops": 1$'
	run_cmd "${machine[@]}" ping -c 1 -s 1372 192.168.77.2
}

ticks() {
	sed 's/.*) //' "/proc/${PID[a]}/stat" | awk '{ print $12 + $13 }'
}

no_carrier() {
	tool a ifconfig virt0 | grep -q 'no carrier'
}

@test "a tap that is taken away is told once, and costs nothing" {
	local before

	start_virt a virt0,192.168.77.2/24
	"${machine[@]}" ip link del tap0
	wait_for in_file a.log 'virt0: the host has removed tap0'
	wait_for no_carrier
	before=$(ticks)
	run_cmd -1 shmif -s unix://a.sock ping -c 2 -i 0.5 -W 1 192.168.77.1
	[ $(($(ticks) - before)) -lt 30 ]
	[ "$(wc -l <a.log)" -eq 1 ]
	run_cmd shmif -s unix://a.sock ifconfig virt0 destroy
	run_cmd shmif -s unix://a.sock ifconfig virt0 create
	has_tap tap0 UP
}

# The main road: a host that has only a bus, one with a bus and a tap.
start_gateway() {
	start_virt gw virt0,192.168.77.2/24 -i shmif0=net,10.0.0.1/24 "$@"
	start_host in 10.0.0.2 -r default=10.0.0.1
	run_cmd shmif -s unix://gw.sock sysctl net.inet.ip.forwarding=1
}

@test "a host on a bus reaches the machine through another host" {
	random_file file 20000000
	start_gateway
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	"${machine[@]}" ip route add 10.0.0.0/24 via 192.168.77.2
	run_cmd shmif -s unix://in.sock ping -c 2 -i 0.2 192.168.77.1
	expect 'ttl=63'
	# The bus takes 32 KiB in one frame, the tap 1500.
	run_cmd shmif -s unix://in.sock ping -c 1 -s 4000 192.168.77.1
	run_cmd "${machine[@]}" ping -c 1 -s 4000 10.0.0.2
	run_cmd -1 "${machine[@]}" ping -c 1 -W 1 -t 1 10.0.0.2
	expect 'From 192\.168\.77\.2 .*Time to live exceeded'
	start_bg real "${machine[@]}" "$PYTHON" -u -m http.server 8000
	wait_for in_file real.log Serving
	run_cmd on in curl -sS -o got http://192.168.77.1:8000/file
	same_file got file
	in_file real.log '10\.0\.0\.2 .*GET /file'
	start_http web in 80
	run_cmd "${machine[@]}" curl -sS -o got2 http://10.0.0.2/file
	same_file got2 file
	# Only while it is a router.
	run_cmd shmif -s unix://gw.sock sysctl net.inet.ip.forwarding=0
	run_cmd -1 shmif -s unix://in.sock ping -c 1 -W 1 192.168.77.1
}

# The manual's first three examples, in the machine's place.
@test "the manual's examples: a user's tap, a server on it, a gateway" {
	mkdir bin
	printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
	chmod 755 bin/sudo
	echo 'from here' >index.html
	{
		echo "set -e; export USER=root PATH=$DIR/bin:\$PATH"
		sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' \
			"$BATS_TEST_DIRNAME/../tap/virt.4" |
			sed -n '/^\.Bd -literal/,/^\.Ed/p' | awk '
			/^\.Bd/ && ++n > 3 { exit }
			!/^\./ { sub(/\\e$/, "\\"); print }'
		# shellcheck disable=SC2016
		echo 'kill $(jobs -p); shmif halt'
	} >script
	run_cmd "${machine[@]}" bash script
	[ "$(grep -c '^from here$' <<<"$output")" -eq 2 ] || fail "$output"
}

@test "a router tells the next hop's MTU, and that there is no route" {
	start_gateway
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	"${machine[@]}" ip route add 10.0.0.0/8 via 192.168.77.2
	run_cmd shmif -s unix://gw.sock ifconfig shmif0 mtu 1000
	run_cmd -1 "${machine[@]}" ping -c 1 -W 1 -M 'do' -s 1200 10.0.0.2
	expect 'Frag needed and DF set \(mtu = 1000\)'
	run_cmd "${machine[@]}" ping -c 1 -s 1200 -M dont 10.0.0.2
	run_cmd -1 "${machine[@]}" ping -c 1 -W 1 10.9.9.9
	expect 'Destination Net Unreachable'
}

@test "an ordinary user has a tap of its own" {
	with_dev_net 666
	"${machine[@]}" ip tuntap add dev tap0 mode tap user nobody
	"${machine[@]}" ip addr add 192.168.77.1/24 dev tap0
	"${machine[@]}" ip link set tap0 up
	start_bg a "${WITH[@]}" shmif_server -s -i virt0,192.168.77.2/24 \
		"unix://$DIR/a.sock"
	wait_for host_up a
	run_cmd "${machine[@]}" ping -c 1 192.168.77.2
	has_tap tap0 .
}

@test "no tap: one line says why, and what to do" {
	local add='sudo ip tuntap add dev tap0 mode tap user nobody$'

	with_dev_net 666
	run_bad 1 'virt0: tap0 does not exist, .* privilege' "$add" \
		"${WITH[@]}" shmif_server -i virt0 unix://a.sock
	"${machine[@]}" ip tuntap add dev tap0 mode tap user root
	run_bad 1 'virt0: tap0 belongs to another user' "del dev tap0.*$add" \
		"${WITH[@]}" shmif_server -i virt0 unix://a.sock
	"${machine[@]}" ip link del tap0
	"${machine[@]}" ip tuntap add dev tap0 mode tun user nobody
	run_bad 1 'tap0 exists and is no plain tap' "$add" \
		"${WITH[@]}" shmif_server -i virt0 unix://a.sock
	with_dev_net 600
	run_bad 1 'no permission to open /dev/net/tun' 'sudo chmod 666' \
		"${WITH[@]}" shmif_server -i virt0 unix://a.sock
	with_dev_net ''
	run_bad 1 'there is no /dev/net/tun' 'sudo modprobe tun' \
		"${WITH[@]}" shmif_server -i virt0 unix://a.sock
	[ ! -e a.sock ]
	start_virt a virt7
	run_bad 1 'virt7: tap7 is in use' 'another number' \
		"${machine[@]}" shmif_server -i virt7 unix://b.sock
	run_cmd -1 shmif -s unix://a.sock ifconfig virt7 linkstr /tmp/x
	expect_err 'virt7 takes no linkstr'
}

@test "tap-bridge puts a virtual host on the machine's Ethernet" {
	cd "$BATS_TEST_DIRNAME/.."
	bridge=$PWD/scripts/tap-bridge
	cd "$DIR"
	start_outside
	echo hello >file
	run_cmd "${machine[@]}" "$bridge" eth0 tap0
	start_virt a virt0,198.51.100.3/24
	run_cmd on a curl -sS http://198.51.100.1:8000/file
	expect hello
	run_cmd ip netns exec "$OUT" ping -c 1 198.51.100.3
	run_cmd "${machine[@]}" ping -c 1 198.51.100.1
	run_bad 1 'br-tap0 is there already' 'tap-bridge eth0 tap0 down' \
		"${machine[@]}" "$bridge" eth0 tap0
	stop a
	run_cmd "${machine[@]}" "$bridge" eth0 tap0 down
	run ! has_tap tap0 .
	run ! has_tap br-tap0 .
	run_cmd "${machine[@]}" ip route get 203.0.113.1
	expect 'via 198\.51\.100\.1 dev eth0'
	run_cmd "${machine[@]}" ping -c 1 198.51.100.1
}

@test "tap-nat lends virtual hosts the machine's address" {
	command -v iptables >/dev/null || requires nft
	nat=$(cd "$BATS_TEST_DIRNAME/../scripts" && pwd)/tap-nat
	start_outside
	echo hello >file
	run_cmd "${machine[@]}" "$nat" tap0 192.168.77.1/24 \
		10.0.0.0/24=192.168.77.2
	expect 'default=192\.168\.77\.1'
	start_gateway -r default=192.168.77.1
	run_cmd on gw curl -sS http://198.51.100.1:8000/file
	expect hello
	run_cmd on in curl -sS http://198.51.100.1:8000/file
	expect hello
	[ "$(grep -c '198\.51\.100\.2 .*GET /file' outside.log)" -eq 2 ]
	run_bad 1 'tap0 is set up already' 'tap-nat tap0 down' \
		"${machine[@]}" "$nat" tap0
	stop gw
	run_cmd "${machine[@]}" "$nat" tap0 down
	run ! has_tap tap0 .
	run_cmd "${machine[@]}" cat /proc/sys/net/ipv4/ip_forward
	expect '^0$'
	run_bad 1 'tap0 is not one' 'tap-nat' "${machine[@]}" "$nat" tap0 down
}

@test "faults of a tap: the machine's packets and the host's are delayed and cut" {
	start_virt a virt0,192.168.50.2/24
	"${machine[@]}" ip addr add 192.168.50.1/24 dev tap0
	"${machine[@]}" ip link set tap0 up
	run_cmd tool a ping -c 1 -w 5 192.168.50.1
	run_cmd tool a link virt0 set delay 40ms
	run_cmd tool a link virt0 set in delay 40ms
	run_cmd "${machine[@]}" ping -c 2 -i 0.2 192.168.50.2
	expect 'min.* = (8|9|10)[0-9]\.'
	run_cmd tool a link virt0 set partition 192.168.50.1
	run_cmd -1 "${machine[@]}" ping -c 2 -i 0.2 -w 1 192.168.50.2
	run_cmd tool a link virt0 clear
	run_cmd "${machine[@]}" ping -c 2 -i 0.2 -w 5 192.168.50.2
}
