#!/usr/bin/env bats
# What runs over unix:// runs over tcp:// too: the tests of sockets and programs
# once more, with hosts that are reached by a relay.  What differs is listed in
# tests/over.differ, with its reason.

load ../helpers

# usage: [KIND=tls] over FILE...  (without .bats)
over() {
	local file bad=0

	export OVER=${KIND:-tcp}
	for file; do
		timeout 1800 bats "$BATS_TEST_DIRNAME/../$file.bats" \
			</dev/null >"$file.tap" 2>&1 3>&- || :
		sed -n "s/^not ok [0-9]* \(.*\)/$file: \1/p" "$file.tap" |
			sed 's/ in [0-9]*ms$//'
	done >failed
	grep -v '^#' "$BATS_TEST_DIRNAME/../over.differ" | cut -f 1 |
		grep -vxFf - failed >unlisted || :
	while read -r file; do
		echo "differs: $file"
		bad=1
	done <unlisted
	[ $bad = 0 ] || tail -n 60 -- *.tap
	return $bad
}

@test "over tcp://: TCP" {
	over 010-tcp 040-connect
}

@test "over tcp://: datagrams and their errors" {
	over 011-udp 012-datagrams 013-icmp-errors
}

@test "over tcp://: processes" {
	over 031-process 033-exec
}

@test "over tcp://: packets" {
	over 036-packet
}

@test "over tcp://: conformance" {
	over 050-conform
}

@test "over tcp://: how streams end" {
	over 051-ends
}

@test "over tcp://: programs" {
	over 100-nginx 101-python 102-redis 103-iperf3 104-socat 105-bash \
		106-ssh 110-rsync
}

@test "over tcp:// with a key" {
	KIND=tls over 010-tcp 036-packet 101-python
}
