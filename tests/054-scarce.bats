#!/usr/bin/env bats
# What is scarce: memory of a host, descriptors of a host and of a program,
# room in the file system.  Each shows by an errno; nobody hangs or ends, and
# when there is enough again all is as before.

load helpers
load helpers.net

# A host by itself, in front, with more in its environment or limits.
# usage: start_poor NAME ADDR COMMAND...
start_poor() {
	start_bg "$1" "${@:3}" shmif_server -s -i "shmif0=net,$2/24,name=$1" \
		"unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

start_peer() {
	start_host b 10.0.0.2
	start_bg peer on b "$B/tests/h_life" peer
	wait_listen b 7
}

# usage: scarce EVERY
scarce() {
	"$PYTHON" -c 'import struct, sys
f = open("scarce", "r+b", buffering=0)
f.write(struct.pack("I", int(sys.argv[1])))' "$1"
}

failures() {
	od -A n -t u4 -j 4 -N 4 scarce | tr -d ' '
}

memory() {	# KiB
	awk '/^VmRSS/ { print $2 }' "/proc/${PID[$1]}/status"
}

descriptors() {
	find "/proc/${PID[$1]}/fd" -type l | wc -l
}

settled() {
	[ "$(tool a netstat -an | grep -cE '^(tcp|udp)')" -eq 0 ]
}

# Whatever is asked of the host, with allocations failing.
use_up() {
	local i

	for i in 1 2 3; do
		start_bg "life$i" on a timeout 4 "$B/tests/h_life" 10.0.0.2
	done
	tool a ifconfig shmif1 create || :
	tool a ifconfig shmif1 linkstr net || :
	tool a ifconfig shmif1 inet 10.0.0.3/24 || :
	tool a netstat -an >/dev/null || :
	tool a route add 10.9.0.0/16 10.0.0.2 || :
	tool a arp -a || :
	tool a sysctl -a >/dev/null || :
	tool b ping -c 3 -i 0.01 -s 5000 10.0.0.1 || :
	tool a route delete 10.9.0.0/16 || :
	tool a ifconfig shmif1 destroy || :
	for i in 1 2 3; do
		wait_for gone "${PID[life$i]}"
		cat "life$i.log"
		unset "PID[life$i]"
	done
	# The last: of connections that could not be completed.
	! grep -vE -e ': (ENOBUFS|ENOMEM|ENFILE)$' \
		-e '(send|read|shutdown): (ECONNRESET|EOF|EPIPE|ENOTCONN)$' \
		-e 'the peer does not answer|ETIMEDOUT' life?.log ||
		fail "a program saw that"
}

@test "a host whose memory is short fails calls, and goes on after" {
	requires nosan
	local every before

	head -c 4096 /dev/zero >scarce
	start_poor a 10.0.0.1 env LD_PRELOAD="$B/tests/s_malloc.so" \
		SCARCE=scarce
	start_peer
	run_cmd on a "$B/tests/h_life" 10.0.0.2
	before=$(memory a)
	for every in 20 5 2; do
		scarce "$every"
		use_up
		kill -0 "${PID[a]}"
		scarce 0
		run_cmd on a "$B/tests/h_life" 10.0.0.2
	done
	[ "$(failures)" -gt 5 ]
	tool a ifconfig shmif1 destroy || :
	wait_for settled
	[ "$(memory a)" -lt $((before + 4000)) ] ||
		fail "$before KiB before, $(memory a) KiB after"
}

# Sockets until there are no more, then what can still be had, then all again.
many='import errno, os, select, socket, sys
peer, limit = sys.argv[1], int(sys.argv[2])
def attempt(what):
    try:
        return what()
    except OSError as e:
        return errno.errorcode[e.errno]
def one(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("", 0))
    return s
kept = []
while len(kept) < limit:
    s = attempt(lambda: one((socket.SOCK_STREAM, socket.SOCK_DGRAM)[len(kept) % 2]))
    if isinstance(s, str):
        break
    kept.append(s)
print("sockets", len(kept), s, flush=True)
listening = kept[0]
attempt(lambda: listening.listen())
print("connect", attempt(lambda: socket.create_connection((peer, 7), 2)), flush=True)
for s in kept[1:]:
    s.close()
'

@test "a program without descriptors: EMFILE, and as before after" {
	start_host a 10.0.0.1
	start_peer
	run_cmd on a bash -c 'ulimit -n 30; exec "$@"' - "$PYTHON" -c "$many"'
s = one(socket.SOCK_STREAM)
s.listen()
c = socket.create_connection(s.getsockname())
fill = []
while not isinstance(attempt(lambda: fill.append(os.dup(0))), str):
    pass
print("accept", attempt(s.accept))
os.close(fill.pop())
os.close(fill.pop())
print("accept", type(s.accept()).__name__)
' 10.0.0.2 10000
	expect '^sockets [12][0-9] EMFILE$'
	expect '^connect EMFILE$'
	expect '^accept EMFILE$'
	expect '^accept tuple$'
	run_cmd on a "$B/tests/h_life" 10.0.0.2
	wait_for settled
}

@test "a host without descriptors: ENFILE, and as before after" {
	start_poor a 10.0.0.1 bash -c 'ulimit -n 60; exec "$@"' -
	start_peer
	run_cmd on a "$B/tests/h_life" 10.0.0.2
	local before
	before=$(descriptors a)
	start_bg hog on a "$PYTHON" -u -c "$many"'
print("done", flush=True)
' 10.0.0.2 10000
	wait_for in_file hog.log '^(connect|done)'
	in_file hog.log '^sockets [0-9]+ ENFILE$'
	in_file hog.log '^connect ENFILE$'
	wait_for settled
	wait_for [ "$(descriptors a)" -le "$((before + 1))" ]
	run_cmd on a "$B/tests/h_life" 10.0.0.2
}
