#!/usr/bin/env bats
# shmif dump: as text, as a capture, following, and what it missed.

load helpers
load helpers.net

larger_than() {
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

@test "dump -p -: tcpdump reads the capture from a pipe" {
	echo 'a line of text' >file
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS http://10.0.0.1/file
	run_cmd bash -c "shmif dump -p - net | tcpdump -nAr -"
	expect '10\.0\.0\.2\.[0-9]+ > 10\.0\.0\.1\.80: Flags \[S\]'
	expect 'GET /file HTTP/1\.1'
	expect 'a line of text'
}

@test "dump -p FILE and -c" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 3 -i 0.05 10.0.0.2
	run_cmd shmif dump -p cap.pcap net
	tcpdump -nr cap.pcap 2>/dev/null >text
	[ "$(grep -c 'ICMP echo' text)" -eq 6 ]
	run_cmd shmif dump -c 2 -p two.pcap net
	[ "$(tcpdump -nr two.pcap 2>/dev/null | wc -l)" -eq 2 ]
}

@test "dump: checksums in the capture are right" {
	random_file big 200000
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -o got http://10.0.0.1/big
	run_cmd at 10.0.0.2 nc -u -W 1 -w 1 10.0.0.1 9
	run_cmd bash -c "shmif dump -p - net | tcpdump -nvvr - tcp or udp"
	expect 'cksum 0x[0-9a-f]+ \(correct\)'
	! grep -iE 'incorrect|bad udp cksum' out || fail "a wrong checksum"
}

# TCP payload of the capture whose source is $1, in bytes.
bytes_from() {
	tcpdump -nqr cap "tcp and src $1" 2>/dev/null |
		awk '{ n += $NF } END { print n }'
}

@test "dump: a large segment of segments is shown as the frames that it stands for" {
	local addr before

	random_file big 1000000
	run_cmd shmif bus create net mtu=1500
	start_bg a shmif_server -s \
		-i shmif0=net,10.0.0.1/24,fd00::1/64,name=a "unix://$DIR/a.sock"
	wait_for host_up a
	start_bg web on a "$PYTHON" -m http.server --bind :: 80
	wait_for has_socket a '^tcp[46]* .*[.]80 .*LISTEN'
	for addr in 10.0.0.1 '[fd00::1]'; do
		before=$(sent a net)
		run_cmd at 10.0.0.2/24,fd00::2/64 curl -sS -o got \
			"http://$addr/big"
		same_file got big
		[ $(($(sent a net) - before)) -lt 400 ]
	done
	run_cmd shmif dump -p cap net
	[ "$(bytes_from 10.0.0.1)" -gt 1000000 ]
	[ "$(bytes_from fd00::1)" -gt 1000000 ]
	run_cmd tcpdump -nvvr cap tcp
	expect 'cksum 0x[0-9a-f]+ \(correct\)'
	! grep -iE 'incorrect|bad cksum' out || fail "a wrong checksum"
	[ "$(tcpdump -nr cap 'greater 1515' 2>/dev/null | wc -l)" -eq 0 ]

	# as it is without them
	run_cmd tool a sysctl net.tso=0
	before=$(sent a net)
	run_cmd at 10.0.0.2/24,fd00::2/64 curl -sS -o got http://10.0.0.1/big
	same_file got big
	[ $(($(sent a net) - before)) -ge 685 ]
}

@test "dump: text, one line a frame" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_cmd shmif dump net
	expect '^[0-9:.]{15} 0: .* icmp 10\.0\.0\.1 > 10\.0\.0\.2 echo-request'
	expect '^[0-9:.]{15} 1: .* icmp 10\.0\.0\.2 > 10\.0\.0\.1 echo-reply'
	expect ' arp who-has 10\.0\.0\.2 tell 10\.0\.0\.1'
	run_cmd shmif dump -h net
	expect '/net: size '
	[ "$(wc -l <out)" -eq 1 ]
}

@test "dump -f follows until it is interrupted" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg dump shmif dump -f net
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	wait_for in_file dump.log '10\.0\.0\.2 > 10\.0\.0\.1 echo-reply'
	run_cmd -1 shmif -s unix://b.sock ping -c 1 -W 1 10.0.0.77
	wait_for in_file dump.log 'who-has 10\.0\.0\.77'
	! gone "${PID[dump]}" || fail "it ended by itself"
	stop dump INT
	run_cmd -1 grep missed dump.log
}

@test "dump -f ends with the program that reads it" {
	start_host a 10.0.0.1
	LIMIT=10 run_cmd bash -c 'shmif dump -f -p - net | head -c 24 | wc -c'
	expect '^ *24$'
}

@test "dump counts what it missed, and slows nobody" {
	random_file big 20000000
	run_cmd shmif bus create net size=256k
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80
	start_bg dump shmif dump -f -p cap.pcap net
	wait_for [ -s cap.pcap ]
	kill -STOP "${PID[dump]}"
	LIMIT=20 run_cmd on b curl -sS -o got http://10.0.0.1/big
	same_file got big
	kill -CONT "${PID[dump]}"
	wait_for larger_than cap.pcap 100000
	stop dump INT
	in_file dump.log '^shmif dump: [1-9][0-9]* frames missed$'
	tcpdump -nr cap.pcap >/dev/null 2>&1
}

@test "a stopped host slows the others only for a moment, and recovers" {
	random_file big 20000000
	run_cmd shmif bus create net size=512k
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_host c 10.0.0.3
	start_http web a 80
	kill -STOP "${PID[c]}"
	LIMIT=20 run_cmd on b curl -sS -o got http://10.0.0.1/big
	same_file got big
	kill -CONT "${PID[c]}"
	run_cmd shmif -s unix://c.sock ping -c 1 10.0.0.1
	expect '1 received'
}
