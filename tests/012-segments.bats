#!/usr/bin/env bats
# Datagrams that leave together are one frame of the bus, as long as nobody has
# to see each of them.

load helpers
load helpers.net

SEGMENTS=$BATS_TEST_DIRNAME/h_segments.py
BOTH='10.0.0.1 fd00::1'

# usage: start_pair [FORMAT-OR-MTU]: hosts a (.1) and b (.2) on bus ./net
start_pair() {
	run_cmd shmif bus create ./net "${1:-mtu=1500}"
	BUS=./net start_host a fd00::1/64,10.0.0.1
	BUS=./net start_host b fd00::2/64,10.0.0.2
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd tool b ping6 -c 1 fd00::1
}

# usage: take HOST ADDRESS BYTES [ARG]...
take() {
	start_bg take on "$1" "$PYTHON" "$SEGMENTS" take "$2" 7 "${@:3}"
	wait_for has_socket "$1" '^udp[46]* .*[.]7 '
}

# usage: give HOST ADDRESS SIZE SEGMENT [TOS [SOURCE]]
give() {
	run_cmd on "$1" "$PYTHON" "$SEGMENTS" give "$2" 7 "${@:3}"
}

# N lines of take.log are LINE, and there are no others.  usage: took N LINE
took() {
	wait_for in_file take.log '^end$'
	[ "$(grep -cx "$2" take.log)" -eq "$1" ] ||
		fail "not $1 times $2: $(sort take.log | uniq -c)"
	[ "$(wc -l <take.log)" -eq "$((${3:-$1} + 1))" ] ||
		fail "something else: $(sort take.log | uniq -c)"
	wait_for gone "${PID[take]}"
}

# A frame or three, with neighbours' questions, since that were sent.
# usage: few HOST BUS SENT
few() {
	local n=$(($(sent "$1" "$2") - $3))

	[ "$n" -le 5 ] || fail "$n frames were sent"
}

# The capture is of datagrams as the MTU wants them, with right sums.
# usage: is_cut FILE N LENGTH: N datagrams of that many bytes
is_cut() {
	tcpdump -nvvr "$1" 'udp port 7' >text 2>/dev/null
	! grep -iE 'incorrect|bad udp cksum|bad length' text ||
		fail "a wrong sum"
	[ "$(grep -c "udp sum ok. UDP, length $3\$" text)" -eq "$2" ] ||
		fail "not $2 of $3 bytes"
}

@test "UDP_SEGMENT: one frame, one read with UDP_GRO, else all that it is cut to" {
	local at v n

	start_pair
	for at in $BOTH; do
		for v in '30000 1200' '30000 999' '128 1'; do
			# shellcheck disable=SC2086 # two words
			set -- $v
			n=$(sent b ./net)
			take a "$at" "$1" gro
			give b "$at" "$1" "$2" 2
			took 1 "$1 $2 2 $at"
			[ "$(($(sent b ./net) - n))" -le 3 ]
		done
		# of several frames
		take a "$at" 64999 gro
		n=$(sent b ./net)
		give b "$at" 64999 1001 1
		took 1 "64999 1001 1 $at"
		few b ./net "$n"
		take a "$at" 30000
		give b "$at" 30000 1200 3
		took 25 "1200 0 3 $at"
		take a "$at" 3001
		give b "$at" 3001 1000 184
		took 3 "1000 0 184 $at" 4
	done
}

@test "UDP_SEGMENT: dump, and tcpdump on both hosts, see each datagram" {
	local at h

	start_pair
	for h in a b; do
		start_bg "dump$h" on "$h" tcpdump -nU -B 4096 -i shmif0 \
			-w "$h.pcap" 'udp port 7'
		wait_for in_file "dump$h.log" 'listening on'
	done
	for at in $BOTH; do
		take a "$at" 24001 gro
		give b "$at" 24001 1001
		took 1 "24001 1001 0 $at"
	done
	for h in a b; do
		wait_for larger_than "$h.pcap" 48000
		stop "dump$h" INT
	done
	run_cmd shmif dump -p bus.pcap ./net
	for h in a b bus; do
		is_cut "$h.pcap" 46 1001
		is_cut "$h.pcap" 2 978
	done
	run_cmd shmif dump ./net
	[ "$(grep -c 'udp 10.0.0.2.* > 10.0.0.1' out)" -eq 24 ]
	# What was captured can be sent again.
	take a 10.0.0.1 24001
	run_cmd tcpdump -r bus.pcap -w udp.pcap 'ip and udp port 7'
	run_cmd shmif replay udp.pcap ./net
	took 23 '1001 0 0 10.0.0.1' 24
}

larger_than() {
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

@test "datagrams of single calls share frames as well, and stay what they are" {
	local at n

	start_pair
	for at in $BOTH; do
		n=$(sent b ./net)
		take a "$at" 64000
		run_cmd on b "$PYTHON" "$SEGMENTS" many "$at" 7 64 1000
		took 1000 "64 0 0 $at"
		[ "$(($(sent b ./net) - n))" -le 1000 ]
	done
	run_cmd shmif dump -p bus.pcap ./net
	is_cut bus.pcap 2000 64
	# and all by themselves
	run_cmd tool b sysctl net.tso=0
	n=$(sent b ./net)
	take a 10.0.0.1 30000 gro
	give b 10.0.0.1 30000 1200
	took 1 '30000 1200 0 10.0.0.1'
	[ "$(($(sent b ./net) - n))" -ge 25 ]
}

@test "UDP_SEGMENT: a closed port is told of once for each, a raw socket gets each" {
	start_pair
	for at in $BOTH; do
		run_cmd on b "$PYTHON" "$SEGMENTS" refused "$at" 7 3000 1000
		expect '^Connection refused'
	done
	run_cmd shmif dump -p bus.pcap ./net
	run_cmd tcpdump -nvvr bus.pcap 'icmp'
	expect 'udp port 7 unreachable.*'
	expect 'length 1028\)'
	! grep 'length 3028' out || fail "quoted what nobody sent"
	start_bg raw on a "$PYTHON" "$SEGMENTS" raw 10.0.0.1 3
	wait_for in_file raw.log ready
	take a 10.0.0.1 3000 gro
	give b 10.0.0.1 3000 1000
	took 3 '1000 0 0 10.0.0.1'
	wait_for in_file raw.log end
	[ "$(grep -c '^1028$' raw.log)" -eq 3 ]
}

@test "UDP_SEGMENT: through a router to a smaller MTU" {
	local at n

	run_cmd shmif bus create ./one mtu=1500
	run_cmd shmif bus create ./two mtu=1400
	start_bg r shmif_server -s -i shmif0=./one,10.1.0.254/24,fd01::254/64 \
		-i shmif1=./two,10.2.0.254/24,fd02::254/64 "unix://$DIR/r.sock"
	wait_for host_up r
	tool r sysctl -q net.inet.ip.forwarding=1 net.inet6.ip6.forwarding=1
	BUS=./one start_host a fd01::1/64,10.1.0.1 \
		-r default=10.1.0.254 -r default=fd01::254
	BUS=./two start_host b fd02::1/64,10.2.0.1 \
		-r default=10.2.0.254 -r default=fd02::254
	run_cmd tool a ping -c 1 10.2.0.1
	run_cmd tool a ping6 -c 1 fd02::1
	for at in 10.2.0.1 fd02::1; do
		n=$(sent a ./one)
		take b "$at" 26000
		give a "$at" 26000 1300
		took 20 "1300 0 0 $at"
		few a ./one "$n"
	done
	run_cmd shmif dump -p two.pcap ./two
	is_cut two.pcap 40 1300
}

@test "UDP_SEGMENT: faults meet each datagram, and damage one alone" {
	local n

	start_pair
	run_cmd tool b link shmif0 set corrupt 30% seed 7
	# Of what is not joined most is whole, of what is joined nothing.
	take a 10.0.0.1 30000
	give b 10.0.0.1 25000 1000
	give b 10.0.0.1 25000 1000
	give b 10.0.0.1 25000 1000
	wait_for in_file take.log '^end$'
	[ "$(grep -c '^1000 ' take.log)" -eq 30 ]
	run_cmd tool b link shmif0 show --json
	"$PYTHON" -c "import json
c = json.load(open('out'))[0]['counters']
assert c['frames'] >= 75 and 5 < c['corrupted'] < 45, c" ||
		fail "not each by itself"
	run_cmd tool b link shmif0 clear
	run_cmd tool a link shmif0 set in limit 5000
	take a fd00::1 25000 gro
	give b fd00::1 25000 1000
	wait_for in_file take.log '^end$'
	run_cmd tool a link shmif0 show --json
	"$PYTHON" -c "import json
c = json.load(open('out'))[0]['counters']
assert c['frames'] >= 25 and c['bytes'] / c['frames'] < 1515, c" ||
		fail "not each by itself"
}

# What the first frame says wrong, which is none of many; SIZE SEGMENT, COUNT
# and LENGTH of what comes.
FORGED='1000 8:125 8
1000 999:2 999
1000 1:1 1000
1000 7:1 1000
1000 1000:1 1000
1000 1001:1 1000
1000 65544:1 1000
1000 4294967295:1 1000
30000 100:1 30000
30000 30000:1 30000'

@test "forged: segments of no size, longer than all, too many, a wrong sum" {
	local size segment count length

	start_pair
	while IFS=': ' read -r size segment count length; do
		take a 10.0.0.1 "$size"
		run_cmd "$B/tests/h_forge" ./net 10.0.0.1 7 "$size" "$segment" 0
		run_cmd "$B/tests/h_forge" ./net 10.0.0.1 7 "$size" "$segment" 1
		wait_for in_file take.log '^end$'
		! grep other take.log || fail "$size $segment: other bytes"
		[ "$(grep -c "^$length 0 0 " take.log)" -ge \
			"$((size % length ? count - 1 : count))" ] ||
			fail "$size $segment: $(sort take.log | uniq -c)"
		[ "$(grep -c ' 0 0 ' take.log)" -eq "$count" ]
		wait_for gone "${PID[take]}"
	done <<<"$FORGED"
	# Nobody gets what is damaged, and the host goes on.
	run_cmd tool a netstat -s
	expect '^[[:space:]]*[1-9][0-9]* udp.bad_checksum'
	run_cmd tool b ping -c 1 10.0.0.1
}

@test "UDP_SEGMENT: on NetBSD's format, and over a bridge" {
	local at n

	start_pair format=rump
	for at in $BOTH; do
		take a "$at" 24000 gro
		give b "$at" 24000 1200
		took 1 "24000 1200 0 $at"
	done
	run_cmd shmif dump -p net.pcap ./net
	is_cut net.pcap 40 1200
	BUS=./wide start_host c fd00::3/64,10.0.0.3
	start_bg join shmif bus join ./net ./wide
	wait_for pings c 10.0.0.1
	for n in 'a 10.0.0.1 c' 'c 10.0.0.3 a' 'a fd00::1 c'; do
		# shellcheck disable=SC2086 # three words
		set -- $n
		take "$1" "$2" 24000
		give "$3" "$2" 24000 1200
		took 20 "1200 0 0 $2"
	done
}

pings() {
	tool "$1" ping -c 1 -W 1 "$2" >/dev/null 2>&1
}
