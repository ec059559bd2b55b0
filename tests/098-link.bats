#!/usr/bin/env bats
# Faults of interfaces: shmif link.

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	export RUMP_SERVER=unix://$DIR/a.sock
}

helper=$BATS_TEST_DIRNAME/h_link.py

# A number of the first entry's.  usage: counted NAME [ENTRY]
counted() {
	shmif link show --json | "$PYTHON" -c "import json, sys
print(json.load(sys.stdin)[${2:-0}]['counters']['$1'])"
}

# The numbers of those of COUNT datagrams from a to b that arrive, in the file
# NAME.got.  usage: flow NAME COUNT [SIZE]
flow() {
	start_bg "take-$1" on b "$PYTHON" "$helper" take 10.0.0.2 7000 \
		"$1.got"
	wait_udp b 7000
	LIMIT=60 run_cmd on a "$PYTHON" "$helper" give 10.0.0.2 7000 "$2" \
		"${3:-100}"
	wait_for -20 gone "${PID[take-$1]}"
}

@test "a delay is added once to a round trip, to the default direction" {
	run_cmd shmif link shmif0 set delay 80ms
	expect '^seed [0-9]+$'
	run_cmd shmif ping -c 3 -i 0.1 --json 10.0.0.2
	"$PYTHON" -c "import json
t = json.load(open('out'))['min_us']
assert 80000 <= t < 120000, t" || fail "$output"
	[ "$(counted delayed)" -ge 4 ]
	run_cmd shmif link shmif0 clear
	run_cmd shmif link show
	[ -z "$output" ]
}

@test "loss: as much as was asked for, and with one seed the same frames" {
	run_cmd shmif link shmif0 set loss 10% seed 42 match udp
	[ -z "$output" ]
	flow one 2000
	run_cmd shmif link shmif0 set loss 10% seed 42 match udp
	flow two 2000
	cmp one.got two.got || fail "not the same"
	run_cmd shmif link shmif0 set loss 10% seed 43 match udp
	flow three 2000
	! cmp -s one.got three.got || fail "another seed, the same losses"
	[ "$(counted frames)" -eq 2001 ]
	# 2000 * 0.1, four and a half standard deviations around it
	for i in one two three; do
		n=$(wc -l <"$i.got")
		[ "$n" -ge 1740 ] && [ "$n" -le 1860 ] || fail "$i: $n"
	done
}

@test "what tc-netem says no to is refused, with status 2 and one line" {
	run_cmd shmif link shmif0 set delay 10ms loss 1% seed 5
	shmif link show | grep '^shmif0' >before
	while read -r pattern words; do
		# shellcheck disable=SC2086
		run_cmd -2 shmif link shmif0 set $words
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "$pattern"
	done <<-'X'
		percentage loss 101%
		time loss 5% 20% delay
		time delay 10foo
		time delay -5ms
		time delay
		rate rate fast
		rate rate -1mbit
		number limit x
		number seed x
		delay reorder 10%
		reorder gap 3 delay 1ms
		loss ecn
		jitter distribution normal
		normal delay 10ms 5ms distribution foo
		slot slot 10ms
		deley deley 10ms
		mean los 1%
		alone down loss 1%
		alone loss 1% down
		address partition
		address partition x
		match loss 1% match foo bar
		say seed 5
		say out
	X
	shmif link show | grep '^shmif0' | diff before -
	run_cmd -1 shmif link shmif7 set loss 1%
	run_cmd -1 shmif link shmif7 show
}

# k of n frames, five standard deviations around n * p.
# usage: about K N P
about() {
	"$PYTHON" - "$@" <<-'END' || fail "about $*"
		import sys
		k, n, p = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
		sys.exit((k - n * p) ** 2 > 25 * n * p * (1 - p) + 1)
	END
}

@test "a program's UDP sees duplicates, spoiled and reordered frames at their rates" {
	run_cmd shmif link shmif0 set duplicate 5% match udp port 7000
	flow dup 2000
	about "$(sort dup.got | uniq -d | wc -l)" 2000 0.05
	# What was counted is what came, but for the end and its repetitions.
	n=$(counted duplicated)
	[ $((n - $(sort dup.got | uniq -d | wc -l))) -le 3 ]
	# A bit that is turned over is found by a sum, but where none covers it.
	run_cmd shmif link shmif0 set corrupt 10% match udp port 7000
	flow bad 2000
	about "$(counted corrupted)" 2000 0.1
	n=$((2000 - $(counted corrupted)))
	[ "$(wc -l <bad.got)" -ge "$n" ]
	! grep '!' bad.got || fail "spoiled bytes reached the program"
	run_cmd shmif link shmif0 set delay 30ms reorder 20% match udp port 7000
	flow order 2000
	[ "$(wc -l <order.got)" -eq 2000 ]
	about "$(counted reordered)" 2000 0.2
	! sort -nc order.got 2>/dev/null || fail "all in order"
}

@test "rate and limit: what waits, what is lost, and how long it takes" {
	# 100 bytes of UDP are 142 on Ethernet; 200 of them at 1 Mbit/s
	run_cmd shmif link shmif0 set rate 1mbit limit 50
	cat >burst.py <<-'END'
		import socket, sys, time
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for n in range(200):
		    s.sendto(n.to_bytes(4, "big") * 25, ("10.0.0.2", 7000))
	END
	cat >sink.py <<-'END'
		import socket, time
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("10.0.0.2", 7000))
		s.settimeout(20)
		t = []
		while not t or t[-1] < t[0] + 0.6:
		    try:
		        s.recv(1000)
		        t.append(time.monotonic())
		    except TimeoutError:
		        break
		    s.settimeout(0.6)
		print(len(t), t[-1] - t[0])
	END
	start_bg sink on b "$PYTHON" sink.py
	wait_udp b 7000
	run_cmd on a "$PYTHON" burst.py
	wait_for -20 gone "${PID[sink]}"
	lost=$(counted limited)
	read -r n seconds <sink.log
	echo "$lost lost, $n in $seconds s"
	[ $((lost + n)) -eq 200 ] && [ "$lost" -gt 100 ]
	"$PYTHON" -c "import sys
want = ($n - 1) * 142 * 8 / 1e6
sys.exit(not want * 0.95 - 0.01 < $seconds < want * 1.3 + 0.2)"
}

@test "an entry's generator is drawn from by its own frames only" {
	run_cmd shmif link shmif0 set loss 10% seed 5 match udp port 7000
	flow quiet 1000
	run_cmd shmif link shmif0 set loss 10% seed 5 match udp port 7000
	start_bg noise on a "$PYTHON" -c "import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    s.sendto(b'x', ('10.0.0.2', 7001))
    time.sleep(0.001)"
	flow loud 1000
	stop noise
	cmp quiet.got loud.got || fail "other frames drew from it"
	[ "$(counted frames)" -eq 1001 ]
}

@test "the first entry that matches counts; set replaces its like" {
	run_cmd shmif link shmif0 set loss 100% match udp port 7000
	run_cmd shmif link shmif0 set loss 0.5%
	run_cmd shmif link shmif0 set in delay 1ms
	run_cmd shmif link shmif0 set loss 0% match udp port 7000
	run_cmd shmif link shmif0 show
	[ "$(grep -c '^shmif0' out)" -eq 3 ]
	flow all 50
	[ "$(wc -l <all.got)" -eq 50 ]
	[ "$(counted frames)" -eq 51 ]
	run_cmd shmif link shmif0 clear in
	run_cmd shmif link shmif0 show
	[ "$(grep -c '^shmif0 out' out)" -eq 2 ]
	[ "$(grep -c '^shmif0 in' out)" -eq 0 ]
	run_cmd shmif link shmif0 clear match udp port 7000
	run_cmd shmif link shmif0 show
	[ "$(grep -c '^shmif0' out)" -eq 1 ]
	# One that can never count is said to be so.
	run_cmd shmif link shmif0 set loss 1% match icmp
	expect_err 'an entry before it takes every frame'
}

@test "a partition holds for TCP, UDP, ARP and ND, and heals" {
	start_host c 10.0.0.3
	run_cmd tool b ifconfig shmif0 inet6 fd00::2/64
	run_cmd tool a ifconfig shmif0 inet6 fd00::1/64
	run_cmd shmif ping -c 1 -w 5 10.0.0.2
	run_cmd shmif ping6 -c 1 -w 5 fd00::2
	start_bg echo on b "$PYTHON" -c "import socket
s = socket.create_server(('10.0.0.2', 7000))
c, _ = s.accept()
while d := c.recv(100):
    c.sendall(d)"
	wait_listen b 7000
	mkfifo say
	start_bg talk on a "$PYTHON" -c "import socket
c = socket.create_connection(('10.0.0.2', 7000))
for line in open('say'):
    c.sendall(line.encode())
    print('got', c.recv(100).decode(), flush=True)"
	exec 7>say
	echo one >&7
	wait_for in_file talk.log 'got one'
	ll=$(tool b ifconfig shmif0 | sed -n 's/.*inet6 \(fe80[^%/ ]*\).*/\1/p')
	run_cmd shmif link shmif0 set partition 10.0.0.2 fd00::2 "$ll"
	[ -z "$output" ]
	echo two >&7
	run_cmd -1 shmif ping -c 2 -i 0.1 -w 1 10.0.0.2
	run_cmd -1 tool b ping -c 2 -i 0.1 -w 1 10.0.0.1
	run_cmd -1 shmif ping6 -c 2 -i 0.1 -w 1 fd00::2
	run_cmd shmif ping -c 1 -w 5 10.0.0.3
	# nobody learns where the other one is
	run_cmd shmif arp -d -a
	run_cmd shmif ndp -c
	run_cmd -1 shmif ping -c 2 -i 0.1 -w 1 10.0.0.2
	run_cmd -1 shmif ping6 -c 2 -i 0.1 -w 1 fd00::2
	run_cmd shmif arp -an
	! grep -F '(10.0.0.2) at b2' out || fail "ARP came through"
	run_cmd shmif ndp -an
	! grep -E '^fd00::2 +[0-9a-f]+:' out || fail "ND came through"
	[ "$(counted cut)" -ge 8 ] && [ "$(counted sent)" -eq 0 ]
	! grep 'got two' talk.log || fail "TCP came through"
	run_cmd shmif link shmif0 clear
	run_cmd shmif ping -c 1 -w 5 10.0.0.2
	run_cmd shmif ping6 -c 1 -w 5 fd00::2
	wait_for -60 in_file talk.log 'got two'
	exec 7>&-
	wait_for gone "${PID[talk]}"
}

@test "down cuts both ways, and leaves other entries as they are" {
	run_cmd shmif link shmif0 set delay 1ms
	run_cmd shmif link shmif0 set down
	run_cmd -1 shmif ping -c 2 -i 0.1 -w 1 10.0.0.2
	run_cmd -1 tool b ping -c 2 -i 0.1 -w 1 10.0.0.1
	run_cmd shmif link shmif0 show
	expect '^shmif0 both down$'
	run_cmd shmif link shmif0 clear down
	run_cmd shmif ping -c 1 -w 5 10.0.0.2
	run_cmd shmif link shmif0 show
	expect '^shmif0 out .*delay 1ms'
	# one way only
	run_cmd shmif link shmif0 set in down
	run_cmd -1 shmif ping -c 2 -i 0.1 -w 1 10.0.0.2
	[ "$(counted cut)" -ge 1 ]
	run_cmd shmif link shmif0 clear
}

@test "each frame of a large segment has its own fate, out and in" {
	run_cmd shmif bus create small mtu=1500
	BUS=small start_host d 10.0.0.1
	BUS=small start_host e 10.0.0.2
	random_file data 1000000
	run_cmd tool d link shmif0 set limit 5000
	run_cmd tool e link shmif0 set in limit 5000
	start_bg sink on e socat -u TCP-LISTEN:7000 OPEN:copy,creat,trunc
	wait_listen e 7000
	run_cmd on d socat -u OPEN:data TCP:10.0.0.2:7000
	wait_for gone "${PID[sink]}"
	cmp data copy
	for h in d e; do
		tool $h link show --json | "$PYTHON" -c "import json, sys
c = json.load(sys.stdin)[0]['counters']
# 685 segments of 1460 bytes
assert c['frames'] >= 685 and c['bytes'] >= 685 * 1514, c
assert c['bytes'] / c['frames'] <= 1514, c
assert c['sent'] == c['frames'], c"
	done
}

@test "bytes arrive intact under all faults at once" {
	random_file data 5000000
	for h in a b; do
		run_cmd tool $h link shmif0 set delay 2ms 1ms 25% \
			distribution normal loss 1% duplicate 2% \
			reorder 5% 10% corrupt 1% rate 200mbit limit 2000 seed 9
	done
	start_bg sink on b socat -u TCP-LISTEN:7000 OPEN:copy,creat,trunc
	wait_listen b 7000
	LIMIT=60 run_cmd on a socat -u OPEN:data TCP:10.0.0.2:7000
	wait_for -60 gone "${PID[sink]}"
	cmp data copy
}

@test "lo has faults of its own" {
	run_cmd shmif link lo0 set delay 30ms match icmp
	run_cmd shmif ping -c 2 -i 0.1 --json 127.0.0.1
	"$PYTHON" -c "import json
t = json.load(open('out'))['min_us']
assert 60000 <= t < 90000, t"
	run_cmd shmif ping -c 2 -i 0.1 --json 10.0.0.1
	"$PYTHON" -c "import json
t = json.load(open('out'))['min_us']
assert 60000 <= t < 90000, t"
	run_cmd shmif link lo set down
	run_cmd -1 shmif ping -c 1 -w 1 127.0.0.1
	run_cmd shmif link lo clear
	run_cmd shmif ping -c 1 127.0.0.1
}

@test "an interface goes with what waits there, and comes back without" {
	run_cmd shmif link shmif0 set delay 60s
	run_cmd -1 shmif ping -c 3 -i 0.1 -w 1 10.0.0.2
	[ "$(counted waiting)" -ge 1 ]
	run_cmd shmif ifconfig shmif0 destroy
	run_cmd shmif link show
	[ -z "$output" ]
	run_cmd shmif ifconfig shmif0 create
	run_cmd shmif ifconfig shmif0 linkstr net
	run_cmd shmif ifconfig shmif0 inet 10.0.0.1/24
	run_cmd shmif ping -c 1 -w 5 10.0.0.2
}
