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
