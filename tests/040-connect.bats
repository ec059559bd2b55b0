#!/usr/bin/env bats
# Non-blocking connect: succeeds, is refused, times out, each seen through
# poll, select and epoll, and the same as on the host kernel where it can tell.

load helpers
load helpers.net

echo_server='import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("port", s.getsockname()[1], flush=True)
while True:
    c, who = s.accept()
    c.sendall(c.recv(100))
    c.close()'

h_connect=$B/tests/h_connect

# The kernel's answers, from its loopback: connected$1 and refused$1.
ask_kernel() {
	local port

	start_bg kernel "$PYTHON" -u -c "$echo_server" 127.0.0.1 0
	wait_for in_file kernel.log '^port'
	port=$(sed 's/port //' kernel.log)
	run_cmd "$h_connect" "$1" 127.0.0.1 "$port"
	cp out connected
	stop kernel
	run_cmd "$h_connect" "$1" 127.0.0.1 "$port"
	cp out refused
}

# usage: connect_twice poll|select|epoll
connect_twice() {
	ask_kernel "$1"
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg echo on a "$PYTHON" -u -c "$echo_server" '' 7
	wait_listen a 7
	run_cmd on b "$h_connect" "$1" 10.0.0.1 7
	expect '^echo: line$'
	diff out connected
	run_cmd on b "$h_connect" "$1" 10.0.0.1 8
	expect '^error: ECONNREFUSED$'
	diff out refused
}

@test "poll: connected, and refused" {
	connect_twice poll
}

@test "select: connected, and refused" {
	connect_twice select
}

@test "epoll: connected, and refused, by edges" {
	connect_twice epoll
}

@test "time-out and no answer, as poll, select and epoll show it" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.1
	# Its address is known, but it answers no more.
	kill -STOP "${PID[a]}"
	for how in poll select epoll; do
		start_bg "$how" on b "$h_connect" "$how" 10.0.0.1 7 1000
		# Nobody has this one.
		start_bg "no$how" on b "$h_connect" "$how" 10.0.0.99 7 9000
	done
	for how in poll select epoll; do
		wait_for gone "${PID[$how]}"
		wait_for gone "${PID[no$how]}"
	done
	for how in poll select epoll nopoll noselect noepoll; do
		echo "$how:"
		cat "$how.log"
		error=ETIMEDOUT
		[ "${how#no}" = "$how" ] || error=EHOSTUNREACH
		seen='events: IN OUT ERR HUP'
		[ "${how#no}" != select ] || seen='sets: read write'
		printf '%s\n' 'connect: EINPROGRESS' 'nothing yet' \
			'again: EALREADY' "$seen" "error: $error" \
			'error then: 0' >want
		diff "$how.log" want
	done
	kill -CONT "${PID[a]}"
}

@test "curl gives up after its own time-out" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.1
	kill -STOP "${PID[a]}"
	run_cmd -28 on b curl -sS --connect-timeout 1 http://10.0.0.1/
	kill -CONT "${PID[a]}"
	run_cmd -7 on b curl -sS --connect-timeout 8 http://10.0.0.99/
}

@test "no route: refused at once" {
	start_host a 10.0.0.1
	run_cmd on a "$PYTHON" -c 'import errno, socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(socket.AF_INET, kind)
    try:
        s.connect(("192.0.2.1", 7))
        print("connected")
    except OSError as e:
        print(errno.errorcode[e.errno])'
	[ "$output" = $'ENETUNREACH\nENETUNREACH' ]
}

@test "a blocking connect that a signal interrupts" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.1
	kill -STOP "${PID[a]}"
	# Once the handler has run, Python's connect goes on to its time-out.
	run_cmd on b "$PYTHON" -c 'import signal, socket, time
signal.signal(signal.SIGALRM, lambda *a: print("signal", flush=True))
signal.setitimer(signal.ITIMER_REAL, 0.2)
s = socket.socket()
s.settimeout(1)
try:
    s.connect(("10.0.0.1", 7))
except TimeoutError:
    print("timed out")'
	[ "$output" = $'signal\ntimed out' ]
	kill -CONT "${PID[a]}"
}

@test "epoll: who watched a refused attempt watches the next one" {
	local want

	# As Linux has it.
	want="level [(True, 4)]
edge [(True, 4)]
once [(True, 4)]
other []
other [1]
level [1]
edge [1]
once [1]
other [1]
refused
aborted
b'hello'"
	start_host a 10.0.0.1
	for copy in '' copy; do
		# shellcheck disable=SC2086
		run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_retry.py" $copy
		[ "$output" = "$want" ]
	done
}
