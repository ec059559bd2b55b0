#!/usr/bin/env bats
# TCP on a bad network: by a peer whose segments are made by hand (h_tcp.py),
# and over interfaces with faults (shmif link).

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

# A peer that nobody is, at the end of b's interface.
ghost() {
	mac() { tool "$1" ifconfig shmif0 | awk '$1 == "address:" { print $2 }'; }
	run_cmd tool a arp -s 10.0.0.77 "$(mac b)"
	GHOST=(on b "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" shmif0 "$(mac b)"
		10.0.0.77 "$(mac a)" 10.0.0.1)
}

counted() {
	tool a sysctl -n "net.inet.tcp.stats.$1"
}

@test "what is lost is sent again, by SACK, duplicates, probes and time-outs" {
	ghost
	start_bg server on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" serve 7
	wait_for in_file server.log ready
	for case in sack last overtaken newreno probe spike timeout; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted tailprobes)" -gt 0 ] || fail "no probe"
	[ "$(counted recoveries)" -gt 0 ] || fail "no recovery"
	for case in backoff window; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted windowprobes)" -ge 3 ] || fail "no probe of a window"
	[ "$(counted timeouts)" -ge 4 ] || fail "$(counted timeouts) time-outs"
	run_cmd tool a netstat -s -p tcp
	expect '	[1-9][0-9]* rexmit$'
}

@test "what comes twice, early, too old or one by one is answered rightly" {
	ghost
	start_bg server on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" serve 7
	wait_for in_file server.log ready
	for case in dsack dsacks fin paws every_second; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted dsackout)" -ge 2 ] || fail "$(counted dsackout) DSACKs"
}

@test "a SYN is sent again after 1, 2, 4 ... s, TCP_SYNCNT times" {
	ghost
	start_bg peer "${GHOST[@]}" syn
	wait_for in_file peer.log ready
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" connect 10.0.0.77 9 1
	expect '^ETIMEDOUT after 3 s$'
	wait_for in_file peer.log ok
}

@test "marks in place of losses (ECN): asked, heard, answered" {
	ghost
	start_bg server on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" serve 7
	wait_for in_file server.log ready
	for case in ecn_sends ecn_takes; do
		run_cmd "${GHOST[@]}" "$case"
		expect '^ok$'
	done
	[ "$(counted ecncuts)" -eq 1 ] || fail "$(counted ecncuts) cuts"
	[ "$(counted cein)" -eq 2 ] || fail "$(counted cein) marks"
	run_cmd tool a sysctl -q net.inet.tcp.ecn=1
	start_bg peer "${GHOST[@]}" ecn_syn
	wait_for in_file peer.log ready
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_tcp.py" connect 10.0.0.77 9 1
	wait_for in_file peer.log ok
}

@test "over a link that marks, nothing is sent again" {
	run_cmd shmif bus create small mtu=1500
	BUS=small start_host d 10.0.0.1
	BUS=small start_host e 10.0.0.2
	stat() { tool "$1" sysctl -n "net.inet.tcp.stats.$2"; }
	run_cmd tool d sysctl -q net.inet.tcp.ecn=1
	run_cmd tool d link shmif0 set delay 5ms loss 2% ecn limit 9999 \
		seed 3 match tcp
	run_cmd tool d ifconfig shmif0 inet6 fd00::1/64
	run_cmd tool e ifconfig shmif0 inet6 fd00::2/64
	random_file data 2000000
	for to in TCP4 10.0.0.2 TCP6 '[fd00::2]'; do
		case $to in TCP*) family=$to && continue ;; esac
		start_bg sink on e socat -u "$family-LISTEN:7000,reuseaddr" \
			OPEN:copy,creat,trunc
		wait_for has_socket e '[.*]7000 .*LISTEN'
		LIMIT=30 run_cmd on d socat -u OPEN:data "$family:$to:7000"
		wait_for -30 gone "${PID[sink]}"
		same_file copy data
		marks=$(($(stat e cein) - ${before:-0}))
		[ $marks -gt 10 ] || fail "$marks marks over $family"
		before=$marks
	done
	[ "$(stat d ecncuts)" -gt 0 ] || fail "the sender did not slow down"
	[ "$(stat d recoveries)" -eq 0 ] || fail "something was lost"
}

@test "8 MB arrive whole over a link that loses, repeats, turns and overtakes" {
	head -c 8000000 /dev/urandom >big
	start_bg web on b "$PYTHON" -m http.server --bind 10.0.0.2 80
	wait_listen b 80
	for host in a b; do
		run_cmd tool $host link shmif0 set delay 5ms 1ms loss 1% \
			duplicate 1% reorder 5% corrupt 0.5% seed 7
	done
	run_cmd on a curl -sS -m 60 -o copy http://10.0.0.2/big
	cmp big copy
	run_cmd tool b netstat -s -p tcp
	expect '	[1-9][0-9]* rexmit$'
	run_cmd tool a netstat -s -p tcp
	expect '	[1-9][0-9]* dsackout$'
}

larger_than() {
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

@test "of a large segment only the frames that were lost come again" {
	run_cmd shmif bus create small mtu=1500
	BUS=small start_host d 10.0.0.1
	BUS=small start_host e 10.0.0.2
	run_cmd tool d ifconfig shmif0 inet6 fd00::1/64
	run_cmd tool e ifconfig shmif0 inet6 fd00::2/64
	# Frames that come in: they have left as parts of large segments.
	run_cmd tool e link shmif0 set in loss 1% duplicate 1% seed 5
	random_file data 8000000
	start_bg web on d "$PYTHON" -m http.server --bind :: 80
	wait_for has_socket d '^tcp6 .*[.*]80 .*LISTEN'
	for to in 10.0.0.1 '[fd00::1]'; do
		LIMIT=60 run_cmd on e curl -sS -o copy "http://$to/data"
		same_file copy data
	done
	run_cmd tool e link show --json
	again=$(tool d sysctl -n net.inet.tcp.stats.rexmit)
	"$PYTHON" -c "import json, sys
c = json.load(open('out'))[0]['counters']
# 2 * 8 MB in segments of 1448 and 1428 bytes
assert c['frames'] >= 11127 and c['lost'] >= 50, c
assert c['lost'] * 0.9 <= int(sys.argv[1]) <= c['lost'] * 1.5 + 20, c" \
		"$again" || fail "$again were sent again"
}

@test "a path becomes narrow while large segments are on their way" {
	run_cmd shmif bus create near mtu=1500
	run_cmd shmif bus create far mtu=1500
	start_bg r shmif_server -s -i shmif0=near,10.1.0.254/24 \
		-i shmif1=far,10.2.0.254/24 unix://r.sock
	wait_for host_up r
	run_cmd tool r sysctl -q net.inet.ip.forwarding=1
	BUS=near start_host d 10.1.0.1 -r default=10.1.0.254
	BUS=far start_host e 10.2.0.1 -r default=10.2.0.254
	run_cmd tool r link shmif1 set rate 100mbit limit 10000
	random_file data 20000000
	start_bg sink on e socat -u TCP-LISTEN:7000 OPEN:copy,creat,trunc
	wait_listen e 7000
	start_bg source on d socat -u OPEN:data TCP:10.2.0.1:7000
	for mtu in 1280 1001 576; do
		wait_for larger_than copy $(((1500 - mtu) * 10000))
		run_cmd tool r ifconfig shmif1 mtu $mtu
	done
	wait_for -60 gone "${PID[sink]}"
	same_file copy data
	run_cmd tool d route get 10.2.0.1
	expect '576'
}
