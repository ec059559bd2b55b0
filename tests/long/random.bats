#!/usr/bin/env bats
# Calls that a seed chooses, on a handful of sockets, give the same on a
# virtual host as on the machine's kernel, but for what is left out by
# tests/random/differ.h.
#
# SEEDS=N	so many sequences of calls (200)
# FIRST=N	the first of them; each run takes others
# DIFFER=N	so many may differ (one of 20): of all turns that calls can
#		take some are rarer than what is known.  They are shown.

load ../helpers
load ../helpers.net

# Two sides, the kernel in a network namespace with a loopback only, whose MTU
# is that of a virtual host's.
setup() {
	common_setup
	requires nosan ip nsenter
	if unshare -n true 2>/dev/null; then
		KERNEL=(unshare -n) enter='nsenter -n -t'
	elif unshare -rn true 2>/dev/null; then
		KERNEL=(unshare -rn)
		enter='nsenter --preserve-credentials -U -n -t'
	else
		skip "may not make network namespaces"
	fi
	start_bg kernel "${KERNEL[@]}" sh -c \
		'ip link set lo up mtu 65521 && echo up && exec sleep 7200'
	start_host a 10.0.0.1
	wait_for in_file kernel.log '^up$'
	enter+=" ${PID[kernel]}"
}

# usage: compare [-STATUS] VIRTUAL FIRST COUNT ALLOWED
compare() {
	local -a status=()

	[[ $1 != -* ]] || { status=("$1"); shift; }
	LIMIT=7000 run_cmd "${status[@]}" "$PYTHON" \
		"$BATS_TEST_DIRNAME/../h_random.py" \
		"$B/tests/h_conform_random" "$enter" "$@"
}

@test "random calls: the same on the kernel and a virtual host" {
	local seeds=${SEEDS:-200}

	compare "env RUMP_SERVER=$(url_of a) LD_PRELOAD=$HIJACK" \
		"${FIRST:-$(date +%s)}" "$seeds" "${DIFFER:-$((seeds / 20))}"
	sed 's/^/# /' out >&3
}

@test "random calls: a difference is found, and shown by few steps" {
	cat >wrong <<-'END'
		#!/bin/sh
		"$@" | sed '/ listener /s/: 0$/: EINVAL/'
	END
	chmod +x wrong
	compare -1 "$enter $DIR/wrong" 1 10 0
	expect '^== seed [0-9]+ steps [0-9]+$'
	expect '^  K [0-9]+ listener s[0-9]: 0$'
	expect '^  V [0-9]+ listener s[0-9]: EINVAL$'
	expect '^seeds 1 to 10: [1-9][0-9]* differ'
}

@test "random calls: a program that does not run is no success" {
	compare -1 "$DIR/nothing" 1 1 0
	expect_err "nothing.*No such file"
	compare -1 false 1 1 0
	expect_err 'false.*exit status 1'
	compare -1 true 1 1 0
	expect_err 'true.*seed 1 printed nothing'
	compare -1 "env RUMP_SERVER=unix://$DIR/no.sock LD_PRELOAD=$HIJACK" 1 1 0
	expect '^  V preparation: .*ENETDOWN$'
}
