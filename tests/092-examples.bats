#!/usr/bin/env bats
# Every example of the README and of the manuals, pasted into a shell as it
# stands; three times in tests/long/examples.bats.

load helpers
load helpers.paste

root=$BATS_TEST_DIRNAME/..

@test "README: every block, as pasted" {
	paste_readme
}

@test "the manuals: every example, as pasted" {
	paste_manuals
}

@test "no user namespace is needed, nor can one be made here" {
	requires netns
	# shellcheck disable=SC2016
	run_cmd unshare -Ur bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces || exit
		! unshare -Ur true 2>/dev/null || exit
		shmhijack -b net -n web "$0" -m http.server 80 &
		shmhijack -b net -w web:80 curl -sS http://web/
		status=$?
		kill $!
		exit $status' "$PYTHON"
	expect 'Directory listing for /'
}

@test "virt(4): every example, as pasted, on a machine of its own" {
	requires root netns tun ip mandoc
	page_blocks "$root/tap/virt.4" >text
	mkdir bin
	command -v sudo || {
		# shellcheck disable=SC2016
		printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
		chmod 755 bin/sudo
	}
	PATH=$PATH:$DIR/bin
	# shellcheck disable=SC2034 # paste_it() does
	BEFORE=(unshare -n sh -c 'ip link set lo up &&
		ip link add eth0 type veth peer name wire && ip link set eth0 up &&
		ip addr add 192.0.2.2/24 dev eth0 && exec "$@"' -)
	paste_it "$DIR/text" virt
}
