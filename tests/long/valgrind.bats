#!/usr/bin/env bats
# Valgrind on one way from end to end: a host and a program on it, with
# streams, datagrams, a capture, faults, and the end of it all.

load ../helpers
load ../helpers.net

# usage: watched NAME COMMAND...
watched() {
	start_bg "$1" valgrind -q --error-exitcode=99 \
		--log-file="$DIR/$1.valgrind" "${@:2}"
}

@test "a host and its programs under valgrind" {
	requires valgrind socat tcpdump nosan
	random_file big 1000000
	start_host b 10.0.0.2
	start_bg web on b "$PYTHON" "$BATS_TEST_DIRNAME/../h_http.py" 80
	wait_listen b 80
	start_bg echo on b socat UDP-LISTEN:7,fork EXEC:cat
	wait_udp b 7
	urls_for a
	watched a shmif_server -s -i "shmif0=net,10.0.0.1/24,name=a" \
		"${URLS[@]}"
	wait_for -60 host_up a
	run_cmd tool a link shmif0 set delay 1ms
	start_bg capture on a tcpdump -U -c 20 -w a.pcap -i shmif0
	wait_for in_file capture.log listening
	watched get env LD_PRELOAD="$B/libshmhijack.so" \
		RUMP_SERVER="$(url_of a)" curl -sS -o got http://10.0.0.2/big
	wait_for -90 gone "${PID[get]}"
	cmp got big
	watched datagram env LD_PRELOAD="$B/libshmhijack.so" \
		RUMP_SERVER="$(url_of a)" sh -c 'echo hello |
			socat -t 5 - UDP:10.0.0.2:7 >said'
	wait_for -90 gone "${PID[datagram]}"
	grep hello said
	run_cmd tool a ping -c 3 10.0.0.2
	run_cmd tool a netstat -s
	wait_for -30 gone "${PID[capture]}"
	run_cmd tool a halt
	wait_for -60 gone "${PID[a]}"
	[ "$(cat ./*.valgrind)" = "" ] || fail "$(cat ./*.valgrind)"
}
