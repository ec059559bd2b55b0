# Members of a small bus that are stopped while others talk.

# Bytes that b has sent.
sent() {
	timeout 10 shmif bus show net | sed -n '/ b 10/{n
		s/.* \([0-9]*\) bytes, [0-9]* times.*/\1/p
		q
	}'
}

# Twice what the bus holds has passed the one that is stopped.
has_passed() {
	[ "$(sent)" -gt $(($1 + (8 << 20))) ]
}

# usage: stop_member SECONDS NAME: with lives between a and b all the while
stop_member() {
	local ms before

	run_cmd shmif bus create net size=4M
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_host c 10.0.0.3
	start_bg peer on b "$B/tests/h_life" peer
	wait_listen b 7
	start_bg idle on a "$PYTHON" -c 'import socket
s = socket.create_server(("", 9))
print("listens", flush=True)
c = s.accept()[0]
while c.recv(65536): pass'
	wait_for in_file idle.log listens
	start_bg writer on b "$PYTHON" -c 'import socket
s = socket.create_connection(("10.0.0.1", 9))
print("writes", flush=True)
while True: s.send(b"x" * 10000)'
	wait_for in_file writer.log writes
	# The first life is the slowest, and not at issue.
	run_cmd on a "$B/tests/h_life" 10.0.0.2
	before=$(sent)
	kill -STOP "${PID[$2]}"
	start_bg life on a "$B/tests/h_life" loop 10.0.0.2
	sleep "$1"
	if [ "$2" = c ]; then
		# What is not for it is not lost, if it was idle.
		run_cmd -1 tool a ping -c 1 -W 1 10.0.0.3
		before=$(sent)
		wait_for has_passed "$before"
		stop writer
	fi
	stop life
	kill -CONT "${PID[$2]}"
	tail -n 1 life.log
	ms=$(sed -n 's/.* \([0-9]*\) ms.*/\1/p' life.log)
	[ "$ms" -lt 1500 ] || fail "others waited for $ms ms"
	run_cmd tool c ping -c 2 -i 0.1 10.0.0.1
	expect '2 received'
}

lost_is_shown() {
	timeout 10 shmif bus show net | grep -A 1 ' c 10' |
		grep -qE '[1-9][0-9]* lost'
}
