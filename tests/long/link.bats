#!/usr/bin/env bats
# Large transfers through all faults at once, in both directions.

load ../helpers
load ../helpers.net

# usage: carry BYTES
carry() {
	random_file data "$1"
	for h in a b; do
		run_cmd tool $h link shmif0 set delay 2ms 1ms 25% \
			distribution normal loss 1% duplicate 2% \
			reorder 5% 10% corrupt 1% rate 500mbit limit 2000
	done
	start_bg sink on b socat -u TCP-LISTEN:7000 OPEN:copy,creat,trunc
	wait_listen b 7000
	LIMIT=600 run_cmd on a socat -u OPEN:data TCP:10.0.0.2:7000
	wait_for -600 gone "${PID[sink]}"
	cmp data copy
	run_cmd tool a link show --json
	"$PYTHON" -c "import json
c = json.load(open('out'))[0]['counters']
assert all(c[k] for k in ('lost', 'duplicated', 'reordered', 'corrupted')), c"
}

@test "100 MB arrive intact under all faults at once" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	carry 100000000
}

@test "10 MB arrive intact under all faults at once, in frames of 1500 bytes" {
	run_cmd shmif bus create net mtu=1500
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	carry 10000000
}
