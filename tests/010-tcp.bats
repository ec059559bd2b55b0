#!/usr/bin/env bats
# Unmodified TCP programs: curl, telnet and nc, every byte checked.

load helpers
load helpers.net

@test "curl: 50 MB down" {
	random_file big 50000000
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -o got http://10.0.0.1/big
	same_file got big
}

@test "curl: 50 MB up" {
	mkdir up
	random_file big 50000000
	start_host a 10.0.0.1
	start_http web a 80 0 up
	run_cmd at 10.0.0.2 curl -sS -T big http://10.0.0.1/got \
		-w '%{http_code}\n'
	expect '^201$'
	same_file up/got big
}

@test "curl: 20 downloads at once, from 20 processes" {
	random_file big 3000000
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80
	for i in {1..20}; do
		start_bg "curl$i" on b curl -sS -o "got$i" http://10.0.0.1/big
	done
	for i in {1..20}; do
		wait_for -30 gone "${PID[curl$i]}"
		[ ! -s "curl$i.log" ]
		same_file "got$i" big
	done
}

@test "curl: 20 downloads at once, in one process" {
	random_file big 1000000
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -Z --parallel-immediate --parallel-max 20 \
		-o 'got#1' 'http://10.0.0.1/big?[1-20]'
	for i in {1..20}; do
		same_file "got$i" big
	done
}

@test "curl: many requests over one connection" {
	echo hello >file
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -w '%{num_connects}\n' -o /dev/null \
		'http://10.0.0.1/file?[1-50]'
	[ "$(grep -c '^0$' out)" -eq 49 ]
	[ "$(grep -c '^1$' out)" -eq 1 ]
}

@test "curl: a program and its server on one host" {
	random_file big 1000000
	start_host a 10.0.0.1
	start_http web a 80
	for addr in 10.0.0.1 127.0.0.1; do
		run_cmd on a curl -sS -o got "http://$addr/big"
		same_file got big
	done
}

# telnet takes what it reads from a pipe for typed, and ends with the pipe.
ask_by_telnet() {
	mkfifo typed
	exec 8<>typed
	INPUT=typed start_bg telnet "$@"
	wait_for in_file telnet.log 'Escape character'
	printf 'GET /file HTTP/1.0\n\n' >&8
	wait_for in_file telnet.log 'closed by foreign host'
	exec 8>&-
	wait_for gone "${PID[telnet]}"
	in_file telnet.log '^Connected to 10\.0\.0\.1'
	in_file telnet.log '200 OK'
	in_file telnet.log '^hello from the other side'
}

@test "telnet on a host of its own, by SHMIF_BUS" {
	echo 'hello from the other side' >file
	start_host a 10.0.0.1
	start_http web a 80
	ask_by_telnet env SHMIF_BUS=net SHMIF_ADDR=10.0.0.3/24 \
		LD_PRELOAD="$HIJACK" telnet 10.0.0.1 80
}

@test "telnet on a running host, by RUMP_SERVER" {
	echo 'hello from the other side' >file
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80
	ask_by_telnet env RUMP_SERVER=unix://b.sock \
		LD_PRELOAD="$HIJACK" telnet 10.0.0.1 80
}

@test "telnet to a port where nobody listens" {
	start_host a 10.0.0.1
	run_cmd -1 at 10.0.0.3 telnet 10.0.0.1 80
	expect_err 'Connection refused'
}

@test "nc: TCP, both ways at once, and end of file" {
	random_file from_a 700000
	random_file from_b 900000
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	INPUT=from_a start_bg listen on a sh -c 'exec nc -N -l 7 >at_a'
	wait_listen a 7
	# A listening nc ends at its peer's end of file, sent all or not: the
	# peer sends that when it has got all.
	cat >peer <<-'E'
	{
		cat from_b
		until [ "$(stat -c %s at_b)" = 700000 ]; do sleep 0.02; done
	} | nc -N 10.0.0.1 7 >at_b
	E
	run_cmd on b sh peer
	wait_for gone "${PID[listen]}"
	same_file at_b from_a
	same_file at_a from_b
}

@test "nc: a scan tells open ports from closed ones" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -k -l 7
	wait_listen a 7
	run_cmd on b nc -z 10.0.0.1 7
	run_cmd -1 on b nc -z 10.0.0.1 8
	run_cmd -1 on b nc -v -z 10.0.0.1 8
	expect_err 'refused'
}

# As if a router lay between, and then as if none did.
@test "IP_MINTTL, IPV6_MINHOPCOUNT: who is too far away is not heard" {
	start_host a fd00::1/64,10.0.0.1
	start_host b fd00::2/64,10.0.0.2
	for to in 10.0.0.1 fd00::1; do
		start_bg "near$to" on a "$PYTHON" "$BATS_TEST_DIRNAME/h_hops.py" \
			serve "$to"
		wait_for in_file "near$to.log" listens
		run_cmd on b "$PYTHON" "$BATS_TEST_DIRNAME/h_hops.py" ask "$to"
		[ "$(cat out)" = 'timed out, connected, sent again, answered' ]
	done
	[ "$(tool a netstat -s | awk '/tcp\.too_far/ { print $1 }')" -ge 4 ]
}
