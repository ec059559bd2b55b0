#!/usr/bin/env bats
# shmif top, on a terminal of tmux and as text.

load helpers
load helpers.net

teardown() {
	tmux -S "$DIR/tmux" kill-server 2>/dev/null || :
	allow tmux
	common_teardown
}

# A stream from a to b that goes on.
start_stream() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg sink on b "$PYTHON" -c 'import socket
s = socket.create_server(("", 80))
c = s.accept()[0]
while c.recv(65536):
    pass'
	run_cmd tool a wait b:80
	start_bg source on a "$PYTHON" -c 'import socket, time
s = socket.create_connection(("10.0.0.2", 80))
while True:
    s.sendall(bytes(5000))
    time.sleep(0.01)'
	wait_for has_socket b '80 .*ESTABLISHED'
}

screen() {
	tmux -S "$DIR/tmux" capture-pane -p
}

shows() {
	screen | grep -qE -- "$1"
}

hides() {
	! shows "$1"
}

@test "top -1 and --json: members, rates, connections with their programs" {
	start_stream
	run_cmd shmif top -1
	expect '^shmif top - .* 1 bus, 2 members, 2 connections, .*kB/s'
	expect '^net +0 a +10\.0\.0\.1 +[0-9.]+k '
	expect '^net +1 b +10\.0\.0\.2 '
	expect "^a +python3[0-9.]*\\[${PID[source]}\\] +tcp +10\\.0\\.0\\.1\\.[0-9]+ +10\\.0\\.0\\.2\\.80 +ESTABLISHED"
	expect "^b +python3[0-9.]*\\[${PID[sink]}\\] +tcp .*ESTABLISHED"
	# By traffic: a sends more than b, and both see the same.
	run_cmd shmif top --json net
	"$PYTHON" -c 'import json
t = json.load(open("out"))
a, b = sorted(t["members"], key=lambda m: m["name"])
assert 50000 < a["tx_bytes_per_s"] < 1000000, a
assert b["rx_bytes_per_s"] > 50000 and b["rx_lost"] == 0, b
assert {c["host"] for c in t["connections"]} == {"a", "b"}, t'
	run_bad 1 'no terminal' 'top -1' shmif top
	run_bad 2 '-d 0:' '0\.1' shmif top -1 -d 0
	run_bad 1 'none: no such bus' . shmif top -1 none
}

@test "top: live, with keys" {
	requires tmux
	start_stream
	run_cmd env SHELL=/bin/sh tmux -S "$DIR/tmux" -f /dev/null new-session -d -x 110 -y 16 \
		"shmif top -d 0.3 net; echo status \$?; exec cat"
	wait_for shows '^shmif top - .* 2 members, 2 connections.* by traffic'
	wait_for shows '^net +0 a +10\.0\.0\.1 +[0-9.]+k '
	wait_for shows 'python3[^ ]* +tcp'
	run_cmd tmux -S "$DIR/tmux" send-keys c
	wait_for hides python3
	run_cmd tmux -S "$DIR/tmux" send-keys n
	wait_for shows 'by name'
	[ "$(screen | awk '/^net/ { printf "%s", $3 }')" = ab ]
	run_cmd tmux -S "$DIR/tmux" send-keys R
	wait_for shows '^net +1 b'
	[ "$(screen | awk '/^net/ { printf "%s", $3 }')" = ba ]
	run_cmd tmux -S "$DIR/tmux" send-keys h
	wait_for shows 'sort by traffic'
	run_cmd tmux -S "$DIR/tmux" send-keys h
	wait_for shows '^BUS +NO'
	# Another host comes, a stopped one does not hold it up.
	BUS=net start_host third 10.0.0.3
	wait_for shows ' third +10\.0\.0\.3'
	kill -STOP "${PID[b]}"
	wait_for shows ' b .*does not answer'
	kill -CONT "${PID[b]}"
	wait_for hides 'does not answer'
	# A smaller window shows what fits.
	run_cmd tmux -S "$DIR/tmux" resize-window -x 40 -y 5
	wait_for hides ' a +10\.0\.0\.1'
	shows '^shmif top'
	run_cmd tmux -S "$DIR/tmux" send-keys q
	wait_for shows '^status 0'
	hides 'shmif top'
	[ "$(tmux -S "$DIR/tmux" display -p '#{alternate_on}#{cursor_flag}')" = 01 ]
}
