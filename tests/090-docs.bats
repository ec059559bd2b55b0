#!/usr/bin/env bats
# The demo runs, and the README says what is true.

load helpers
load helpers.net

readme=$BATS_TEST_DIRNAME/../README.md
demo=$BATS_TEST_DIRNAME/../scripts/demo

# The commands of the README's blocks of that name.  usage: blocks NAME
blocks() {
	awk -v "mark=<!-- tested: $1 -->" '
		/^```/ && inside { inside = 0; next }
		/^```/ && marked { inside = 1; marked = 0; next }
		$0 == mark { marked = 1 }
		inside' "$readme"
}

@test "make demo: the tour works and leaves nothing" {
	LIMIT=60 run_cmd env TMPDIR="$DIR" "$demo"
	[ ! -s err ]
	expect 'all went as it should'
	[ "$(grep -c '^    <p>Hello from the host 10\.0\.0\.1</p>$' out)" -eq 2 ]
	expect '^    .* IP 10\.0\.0\.2\.[0-9]+ > 10\.0\.0\.1\.80: Flags \[S\]'
	expect '^    .*inet 10\.0\.0\.4/24'
	[ -z "$(find . -name 'demo.*')" ] || fail "its directory is left"
}

@test "make demo: the README tells exactly its commands" {
	LIMIT=60 run_cmd "$demo"
	sed -n 's/^\$ //p' out >of_demo
	blocks tour >of_readme
	[ "$(wc -l <of_readme)" -gt 10 ]
	diff of_readme of_demo
}

@test "make demo: a step that fails is told, with status 1" {
	mkdir b
	ln -s "$B"/* b
	rm b/shmhijack
	printf '#!/bin/sh\necho nothing\n' >b/shmhijack
	chmod 755 b/shmhijack
	LIMIT=60 run_cmd -1 env B="$DIR/b" "$demo"
	expect_err 'FAILED: no line like: .*Hello'
	expect '^    nothing$'
	rm b/shmif_server
	run_bad 1 'b/shmif_server is missing' 'make demo' \
		env B="$DIR/b" "$demo"
	run_bad 1 'nothing built in .*/none' 'make demo' \
		env B="$DIR/none" "$demo"
}

@test "make demo, interrupted: cleans up all the same" {
	start_bg demo env TMPDIR="$DIR" "$demo"
	wait_for in_file demo.log '^\$ RUMP_SERVER'
	kill -TERM "${PID[demo]}"
	wait_for -20 gone "${PID[demo]}"
	! grep 'all went' demo.log || fail "it went on"
	[ -z "$(find . -name 'demo.??????')" ] || fail "its directory is left"
}

@test "README: every file and folder it names is there" {
	root=$BATS_TEST_DIRNAME/..
	# shellcheck disable=SC2016
	grep -oE '`(man -l )?[a-z]+/[a-z_/-]*(\.[a-z0-9]+)?' "$readme" |
		sed 's/^`//; s/^man -l //' | sort -u >named
	[ "$(wc -l <named)" -gt 8 ]
	while read -r path; do
		case $path in build/* | run/*) continue ;; esac
		[ -e "$root/$path" ] || fail "$path is not there"
	done <named
}

@test "make help and the README agree on the targets" {
	run_cmd make -s -C "$BATS_TEST_DIRNAME/.." help
	for target in demo check install; do
		expect "^$target "
		in_file "$readme" "make $target"
	done
}
