#!/usr/bin/env bats
# A host as a service: sockets that are passed, readiness, units.

load helpers
load helpers.net

# What is said at NOTIFY_SOCKET goes to the file told.log.  usage: manager KIND NAME
manager() {
	requires socat
	start_bg told socat -u "$1:$2" -
	wait_for listens "$2"
}

listens() {
	grep -qF "$1" /proc/net/unix
}

@test "socket activation: the first who asks starts the host" {
	requires systemd-socket-activate
	start_bg a systemd-socket-activate --seqpacket -l "$DIR/a.sock" \
		-E "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" \
		shmif_server -s -i shmif0=net,10.0.0.1/24,name=a \
		"unix://$DIR/a.sock"
	allow a.sock
	wait_for [ -S a.sock ]
	! shmif bus list | grep . || fail "it was started"
	start_host b 10.0.0.2
	run_cmd tool a ifconfig -l
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd shmif -b net -H a ifconfig shmif0
	expect '10\.0\.0\.1'
	# The file is the manager's.
	run_cmd tool a halt
	wait_for gone "${PID[a]}"
	[ -S a.sock ]
	# Without a URL it is the socket's.
	rm a.sock
	start_bg c systemd-socket-activate --seqpacket -l "$DIR/c.sock" \
		-E "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" \
		shmif_server -s -i shmif0=net,10.0.0.3/24,name=c
	allow c.sock
	wait_for [ -S c.sock ]
	run_cmd tool c ifconfig shmif0
	run_cmd shmif hosts net
	expect " c +10\.0\.0\.3 .*unix://$DIR/c\.sock$"
}

# As a manager would pass it: a socket of that kind at a path.
# usage: pass KIND PATH COMMAND...
pass() {
	run_cmd "-$1" "$PYTHON" -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[1]))
s.bind(sys.argv[2])
s.listen(5)
os.unlink(sys.argv[2])
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS=sys.argv[3], LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[4], sys.argv[4:])' "${@:2}"
}

@test "socket activation: what is passed and is not right" {
	pass 2 SOCK_STREAM "$DIR/x" 1 shmif_server -s
	expect_err '^shmif_server: the socket .*ListenSequentialPacket='
	pass 2 SOCK_SEQPACKET "$DIR/x" 2 shmif_server -s
	expect_err '^shmif_server: 2 sockets were passed'
	# For another process.
	run_bad 2 'which URL' usage env LISTEN_FDS=1 LISTEN_PID=1 \
		shmif_server -s
}

@test "readiness: told at a path and at an abstract name, and the end" {
	local name

	for name in "UNIX-RECV $DIR/told" "ABSTRACT-RECV $(basename "$DIR")"; do
		manager "${name% *}" "${name#* }"
		name=${name#* }
		[[ $name = /* ]] || name=@$name
		start_bg a env NOTIFY_SOCKET="$name" shmif_server -s \
			-i shmif0=net,10.0.0.1/24 "unix://$DIR/a.sock"
		wait_for in_file told.log '^READY=1$'
		run_cmd tool a ifconfig shmif0
		! grep -q STOPPING told.log || fail "it has ended"
		stop a
		wait_for in_file told.log 'STOPPING=1$'
		stop told
		rm -f told
	done
}

@test "readiness: not of a host that a service's program has started" {
	manager UNIX-RECV "$DIR/told"
	run_cmd env NOTIFY_SOCKET="$DIR/told" shmif_server "unix://$DIR/a.sock"
	run_cmd env NOTIFY_SOCKET="$DIR/told" shmhijack -b net -n x \
		shmif ifconfig -l
	run_cmd tool a halt
	wait_for no_leftovers_but "${PID[told]}"
	[ ! -s told.log ]
}

no_leftovers_but() {
	[ "$(leftovers)" = "$1" ]
}

@test "units: systemd has nothing to say against them" {
	requires systemd-analyze make
	LIMIT=60 run_cmd env -u MAKEFLAGS -u MFLAGS make -o all \
		-C "$BATS_TEST_DIRNAME/.." install PREFIX="$DIR/our own"
	cd 'our own/lib/systemd/user'
	run_cmd systemd-analyze --user --man=no verify ./shmif@web.service \
		./shmif@web.socket
	[ ! -s err ] || fail "it has"
	in_file shmif@.service "^ExecStart=\"$DIR/our own/bin/shmif_server\" -s "
}
