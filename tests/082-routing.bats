#!/usr/bin/env bats
# Routes, and routers between buses.

load helpers
load helpers.net

forward() {
	tool "$1" sysctl -q net.inet.ip.forwarding=1
	tool "$1" sysctl -q net.inet6.ip6.forwarding=1
}

# usage: host NAME BUS ADDR4 ADDR6 [OPTION]...
host() {
	start_bg "$1" shmif_server -s -i "shmif0=$2,$3,$4,name=$1" "${@:5}" \
		"unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

# a (10.1.0.1) - bus one - r - bus two - b (10.2.0.1), with both IP versions.
two_nets() {
	host r one 10.1.0.254/24 fd01::254/64 \
		-i shmif1=two,10.2.0.254/24,fd02::254/64
	forward r
	host a one 10.1.0.1/24 fd01::1/64 \
		-r default=10.1.0.254 -r default=fd01::254
	host b two 10.2.0.1/24 fd02::1/64 \
		-r default=10.2.0.254 -r default=fd02::254
}

# The way that a takes to an address.  usage: gateway_to ADDR GATEWAY
gateway_to() {
	run_cmd tool a route get "$1"
	expect "gateway: $2\$"
}

@test "a router joins two buses, for both IP versions" {
	two_nets
	run_cmd tool a ping -c 2 -i 0.2 10.2.0.1
	expect '2 received'
	expect 'ttl=63'
	run_cmd tool a ping6 -c 2 -i 0.2 fd02::1
	expect '2 received'
	expect 'ttl=63'
	random_file big 5000000
	start_http web b 80
	run_cmd on a curl -sS -o part http://10.2.0.1/big
	same_file part big
}

@test "a router takes large segments apart that end behind it" {
	local addr

	random_file big 3000000
	run_cmd shmif bus create one mtu=1500
	run_cmd shmif bus create two mtu=1400
	two_nets
	start_bg web on b "$PYTHON" -m http.server --bind :: 80
	wait_for has_socket b '^tcp[46]* .*[.]80 .*LISTEN'
	for addr in 10.2.0.1 '[fd02::1]'; do
		run_cmd on a curl -sS -o part "http://$addr/big"
		same_file part big
	done
	run_cmd shmif dump -p cap one
	[ "$(tcpdump -nr cap 'less 1414 and greater 1000' 2>/dev/null |
		wc -l)" -gt 1000 ]
	[ "$(sent b two)" -lt 2000 ]
	[ "$(sent r one)" -gt 4400 ]
}

@test "forwarding can be turned off, and is off at first" {
	two_nets
	tool r sysctl -q net.inet.ip.forwarding=0
	tool r sysctl -q net.inet6.ip6.forwarding=0
	run_cmd -1 tool a ping -c 1 -W 1 10.2.0.1
	run_cmd -1 tool a ping6 -c 1 -W 1 fd02::1
	run_cmd tool a ping -c 1 10.1.0.254
	run_cmd tool a sysctl -n net.inet.ip.forwarding net.inet6.ip6.forwarding
	[ "$output" = "0
0" ]
}

@test "traceroute shows the router, by UDP and ICMP, and an unmodified one" {
	two_nets
	for how in '' -I; do
		run_cmd tool a traceroute -n $how 10.2.0.1
		expect '^ 1  10\.1\.0\.254 .* ms'
		expect '^ 2  10\.2\.0\.1 .* ms'
		run_cmd tool a traceroute6 -n $how fd02::1
		expect '^ 1  fd01::254 .* ms'
		expect '^ 2  fd02::1 .* ms'
	done
	requires traceroute
	run_cmd on a traceroute -n 10.2.0.1
	expect '^ 1  10\.1\.0\.254  '
	expect '^ 2  10\.2\.0\.1  '
	run_cmd on a traceroute -6 -n fd02::1
	expect '^ 1  fd01::254  '
	expect '^ 2  fd02::1  '
}

@test "a packet that has come too far, or goes nowhere, is answered" {
	two_nets
	run_cmd -1 tool a ping -c 1 -t 1 10.2.0.1
	expect '^From 10\.1\.0\.254 icmp_seq=1 Time to live exceeded$'
	run_cmd -1 tool a ping6 -c 1 -t 1 fd02::1
	expect '^From fd01::254 icmp_seq=1 Time exceeded: Hop limit$'
	run_cmd -1 tool a ping -c 1 192.0.2.1
	expect '^From 10\.1\.0\.254 .*Destination Net Unreachable$'
	run_cmd -1 tool a ping6 -c 1 fd99::1
	expect '^From fd01::254 .*Destination unreachable: No route$'
}

@test "a last hop that is silent: the router says so after three seconds" {
	two_nets
	begin=$SECONDS
	start_bg four tool a ping -c 1 -W 8 10.2.0.77
	run_cmd -1 tool a ping6 -c 1 -W 8 fd02::77
	expect '^From fd01::254 .*Address unreachable$'
	wait_for gone "${PID[four]}"
	in_file four.log '^From 10\.1\.0\.254 .*Destination Host Unreachable$'
	[ $((SECONDS - begin)) -le 8 ]
	# A connection attempt ends with the right error, too.
	run_cmd -7 on a curl -sS --max-time 10 http://10.2.0.78/
	expect_err 'No route to host|Failed to connect|Could not connect'
}

@test "the longest prefix decides, then the metric" {
	host a net 10.1.0.1/24 fd01::1/64
	run_cmd tool a route add default 10.1.0.2
	run_cmd tool a route add 10.0.0.0/8 10.1.0.3
	run_cmd tool a route add 10.9.0.0/16 10.1.0.4 -metric 20
	run_cmd tool a route add 10.9.0.0/16 10.1.0.5 -metric 10
	run_cmd tool a route add 10.9.9.9 10.1.0.6
	gateway_to 192.0.2.1 10.1.0.2
	gateway_to 10.200.0.1 10.1.0.3
	gateway_to 10.9.1.1 10.1.0.5
	gateway_to 10.9.9.9 10.1.0.6
	run_cmd tool a route get 10.1.0.99
	expect 'interface: shmif0$'
	! grep gateway out || fail "on the link there is no gateway"
	# The one that is used goes first.
	run_cmd tool a route delete 10.9.0.0/16
	gateway_to 10.9.1.1 10.1.0.4
	run_cmd tool a route add default fd01::2
	run_cmd tool a route add fd09::/16 fd01::3
	run_cmd tool a route add fd09:1::/32 fd01::4
	gateway_to 2001:db8::1 fd01::2
	gateway_to fd09:2::1 fd01::3
	gateway_to fd09:1::1 fd01::4
}

@test "a route to one host within the interface's own network is taken" {
	two_nets
	# Frames for .50 go to the router, though .50 would be on the link.
	run_cmd tool a route add 10.1.0.50 10.1.0.254
	run_cmd tool a route add -host fd01::50 fd01::254
	run_cmd shmif bus show --json one
	start_bg dump shmif dump -f -c 40 one
	wait_for in_file dump.log . || :
	run_cmd -1 tool a ping -c 1 -W 1 10.1.0.50
	run_cmd -1 tool a ping6 -c 1 -W 1 fd01::50
	mac=$(tool r ifconfig shmif0 | sed -n 's/.*address: //p')
	wait_for in_file dump.log "> $mac .*10\.1\.0\.1 > 10\.1\.0\.50"
	wait_for in_file dump.log "> $mac .*fd01::1 > fd01::50"
}

@test "-reject, -interface, and routes that cannot be" {
	two_nets
	run_cmd tool a route add 10.4.0.0/16 -reject
	run_cmd -2 tool a ping -c 1 10.4.0.1
	expect_err 'No route to host'
	run_cmd tool r route add 10.5.0.0/16 -reject
	run_cmd -1 tool a ping -c 1 10.5.0.1
	expect '^From 10\.1\.0\.254 .*Destination Host Unreachable$'
	run_cmd tool b ifconfig shmif0 inet 10.66.0.1/32 alias
	run_cmd tool r route add 10.66.0.0/16 -interface shmif1
	run_cmd tool a ping -c 1 10.66.0.1
	run_bad 1 '10\.7\.0\.0/16' 'no network of an interface' \
		tool a route add 10.7.0.0/16 192.0.2.1
	run_bad 1 '10\.4\.0\.0/16' 'delete it first' \
		tool a route add 10.4.0.0/16 10.1.0.3
	run_bad 1 '10\.8\.0\.0/16' 'not in table' \
		tool a route delete 10.8.0.0/16
	run_bad 1 '10\.8\.0\.0/16' 'no other host' \
		tool a route add 10.8.0.0/16 10.1.0.1
	run_cmd tool a route show
	expect '^10\.4/16 +link#1 +URS .* lo$'
	expect '^default +10\.1\.0\.254 +UGS .* shmif0$'
	run_cmd tool a route flush
	run_cmd tool a route show
	! grep default out || fail "the flush left a route"
}

@test "several addresses on one interface, ARP for each, none for others" {
	run_cmd shmif bus create net
	host a net 10.0.0.1/24 fd00::1/64
	host b net 10.0.0.2/24 fd00::2/64
	run_cmd tool a ifconfig shmif0 inet 10.0.0.11/24 alias
	run_cmd tool a ifconfig shmif0 inet 192.168.5.1/24 alias
	run_cmd tool b ifconfig shmif0 inet 192.168.5.2/24 alias
	forward a
	run_cmd tool b ping -c 1 10.0.0.11
	run_cmd tool b ping -c 1 192.168.5.1
	run_cmd tool b arp -an
	mac=$(tool a ifconfig shmif0 | sed -n 's/.*address: //p')
	expect "10\.0\.0\.11\) at $mac"
	expect "192\.168\.5\.1\) at $mac"
	# No proxy ARP, though a would know the way.
	run_cmd -1 tool b ping -c 1 -W 1 10.0.0.77
	run_cmd tool b arp -an
	! grep "10\.0\.0\.77) at $mac" out || fail "proxy ARP"
}

has_auto() {
	tool "$1" ifconfig shmif0 2>/dev/null | grep -q "inet6 $2.*AUTOCONF"
}

has_default6() {
	tool "$1" netstat -rn -f inet6 | grep -q '^default .*fe80:.* UGD'
}

no_default6() {
	! has_default6 "$1"
}

@test "a router advertises itself when it is asked to" {
	two_nets
	start_bg c shmif_server -s -i shmif0=one,10.1.0.3/24,name=c \
		"unix://$DIR/c.sock"
	wait_for host_up c
	run_cmd tool c route show
	! grep Internet6 out || fail "a route without an advertisement"
	tool r sysctl -q net.inet6.ip6.sendra=1
	wait_for has_auto c fd01::
	wait_for has_default6 c
	# One that comes later solicits, and need not wait.
	start_bg d shmif_server -s -i shmif0=two,10.2.0.4/24,name=d \
		"unix://$DIR/d.sock"
	wait_for has_auto d fd02::
	d=$(tool d ifconfig shmif0 | sed -n 's,.*inet6 \(fd02[^/]*\)/.*,\1,p')
	run_cmd tool c ping6 -c 1 "$d"
	expect 'ttl=63'
	run_cmd tool c traceroute6 -n "$d"
	expect '^ 1  fd01::254 '
	# And takes it back.
	tool r sysctl -q net.inet6.ip6.sendra=0
	wait_for no_default6 c
	run_cmd -1 tool c ping6 -c 1 -W 1 "$d" || run_cmd -2 tool c ping6 \
		-c 1 -W 1 "$d"
}

@test "a host that is told not to believe advertisements does not" {
	two_nets
	tool a sysctl -q net.inet6.ip6.accept_rtadv=0
	tool r sysctl -q net.inet6.ip6.sendra=1
	start_bg c shmif_server -s -i shmif0=one,10.1.0.3/24,name=c \
		"unix://$DIR/c.sock"
	wait_for has_auto c fd01::
	! has_auto a fd01:: || fail "it has an automatic address"
	no_default6 a
}

# What Linux says of each kind: unreachable, blackhole, prohibit, throw.
@test "routes that take no packet are told apart" {
	local kind net

	two_nets
	for net in 10.%s.0.0/16 fd0%s::/64; do
		for kind in unreachable:3 blackhole:4 prohibit:5 throw:6; do
			# shellcheck disable=SC2059 # it is a format
			run_cmd on a ip route add "${kind%:*}" \
				"$(printf "$net" "${kind#*:}")"
		done
	done
	run_cmd on a ip route
	expect '^blackhole 10\.4\.0\.0/16'
	expect '^prohibit 10\.5\.0\.0/16'
	expect '^throw 10\.6\.0\.0/16'
	run_cmd on a "$PYTHON" -c 'import errno, socket
for net in "10.%d.0.1", "fd0%d::1":
    for i in 3, 4, 5, 6:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            ip = net % i
            s = socket.socket(socket.AF_INET6 if ":" in ip else
                              socket.AF_INET, kind)
            err = s.connect_ex((ip, 9))
            print(ip, errno.errorcode[err])'
	for net in 10.%s.0.1 fd0%s::1; do
		for kind in EHOSTUNREACH EHOSTUNREACH EINVAL EINVAL EACCES \
			EACCES ENETUNREACH ENETUNREACH; do
			echo "$kind"
		done
	done >want
	sed 's/.* //' out | diff want -
	run_cmd -2 on a ip route get 10.5.0.1
	expect_err 'Permission denied'
	run_cmd tool a route delete 10.4.0.0/16
	run_cmd tool a route add 10.4.0.0/16 -blackhole
	run_cmd tool a route get 10.4.0.1
	expect 'REJECT,BLACKHOLE'
}

@test "a router answers by the kind of its route" {
	two_nets
	run_cmd tool r route add 10.4.0.0/16 -blackhole
	run_cmd tool r route add 10.5.0.0/16 -prohibit
	run_cmd tool r route add fd03::/64 -reject
	run_cmd tool r route add fd04::/64 -blackhole
	run_cmd tool r route add fd05::/64 -prohibit
	run_cmd -1 tool a ping -c 1 -W 1 10.4.0.1
	[[ $output != *From* ]]
	run_cmd -1 tool a ping -c 1 -W 1 10.5.0.1
	expect '^From 10\.1\.0\.254 .*([Pp]rohibited|[Ff]iltered)'
	run_cmd -1 tool a ping6 -c 1 -W 1 fd03::1
	expect '^From fd01::254 .*[Nn]o route'
	run_cmd -1 tool a ping6 -c 1 -W 1 fd04::1
	[[ $output != *From* ]]
	run_cmd -1 tool a ping6 -c 1 -W 1 fd05::1
	expect '^From fd01::254 .*[Pp]rohibited'
}

@test "static IPv6 neighbours" {
	local mac

	host a one 10.1.0.1/24 fd01::1/64
	host b one 10.1.0.2/24 fd01::2/64
	mac=$(tool b ifconfig shmif0 | sed -n 's/.*address: //p')
	run_cmd tool a ndp -s fd01::2 02:00:00:00:00:99
	run_cmd tool a ndp -a
	expect '^fd01::2 +02:00:00:00:00:99 +shmif0 +permanent'
	run_cmd -1 tool a ping6 -c 1 -W 1 fd01::2
	run_cmd on a ip -6 neigh replace fd01::2 lladdr "$mac" dev shmif0
	run_cmd on a ip -6 neigh show
	expect "^fd01::2 dev shmif0 lladdr $mac PERMANENT"
	# The neighbour is not asked for: with another host in its place, too.
	run_cmd tool a ping6 -c 1 -W 5 fd01::2
	run_cmd tool a route add fd07::/64 fd01::77
	run_cmd tool a ndp -s fd01::77 "$mac"
	start_bg dump shmif dump -f one
	run_cmd -1 tool a ping6 -c 1 -W 1 fd07::1
	wait_for in_file dump.log "> $mac .*fd01::1 > fd07::1"
	run_cmd tool a ndp -d fd01::77
	run_cmd on a ip -6 neigh del fd01::2 dev shmif0
	run_cmd tool a ndp -a
	[[ $output != *permanent* ]]
	run_cmd tool a ping6 -c 1 -W 5 fd01::2
	run_bad 1 'fd08::1' 'no network of' \
		tool a ndp -s fd08::1 02:00:00:00:00:99
}
