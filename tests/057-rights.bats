#!/usr/bin/env bats
# Who may do what on a host: other users of the machine, by -o allow, and
# programs that were started by one user and have become another.

load helpers
load helpers.net

# Other users, with programs that they can get at.
setup_users() {
	[ -z "$SAN" ] || skip "other users may not write the sanitizer's log"
	requires root
	chmod 711 . run
	mkdir bin
	mkdir -m 1777 shared
	cp "$B"/{shmif,shmif_server,shmhijack,libshmhijack.so} bin
	cp "$BATS_TEST_DIRNAME"/h_{wire,rights,leave}.py bin
	sed 's,^HEADER = .*,HEADER = "'"$DIR"'/bin/wire.h",
		/"..\/stack\/wire\/wire.h")/d' \
		"$BATS_TEST_DIRNAME/h_wire.py" >bin/h_wire.py
	cp "$BATS_TEST_DIRNAME/../stack/wire/wire.h" bin
	# One that is not in root's home.
	PYTHON=/usr/bin/python3
	[ -x $PYTHON ] || skip "no python for all users"
}

# How to be that user, in WORDS.  usage: be UID[:GROUP,...]
be() {
	local uid=${1%%:*} groups=--clear-groups

	[ "$1" = "$uid" ] || groups=--groups=${1#*:}
	WORDS=(setpriv "--reuid=$uid" "--regid=$uid" "$groups"
		env -u XDG_RUNTIME_DIR)
}

user() {
	be "$1"
	"${WORDS[@]}" "${@:2}"
}

# ... on host a.
be_on() {
	be "$1"
	WORDS+=("RUMP_SERVER=unix://$DIR/a.sock"
		"LD_PRELOAD=$DIR/bin/libshmhijack.so")
}

# usage: user_on UID[:GROUP,...] COMMAND...
user_on() {
	be_on "$1"
	"${WORDS[@]}" "${@:2}"
}

user_shmif() {
	user "$1" "$DIR/bin/shmif" -s "unix://$DIR/a.sock" "${@:2}"
}

# Functions have no time limit of run_cmd's: the commands are short.
try() {
	status=0
	"$@" >out 2>err </dev/null || status=$?
	output=$(cat out)
	stderr=$(cat err)
	printf '%s\n' "$output" "$stderr"
}

rights() {
	try user_on "$1" "$PYTHON" bin/h_rights.py
	local got=${output//$'\n'/, }

	[ "$got" = "$2" ] || fail "$got"
}

refused() {
	try user_shmif "$@"
	[ "$status" -ne 0 ]
	expect_err "$WHY"
	[ "$(wc -l <err)" -eq 1 ]
}

allowed() {
	try user_shmif "$@"
	[ "$status" -eq 0 ]
}

modes() {
	[ "$(stat -c %a "$1")" = "$2" ] || fail "$(stat -c '%n %a' "$1")"
}

@test "the socket of a server is its owner's, whatever the umask" {
	for mask in 0 022 0277 0777; do
		(umask $mask && exec shmif_server \
			-i shmif0=./net,10.0.0.1/24 unix://a.sock)
		modes a.sock 600
		tool a halt
		wait_for [ ! -e a.sock ]
		(umask $mask && exec shmif_server -o allow=12345 \
			-i shmif0=./net,10.0.0.1/24 unix://a.sock)
		modes a.sock 666
		tool a halt
		wait_for [ ! -e a.sock ]
	done
	cat >modes.py <<-'END'
	import os, socket, stat
	os.umask(0)
	s = socket.socket()
	d = os.environ["XDG_RUNTIME_DIR"] + "/shmif"
	assert os.stat(d).st_mode & 0o777 == 0o700
	modes = [stat.S_IMODE(os.stat(f"{d}/{f}").st_mode)
	         for f in os.listdir(d) if f.endswith(".sock")]
	assert modes == [0o600], modes
	END
	run_cmd at 10.0.0.3 "$PYTHON" modes.py
}

@test "-o allow: what is wrong with it is one line" {
	run_bad 2 'allow=nouser: no such user' 'give a uid' \
		shmif_server -o allow=nouser unix://a.sock
	run_bad 2 'allow=@nogrp: no such group' '@ and a group' \
		shmif_server -o allow=@nogrp:raw unix://a.sock
	run_bad 2 'allow=1:use,nix: nix is no right' 'use, raw, watch, config' \
		shmif_server -o allow=1:use,nix unix://a.sock
	run_bad 2 'allow=1:: +is no right' 'use, raw' \
		shmif_server -o allow=1: unix://a.sock
	run_bad 2 'allow=: no such user' 'give a uid' \
		shmif_server -o allow= unix://a.sock
	run_bad 2 'deny=1: ' 'allow=WHO' shmif_server -o deny=1 unix://a.sock
	[ ! -e a.sock ]
}

@test "another user is refused, by one line that names the option" {
	setup_users
	cat >bin/refused.py <<-'END'
	import errno, socket
	for i in range(3):
	    try:
	        socket.socket()
	    except OSError as e:
	        assert e.errno == errno.EACCES, e
	    else:
	        raise SystemExit("a socket")
	END
	start_host a 10.0.0.1
	for i in 1 2; do
		try user_on 65534 "$PYTHON" bin/refused.py
		[ "$status" -eq 0 ]
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "a.sock: .*-o allow=65534$"
		try user_shmif 65534 ifconfig -l
		[ "$status" -ne 0 ]
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "a.sock: .*-o allow=65534$"
		[ $i = 2 ] || {
			# The same with others let in, where the file lets all.
			kill9 a
			start_host a 10.0.0.1 -o allow=1
		}
	done
	run_cmd tool a netstat -s
	expect '[^0-9][2-9] request\.stranger'
}

@test "rights of programs, each allowed and refused" {
	setup_users
	start_host a 10.0.0.1 -o allow=1001 -o allow=1002:raw \
		-o allow=1003:watch -o allow=1004:config -o allow=1005:halt \
		-o allow=1006:raw,config
	start_http web a 80
	rights 1001 "tcp ok, names ok, raw EPERM, packet EPERM, mtu EPERM"
	rights 1002 "tcp ok, names ok, raw ok, packet ok, mtu EPERM"
	rights 1003 "tcp ok, names ok, raw EPERM, packet EPERM, mtu EPERM"
	rights 1005 "tcp ok, names ok, raw EPERM, packet EPERM, mtu EPERM"
	rights 1004 "tcp ok, names ok, raw EPERM, packet EPERM, mtu ok"
	rights 1006 "tcp ok, names ok, raw ok, packet ok, mtu ok"
	rights 0 "tcp ok, names ok, raw ok, packet ok, mtu ok"
	run_cmd tool a netstat -s
	expect '[^0-9][1-9][0-9]* request\.no_right'
}

@test "rights of the control tool and of ip, each allowed and refused" {
	setup_users
	requires ip
	start_host a 10.0.0.1 -o allow=1001 -o allow=1003:watch \
		-o allow=1004:config -o allow=1005:halt
	start_http web a 80
	for uid in 1001 1003 1004 1005; do
		allowed $uid ifconfig shmif0
		allowed $uid route show
		allowed $uid arp -a
		allowed $uid sysctl net.inet.ip.ttl
		allowed $uid sockstat
	done
	for uid in 1001 1005; do
		for cmd in 'netstat -s' log 'trace -t 10.0.0.9:80'; do
			# shellcheck disable=SC2086	# words
			WHY='right "watch"' refused $uid $cmd
		done
		# Of others it does not hear.
		allowed $uid sockstat
		run ! grep -q python out
	done
	for uid in 1003 1004; do
		for cmd in 'netstat -s' log 'trace -t 10.0.0.9:80'; do
			# shellcheck disable=SC2086	# words
			allowed $uid $cmd
		done
		allowed $uid sockstat
		grep -q python out
	done
	for uid in 1001 1003 1005; do
		WHY='right "config"' refused $uid route add 10.8.0.0/16 10.0.0.8
		WHY='right "config"' refused $uid ifconfig shmif0 mtu 1300
		WHY='right "config"' refused $uid arp -s 10.0.0.9 2:0:0:0:0:9
		WHY='right "config"' refused $uid sysctl net.inet.ip.ttl=9
		try user_on $uid ip route add 10.8.0.0/16 via 10.0.0.8
		[ "$status" -ne 0 ]
		expect_err 'Operation not permitted'
		try user_on $uid ip addr add 10.0.0.77/24 dev shmif0
		expect_err 'Operation not permitted'
		try user_on $uid ip route show
		expect '10\.0\.0\.0/24'
	done
	allowed 1004 route add 10.8.0.0/16 10.0.0.8
	try user_on 1004 ip route add 10.7.0.0/16 via 10.0.0.8
	[ "$status" -eq 0 ]
	allowed 1004 sysctl net.inet.ip.ttl=9
	for uid in 1001 1003 1004; do
		WHY='right "halt"' refused $uid halt
	done
	allowed 1005 halt
	wait_for gone "${PID[a]}"
}

@test "by group, also a further one, and by name; rights add up" {
	setup_users
	start_host a 10.0.0.1 -o "allow=@$(id -gn 0)" -o allow=@777:raw \
		-o allow=@1009:watch -o "allow=$(id -nu 65534)"
	start_http web a 80
	allowed 65534 ifconfig -l
	try user_on 1008:777 "$PYTHON" bin/h_rights.py raw
	[ "$output" = 'raw ok' ]
	allowed 1009 netstat -s
	try user_on 1009:777,5,6 "$PYTHON" bin/h_rights.py raw
	[ "$output" = 'raw ok' ]
	allowed 1009:777 netstat -s
	allowed 1010:0 ifconfig -l
	WHY='-o allow=1010' refused 1010 ifconfig -l
	WHY='-o allow=1010' refused 1010:778,1011 ifconfig -l
	# More groups than are asked for at first.
	allowed 1010:"$(seq -s, 10000 10200),777" ifconfig -l
}

@test "sockstat: the rights of a program that has not all" {
	setup_users
	start_host a 10.0.0.1 -o allow=1001:raw
	start_http web a 80
	cat >bin/mine.py <<-'END'
	import socket, time
	s = socket.create_server(("10.0.0.1", 81))
	print("ready", flush=True)
	time.sleep(60)
	END
	be_on 1001
	start_bg mine "${WORDS[@]}" "$PYTHON" bin/mine.py
	wait_for in_file mine.log ready
	run_cmd tool a sockstat -l
	expect '\*\.80 .*\*\.\*$'
	expect '10\.0\.0\.1\.81 .* \[use,raw\]$'
	run_cmd tool a sockstat --json -l
	expect '"rights": *"use,raw"'
	# Each sees its own.
	allowed 1001 sockstat -l
	grep -q '\.81 ' out
	run ! grep -q '\.80 ' out
}

@test "workers and services that are no longer root" {
	setup_users
	start_host a 10.0.0.1
	start_http web a 80
	for how in fork exec new; do
		start_bg $how on a "$PYTHON" bin/h_leave.py $how 90 65534
		wait_listen a 90
		for _ in 1 2 3; do
			run_cmd on a nc -N 10.0.0.1 90
			if [ $how = fork ]; then
				[ "$output" = '65534 10.0.0.1 90 80' ]
			else
				[ "$output" = \
					'65534 10.0.0.1 90 80 EPERM EPERM' ]
			fi
		done
		stop $how
		[ "$(wc -l <$how.log)" -eq 1 ]
	done
	# Who holds none is refused as ever.
	WHY='-o allow=65534' refused 65534 ifconfig -l
}

@test "strangers that come and say nothing take no room" {
	setup_users
	start_host a 10.0.0.1 -o allow=1001
	start_http web a 80
	cat >bin/crowd.py <<-'END'
	import socket, sys
	from h_wire import Client, W
	crowd = []
	for i in range(600):
	    for path in "a.sock", "\0shmif/" + sys.argv[1]:
	        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	        s.connect(path)
	        crowd.append(s)
	for path in "a.sock", "\0shmif/" + sys.argv[1]:
	    c = Client(path)
	    assert c.call("CHANNEL")[0] in ("closed", "EACCES")
	    assert Client(path).call("HELLO")[0] == "EACCES"
	    assert Client(path).call("HALT")[0] == "EACCES"
	    ours, theirs = socket.socketpair()
	    assert Client(path).call("HELLO", sock=77, fds=(ours.fileno(),),
	                             flags=W["WIRE_SHOWS"])[0] == "EACCES"
	print("ready", flush=True)
	sys.stdin.read()
	END
	local id server

	# The process that setpriv and setsid have become.
	server=${PID[a]}
	id=$(hatch a)
	mkfifo keys
	exec 8<>keys
	be 65534
	INPUT=keys start_bg crowd "${WORDS[@]}" "$PYTHON" bin/crowd.py "$id"
	wait_for in_file crowd.log ready
	[ "$(find "/proc/$server/fd" -type l | wc -l)" -lt 150 ]
	allowed 1001 ifconfig -l
	run_cmd on a curl -s http://10.0.0.1/
}

@test "the hatch of a host that is gone is nobody else's" {
	setup_users
	start_host a 10.0.0.1
	start_http web a 80
	cat >bin/hold.py <<-'END'
	import os, socket, sys
	s = socket.create_connection(("10.0.0.1", 80))
	os.dup2(s.fileno(), 0)
	print("ready", flush=True)
	os.read(int(sys.argv[1]), 1)
	os.setresuid(1001, 1001, 1001)
	os.execv(sys.executable, [sys.executable, "-c", """
	import socket
	try:
	    socket.socket(fileno=0).getsockname()
	except OSError as e:
	    print(e.errno, flush=True)
	"""])
	END
	cat >bin/trap.py <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.bind("\0shmif/" + sys.argv[1])
	s.listen()
	print("listens", flush=True)
	while True:
	    c, _ = s.accept()
	    print("got", c.recvmsg(4096, 4096), flush=True)
	END
	mkfifo keys
	exec 9<>keys
	start_bg hold on a "$PYTHON" bin/hold.py 9
	wait_for in_file hold.log ready
	id=$(hatch a)
	stop web
	kill9 a
	be 65534
	start_bg trap "${WORDS[@]}" "$PYTHON" bin/trap.py "$id"
	wait_for in_file trap.log listens
	echo >&9
	wait_for in_file hold.log '^(13|100)$'
	wait_for in_file trap.log "got \\(b''"
	run ! grep -q 'SCM\|\[(' trap.log
}

@test "a socket's path that is another user's, or leads elsewhere" {
	setup_users
	mkdir -m 777 theirs
	# A server that we may not ask lives: it stays.
	be 65534
	start_bg other "${WORDS[@]}" "$DIR/bin/shmif_server" -s \
		"unix://$DIR/theirs/a.sock"
	wait_for [ -S theirs/a.sock ]
	be 1001
	run_bad 1 'theirs/a\.sock: a server runs there' . \
		"${WORDS[@]}" "$DIR/bin/shmif_server" "unix://$DIR/theirs/a.sock"
	[ -S theirs/a.sock ]
	be 65534
	# In a sticky directory what another one left stays, too.
	start_bg left "${WORDS[@]}" "$DIR/bin/shmif_server" -s \
		"unix://$DIR/shared/a.sock"
	wait_for [ -S shared/a.sock ]
	stop left KILL
	be 1001
	run_bad 1 'shared/a\.sock' . \
		"${WORDS[@]}" "$DIR/bin/shmif_server" "unix://$DIR/shared/a.sock"
	# Nor is a link followed, to a file or to nothing.
	echo precious >file
	for to in "$DIR/file" "$DIR/none"; do
		ln -sf "$to" shared/b.sock
		run_bad 1 'shared/b\.sock: exists and is not a socket' \
			'another path' shmif_server unix://shared/b.sock
	done
	[ "$(cat file)" = precious ] && [ ! -e none ]
	allow shared/a.sock
}

@test "set-user-ID programs have their owner's rights, and not the library" {
	setup_users
	cp "$(command -v id)" bin/id
	cp /usr/bin/python3 bin/python
	chown 1001 bin/id bin/python
	chmod u+s bin/id bin/python
	[ "$(user 65534 bin/id -u)" = 1001 ] ||
		skip "set-user-ID programs are not, here"
	start_host a 10.0.0.1 -o allow=1001:config -o allow=1002
	cat >bin/ask.py <<-'END'
	import sys
	sys.path.insert(0, "bin")
	from h_wire import Client
	print(Client("a.sock").call("SYSCTL", data=b"net.inet.ip.ttl=9")[0])
	END
	try user 65534 bin/python bin/ask.py
	[ -z "$output" ]
	try user 65534 $PYTHON bin/ask.py
	[ "$output" = EACCES ]
	# What a program on the host starts is told of, or refused.
	try user_on 1002 sh -c 'bin/id -u'
	expect_err 'bin/id: set-user-ID'
	try user_on 1002 env SHMIF_ESCAPE=deny sh -c 'bin/id -u'
	[ "$status" -ne 0 ]
	[ ! -s out ]
}

@test "directories that others made, or may write to, are not used" {
	requires root
	local dir=$DIR/other

	mkdir -m 700 other other/shmif
	chown 65534 other/shmif
	run_bad 1 'other/shmif: belongs to another user' 'set XDG_RUNTIME_DIR' \
		env XDG_RUNTIME_DIR="$dir" shmif bus create x
	chown 0 other/shmif
	chmod 777 other/shmif
	run_bad 1 'other/shmif: others may write to it' 'chmod 700' \
		env XDG_RUNTIME_DIR="$dir" shmif bus create x
	printf 'host a\n' >x.net
	chmod 777 other
	run_bad 1 'other: is not only yours' 'mode 0700' \
		env XDG_RUNTIME_DIR="$dir" \
		"$BATS_TEST_DIRNAME/../scripts/shmif-net" up x.net
	[ ! -e other/shmif-net ]
}
