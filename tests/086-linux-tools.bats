#!/usr/bin/env bats
# Unmodified net-tools and iproute2 see and change the virtual host.

load helpers
load helpers.net

setup() {
	common_setup
	# ip copies a string onto itself; that is not for us to find.
	ASAN_OPTIONS+=:replace_str=0:intercept_strlen=0
	ASAN_OPTIONS+=:intercept_strchr=0:intercept_strndup=0
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	tool b ifconfig shmif0 inet6 fd00::2/64
	tool b route add default 10.0.0.1 >/dev/null
	tool b route add default fd00::1 >/dev/null
	run_cmd tool b ping -c 1 10.0.0.1
	MAC=$(tool b ifconfig shmif0 | sed -n 's/.*address: //p')
	MAC_A=$(tool a ifconfig shmif0 | sed -n 's/.*address: //p')
}

no_host_of_mine() {
	! grep -E '\b(eth0|ens[0-9]+):? |mtu 65536' out || fail "that is the machine's"
}

@test "ifconfig shows what shmif ifconfig shows" {
	requires ifconfig
	run_cmd on b ifconfig -a
	expect '^lo: .*LOOPBACK'
	expect '^shmif0: flags=.*<UP,BROADCAST,RUNNING,MULTICAST>  mtu 32768'
	expect 'inet 10\.0\.0\.2  netmask 255\.255\.255\.0  broadcast 10\.0\.0\.255'
	expect 'inet6 fd00::2  prefixlen 64'
	expect "ether $MAC"
	expect 'RX packets [1-9]'
	no_host_of_mine
	run_cmd on b ifconfig shmif0
	expect 'inet 10\.0\.0\.2 '
	run_cmd -1 on b ifconfig shmif7
}

@test "ifconfig sets address, mask, MTU, up and down" {
	requires ifconfig
	run_cmd on b ifconfig shmif0 10.0.0.9 netmask 255.255.0.0
	run_cmd tool b ifconfig shmif0
	expect 'inet 10\.0\.0\.9/16 '
	run_cmd on b ifconfig shmif0 mtu 1400
	run_cmd on b ifconfig shmif0 down
	run_cmd tool b ifconfig shmif0
	expect 'mtu 1400'
	! grep -E '<.*UP' out || fail "it is up"
	run_cmd on b ifconfig shmif0 up
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd on b ifconfig shmif0 add fd00::9/64
	run_cmd tool b ifconfig shmif0
	expect 'inet6 fd00::9/64'
	run_cmd on b ifconfig shmif0 del fd00::9/64
	run_cmd tool b ifconfig shmif0
	! grep fd00::9 out || fail "it is still there"
}

@test "route and arp" {
	requires route arp
	run_cmd on b route -n
	expect '^0\.0\.0\.0 +10\.0\.0\.1 +0\.0\.0\.0 +UG .* shmif0$'
	expect '^10\.0\.0\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* shmif0$'
	no_host_of_mine
	run_cmd on b route -6 -n
	expect '^::/0 +fd00::1 +UG .* shmif0$'
	run_cmd on b route add -net 10.5.0.0 netmask 255.255.0.0 gw 10.0.0.1
	run_cmd tool b route show
	expect '^10\.5/16 +10\.0\.0\.1 +UGS '
	run_cmd on b route del -net 10.5.0.0 netmask 255.255.0.0
	run_cmd -7 on b route del -net 10.5.0.0 netmask 255.255.0.0
	run_cmd on b route add -host 10.6.0.1 reject
	run_cmd -2 tool b ping -c 1 10.6.0.1
	run_cmd on b arp -an
	expect "\(10\.0\.0\.1\) at $MAC_A \[ether\] on shmif0"
	no_host_of_mine
	run_cmd on b arp -s 10.0.0.77 02:00:00:00:00:77
	run_cmd tool b arp -an
	expect '10\.0\.0\.77\) at 02:00:00:00:00:77 .*permanent'
	run_cmd on b arp -d 10.0.0.77
	run_cmd on b arp -n
	! grep 10.0.0.77 out || fail "it is still there"
}

@test "ip addr and ip link" {
	requires ip
	run_cmd on b ip addr
	expect '^2: shmif0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 32768 .*UP'
	expect "link/ether $MAC brd ff:ff:ff:ff:ff:ff"
	expect 'inet 10\.0\.0\.2/24 brd 10\.0\.0\.255 scope global shmif0'
	expect 'inet6 fd00::2/64 scope global'
	no_host_of_mine
	run_cmd on b ip -6 addr show dev shmif0
	expect 'inet6 fe80:.*/64 scope link'
	run_cmd on b ip addr add 10.0.0.50/24 dev shmif0
	run_cmd tool a ping -c 1 10.0.0.50
	run_cmd on b ip addr del 10.0.0.50/24 dev shmif0
	run_cmd tool b ifconfig shmif0
	! grep -F 10.0.0.50 out || fail "it is still there"
	run_cmd on b ip link set shmif0 mtu 9000
	run_cmd on b ip link set shmif0 down
	run_cmd on b ip link show shmif0
	expect 'mtu 9000 .*state DOWN'
	run_cmd on b ip link set shmif0 up
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd -1 on b ip link show shmif7
}

@test "the loopback is lo, and lo0 for those who ask for that" {
	run_cmd on b "$PYTHON" -c 'import socket
for name in "lo", "lo0":
    i = socket.if_nametoindex(name)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    print(i, socket.if_indextoname(i),
          s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
print([n for i, n in socket.if_nameindex()])'
	[ "$output" = "1 lo b'lo\\x00'
1 lo b'lo\\x00'
['lo', 'shmif0']" ]
	for name in lo lo0; do
		run_cmd tool b ifconfig "$name"
		expect '^lo: .*LOOPBACK'
		run_cmd tool b route add 10.9.0.0/16 -interface "$name"
		run_cmd tool b route show
		expect '^10\.9/16 .* lo$'
		run_cmd tool b route delete 10.9.0.0/16
		which ip >/dev/null || continue
		run_cmd on b ip link show dev "$name"
		expect '^1: lo: <LOOPBACK,UP,LOWER_UP> '
	done
}

@test "ip route and ip neigh" {
	requires ip
	run_cmd on b ip route
	expect '^default via 10\.0\.0\.1 dev shmif0'
	expect '^10\.0\.0\.0/24 dev shmif0 proto kernel scope link src 10\.0\.0\.2'
	no_host_of_mine
	run_cmd on b ip -6 route
	expect '^default via fd00::1 dev shmif0'
	run_cmd on b ip route add 10.3.0.0/16 via 10.0.0.3 metric 5
	run_cmd on b ip route add 10.3.0.0/16 via 10.0.0.4 metric 9
	run_cmd on b ip route get 10.3.1.1
	expect '^10\.3\.1\.1 via 10\.0\.0\.3 dev shmif0 src 10\.0\.0\.2'
	run_cmd on b ip route replace 10.3.0.0/16 via 10.0.0.5 metric 5
	run_cmd on b ip route get 10.3.1.1
	expect 'via 10\.0\.0\.5 '
	run_cmd on b ip route del 10.3.0.0/16 metric 5
	run_cmd on b ip route show 10.3.0.0/16
	expect 'via 10\.0\.0\.4 '
	run_cmd -2 on b ip route add 10.4.0.0/16 via 192.0.2.1
	expect_err 'unreachable'
	run_cmd on b ip route add unreachable 10.4.0.0/16
	run_cmd -2 tool b ping -c 1 10.4.0.1
	run_cmd on b ip neigh
	expect "^10\.0\.0\.1 dev shmif0 lladdr $MAC_A REACHABLE"
	no_host_of_mine
	run_cmd on b ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev shmif0
	run_cmd tool b arp -an
	expect '10\.0\.0\.77\) at 02:00:00:00:00:77 .*permanent'
	run_cmd on b ip neigh del 10.0.0.77 dev shmif0
	run_cmd tool b arp -an
	! grep -F 10.0.0.77 out || fail "it is still there"
}

@test "other programs read the same from /proc/net, and files are files" {
	run_cmd on b cat /proc/net/route
	expect '^shmif0	00000000	0100000A	0003	'
	run_cmd on b "$PYTHON" -c 'print(open("/proc/net/dev").read())'
	expect '^shmif0:'
	no_host_of_mine
	start_bg nc on b nc -l 8080
	wait_listen b 8080
	run_cmd on b cat /proc/self/net/tcp
	expect ' 00000000:1F90 00000000:0000 0A '
	run_cmd on b cat /proc/net/protocols
	run_cmd -1 on b cat /proc/net/no-such
	run_cmd on b "$PYTHON" -c 'import os
open("f", "w").write("x")
assert os.stat("f").st_mode & 0o777 == 0o644
fd = os.open("g", os.O_CREAT | os.O_WRONLY, 0o600)
assert os.fstat(fd).st_mode & 0o777 == 0o600
print(open("f").read())'
	[ "$output" = x ]
}
