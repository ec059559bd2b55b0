#!/usr/bin/env bats
# A host without an address gets one from another host, by DHCP.

load helpers
load helpers.net

# Two hosts: a serves, b has no IPv4 address.
lease_hosts() {
	start_host a 10.0.0.1
	start_host b 10.0.0.99
	run_cmd tool b ifconfig shmif0 delete 10.0.0.99
	start_bg dnsmasq on a dnsmasq -d -C /dev/null -p 0 -i shmif0 \
		--user="$(id -un)" --dhcp-leasefile="$DIR/leases" \
		--dhcp-range=10.0.0.100,10.0.0.100,255.255.255.0,1h \
		--dhcp-option=3,10.0.0.1
	wait_for in_file dnsmasq.log 'IP range 10\.0\.0\.100'
	wait_udp a 67
}

# What a client runs once it knows: $1 is why.
script() {
	cat >"$1" <<-'EOS'
		#!/bin/sh
		echo "script $1$reason $ip$new_ip_address" >&2
		case $1$reason in
		bound | BOUND)
			ip addr add "$ip$new_ip_address/24" dev "$interface"
			ip route add default via "$router$new_routers" ;;
		esac
	EOS
	chmod 755 "$1"
}

got_a_lease() {
	run_cmd tool b ifconfig shmif0
	expect '^	inet 10\.0\.0\.100/24 '
	run_cmd tool b route show
	expect '^default +10\.0\.0\.1 '
	run_cmd tool b ping -c 1 10.0.0.1
	grep -q ' 10\.0\.0\.100 ' leases
}

@test "udhcpc asks dnsmasq on another host" {
	requires root udhcpc dnsmasq ip
	lease_hosts
	script bound.sh
	run_cmd on b udhcpc -f -q -n -i shmif0 -s "$DIR/bound.sh"
	expect_err 'lease of 10\.0\.0\.100 obtained from 10\.0\.0\.1'
	got_a_lease
}
