#!/usr/bin/env bats
# shmif ping prints what ping(8) prints, and ends with its statuses.

load helpers
load helpers.net

two_hosts() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	export RUMP_SERVER=unix://$DIR/b.sock
}

@test "the lines of ping(8)" {
	two_hosts
	run_cmd shmif ping -c 3 -i 0.1 10.0.0.1
	[ "$(sed -n 1p out)" = 'PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.' ]
	for i in 1 2 3; do
		sed -n "$((i + 1))p" out | grep -qE "^64 bytes from 10\.0\.0\.1: \
icmp_seq=$i ttl=64 time=[0-9.]+ ms\$"
	done
	[ -z "$(sed -n 5p out)" ]
	[ "$(sed -n 6p out)" = '--- 10.0.0.1 ping statistics ---' ]
	expect '^3 packets transmitted, 3 received, 0% packet loss, time [0-9]+ms$'
	expect '^rtt min/avg/max/mdev = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms$'
	[ "$(wc -l <out)" -eq 8 ] || [ "$(wc -l <out)" -eq 7 ]
}

@test "the same words as the machine's own ping, if it has one" {
	requires ping
	ping -c 2 -i 0.2 127.0.0.1 >kernel 2>&1 || skip "ping may not be used"
	start_host a 10.0.0.1
	run_cmd shmif -s unix://a.sock ping -c 2 -i 0.2 127.0.0.1
	for f in kernel out; do
		sed -E 's/time[= ][0-9.]+ ?ms/TIME/; s/= [0-9./]+ ms/= NUMBERS/' \
			"$f" >"$f.same"
	done
	diff kernel.same out.same
}

@test "sizes: 0, beyond the MTU, and the largest" {
	run_cmd shmif bus create net mtu=1500
	two_hosts
	for size in 0 1 1472 1473 9000 65507; do
		run_cmd shmif ping -c 1 -s "$size" 10.0.0.1
		expect "^$((size + 8)) bytes from 10\.0\.0\.1"
		expect '1 received'
	done
	run_cmd -1 shmif ping -c 1 -s 65508 10.0.0.1
}

@test "no answer: status 1, and -W and -w keep their time" {
	two_hosts
	begin=$SECONDS
	run_cmd -1 shmif ping -c 1 -W 1 10.0.0.99
	expect '^1 packets transmitted, 0 received, .*100% packet loss'
	run_cmd -1 shmif ping -w 1 -i 0.2 10.0.0.99
	expect ' 0 received, .*100% packet loss'
	[ $((SECONDS - begin)) -le 6 ]
}

@test "no route, no name, no such option: status 2" {
	two_hosts
	run_cmd -2 shmif ping -c 1 192.0.2.1
	expect_err 'Network is unreachable'
	run_cmd -2 shmif ping -c 1 nosuch.invalid
	expect_err 'nosuch\.invalid: '
	run_cmd -2 shmif ping -Z 10.0.0.1
	run_cmd -2 shmif ping
	[ ! -s out ]
}

@test "-q, -n, names, and an interrupt that sums up" {
	two_hosts
	run_cmd shmif ping -q -c 2 -i 0.1 10.0.0.1
	expect '2 received'
	! grep icmp_seq out || fail "-q is not quiet"
	run_cmd shmif ping -c 1 a
	expect '^PING a \(10\.0\.0\.1\)'
	start_bg ping shmif ping -i 0.1 10.0.0.1
	wait_for in_file ping.log 'icmp_seq=3'
	kill -INT "${PID[ping]}"
	wait_for gone "${PID[ping]}"
	in_file ping.log '0% packet loss'
}

@test "a flood of a thousand, and none is lost" {
	two_hosts
	LIMIT=20 run_cmd shmif ping -f -c 1000 10.0.0.1
	expect '^1000 packets transmitted, 1000 received, 0% packet loss'
}

@test "another host's pings are not mine" {
	two_hosts
	start_host c 10.0.0.3
	start_bg one shmif ping -c 20 -i 0.05 10.0.0.1
	start_bg two shmif -s "unix://$DIR/c.sock" ping -c 20 -i 0.05 10.0.0.1
	start_bg three shmif ping -c 20 -i 0.05 10.0.0.1
	for p in one two three; do
		wait_for gone "${PID[$p]}"
		in_file "$p.log" '^20 packets transmitted, 20 received'
		! grep -q 'DUP' "$p.log" || fail "duplicates"
		[ "$(grep -c icmp_seq= "$p.log")" -eq 20 ]
	done
}

@test "the host goes: ping ends as well, at once, with what there was" {
	local args

	start_host a 10.0.0.1
	for args in '-f -q' '-i 0.1' '-i 30'; do
		start_host b 10.0.0.2
		# shellcheck disable=SC2086 # words
		start_bg ping tool b ping $args 10.0.0.1
		wait_for has_received
		kill9 b
		wait_for -3 gone "${PID[ping]}"
		in_file ping.log 'b\.sock: the virtual host is gone'
		in_file ping.log '^[0-9]+ packets transmitted, [1-9][0-9]* received'
	done
}

# Echo requests were answered.
has_received() {
	tool b netstat -s | awk '/^icmp:/ { on = 1 } on && / recv$/ { exit !$1 }'
}
