#!/usr/bin/env bats
# Captures as those who know tcpdump and Wireshark expect them.

load helpers
load helpers.net

# Fields of a capture, one frame a line.  usage: fields FILE FIELD...
fields() {
	local f words=()

	for f in "${@:2}"; do words+=(-e "$f"); done
	timeout 60 tshark -n -r "$1" -T fields "${words[@]}" 2>/dev/null
}

size_is() {
	[ "$(stat -c %s "$1")" -eq "$2" ]
}

# Has the capture the ends of a connection?
has_ends() {
	[ "$(tcpdump -nr "$1" 'tcp[13] & 1 == 1' 2>/dev/null | wc -l)" -eq 2 ]
}

some_pings() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd tool a ping -c 3 -i 0.05 10.0.0.2
}

@test "dump: filters are libpcap's, and names those of members" {
	some_pings
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd shmif dump -p all net
	for filter in arp 'icmp and src host 10.0.0.1' 'icmp[0] == 8' \
		'not ip6' 'ether broadcast' 'len > 60 and not ip6'; do
		# shellcheck disable=SC2086
		run_cmd shmif dump -p some net $filter
		tcpdump -ttnexr some >got 2>/dev/null
		tcpdump -ttnexr all "$filter" >want 2>/dev/null
		[ -s want ]
		cmp got want || fail "$filter"
	done
	run_cmd shmif dump net icmp and src a
	[ "$(grep -c 'echo-request' out)" -eq 3 ]
	[ "$(grep -c ' icmp 10\.0\.0\.1 > ' out)" -eq "$(wc -l <out)" ]
	run_cmd shmif dump -c 4 net '(host a or b) and icmp'
	[ "$(grep -c ' icmp ' out)" -eq 4 ]
	run_cmd shmif dump --json net arp
	"$PYTHON" -c 'import json
for line in open("out"):
    assert json.loads(line)["ethertype"] == 0x806, line'
	run_bad 2 'the filter: .*syntax error' 'pcap-filter' \
		shmif dump net tcp and and
	run_bad 2 '--neww' 'mean --new\?' shmif dump --neww net
}

@test "dump --new, -U: what comes, each frame at once" {
	some_pings
	start_bg dump shmif dump --new -U -p new net icmp
	wait_for [ -s new ]
	run_cmd tool b ping -c 2 -i 0.05 10.0.0.1
	wait_for size_is new 480
	stop dump
	in_file dump.log '^4 frames, 392 bytes in new$'
	[ "$(tcpdump -nr new 2>/dev/null | wc -l)" -eq 4 ]
}

@test "dump: nanoseconds in text, pcap and pcapng are those of the bus" {
	some_pings
	run_cmd shmif dump --json net icmp
	sed -n 's/.*"time_ns": *\([0-9]*\)\([0-9]\{9\}\).*/\1.\2/p' out >want
	[ -s want ]
	run_cmd shmif dump --nano -p nano.pcap net icmp
	tcpdump --nano -ttnr nano.pcap 2>/dev/null | cut -d ' ' -f 1 >got
	cmp got want
	run_cmd shmif dump -p all.pcapng net icmp
	tcpdump --nano -ttnr all.pcapng 2>/dev/null | cut -d ' ' -f 1 >got
	cmp got want
	run_cmd shmif dump --nano net icmp
	cut -d ' ' -f 1 out | cut -d . -f 2 >got
	cut -d . -f 2 want | cmp - got
}

@test "dump -C and -W: files as tcpdump makes them" {
	local how

	random_file big 3500000
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd at 10.0.0.2 curl -sS -o got http://10.0.0.1/big
	run_cmd shmif dump -p all net
	n=$(tcpdump -nr all 2>/dev/null | wc -l)
	for how in '-C 1' '-C 1 -W 2' '-C 1 -W 12'; do
		mkdir one two
		# shellcheck disable=SC2086
		run_cmd tcpdump -Z root -r all $how -w one/x
		# shellcheck disable=SC2086
		run_cmd shmif dump -c "$n" $how -p two/x net
		(cd one && stat -c '%n %s' -- *) >want
		(cd two && stat -c '%n %s' -- *) >got
		diff want got || fail "$how"
		[ "$(wc -l <got)" -gt 1 ]
		rm -r one two
	done
	run_cmd shmif dump -C 100k -p small.pcapng net
	run_cmd capinfos -Mc small.pcapng small.pcapng[1-9]*
	run_bad 2 -W 'goes with -C or -G' shmif dump -W 2 -p x net
	run_bad 2 -C 'the name of a file' shmif dump -C 2 -p - net
}

@test "dump -G and -W: files by time, and the end" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg ping tool a ping -i 0.1 10.0.0.2
	LIMIT=20 run_cmd shmif dump -f -G 1 -W 2 -p 'x%s.pcap' net
	expect ' frames, [0-9]+ bytes in 2 files, the last x[0-9]+\.pcap$'
	[ "$(echo x*.pcap | wc -w)" -eq 2 ]
	for f in x*.pcap; do
		[ "$(tcpdump -nr "$f" icmp 2>/dev/null | wc -l)" -gt 4 ]
	done
}

@test "dump: pcapng tells members, and programs of connections" {
	echo 'a line of text' >file
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80
	start_bg dump shmif dump -f -p live.pcapng net
	wait_for [ -s live.pcapng ]
	run_cmd on b curl -sS http://10.0.0.1/file
	user=$(id -un)
	wait_for has_ends live.pcapng
	run_cmd shmif dump -p after.pcapng net
	stop dump
	for f in live after; do
		fields $f.pcapng frame.interface_name ip.src tcp.dstport \
			frame.comment >text
		in_file text "^b	10\.0\.0\.2	80	.*10\.0\.0\.2:[0-9]+: curl\[[0-9]+\]"
		in_file text "10\.0\.0\.1:80: [^ ]*\[${PID[web]}\] of user $user on a"
		[ "$(grep -c 'on a' text)" -eq 1 ]
		! grep -q '^a	10\.0\.0\.2' text || fail "a sent b's"
	done
	run_cmd capinfos live.pcapng
	expect 'Number of interfaces in file: 2'
	expect 'Description = slot 0 of .*/net, process '
	run_cmd tshark -r live.pcapng -Y 'frame.comment contains "curl"'
	# the first frames of both directions are of one connection
	[ "$(wc -l <out)" -eq 1 ]
	# in a pipe
	run_cmd bash -c 'shmif dump --pcapng -p - net | tshark -r - -Y http'
	expect 'GET /file'
}

@test "dump: a member that has gone is no other's interface" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd tool b ping -c 1 10.0.0.1
	stop b
	run_cmd shmif dump -p gone.pcapng net
	fields gone.pcapng frame.interface_name arp.src.proto_ipv4 \
		ip.src >text
	in_file text '^a		10\.0\.0\.1$'
	in_file text '^slot 1		10\.0\.0\.2$'
	start_host c 10.0.0.3
	run_cmd shmif dump -p other.pcapng net
	fields other.pcapng frame.interface_name ip.src >text
	in_file text '^slot 1	10\.0\.0\.2$'
}

@test "dump: a full disk is told, and the end of who reads is none" {
	some_pings
	for f in pcap pcapng; do
		ln -s /dev/full full.$f
		run_bad 1 "full\.$f: No space left" . shmif dump -p full.$f net
	done
	run_bad 1 'missing/x: No such file' . shmif dump -p missing/x net
	run_cmd bash -c 'shmif dump --pcapng -p - net | head -c 10 | wc -c'
	expect '^ *10$'
}
