#!/usr/bin/env bats
# Buses of NetBSD's format: hosts on them, and what the tools show.

load helpers
load helpers.net

setup() {
	common_setup
	run_cmd shmif bus create ./nb format=rump
}

# Words of the header, as the description of the format has them.
# usage: word OFFSET BYTES
word() {
	od -An -t "u$2" -j "$1" -N "$2" nb | tr -d ' '
}

# usage: poke OFFSET BYTE
poke() {
	printf '%b' "\\x$2" | dd of=nb bs=1 seek="$1" conv=notrunc status=none
}

@test "a bus of NetBSD's format: two hosts, a router's worth of tools" {
	[ "$(stat -c %s nb)" -eq 1048576 ]
	[ "$(word 0 4)" -eq $((0xca11d054)) ]
	[ "$(word 4 4) $(word 8 8) $(word 16 4) $(word 20 4)" = \
		'0 0 1048544 0' ]
	BUS=./nb start_host a 10.0.0.1
	BUS=./nb start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 2 -i 0.1 10.0.0.2
	expect '2 received'
	run_cmd shmif -s unix://a.sock ifconfig shmif0
	expect 'mtu 1500'
	expect 'address: b2:a0:'
	[ "$(word 4 4)" -eq 3 ]
	# The first frame has its header at 24 of the ring.
	[ "$(word 56 4)" -ge 42 ]
	frames ./nb >all
	in_file all 'ARP, Request who-has 10.0.0.2'
	[ "$(grep -c 'ICMP echo' all)" -eq 4 ]
	run_cmd shmif bus show ./nb
	expect 'size 1023k, mtu 1500, format rump, generation 0, oldest'
	expect 'lock free$'
	run_cmd shmif bus show --json ./nb
	"$PYTHON" -c 'import json
bus = json.load(open("out"))
assert bus["format"] == "rump" and bus["members"] == [], bus' ||
		fail "not the JSON wanted"
	run_bad 1 '/nb: 1 member' show shmif bus remove ./nb
	stop a
	stop b
	run_cmd shmif bus chmod 644 ./nb
	[ "$(stat -c %a nb)" -eq 644 ]
	[ ! -e nb.lock ]
	run_cmd shmif bus remove ./nb
	[ ! -e nb ]
}

@test "a bus of NetBSD's format: ten megabytes by TCP, both ways" {
	BUS=./nb start_host a 10.0.0.1
	BUS=./nb start_host b 10.0.0.2
	head -c 10M /dev/urandom >file
	start_bg web on a "$PYTHON" -m http.server 80
	wait_listen a 80
	run_cmd on b curl -sS -o got http://10.0.0.1/file
	cmp file got
	start_bg sink on a socat -u TCP-LISTEN:81 CREATE:sunk
	wait_listen a 81
	run_cmd on b socat -u FILE:file TCP:10.0.0.1:81
	wait_for cmp -s file sunk
	# It went round many times.
	[ "$(word 8 8)" -ge 18 ]
}

@test "a bus of NetBSD's format: replay, and a follower" {
	BUS=./nb start_host a 10.0.0.1
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.9
	run_cmd shmif dump -p one.pcap ./nb
	run_cmd shmif bus create ./nb2 format=rump
	start_bg dump shmif dump -f -p two.pcap ./nb2
	wait_for [ -s two.pcap ]
	run_cmd shmif replay one.pcap ./nb2
	expect '[1-9][0-9]* frames'
	stop dump INT
	tcpdump -nr one.pcap 2>/dev/null | cut -d ' ' -f 2- >one
	tcpdump -nr two.pcap 2>/dev/null | cut -d ' ' -f 2- >two
	[ -s one ]
	cmp one two
}

@test "a bus of NetBSD's format: what is wrong is one line" {
	run_bad 1 "$DIR/nb" 'no network.*give one' \
		shmif_server -i shmif0=./nb unix://a.sock
	run_bad 1 ./nb2 'leave out' shmif bus create ./nb2 format=rump mtu=9000
	run_bad 2 'format=zip' 'native or rump' shmif bus create ./nb2 format=zip
	run_bad 1 'not stuck' "$DIR/nb" shmif bus unlock ./nb
	run_cmd shmif bus create ./own
	run_bad 1 "$DIR/own" 'nothing to unlock' shmif bus unlock ./own
	poke 4 02
	run_bad 1 "$DIR/nb" 'version 2; shmif dump' \
		shmif_server -i shmif0=./nb,10.0.0.1/24 unix://a.sock
	run_cmd shmif dump -h ./nb
	expect 'version 2'
	poke 4 07
	run_bad 1 "$DIR/nb" 'version 7' shmif dump ./nb
	[ ! -e a.sock ]
}

@test "a bus of NetBSD's format: a lock that nobody gives back" {
	BUS=./nb start_host a 10.0.0.1
	BUS=./nb start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	poke 24 01
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.2
	wait_for in_file a.log "$DIR/nb: the bus is locked since.*unlock"
	run_cmd shmif bus show ./nb
	expect 'lock held by a rump kernel'
	run_cmd shmif bus unlock ./nb
	expect unlocked
	run_cmd shmif -s unix://a.sock ping -c 2 -i 0.1 10.0.0.2
	expect '2 received'
	[ "$(grep -c 'is locked since' a.log)" -eq 1 ]
}

@test "a bus of NetBSD's format: with what does as a rump kernel does" {
	# It makes the bus, or finds it; both ways.
	for i in 1 2; do
		[ $i -eq 2 ] || rm nb
		start_bg "k$i" "$B/tests/h_rumpkernel" nb 10.0.0.9
		wait_for in_file "k$i.log" ready
		BUS=./nb start_host "a$i" 10.0.0.1
		run_cmd shmif -s "unix://a$i.sock" ping -c 3 -i 0.05 10.0.0.9
		expect '3 received'
		# Some rounds of the ring, with every frame answered.
		run_cmd shmif -s "unix://a$i.sock" ping -c 1000 -i 0.001 \
			-s 1400 10.0.0.9
		expect '1000 received'
		[ "$(word 8 8)" -ge $((2 * i)) ]
		stop "k$i"
		stop "a$i"
	done
	frames ./nb >all
	in_file all '10.0.0.9 > 10.0.0.1: ICMP echo reply'
}

@test "a bus of NetBSD's format: replay waits for the lock, prune for nobody" {
	start_host a 10.0.0.1
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.9
	run_cmd shmif dump -p one.pcap net
	poke 24 01
	start_bg replay shmif replay one.pcap ./nb
	wait_for in_file replay.log 'is locked since.*shmif bus unlock'
	run_cmd shmif bus unlock ./nb
	wait_for in_file replay.log '^[1-9][0-9]* frames'
	run_cmd shmif bus create other format=rump
	run_cmd shmif bus list
	expect '/other: size 1023k, mtu 1500, format rump'
	run_cmd shmif bus prune
	run_cmd shmif bus remove other
}

@test "a bus of NetBSD's format: a host is killed, the others go on" {
	for i in 1 2 3; do
		BUS=./nb start_host "h$i" "10.0.0.$i"
	done
	start_bg sink on h1 socat -u TCP-LISTEN:81 OPEN:/dev/null
	wait_listen h1 81
	start_bg source on h2 socat -u OPEN:/dev/zero TCP:10.0.0.1:81
	wait_for busy
	stop h2 KILL
	rm -f h2.sock
	run_cmd shmif -s unix://h3.sock ping -c 3 -i 0.05 10.0.0.1
	expect '3 received'
}

busy() {
	[ "$(word 8 8)" -ge 3 ]
}
