# What happens when a program or its host is killed at a system call.

setup() {
	common_setup
	requires_ptrace
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg peer on b "$B/tests/h_life" peer
	wait_listen b 7
}

requires_ptrace() {
	"$B/tests/h_step" program 0 1000 sh -c 'kill -STOP $$' >/dev/null ||
		skip "may not trace processes"
}

# LIFE: a program's life on that host.  usage: life HOST
life() {
	command_words on "$1" "$B/tests/h_life" 10.0.0.2
	LIFE=("${WORDS[@]}")
}

# Nothing is held on a host but what its peer program holds.
settled() {
	[ "$(tool "$1" netstat -an | grep -cE '^(tcp|udp)')" -eq "${2:-0}" ]
}

descriptors() {
	find "/proc/${PID[$1]}/fd" -type l | wc -l
}

has_descriptors() {
	[ "$(descriptors "$1")" -le "$2" ]
}

# What a program may see of a host that is gone: end of file, the errors of a
# connection that is reset, and ENETDOWN.
saw_well() {
	grep -qx 'exit status [01]' <(tail -n 1 out) ||
		fail "$(tail -n 1 out)"
	! sed '$d' out | grep -vE \
		'^[a-z]+: (EOF|ECONNRESET|EPIPE|ENETDOWN)$|^shutdown: ENOTCONN$' ||
		fail "a program saw that"
}

# usage: lose_programs FIRST EVERY
lose_programs() {
	local before

	life a
	run_cmd "${LIFE[@]}"
	before=$(descriptors a)
	start_bg others on a "$B/tests/h_life" loop 10.0.0.2
	wait_for in_file others.log lives
	LIMIT=300 run_cmd "$B/tests/h_step" program "$1" "$2" \
		"${LIFE[@]}"
	stop others
	in_file others.log 'lives, [0-9]+ ms'
	wait_for settled a
	wait_for settled b 2
	wait_for has_descriptors a "$before"
	run_cmd on a "$B/tests/h_life" 10.0.0.2
}

# At TIMES of the places, or all there are; KILLED: how many.
# usage: lose_host with|host FIRST EVERY TIMES
lose_host() {
	local n

	life a
	for ((KILLED = 0, n = $2; KILLED < $4; KILLED++, n += $3)); do
		status=0
		timeout 60 "$B/tests/h_step" "$1" "${PID[a]}" "$n" \
			"${LIFE[@]}" >out 2>err </dev/null || status=$?
		[ "$status" -ne 3 ] || break
		echo "place $n:" "$(cat out err)"
		[ "$status" -eq 0 ]
		saw_well
		kill9 a
		start_host a 10.0.0.1
	done
	echo "killed at $KILLED places"
	[ "$KILLED" -gt 0 ]
	run_cmd "${LIFE[@]}"
	run_cmd shmif bus show net
	expect '2 of 256'
	wait_for settled a
}
