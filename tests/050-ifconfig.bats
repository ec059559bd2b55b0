#!/usr/bin/env bats
# The way of NetBSD's rump kernels: a bare server, then ifconfig.

load helpers
load helpers.net

# A server without an interface, and the tool pointed at it.
bare_server() {
	start_bg b shmif_server -s unix://b.sock
	wait_for host_up b
	export RUMP_SERVER=unix://b.sock
}

@test "create, linkstr, inet, -a, destroy" {
	bare_server
	run_cmd shmif ifconfig shmif0 create
	run_cmd shmif ifconfig shmif0 linkstr "$DIR/bus"
	[ -f bus ]
	run_cmd shmif ifconfig shmif0 inet 10.0.0.4/24
	run_cmd shmif ifconfig -a
	expect '^lo: .*LOOPBACK'
	expect '^shmif0: flags=0x[0-9a-f]+<UP,BROADCAST,RUNNING,MULTICAST> mtu'
	expect "linkstr: $DIR/bus\$"
	expect 'address: [0-9a-f]{2}(:[0-9a-f]{2}){5}$'
	expect 'inet 10\.0\.0\.4/24 broadcast 10\.0\.0\.255'
	has_members ./bus 1
	run_cmd shmif ifconfig shmif0 destroy
	run_cmd shmif ifconfig -l
	[ "$output" = lo ]
	has_members ./bus 0
}

@test "two hosts made by ifconfig talk, and the rump. names work" {
	start_host a 10.0.0.1
	start_bg b shmif_server -s unix://b.sock
	wait_for host_up b
	ln -s "$B/shmif" rump.ifconfig
	ln -s "$B/shmif" rump.ping
	ln -s "$B/libshmhijack.so" libshmhijack.so
	export RUMP_SERVER=unix://$DIR/b.sock
	run_cmd ./rump.ifconfig shmif0 create
	run_cmd ./rump.ifconfig shmif0 linkstr net
	run_cmd ./rump.ifconfig shmif0 inet 10.0.0.2 netmask 255.255.255.0
	run_cmd ./rump.ping -c 1 10.0.0.1
	expect '1 received'
	unset RUMP_SERVER
}

@test "several words in one call" {
	bare_server
	run_cmd shmif ifconfig shmif0 create linkstr net inet 10.0.0.4/24 up
	run_cmd shmif ifconfig shmif0
	expect 'inet 10\.0\.0\.4/24'
	run_cmd shmif ifconfig shmif0 destroy
}

@test "down and up, -linkstr and another bus" {
	bare_server
	start_host a 10.0.0.1
	BUS=other start_host c 10.0.0.3
	run_cmd shmif ifconfig shmif0 create linkstr net inet 10.0.0.2/24
	run_cmd shmif ping -c 1 10.0.0.1
	run_cmd shmif ifconfig shmif0 down
	run_cmd shmif ifconfig shmif0
	! grep -E '<.*UP' out || fail "it is up"
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.2
	run_cmd shmif ifconfig shmif0 up
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_cmd shmif ifconfig shmif0 down
	run_cmd shmif ifconfig shmif0 -linkstr
	has_members net 1
	run_cmd shmif ifconfig shmif0 linkstr other
	run_cmd shmif ifconfig shmif0 up
	run_cmd shmif ifconfig shmif0 inet 10.0.0.2/24 || :
	run_cmd shmif ping -c 1 10.0.0.3
	has_members other 2
}

@test "what the order of words forbids, each with its reason" {
	bare_server
	run_bad 1 'shmif0 does not exist' 'create' \
		shmif ifconfig shmif0 inet 10.0.0.4/24
	run_cmd shmif ifconfig shmif0 create
	run_bad 1 'shmif0 exists' 'destroy' shmif ifconfig shmif0 create
	run_bad 1 'shmif0 has no bus yet' 'linkstr' \
		shmif ifconfig shmif0 inet 10.0.0.4/24
	run_bad 1 'shmif0 has no bus yet' 'linkstr' shmif ifconfig shmif0 up
	run_cmd shmif ifconfig shmif0 linkstr one
	run_bad 1 'shmif0 is linked to .*/one already' '-linkstr' \
		shmif ifconfig shmif0 linkstr two
	run_cmd shmif ifconfig shmif0 inet 10.0.0.4/24
	run_bad 1 'shmif0 is (up|linked)' 'down|-linkstr' \
		shmif ifconfig shmif0 linkstr two
	run_cmd shmif ifconfig shmif0
	expect 'linkstr: .*/one$'
	expect 'inet 10\.0\.0\.4/24'
	[ ! -e run/shmif/two ]
	# It lets go of the addresses as well: they belonged to that bus.
	run_cmd shmif ifconfig shmif0 -linkstr
	run_cmd shmif ifconfig shmif0
	! grep -E 'UP|inet |linkstr' out || fail "something of it is left"
	run_bad 1 'shmif0 is not linked' . shmif ifconfig shmif0 -linkstr
}

@test "names and addresses that are none" {
	bare_server
	run_bad 1 'foo0' 'shmifN' shmif ifconfig foo0 create
	run_bad 1 'shmif7 does not exist' 'create' shmif ifconfig shmif7 destroy
	run_bad 1 'lo stays' 'only' shmif ifconfig lo destroy
	run_cmd shmif ifconfig shmif0 create linkstr net
	run_cmd -2 shmif ifconfig shmif0 inet 10.0.0.300
	run_cmd -2 shmif ifconfig shmif0 inet 10.0.0.1/33
	run_cmd -2 shmif ifconfig shmif0 nonsense
	run_cmd -2 shmif ifconfig -q
	[ ! -s out ]
	run_bad 1 'shmif0: not an address' 'unicast' \
		shmif ifconfig shmif0 inet 224.0.0.1/24
	run_bad 1 'mtu 70000' '576' shmif ifconfig shmif0 mtu 70000
}

@test "an address that another host of the bus has" {
	start_host a 10.0.0.1
	bare_server
	run_cmd shmif ifconfig shmif0 create linkstr net
	run_bad 1 'shmif0: .*slot 0.*has that address' 'another' \
		shmif ifconfig shmif0 inet 10.0.0.1/24
	run_cmd shmif ifconfig shmif0 inet 10.0.0.2/24
	run_cmd shmif ping -c 1 10.0.0.1
}

@test "alias, -alias and several interfaces" {
	start_host a 10.0.0.1
	BUS=two start_host c 10.1.0.1
	bare_server
	run_cmd shmif ifconfig shmif0 create linkstr net inet 10.0.0.2/24
	run_cmd shmif ifconfig shmif0 inet 10.0.0.12/24 alias
	run_cmd shmif ifconfig shmif1 create linkstr two inet 10.1.0.2/24
	run_cmd shmif ping -c 1 10.0.0.1
	run_cmd shmif ping -c 1 10.1.0.1
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.12
	run_cmd shmif ifconfig -l
	[ "$output" = 'lo shmif0 shmif1' ]
	run_cmd shmif ifconfig shmif0 inet 10.0.0.12 -alias
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.12
	run_cmd shmif ping -c 1 10.0.0.1
}

@test "an interface destroyed while a transfer uses it" {
	random_file big 50000000
	start_host a 10.0.0.1
	start_http web a 80
	bare_server
	run_cmd shmif ifconfig shmif0 create linkstr net inet 10.0.0.2/24
	start_bg curl on b curl -sS --max-time 20 -o part http://10.0.0.1/big
	wait_for [ -s part ]
	kill -STOP "${PID[curl]}"
	run_cmd shmif ifconfig shmif0 destroy
	kill -CONT "${PID[curl]}"
	has_members net 1
	run_cmd shmif ifconfig shmif0 create linkstr net inet 10.0.0.3/24
	run_cmd shmif ping -c 1 10.0.0.1
	stop curl
}
