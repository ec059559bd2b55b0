#!/usr/bin/env bats
# scripts/shmif-net: networks from a file.

load helpers
load helpers.net

setup() {
	common_setup
	net=$BATS_TEST_DIRNAME/../scripts/shmif-net
	examples=$BATS_TEST_DIRNAME/../scripts/topologies
}

teardown() {
	local file bad=0

	for file in "${UP[@]}"; do
		"${machine[@]}" "$net" down "$file" || :
	done
	common_teardown || bad=1
	[ -z "${NET:-}" ] || ip netns del "$NET"
	[ -z "${OUT:-}" ] || ip netns del "$OUT"
	return $bad
}

# usage: up FILE
up() {
	UP+=("$1")
	run_cmd "${machine[@]}" "$net" up "$1"
	sed 's/: /=/' out >hosts
}

down() {
	run_cmd "${machine[@]}" "$net" down "$1"
	UP=()
	[ ! -e run/shmif-net ]
}

# The control tool on a host of the network.  usage: at_host NAME COMMAND...
at_host() {
	local url

	url=$(sed -n "s/^$1=RUMP_SERVER=//p" hosts)
	run_cmd "${machine[@]}" shmif -s "$url" "${@:2}"
}

# A machine with a network beyond it, both in namespaces.
start_machine() {
	NET=${DIR##*.}
	OUT=$NET.out
	machine=(ip netns exec "$NET")
	ip netns add "$NET"
	ip netns add "$OUT"
	"${machine[@]}" ip link set lo up
	ip link add eth0 netns "$NET" type veth peer name eth0 netns "$OUT"
	ip -n "$OUT" addr add 198.51.100.1/24 dev eth0
	ip -n "$OUT" link set eth0 up
	ip -n "$NET" addr add 198.51.100.2/24 dev eth0
	ip -n "$NET" link set eth0 up
	ip -n "$NET" route add default via 198.51.100.1
	start_bg outside ip netns exec "$OUT" "$PYTHON" -u -m http.server 8000
	wait_for in_file outside.log Serving
}

@test "two hosts: up, down, and nothing is left" {
	up "$examples/two-hosts.net"
	[ "$(wc -l <hosts)" -eq 2 ]
	at_host client ping -c 1 10.0.0.1
	url=$(sed -n 's/^client=RUMP_SERVER=//p' hosts)
	run_cmd shmhijack -s "$url" curl -sS http://10.0.0.1/two-hosts.net
	expect '^host client$'
	run_cmd shmif bus list
	expect '/wire: '
	run_bad 1 'two-hosts is up already' 'down two-hosts ends it' \
		"$net" up "$examples/two-hosts.net"
	down "$examples/two-hosts.net"
	run_cmd shmif bus list
	! grep wire out || fail "the bus is left"
	no_leftovers
	run_bad 1 'two-hosts is not up' . "$net" down "$examples/two-hosts.net"
}

@test "two buses and a router" {
	up "$examples/router.net"
	at_host left ping -c 1 10.2.0.1
	expect 'ttl=63'
	at_host left ping6 -c 1 fd02::1
	at_host left traceroute -n 10.2.0.1
	expect '^ 1  10\.1\.0\.254 '
	url=$(sed -n 's/^left=RUMP_SERVER=//p' hosts)
	run_cmd shmhijack -s "$url" curl -sS 'http://[fd02::1]/router.net'
	expect '^host router$'
	down "$examples/router.net"
	no_leftovers
}

@test "a LAN with a gateway to the machine, and NAT" {
	requires root netns tun ip
	command -v nft >/dev/null || command -v iptables >/dev/null ||
		skip "neither nft nor iptables"
	start_machine
	"${machine[@]}" iptables -nL >/dev/null 2>&1 ||
		"${machine[@]}" nft list ruleset >/dev/null 2>&1 ||
		skip "no firewall rules in a namespace here"
	up "$examples/nat.net"
	at_host a ping -c 1 10.77.0.2
	at_host a ping -c 1 192.168.77.1
	at_host a ping -c 1 198.51.100.1
	expect 'ttl=62'
	at_host b traceroute -n 198.51.100.1
	expect '^ 1  10\.77\.0\.254 '
	url=$(sed -n 's/^b=RUMP_SERVER=//p' hosts)
	run_cmd shmhijack -s "$url" curl -sS http://198.51.100.1:8000/
	# What came out was the machine's.
	in_file outside.log '198\.51\.100\.2 - - .*GET /'
	down "$examples/nat.net"
	run_cmd "${machine[@]}" ip link
	! grep tap0 out || fail "the tap is left"
}

@test "show draws all of it, as dot can read" {
	for file in "$examples"/*.net; do
		run_cmd "$net" show "$file"
		expect '^graph "'
		[ "$(tail -n 1 out)" = '}' ]
		[ "$(grep -c '\[' out)" -ge 5 ]
	done
	run_cmd "$net" show "$examples/router.net"
	expect '"router" -- "bus west" \[label="shmif0\\n10\.1\.0\.254/24'
	expect '"right" -- "bus east" '
	requires dot
	run_cmd dot -Tsvg out
}

@test "a program that fails undoes all, and its words are shown" {
	cat >bad.net <<-'END'
		bus wire
		host a
			iface wire 10.0.0.1/24
			run sleep 1000 & sleep 1000
			run echo it is broken >&2; exit 3
			wait listen 80
	END
	run_bad 1 'a\.2 has ended \(status 3\)' 'it is broken' "$net" up bad.net
	[ ! -e run/shmif-net ]
	run_cmd shmif bus list
	[ ! -s out ]
	no_leftovers
}

@test "conditions: exit, file, run, udp, and one that does not come" {
	cat >good.net <<-'END'
		bus wire mtu=1500 subnet=10.9.0.0/24
		host a
			iface wire
			run sleep 0.2; touch ready
			wait exit
			wait file ready
			run exec nc -u -l 53
			wait udp 53
			wait 5 run shmif ping -c 1 10.9.0.2
		host b
			iface wire 10.9.0.2/24
	END
	up good.net
	[ -e ready ]
	at_host a ifconfig shmif0
	expect 'mtu 1500'
	expect 'inet 10\.9\.0\.1/24'
	down good.net
	no_leftovers
	printf 'bus wire\nhost a\niface wire\nrun sleep 99\nwait 1 listen 1\n' \
		>never.net
	run_bad 1 'a\.1: no listen 1 in 1 s' . "$net" up never.net
	no_leftovers
}

@test "mistakes are one line with the file's line" {
	while IFS='|' read -r text why; do
		printf '%b' "$text" >bad.net
		run_cmd -1 "$net" up bad.net
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "^shmif-net: .*bad\.net:[0-9]+: .*$why"
		[ ! -e run/shmif-net ]
	done <<-'END'
		frob\n|frob: not one of bus, join, tap, host
		iface lan\n|below a host
		bus a\nbus a\n|a: there is such a bus already
		bus a\njoin a b\n|b: no such bus above
		join a slirp://\n|a: no such bus above
		bus a\njoin a slirp:// mtu\n|mtu: not one of mtu=
		bus a frob=1\n|frob=1: not one of mtu=
		host a\niface lan\n|lan: no such bus above
		bus a\nhost b\niface a 10.0.0.999/24\n|10\.0\.0\.999
		bus a\nhost b\niface a\ngateway nowhere\n|nowhere
		host b\nwait listen 80\n|below a run
		host b\nrun true\nwait frob\n|wait \[SECONDS\] listen PORT
		host b\nvde nowhere\n|vde VNL \[ADDR/LEN\]
		host b\nvde slirp:// 10.0.2.300/24\n|10\.0\.2\.300
		host b\nforward ipx\n|ipx: inet or inet6
		host b\nsysctl a b\n|sysctl: fewer words
		host 'x\n|No closing quotation
	END
	run_bad 1 'no\.net' 'No such file' "$net" up no.net
	: >empty.net
	run_bad 1 'empty\.net' 'no host in it' "$net" up empty.net
	run_bad 2 usage up "$net" sideways empty.net
}

@test "buses that are joined; a join that fails" {
	printf '%s\n' 'bus left' 'bus right mtu=1500' 'join left right' \
		'host a' 'iface left 10.0.0.1/24' \
		'host b' 'iface right 10.0.0.2/24' >two.net
	up two.net
	at_host a ping -c 1 b
	run_cmd "$net" show two.net
	expect '"bus left" -- "bus right"'
	down two.net
	no_leftovers
	printf '%s\n' 'bus left' 'join left nosuch://' 'host a' 'iface left' \
		>bad.net
	run_bad 1 'nosuch://' 'libvdeplug' "$net" up bad.net
	no_leftovers
}

@test "a bus that exists already is not taken, nor removed" {
	run_cmd shmif bus create wire
	run_bad 1 'wire' 'exists' "$net" up "$examples/two-hosts.net"
	[ ! -e run/shmif-net ]
	[ -e run/shmif/wire ]
	run_cmd shmif bus remove wire
}

@test "changed topologies: each parses, or fails with one line" {
	run_cmd "$PYTHON" "$BATS_TEST_DIRNAME/h_topology.py" "$RANDOM" 2000
	expect ' parsed, '
}
