#!/usr/bin/env bats
# Large programs that send and see packets of their own: scanners, a DHCP
# client, a virtual router, and PHP, which loads what makes its sockets.

load ../helpers
load ../helpers.net

# A web server on a host.  usage: serve NAME HOST PORT
serve() {
	start_bg "$1" on "$2" "$PYTHON" "$BATS_TEST_DIRNAME/../h_http.py" "$3"
	wait_listen "$2" "$3"
}

both() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

@test "nmap: -sS, -sT and -sU, of a thousand ports" {
	requires root nmap
	both
	serve web a 80
	for way in -sS '-sS --send-eth' -sT; do
		# shellcheck disable=SC2086
		LIMIT=90 run_cmd on b nmap $way -n -p 1-1000 10.0.0.1
		expect '^80/tcp +open +http'
		expect '^Not shown: 999 closed tcp ports'
		expect '^MAC Address: B2:A0:'
	done
	start_bg echo on a socat UDP-LISTEN:7,fork EXEC:cat
	wait_udp a 7
	LIMIT=60 run_cmd on b nmap -sU -n -p 7,9 10.0.0.1
	expect '^7/udp +open'
	expect '^9/udp +closed'
	LIMIT=60 run_cmd on b nmap -sn -n 10.0.0.0/29
	expect '\(2 hosts up\)'
}

@test "hping3 knocks at open and closed ports" {
	requires root hping3
	both
	serve web a 80
	run_cmd on b hping3 -c 2 -S -p 80 10.0.0.1
	expect 'sport=80 flags=SA '
	run_cmd on b hping3 -c 2 -S -p 81 10.0.0.1
	expect 'sport=81 flags=RA '
	run_cmd on b hping3 -c 2 -1 10.0.0.1
	expect 'icmp_seq=1 '
	run_cmd -1 on b hping3 -c 1 -S -p 80 10.0.0.9
	expect_err '1 packets transmitted, 0 packets received'
}

@test "dhclient asks dnsmasq on another host, and gives back" {
	requires root dhclient dnsmasq ip
	start_host a 10.0.0.1
	start_host b 10.0.0.99
	run_cmd tool b ifconfig shmif0 delete 10.0.0.99
	start_bg dnsmasq on a dnsmasq -d -C /dev/null -p 0 -i shmif0 \
		--user="$(id -un)" --dhcp-leasefile="$DIR/leases" \
		--dhcp-range=10.0.0.100,10.0.0.100,255.255.255.0,1h
	wait_udp a 67
	cat >script.sh <<-'EOF'
		#!/bin/sh
		case $reason in
		BOUND) ip addr add "$new_ip_address/24" dev "$interface" ;;
		RELEASE) ip addr del "$old_ip_address/24" dev "$interface" ;;
		esac
	EOF
	chmod 755 script.sh
	start_bg client on b dhclient -d -v -1 -sf "$DIR/script.sh" \
		-lf "$DIR/b.leases" -pf "$DIR/b.pid" -cf /dev/null shmif0
	wait_for in_file client.log '^bound to 10\.0\.0\.100 '
	run_cmd tool b ping -c 1 10.0.0.1
	stop client
	run_cmd on b dhclient -r -sf "$DIR/script.sh" -lf "$DIR/b.leases" \
		-pf "$DIR/b.pid" -cf /dev/null shmif0
	wait_for in_file dnsmasq.log 'DHCPRELEASE.* 10\.0\.0\.100 '
	run_cmd tool b ifconfig shmif0
	! grep '10\.0\.0\.100' out || fail "the address stays"
}

# usage: router HOST PRIORITY: a keepalived that wants 10.0.0.50
router() {
	cat >"$1.conf" <<-EOF
		global_defs {
			router_id $1
			vrrp_garp_master_repeat 1
		}
		vrrp_instance V {
			state BACKUP
			interface shmif0
			virtual_router_id 51
			priority $2
			advert_int 1
			virtual_ipaddress { 10.0.0.50/24 dev shmif0 }
		}
	EOF
	start_bg "keepalived-$1" on "$1" keepalived -n -l -D -P \
		-f "$DIR/$1.conf" -p "$DIR/$1.pid" -r "$DIR/$1.vrrp.pid"
}

has_virtual() {
	tool "$1" ifconfig shmif0 | grep -q '10\.0\.0\.50/24'
}

neighbour_of_virtual() {
	tool c arp -a | grep '10\.0\.0\.50' | grep -q "$1"
}

mac_of() {
	tool "$1" ifconfig shmif0 | sed -n 's/.*address: //p'
}

@test "keepalived: another host takes over, and tells by gratuitous ARP" {
	requires root keepalived
	both
	start_host c 10.0.0.3
	router a 100
	router b 50
	wait_for in_file keepalived-a.log 'Entering MASTER STATE'
	wait_for has_virtual a
	run_cmd tool c ping -c 1 10.0.0.50
	neighbour_of_virtual "$(mac_of a)"
	! in_file keepalived-b.log 'Entering MASTER' || fail "two masters"
	# The host lives, and has the address still.
	kill9 keepalived-a
	wait_for in_file keepalived-b.log 'Entering MASTER STATE'
	# That c knows before it asks is the gratuitous ARP's doing.
	wait_for neighbour_of_virtual "$(mac_of b)"
	has_virtual b
	# The host is gone as well.
	kill9 a
	run_cmd tool c ping -c 1 10.0.0.50
}

@test "PHP: the sockets extension, which is loaded deep" {
	requires nosan php
	both
	serve web a 80
	echo hello >file
	cat >get.php <<-'EOF'
		<?php
		$s = socket_create(AF_INET, SOCK_STREAM, SOL_TCP);
		socket_connect($s, "10.0.0.1", 80);
		socket_getsockname($s, $addr);
		socket_write($s, "GET /file HTTP/1.0\r\n\r\n");
		for ($all = ""; ($part = socket_read($s, 4096)) != ""; )
			$all .= $part;
		echo $addr, " ", substr($all, strpos($all, "\r\n\r\n") + 4);
		echo file_get_contents("http://10.0.0.1/file");
	EOF
	run_cmd php -r 'exit(function_exists("socket_create") ? 0 : 1);'
	run_cmd on b php get.php
	[ "$output" = $'10.0.0.2 hello\nhello' ]
}

@test "mtr shows the router, by echo requests and by UDP" {
	local how

	requires root mtr
	start_bg r shmif_server -s -i shmif0=n1,10.1.0.1/24 \
		-i shmif1=n2,10.2.0.1/24 "unix://$DIR/r.sock"
	wait_for host_up r
	run_cmd tool r sysctl net.inet.ip.forwarding=1
	start_bg h shmif_server -s -i shmif0=n1,10.1.0.2/24 \
		-r default=10.1.0.1 "unix://$DIR/h.sock"
	start_bg t shmif_server -s -i shmif0=n2,10.2.0.2/24 \
		-r default=10.2.0.1 "unix://$DIR/t.sock"
	wait_for host_up h
	wait_for host_up t
	for how in '' -u; do
		LIMIT=60 run_cmd shmhijack -s "unix://$DIR/h.sock" mtr -n -r \
			-c 2 $how 10.2.0.2
		expect '1\.\|-- 10\.1\.0\.1 +0\.0%'
		expect '2\.\|-- 10\.2\.0\.2 +0\.0%'
	done
}
