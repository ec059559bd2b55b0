#!/usr/bin/env bats
# dnsmasq: answers on all addresses of its host, tells by which one it was
# asked, forwards; dig asks over UDP and TCP.

load helpers.programs

# usage: start_dns NAME HOST OPTION...
start_dns() {
	start_bg "$1" on "$2" dnsmasq --keep-in-foreground --conf-file=/dev/null \
		--user="$(id -un)" --group= --pid-file= --no-resolv --no-hosts \
		--log-facility=- --log-queries --cache-size=500 "${@:3}"
	wait_udp "$2" 53
}

records() {
	local i

	echo "--host-record=www.test,192.0.2.1,2001:db8::1"
	echo "--cname=alias.test,www.test"
	echo "--mx-host=test,mail.test,10"
	for i in {1..60}; do
		echo "--host-record=many.test,192.0.2.$i"
	done
	echo "--txt-record=text.test,over the bus"
}

ask() {
	run_cmd on b dig +timeout=3 +tries=2 "$@"
}

@test "dnsmasq: all addresses, UDP and TCP, IPv4 and IPv6" {
	requires dnsmasq dig nosan
	local -a options

	start_both
	mapfile -t options < <(records)
	start_dns server a "${options[@]}"
	not_on_the_host 53
	for addr in $A4 $A6; do
		for how in +notcp +tcp; do
			ask @"$addr" $how +short www.test A
			[ "$output" = 192.0.2.1 ]
			ask @"$addr" $how +short www.test AAAA
			[ "$output" = 2001:db8::1 ]
			ask @"$addr" $how +short test MX
			[ "$output" = '10 mail.test.' ]
			ask @"$addr" $how +short text.test TXT
			[ "$output" = '"over the bus"' ]
			ask @"$addr" $how alias.test
			expect 'status: NOERROR'
			expect "SERVER: $addr#53"
		done
		# Too long for a datagram: cut, then asked again over TCP.
		ask @"$addr" +bufsize=512 +short many.test
		[ "$(wc -l <out)" -eq 60 ]
		ask @"$addr" +notcp +ignore +bufsize=512 many.test
		expect 'flags:.* tc '
		ask @"$addr" none.test
		expect 'status: (REFUSED|NXDOMAIN)'
	done
}

@test "dnsmasq: bound to one address or one interface only" {
	requires dnsmasq dig nosan
	start_both
	start_dns server a --host-record=www.test,192.0.2.1 \
		--listen-address="$A4" --bind-interfaces
	ask @"$A4" +short www.test
	[ "$output" = 192.0.2.1 ]
	run_cmd -9 on b dig +timeout=1 +tries=1 @"$A6" www.test
	stop server
	[ "$(id -u)" -eq 0 ] || return 0	# dnsmasq says so
	start_dns server a --host-record=www.test,192.0.2.1 \
		--interface=shmif0 --except-interface=lo --bind-dynamic
	for addr in $A4 $A6; do
		ask @"$addr" +short www.test
		[ "$output" = 192.0.2.1 ]
	done
}

@test "dnsmasq: asks another server, and remembers" {
	requires dnsmasq dig nosan
	start_both
	start_dns upstream b --local-ttl=60 --host-record=www.test,192.0.2.1
	start_dns server a --server="$B4" --server="$B6"
	for i in 1 2 3; do
		ask @"$A4" +short www.test
		[ "$output" = 192.0.2.1 ]
	done
	in_file server.log 'forwarded www.test to'
	in_file server.log 'cached www.test'
}
