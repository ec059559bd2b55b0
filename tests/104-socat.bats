#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# socat: listeners that fork, datagrams, TLS, and a chain of relays.

load helpers.programs

@test "socat: a listener that forks, IPv4 and IPv6" {
	requires socat
	start_both
	start_bg four on a socat TCP4-LISTEN:7,fork,reuseaddr EXEC:cat
	start_bg six on a socat TCP6-LISTEN:8,fork,ipv6only EXEC:'tr a-z A-Z'
	wait_listen a 7
	wait_listen a 8
	random_file data 2000000
	for i in 1 2 3 4; do
		INPUT=data run_cmd on b socat -t 10 - "TCP:$A4:7"
		same_file out data
	done
	seq -f 'line %g' 20000 >lines
	tr '[:lower:]' '[:upper:]' <lines >want
	INPUT=lines run_cmd on b socat -t 10 - "TCP:[$A6]:8"
	same_file out want
}

@test "socat: one way, with options of the socket" {
	requires socat
	start_both
	random_file data 3000000
	start_bg server on a socat -u TCP-LISTEN:7,rcvbuf=65536,keepalive \
		CREATE:got
	wait_listen a 7
	run_cmd on b socat -u OPEN:data \
		"TCP:$A4:7,bind=$B4:1234,nodelay,sndbuf=32768"
	wait_for gone "${PID[server]}"
	same_file got data
}

@test "socat: datagrams, a child for each peer" {
	requires socat
	start_both
	start_bg four on a socat UDP4-RECVFROM:7,fork EXEC:'tr a-z A-Z'
	start_bg six on a socat UDP6-LISTEN:8,fork EXEC:cat
	wait_udp a 7
	wait_udp a 8
	for i in 1 2 3 4 5; do
		echo "message $i" >message
		INPUT=message run_cmd on b socat -t 0.3 - "UDP4:$A4:7"
		[ "$output" = "MESSAGE $i" ]
		INPUT=message run_cmd on b socat -t 0.3 - "UDP6:[$A6]:8"
		[ "$output" = "message $i" ]
	done
}

@test "socat: TLS, with certificates of both sides" {
	local tls=cert=cert.pem,key=key.pem,cafile=cert.pem

	requires socat openssl
	start_both
	make_certificate
	random_file data 2000000
	for addr in "$A4" "[$A6]"; do
		pf=ip4
		[[ $addr != *:* ]] || pf=ip6
		start_bg server on a socat \
			"OPENSSL-LISTEN:443,fork,reuseaddr,pf=$pf,$tls" EXEC:cat
		wait_listen a 443
		INPUT=data run_cmd on b socat -t 10 - \
			"OPENSSL:$addr:443,$tls"
		same_file out data
		# A peer without a certificate is turned away, but may be done
		# before it knows.
		INPUT=data run_cmd on b sh -c 'socat -t 10 - "$1" || :' - \
			"OPENSSL:$addr:443,cafile=cert.pem"
		[ ! -s out ]
		stop server
	done
}

@test "socat: a chain of relays over both hosts and the local system" {
	requires socat
	start_both
	random_file data 2000000
	start_bg last on a socat TCP-LISTEN:7,fork EXEC:cat
	start_bg middle on b socat TCP-LISTEN:8,fork "TCP:$A4:7"
	start_bg first on a socat "UNIX-LISTEN:$DIR/door,fork" "TCP:$B4:8"
	wait_listen a 7
	wait_listen b 8
	wait_for listens_at "$DIR/door"
	for i in 1 2 3; do
		INPUT=data run_cmd socat -t 10 - UNIX:door
		same_file out data
	done
	stop first
	rm -f door
}

@test "socat: broadcast and multicast" {
	requires socat
	start_both
	start_bg all on a socat -u UDP4-RECV:7,broadcast CREATE:heard
	start_bg group on a socat -u \
		"UDP4-RECV:8,ip-add-membership=239.1.2.3:$A4" CREATE:joined
	wait_udp a 7
	wait_udp a 8
	echo to all of you >message
	INPUT=message run_cmd on b socat -u - UDP4-DATAGRAM:10.0.0.255:7,broadcast
	wait_for in_file heard 'to all of you'
	INPUT=message run_cmd on b socat -u - \
		"UDP4-DATAGRAM:239.1.2.3:8,ip-multicast-if=$B4"
	wait_for in_file joined 'to all of you'
	INPUT=message run_cmd -1 on b socat -u - UDP4-DATAGRAM:255.255.255.255:7
	expect_err 'Permission denied'
}
