#!/usr/bin/env bats
# What others read elsewhere: /proc/net, ioctl and netlink as net-tools and
# iproute2 use them, names of addresses, and close() that lingers.

load helpers
load helpers.net

two_hosts() {
	start_host a 10.0.0.1
	start_bg b shmif_server -s \
		-i shmif0=net,10.0.0.2/24,fd00::2/64,name=b \
		-r default=10.0.0.1 "unix://$DIR/b.sock"
	wait_for host_up b
}

@test "ifconfig, route, arp and netstat show the virtual host" {
	requires ifconfig route arp netstat
	two_hosts
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.0.0.1/out
	run_cmd on b ifconfig -a
	expect '^lo: .*LOOPBACK'
	expect '^shmif0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>'
	expect 'inet 10\.0\.0\.2  netmask 255\.255\.255\.0  broadcast 10\.0\.0'
	expect 'inet6 fd00::2  prefixlen 64'
	expect 'ether b2:a0:'
	expect 'RX packets [1-9]'
	! grep -E '^eth0:|mtu 65536' out || fail "interfaces of the machine"
	run_cmd on b route -n
	expect '^10\.0\.0\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* shmif0$'
	expect '^0\.0\.0\.0 +10\.0\.0\.1 +0\.0\.0\.0 +UG .* shmif0$'
	[ "$(wc -l <out)" -eq 4 ]
	run_cmd on b route -6 -n
	expect '^fd00::/64 '
	run_cmd on b arp -n
	expect '^10\.0\.0\.1 +ether +b2:a0:.* C .*shmif0$'
	[ "$(wc -l <out)" -eq 2 ]
	run_cmd on b netstat -rn
	expect '^0\.0\.0\.0 +10\.0\.0\.1 '
	run_cmd on a netstat -ant
	expect '^tcp +0 +0 0\.0\.0\.0:80 +0\.0\.0\.0:\* +LISTEN'
	run_cmd on b netstat -ant
	! grep LISTEN out || fail "sockets of another host"
	run_cmd on b netstat -s -t
	expect '^ +[1-9][0-9]* segments received'
}

@test "sockets of both families in /proc/net" {
	two_hosts
	start_bg socks on b "$PYTHON" -c '
import socket, time
s = socket.socket(socket.AF_INET6); s.bind(("::", 81)); s.listen()
c = socket.create_connection(("10.0.0.2", 81)); d, _ = s.accept()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", 53))
n = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); v.bind(("::1", 54))
r = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
print("ready"); time.sleep(60)'
	wait_for in_file socks.log ready
	run_cmd on b cat /proc/net/tcp
	expect '^ +0: 0200000A:[0-9A-F]{4} 0200000A:0051 01 '
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(awk '{ print length }' out | sort -u)" = 149 ]
	run_cmd on b cat /proc/net/tcp6
	expect ': 0{32}:0051 0{32}:0000 0A '
	expect ': 0{16}FFFF00000200000A:0051 0{16}FFFF00000200000A:[0-9A-F]+ 01 '
	run_cmd on b cat /proc/net/udp
	expect '^ +0: 00000000:0035 00000000:0000 07 '
	[ "$(wc -l <out)" -eq 2 ]
	run_cmd on b cat /proc/net/udp6
	expect ': 0{24}01000000:0036 '
	run_cmd on b cat /proc/net/raw
	expect ': 00000000:0001 00000000:0000 07 '
}

# What Linux shows in the same place.
@test "groups in /proc/net, by netlink, by ip and to Go" {
	requires root netns ip
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip link set shmif0 address 02:00:00:00:00:01
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip addr add fd00::1/64 dev shmif0 nodad
		ip link set shmif0 up
		ip link set peer0 up
		until ip -6 addr show dev shmif0 | grep 'inet6 fe80' |
			grep -qv tentative; do sleep 0.1; done
		exec "$@"
	END
	unshare -n timeout 20 sh linux.sh "$PYTHON" \
		"$BATS_TEST_DIRNAME/h_groups.py" shmif0 >linux
	start_bg host shmif_server -s -i \
		shmif0=own,10.0.0.1/24,fd00::1/64,mac=02:00:00:00:00:01 \
		unix://host.sock
	wait_for host_up host
	run_cmd on host "$PYTHON" "$BATS_TEST_DIRNAME/h_groups.py" shmif0
	diff linux out
	[ "$(wc -l <out)" -gt 40 ]
	run_cmd on host ip maddress show dev shmif0
	expect 'inet  224\.0\.0\.1$'
	expect 'inet6 ff02::1:ff00:1 users 2$'
	expect 'link  33:33:00:00:00:01$'
	# All of them left with the program.
	! grep -E '239|232|ff05|ff3e' out || fail "they are still there"
	run_cmd on host ip link set shmif0 down
	run_cmd on host ip maddress show dev shmif0
	! grep -E 'link|224' out || fail "it is down"
}

@test "every way of opening /proc/net, and what is not ours" {
	two_hosts
	for file in /proc/net/dev /proc/self/net/dev /proc/thread-self/net/dev
	do
		run_cmd on b cat $file
		expect '^shmif0: '
		run_cmd on b sh -c "while read -r l; do echo \"\$l\"; done <$file"
		expect '^shmif0: '
	done
	run_cmd on b "$PYTHON" -c '
import os
fd = os.open("/proc/net/route", os.O_RDONLY)
assert not os.get_inheritable(fd)
assert os.read(fd, 99).startswith(b"Iface\tDestination")
assert os.open("/proc/net/arp", os.O_RDONLY, dir_fd=fd) > fd
assert os.access("/proc/net/if_inet6", os.R_OK)
for how in os.O_WRONLY, os.O_RDWR:
    try:
        os.open("/proc/net/dev", how)
        assert False
    except PermissionError:
        pass
try:
    os.open("/proc/net/dev/", os.O_RDONLY | os.O_DIRECTORY)
    assert False
except NotADirectoryError:
    pass
'
	run_cmd on b sh -c 'cat /proc/net/unix | head -n 1'
	expect '^Num '
	run_cmd on b cat /proc/version
	expect '^Linux'
	run_cmd -1 on b cat /proc/net/none
	# Sockets that stay on the machine: so do its tables.
	cat /proc/net/route >want
	RUMPHIJACK=path=/rump run_cmd on b cat /proc/net/route
	same_file out want
	run_cmd env "LD_PRELOAD=$HIJACK" cat /proc/net/route
	same_file out want
}

@test "whether the host is a router stands in /proc/sys/net" {
	local file dir=/proc/sys/net

	start_host a 10.0.0.1
	for file in ipv4/ip_forward ipv4/conf/all/forwarding \
		ipv6/conf/all/forwarding ipv6/conf/shmif0/forwarding; do
		tool a sysctl -q net.inet.ip.forwarding=0
		tool a sysctl -q net.inet6.ip6.forwarding=0
		run_cmd on a cat $dir/$file
		[ "$output" = 0 ]
		tool a sysctl -q net.inet.ip.forwarding=1
		tool a sysctl -q net.inet6.ip6.forwarding=1
		run_cmd on a cat $dir/$file
		[ "$output" = 1 ]
	done
}

@test "net-tools set addresses, up, down, routes and neighbours" {
	requires ifconfig route arp
	two_hosts
	run_cmd on b ifconfig shmif0 10.0.0.9 netmask 255.255.255.0
	run_cmd shmif -s unix://b.sock ifconfig shmif0
	expect 'inet 10\.0\.0\.9/24 broadcast 10\.0\.0\.255'
	! grep -F 'inet 10.0.0.2/' out || fail "the old address is still there"
	run_cmd on b ping -c 1 10.0.0.1
	# Another host has that one: Linux does not ask either.
	run_cmd on b ifconfig shmif0 10.0.0.1 netmask 255.255.255.0
	run_cmd on b ifconfig shmif0 10.0.0.9 netmask 255.255.255.0
	run_cmd on b ifconfig shmif0
	expect 'inet 10\.0\.0\.9 '
	run_cmd on b ifconfig shmif0 down
	run_cmd on b ifconfig
	! grep ^shmif0 out || fail "it is up"
	run_cmd on b ifconfig shmif0 up mtu 1400
	run_cmd on b ifconfig shmif0
	expect '<UP,.*mtu 1400'
	run_cmd on b ping -c 1 10.0.0.1
	run_cmd on b ifconfig shmif0:1 10.0.0.33 netmask 255.255.255.0
	run_cmd on b ifconfig shmif0:2 10.0.0.34/24
	run_cmd on a ping -c 1 10.0.0.33
	run_cmd on b ifconfig shmif0:1 down
	run_cmd on b ifconfig -a
	! grep shmif0:1 out || fail "the alias is still there"
	expect '^shmif0:2:'
	run_cmd on b ifconfig shmif0 add fd00::9/64
	run_cmd on b ifconfig shmif0
	expect 'inet6 fd00::9 '
	run_cmd on b ifconfig shmif0 del fd00::9/64
	run_cmd on b route add -net 10.5.0.0 netmask 255.255.0.0 gw 10.0.0.1
	run_cmd on b route add -net 10.6.0.0/16 dev shmif0
	run_cmd on b route add -net 10.7.0.0/16 reject
	run_cmd on b route -n
	expect '^10\.5\.0\.0 +10\.0\.0\.1 +255\.255\.0\.0 +UG '
	expect '^10\.6\.0\.0 +0\.0\.0\.0 +255\.255\.0\.0 +U '
	expect '^10\.7\.0\.0 +- +255\.255\.0\.0 +! '
	for net in 10.5.0.0/16 10.6.0.0/16; do
		run_cmd on b route del -net $net
	done
	run_cmd on b route del -net 10.7.0.0/16 reject
	run_cmd -7 on b route del -net 10.5.0.0/16
	run_cmd on b route add -A inet6 fd02::/64 gw fd00::1
	run_cmd on b route -6 -n
	expect '^fd02::/64 +fd00::1 +UG '
	run_cmd on b arp -s 10.0.0.88 02:00:00:00:00:88
	run_cmd on b arp -n
	expect '^10\.0\.0\.88 +ether +02:00:00:00:00:88 +CM '
	run_cmd on b arp -d 10.0.0.88
	run_cmd -255 on b arp -d 10.0.0.88
	expect 'No ARP entry for 10\.0\.0\.88'
}

@test "iproute2 shows and sets the same" {
	requires ip
	# ip copies a string onto itself.
	ASAN_OPTIONS+=:replace_str=0:intercept_strlen=0
	ASAN_OPTIONS+=:intercept_strchr=0:intercept_strndup=0
	two_hosts
	run_cmd on b ip -br addr
	expect '^shmif0 +UP +10\.0\.0\.2/24 fd00::2/64 '
	run_cmd on b ip -6 -br addr
	expect '^shmif0 +UP +fd00::2/64 '
	run_cmd on b ip addr add 10.0.0.60/24 dev shmif0 label shmif0:x
	run_cmd on b ip addr replace 10.0.0.60/24 dev shmif0
	run_cmd -2 on b ip addr add 10.0.0.60/24 dev shmif0
	expect_err 'File exists'
	run_cmd on b ip -4 addr show label shmif0:x
	expect 'inet 10\.0\.0\.60/24 .* shmif0:x$'
	run_cmd on b ip addr flush dev shmif0 label shmif0:x
	run_cmd on b ip -4 -br addr show dev shmif0
	expect '^shmif0 +UP +10\.0\.0\.2/24 *$'
	run_cmd on b ip link set shmif0 mtu 1500
	run_cmd on b ip link set shmif0 down
	run_cmd on b ip link show shmif0
	expect 'mtu 1500 .*state DOWN'
	run_cmd on b ip link set shmif0 up
	run_cmd on b ip route replace default via 10.0.0.7
	run_cmd on b ip route replace 10.8.0.0/16 via 10.0.0.1 metric 7
	run_cmd on b ip route add unreachable 10.9.0.0/16
	run_cmd on b ip route
	expect '^default via 10\.0\.0\.7 dev shmif0 *$'
	expect '^10\.8\.0\.0/16 via 10\.0\.0\.1 dev shmif0 metric 7 *$'
	expect '^unreachable 10\.9\.0\.0/16 *$'
	run_cmd on b ip route get 10.8.1.1
	expect '^10\.8\.1\.1 via 10\.0\.0\.1 dev shmif0 src 10\.0\.0\.2'
	run_cmd -2 on b ip route get 10.9.1.1
	expect_err 'No route to host'
	run_cmd on b ip route flush 10.8.0.0/16
	run_cmd -2 on b ip route del 10.8.0.0/16
	run_cmd on b ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev shmif0
	run_cmd on b ip neigh
	expect '^10\.0\.0\.77 dev shmif0 lladdr 02:00:00:00:00:77 PERMANENT'
	run_cmd on b ip neigh del 10.0.0.77 dev shmif0
	run_cmd on b ip -j link
	"$PYTHON" -m json.tool <out >/dev/null
}

@test "addresses of members have their names" {
	two_hosts
	run_cmd on b "$PYTHON" -c '
import socket
for a in "10.0.0.1", "10.0.0.2", "fd00::2", "::ffff:10.0.0.1":
    for flags in 0, socket.NI_NAMEREQD, socket.NI_NUMERICHOST:
        print(*socket.getnameinfo((a, 80), flags | socket.NI_NUMERICSERV))
print(socket.gethostbyaddr("10.0.0.1"))
print(socket.getnameinfo(("127.0.0.1", 80), 0)[0])
'
	printf '%s 80\n' a a 10.0.0.1 b b 10.0.0.2 b b fd00::2 a a \
		::ffff:10.0.0.1 >want
	printf '%s\n' "('a', [], ['10.0.0.1'])" localhost >>want
	same_file out want
	run_cmd on b getent hosts 10.0.0.1
	expect '^10\.0\.0\.1 +a$'
	run_cmd on b ping -c 1 a
	expect 'from a \(10\.0\.0\.1\)'
}

# close() of b's while host a is stopped; how long it took, in s, in out.
# usage: lingering SECONDS [dup]
lingering() {
	start_bg sink on a "$PYTHON" -c '
import socket
s = socket.create_server(("", 99))
while 1:
    c, _ = s.accept()
    while c.recv(65536):
        pass'
	wait_listen a 99
	start_bg linger on b "$PYTHON" -c '
import os, signal, socket, struct, sys, time
s = socket.create_connection(("10.0.0.1", 99))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
    struct.pack("ii", 1, int(sys.argv[1])))
print("ready", flush=True)
while not os.path.exists("stopped"):
    time.sleep(0.02)
s.send(b"x" * 1000)
if sys.argv[2:]:
    s2 = s.dup()
t = time.monotonic()
s.close()
print("took %d" % (time.monotonic() - t), flush=True)' "$@"
	wait_for in_file linger.log ready
	kill -STOP "${PID[a]}"
	: >stopped
}

@test "close waits for the acknowledgement, as SO_LINGER says" {
	two_hosts
	lingering 20
	sleep 1.2
	! grep took linger.log || fail "it did not wait"
	kill -CONT "${PID[a]}"
	wait_for in_file linger.log 'took [12]$'
}

@test "close waits no longer than SO_LINGER says" {
	two_hosts
	lingering 1
	wait_for -5 in_file linger.log 'took [1-3]$'
	kill -CONT "${PID[a]}"
}

@test "close of one of two copies does not linger" {
	two_hosts
	lingering 20 dup
	wait_for -5 in_file linger.log 'took [0-2]$'
	kill -CONT "${PID[a]}"
}
