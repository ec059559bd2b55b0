#!/usr/bin/env bats
# The benchmark tells what failed, goes on, and leaves nothing.

load helpers

bench=$BATS_TEST_DIRNAME/../scripts/bench

setup() {
	common_setup
	# A tree of its own: results of the real one are the user's.
	mkdir -p b/tests tmp
	ln -s "$B"/shmif "$B"/shmif_server "$B"/libshmhijack.so b
	ln -s "$B"/tests/bench_* b/tests
	export TMPDIR=$DIR/tmp
	unset T BASE	# of the make that runs us
}

nothing_left() {
	[ -z "$(ls -A tmp)" ] || fail "left behind: $(ls -A tmp)"
}

@test "make bench: a part of it, its numbers and the difference to then" {
	requires nosan
	run_cmd env B="$DIR/b" T='yardstick start' "$bench"
	[ ! -s err ]
	expect '^one wake-up, us: [0-9]'
	expect '^  private host .* ms \((ok|not) <=30\)$'
	nothing_left
	run_cmd -1 grep -w failed b/bench/bench.json
	for name in machine kernel cpus commit gbit more_ms; do
		in_file b/bench/bench.json "\"$name\": " || fail "no $name"
	done
	cp b/bench/bench.json old.json
	run_cmd env B="$DIR/b" T=start BASE=old.json "$bench"
	expect '^  start running host more_ms .* -> '
}

@test "make bench: what it cannot do is told" {
	run_bad 1 'no measurement nix;' 'there are: .* bulk .* storm .* loss( |$)' \
		env B="$DIR/b" T='nix bulk' "$bench"
	run_bad 1 'BASE=nix: No such file' 'BASE' \
		env B="$DIR/b" T=start BASE=nix "$bench"
	run_bad 1 'none/tests/bench_net is missing' 'run: make bench' \
		env B="$DIR/none" "$bench"
	nothing_left
}

@test "make bench: a measurement fails, the next is made" {
	requires nosan
	rm b/tests/bench_net
	cat >b/tests/bench_net <<-EOF
	#!/bin/sh
	[ "\$1" != udprr ] || { echo bad luck >&2; exit 1; }
	exec "$B/tests/bench_net" "\$@"
	EOF
	chmod 755 b/tests/bench_net
	run_cmd -1 env B="$DIR/b" T='udp-rr start' "$bench"
	expect '^failed: udp-rr: on .*bad luck$'
	expect '^  running host '
	in_file b/bench/bench.json '"udp-rr": "on .*bad luck"'
	nothing_left
}

runs_hosts() {
	[ "$(leftovers | wc -l)" -gt 5 ]
}

@test "make bench, interrupted: cleans up all the same" {
	requires nosan
	for signal in INT TERM; do
		# Bats ignores the interrupt in what runs in the background.
		start_bg "$signal" env --default-signal=INT B="$DIR/b" T=hosts \
			"$bench"
		# In the midst of it, as far as the machine has come.
		wait_for runs_hosts
		in_file b/bench/detail.txt '^hosts on one bus'
		kill -"$signal" "${PID[$signal]}"
		wait_for -20 gone "${PID[$signal]}"
		no_leftovers || fail "left behind: $(leftovers)"
		nothing_left
		rm b/bench/detail.txt
	done
}
