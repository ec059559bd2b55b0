#!/usr/bin/env bats
# How far long work is, on a terminal; and counts at its end, everywhere.

load helpers
load helpers.net

@test "dump to a file and replay tell what they did" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd tool a ping -c 8 -i 0.1 10.0.0.2
	run_cmd shmif dump -p some net
	n=$(tcpdump -nr some 2>/dev/null | wc -l)
	expect "^$n frames, [0-9]+ bytes in some\$"
	[ ! -s err ]
	run_cmd shmif bus create lab
	run_cmd shmif replay some lab
	expect "^$n frames, [0-9]+ bytes sent in [0-9.]+ s\$"
	[ ! -s err ]
	# The bytes are those of the frames.
	bytes=$(tcpdump -ner some 2>/dev/null |
		sed -n 's/.*, length \([0-9]*\): .*/\1/p' | awk "{ n += \$1 } END { print n }")
	expect " $bytes bytes"
	# On a terminal there is more, while it runs.
	run_cmd script -qec 'shmif replay -t some lab' /dev/null
	tr '\r' '\n' <out >lines
	in_file lines '^[0-9]+ frames, [1-9][0-9]?%'
	in_file lines "$n frames, $bytes bytes sent in [0-9.]+ s\$"
}

@test "shmif-net up: what it starts, and how many there are" {
	printf 'bus wire\nhost one\n\tiface wire\nhost two\n\tiface wire\n' \
		>some.net
	run_cmd script -qec \
		"'$BATS_TEST_DIRNAME/../scripts/shmif-net' up some.net" /dev/null
	tr '\r' '\n' <out >lines
	in_file lines '^host 1 of 2: one'
	in_file lines '^host 2 of 2: two'
	in_file lines '^2 hosts and 0 programs are up'
	run_cmd "$BATS_TEST_DIRNAME/../scripts/shmif-net" down some.net
	[ ! -s err ]
}
