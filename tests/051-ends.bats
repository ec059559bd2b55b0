#!/usr/bin/env bats
# How streams end, in all ways, as on the host's kernel: the cases are
# generated.  SEED=N gives others; long/ends.bats has more.

load helpers
load helpers.net
load helpers.conform

@test "ends of streams: within one host" {
	conforms ends
}

@test "ends of streams: between two hosts" {
	PEER=$B/tests/h_conform_ends conforms ends
}

@test "ends of streams: the program in another network namespace" {
	APART=1 conforms ends
}

# Neither a probe of the closed window nor a reset after it may go beyond it, or
# nobody hears that (RFC 9293 3.10.7.4).
@test "a reset has the number that the peer waits for, after a probe too" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	cat >it.py <<-'END'
	import select, socket
	l = socket.create_server(("10.0.0.1", 80))
	print("listens", flush=True)
	s, _ = l.accept()
	s.send(b"unread")
	p = select.poll()
	p.register(s, 0)
	p.poll(60000)
	print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), flush=True)
	END
	cat >other.py <<-'END'
	import socket
	s = socket.create_connection(("10.0.0.1", 80))
	s.sendall(bytes(64 << 20))
	END
	seen() {
		shmif dump -p cap net >/dev/null &&
			tcpdump -nSr cap "$1" 2>/dev/null >seen &&
			[ -s seen ]
	}
	probed() {
		[ "$(tool b sysctl -n net.inet.tcp.stats.windowprobes)" -gt 0 ]
	}
	# The first probe is so late that it finds nobody who answers.
	run_cmd tool a link shmif0 set delay 300ms
	start_bg it on a "$PYTHON" it.py
	wait_for in_file it.log listens
	start_bg other on b "$PYTHON" other.py
	wait_for seen 'src 10.0.0.1 and tcp[14:2] = 0'
	kill -STOP "${PID[a]}"
	sed -n '$s/.* ack \([0-9]*\), win 0,.*/\1/p' seen >waits
	run ! probed
	wait_for probed
	kill9 other
	wait_for seen 'src 10.0.0.2 and tcp[tcpflags] & tcp-rst != 0'
	sed -n 's/.* seq \([0-9]*\),.*/\1/p' seen >reset
	kill -CONT "${PID[a]}"
	wait_for in_file it.log '^104$'
	[ -s waits ]
	diff waits reset
}
