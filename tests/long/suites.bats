#!/usr/bin/env bats
# Tests that others wrote for their own programs: what passes on Linux passes on
# a virtual host, whose own loopback they use.

load ../helpers
load ../helpers.net
load ../helpers.ssh

# OpenSSH's, those with a port of their own; the others talk through pipes.
SSH_TESTS=(connect connect-uri reexec reconfigure keyscan dynamic-forward
	channel-timeout)

# A copy of the suite to run in; what its package needs is not there.
# usage: unpack_suite DIRECTORY
unpack_suite() {
	local suite=${B%/?san}/unpacked/openssh-tests/usr/lib/openssh/regress

	[ -d "$suite" ] || skip "no tests of OpenSSH"
	cp -R "$suite" "$1"
}

# The tests that pass in there, one a line, by a program that starts others.
# usage: ssh_tests DIRECTORY RUNNER...
ssh_tests() {
	local dir=$DIR/$1 test

	for test in "${SSH_TESTS[@]}"; do
		! timeout -k 2 200 "${@:2}" make -C "$dir" .OBJDIR="$dir" \
			.CURDIR="$dir" BUILDDIR="$dir" OBJ="$dir" SUDO= \
			TEST_SHELL=sh TEST_SSH_SSH=ssh TEST_SSH_SSHD="$SSHD" \
			TEST_SSH_IPV6=yes TEST_SSH_ECC=yes \
			TEST_SSH_UNSAFE_PERMISSIONS=1 LTESTS="$test" t-exec \
			<&- >"$1.$test.log" 2>&1 3>&- || echo "$test"
	done
}

@test "OpenSSH's own tests of its connections" {
	requires root netns ip make ssh "$SSHD"
	unpack_suite linux
	cp -R linux virtual
	# shellcheck disable=SC2016 # sh expands it
	ssh_tests linux unshare -n sh -c 'ip link set lo up; exec "$@"' sh \
		>linux.passed
	[ "$(wc -l <linux.passed)" -ge 5 ] || fail "Linux: $(cat linux.passed)"
	start_host a 10.0.0.1
	ssh_tests virtual shmhijack -s "unix://$DIR/a.sock" -- \
		>virtual.passed
	run_cmd diff linux.passed virtual.passed
	run_cmd grep -c ^ok virtual.*.log
}
