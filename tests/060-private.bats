#!/usr/bin/env bats
# shellcheck disable=SC2016	# sh of others
# Private hosts: made by the first socket, shared, and gone after the last.

load helpers
load helpers.net

sockets() {
	find run/shmif -name '*.sock' 2>/dev/null | wc -l
}

no_sockets() {
	[ "$(sockets)" -eq 0 ]
}

@test "a program without a socket makes no host" {
	run_cmd at 10.0.0.2 ls -l
	[ ! -e run/shmif ] || no_sockets
	run_cmd env SHMIF_BUS=net LD_PRELOAD="$HIJACK" "$PYTHON" -c 'import socket
socket.socket(socket.AF_UNIX)'
	[ ! -e run/shmif/net ]
}

@test "programs with the same bus and address share a host" {
	keep_unused
	echo 'same host' >file
	start_bg web at 10.0.0.5 "$PYTHON" -m http.server 80
	wait_for eval 'has_members net 1 2>/dev/null'
	wait_for in_file web.log 'Serving'
	run_cmd at 10.0.0.5 curl -sS http://127.0.0.1/file
	expect '^same host$'
	# However the address is written.
	run_cmd at 10.0.0.5/24 curl -sS http://10.0.0.5/file
	expect '^same host$'
	has_members net 1
	[ "$(sockets)" -eq 1 ]
	# Another address, another host.
	run_cmd at 10.0.0.6 curl -sS http://10.0.0.5/file
	expect '^same host$'
	has_members net 2
}

@test "a private host goes away after its last client, not before" {
	unset SHMIF_GRACE__
	start_bg one at 10.0.0.5 "$PYTHON" -c 'import socket, time
s = socket.socket()
time.sleep(60)'
	wait_for eval 'has_members net 1 2>/dev/null'
	start_bg two at 10.0.0.5 "$PYTHON" -c 'import socket, time
s = socket.socket()
print("there", flush=True)
time.sleep(60)'
	wait_for in_file two.log there
	stop one
	# Longer than an unused one stays.
	sleep 2
	has_members net 1
	[ "$(sockets)" -eq 1 ]
	stop two
	wait_for -5 has_members net 0
	wait_for -5 no_sockets
}

@test "a private host stays while any child has a socket" {
	start_host a 10.0.0.1
	start_bg listen on a nc -d -l 7
	wait_listen a 7
	run_cmd at 10.0.0.2 bash -c 'exec 7<>/dev/tcp/10.0.0.1/7
		(sleep 2.5; echo late >&7) >out2 2>&1 &'
	has_members net 2
	wait_for in_file listen.log '^late$'
	wait_for gone "${PID[listen]}"
	wait_for -5 has_members net 1
}

@test "no address: the slot's, and one host for a tree of processes" {
	keep_unused
	start_bg web shmhijack -b net -n web "$PYTHON" -m http.server 80
	wait_for in_file web.log 'Serving'
	run_cmd shmif bus show net
	expect '^ +0 .* web 10\.0\.0\.1/24'
	run_cmd shmhijack -b net sh -c 'curl -sS -o got http://10.0.0.1/ &&
		curl -sS -o got2 http://10.0.0.1/'
	[ -s got ] && [ -s got2 ]
	run_cmd shmif bus show net
	expect ', 2 of'
	in_file web.log '^10\.0\.0\.2 .*GET / '
}

@test "names: hosts of the bus are found by theirs" {
	echo 'found by name' >file
	start_bg web shmhijack -b net -n web "$PYTHON" -m http.server 80
	wait_for in_file web.log 'Serving'
	run_cmd shmhijack -b net curl -sS http://web/file
	expect '^found by name$'
	run_cmd shmhijack -b net "$PYTHON" -c 'import socket
print(socket.gethostbyname("web"))
print(socket.gethostbyname("localhost"))'
	[ "$output" = $'10.0.0.1\n127.0.0.1' ]
	run_cmd -6 shmhijack -b net curl -sS http://nosuch.invalid/
}

# The member of the bus that has the name, as "PID ADDRESS...".
member() {
	timeout 10 shmif bus show net |
		sed -n "s/^ *[0-9]* *[0-9a-f:]\\{17\\} *\\([0-9]*\\) *$1 /\\1 /p"
}

# A program that has made a socket, and one that has one for the time given.
made='import socket; socket.socket()'
keeps='import socket, sys, time
s = socket.socket()
print("there", flush=True)
time.sleep(float(sys.argv[1]))'

@test "a private host lives as long as the shell on it" {
	local first

	start_bg shell shmhijack -b net -n web sh -c '"$1" -c "$2"; touch one
		while [ ! -e go ]; do sleep 0.05; done
		"$1" -c "$2"; touch two; sleep 60' sh "$PYTHON" "$made"
	wait_for test -e one
	first=$(member web)
	[ "${first#* }" = 10.0.0.1/24 ]
	# Longer than one that nobody holds would stay.
	sleep 1
	[ "$(member web)" = "$first" ]
	touch go
	wait_for test -e two
	[ "$(member web)" = "$first" ]
	kill -KILL "${PID[shell]}"
	wait_for -5 has_members net 0
	wait_for -5 no_sockets
}

@test "two shells on one host hold it both" {
	for name in one two; do
		start_bg $name shmhijack -b net -a 10.0.0.5 sh -c \
			'"$1" -c "$2"; touch $3; exec sleep 60' sh \
			"$PYTHON" "$made" $name
		wait_for test -e $name
	done
	has_members net 1
	stop one
	sleep 1
	has_members net 1
	stop two
	wait_for -5 has_members net 0
}

@test "a holder is who it was, not another of its number" {
	# This very process has the number, but was not started then.
	run_cmd env SHMIF_HOLDER__="$$ 1" SHMIF_BUS=net SHMIF_ADDR=10.0.0.5 \
		LD_PRELOAD="$HIJACK" "$PYTHON" -c "$made"
	for holder in '' ' ' x '1' '-1 5' '99999999999 5' "$$ -"; do
		run_cmd env SHMIF_HOLDER__="$holder" SHMIF_BUS=net \
			SHMIF_ADDR=10.0.0.5 LD_PRELOAD="$HIJACK" "$PYTHON" \
			-c "$made"
	done
	wait_for -5 has_members net 0
}

@test "an unused private host makes way for the next of its name" {
	local before

	keep_unused
	start_host a 10.0.0.1
	run_cmd shmhijack -b net -n web "$PYTHON" -c "$made"
	before=$(member web)
	[ "${before#* }" = 10.0.0.2/24 ]
	for _ in 1 2 3; do
		run_cmd shmhijack -b net -n web "$PYTHON" -c "$made"
		[ ! -s err ]
		[ "$(member web)" != "$before" ]
		before=$(member web)
		[ "${before#* }" = 10.0.0.2/24 ]
		has_members net 2
	done
	# So do those without a name, and for one that wants the address.
	run_cmd shmhijack -b net "$PYTHON" -c "$made"
	run_cmd shmhijack -b net "$PYTHON" -c "$made"
	has_members net 3
	run_cmd shmhijack -b net -a 10.0.0.2 -n other "$PYTHON" -c "$made"
	[ -z "$(member web)" ]
	before=$(member other)
	[ "${before#* }" = 10.0.0.2/24 ]
	# All its addresses go with the name, to who has none.
	run_cmd shmhijack -b net -a 10.0.0.7 -a fd00::7 -n both "$PYTHON" \
		-c "$made"
	run_cmd shmhijack -b net -n both "$PYTHON" -c "$made"
	before=$(member both)
	[ "${before#* }" = '10.0.0.7/24 fd00::7/64' ]
}

# The real one is still there: another that was quicker.
@test "the address of who made way may be taken by another at once" {
	start_host a 10.0.0.1
	start_bg left "$PYTHON" -c '
import socket, sys
sys.path.insert(0, sys.argv[1])
from h_wire import Client, MAGIC, REP, REQ, W, fds_of
data = Client("a.sock").call("RESOLVE", data=b"a")[2]
left = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
left.bind("run/shmif/left.sock")
left.listen()
print("there", flush=True)
msg, anc, _, _ = left.accept()[0].recvmsg(4096, 64)
if REQ.unpack_from(msg)[:2] == (MAGIC, W["WIRE_YIELD"]):
    socket.socket(fileno=fds_of(anc)[0]).send(
        REP.pack(MAGIC, 0, 0, 0, len(data)) + data)
    print("left", flush=True)' "$BATS_TEST_DIRNAME"
	wait_for in_file left.log there
	run_cmd shmhijack -b net -n a "$PYTHON" -c "$made"
	wait_for in_file left.log left
	local second
	second=$(member a-2)
	[ "${second#* }" = 10.0.0.2/24 ]
	rm run/shmif/left.sock
}

# The host waits for who traces the program to end, which waits for all that
# it traces.
@test "who traces a program and its children need not trace the host" {
	LIMIT=20 run_cmd shmhijack -b net "$B/tests/h_follow" "$PYTHON" -c "
import os
os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
$made"
	[ "$output" -ge 2 ]
	wait_for -5 has_members net 0
}

@test "a private host in use keeps its name and address" {
	keep_unused
	start_bg web shmhijack -b net -n web "$PYTHON" -c "$keeps" 60
	wait_for in_file web.log there
	local before
	before=$(member web)
	run_cmd shmhijack -b net -n web "$PYTHON" -c "$made"
	expect_err '^shmif_server: web: another host on the bus has that name; this one is web-2$'
	[ "$(wc -l <err)" -eq 1 ]
	[ "$(member web)" = "$before" ]
	local second
	second=$(member web-2)
	[ "${second#* }" = 10.0.0.2/24 ]
	run_cmd shmhijack -b net -a 10.0.0.1 -n third "$PYTHON" -c "$made" ||
		[ "$status" -eq 1 ]
	[ "$(member web)" = "$before" ]
	# Stopped, it is not waited for.
	kill -STOP "${before%% *}"
	LIMIT=5 run_cmd shmhijack -b net -n web "$PYTHON" -c "$made"
	kill -CONT "${before%% *}"
	[ "$(member web)" = "$before" ]
}

@test "shmhijack: several addresses, gateway, name" {
	start_host a 10.0.0.1
	start_bg hold shmhijack -b net -a 10.0.0.2/24 -a 10.0.0.12/24 \
		-g 10.0.0.1 -n multi "$PYTHON" -c 'import socket, time
s = socket.socket()
print("there", flush=True)
time.sleep(60)'
	wait_for in_file hold.log there
	run_cmd shmif bus show net
	expect ' multi 10\.0\.0\.2/24 10\.0\.0\.12/24'
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.12
	# Who has no route but the gateway's asks it for the way.
	run_cmd shmhijack -b net -a 10.0.0.2/24 -a 10.0.0.12/24 -g 10.0.0.1 \
		-n multi nc -u -w 1 192.0.2.7 9
	INPUT=/etc/hostname run_cmd shmhijack -b net -a 10.0.0.2/24 \
		-a 10.0.0.12/24 -g 10.0.0.1 -n multi nc -u -w 1 192.0.2.7 9
	frames net | grep -q 'IP 10\.0\.0\.2\.[0-9]* > 192\.0\.2\.7\.9: UDP'
}

@test "shmhijack passes on exit status, arguments and stdin" {
	run_cmd -7 shmhijack -b net -- sh -c 'exit 7'
	run_cmd shmhijack -b net -- printf '%s|' one 'two three' -b
	[ "$output" = 'one|two three|-b|' ]
	echo typed >words
	INPUT=words run_cmd shmhijack -b net cat
	[ "$output" = typed ]
	# 127, or 126 where PATH has a directory that may not be searched.
	status=0
	env nosuchprogram 2>/dev/null || status=$?
	run_bad "$status" 'nosuchprogram' . shmhijack -b net nosuchprogram
	echo plain >file
	chmod 644 file
	run_bad 126 './file' . shmhijack -b net ./file
}

@test "two users' names of a bus are two buses" {
	requires root
	chmod 711 .
	mkdir bin
	cp "$B/shmif" "$B/libshmhijack.so" bin
	run_cmd shmif bus create net
	run_bad 1 "" "" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$DIR/bin/shmif" bus show net
	run_cmd setpriv --reuid=65534 --regid=65534 --clear-groups env \
		-u XDG_RUNTIME_DIR "$DIR/bin/shmif" bus create "t-${DIR##*/}"
	[ "$(stat -c %a:%u /dev/shm/shmif-65534)" = 700:65534 ]
	rm -f "/dev/shm/shmif-65534/t-${DIR##*/}"{,.lock}
	rmdir /dev/shm/shmif-65534 2>/dev/null || :
}

@test "who becomes another user is told that the bus is another" {
	requires root /usr/bin/python3
	chmod 711 .
	# Where others may read the library.
	mkdir bin
	cp "$B"/{shmif_server,libshmhijack.so,shmhijack} bin
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	name=t-${DIR##*/}
	other="libshmhijack: bus $name: that of user 65534, not of user 0,"
	use='import socket; socket.socket()'
	on=(env -u XDG_RUNTIME_DIR bin/shmhijack -b "$name")
	for env in 'env X=1' 'env -i'; do
		# shellcheck disable=SC2086
		run_cmd "${on[@]}" "${as[@]}" $env /usr/bin/python3 -c "$use"
		expect_err "^$other.* -o allow=65534 "
		[ "$(grep -c '^libshmhijack' err)" -eq 1 ]
	done
	run_cmd "${on[@]}" /usr/bin/python3 -c "import os; os.setuid(65534); $use"
	expect_err "^$other"
	# On purpose, or where it makes no difference.
	for how in "$DIR/bin/shmhijack -b $name" "env SHMIF_BUS=$DIR/bin/b"; do
		chmod 777 bin
		# shellcheck disable=SC2086
		run_cmd "${on[@]}" "${as[@]}" $how /usr/bin/python3 -c "$use"
		! grep -q 'that of user' err || fail "told for nothing: $how"
	done
	run_cmd "${on[@]}" /usr/bin/python3 -c "$use"
	! grep -q 'that of user' err || fail "told for nothing"
	rm -f {/dev/shm/shmif-65534,/dev/shm/shmif-0}/"$name"{,.lock}
	rmdir /dev/shm/shmif-65534 2>/dev/null || :
}

@test "the program's own SIGCHLD handling does not see the server start" {
	for how in 'signal.signal(signal.SIGCHLD, signal.SIG_IGN)' \
		'signal.signal(signal.SIGCHLD, lambda *a: print("child ended"))' \
		pass; do
		run_cmd shmhijack -b net "$PYTHON" -c "import os, signal, socket
$how
socket.socket()
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print('no child')"
		[ "$output" = 'no child' ]
	done
}

@test "a relative LD_PRELOAD finds its own server after a chdir" {
	mkdir -p here/lib there/lib
	ln -s "$B/libshmhijack.so" "$B/shmif_server" here/lib/
	printf '#!/bin/sh\n: >%s/wrong\n' "$DIR" >there/lib/shmif_server
	chmod 755 there/lib/shmif_server
	cd here
	run_cmd env SHMIF_BUS=net "LD_PRELOAD=${SAN_PRELOAD:+$SAN_PRELOAD:}./lib/libshmhijack.so" \
		"$PYTHON" -c 'import os, socket
os.chdir("../there")
print(socket.socket().fileno() > 2)'
	expect '^True$'
	[ ! -e ../wrong ] || fail "the server of another folder was run"
}

# Abstract names are one space for all users of the machine, first come, first
# served: whoever can tell a socket's name before it is made can take it.
@test "nobody can take the names that sockets are going to have" {
	cat >take.py <<'EOF'
import re, resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
taken, seen = [], set()
for line in open("/proc/net/unix"):
    m = re.search(r"@(shmif/[0-9a-f]{16}/)([0-9a-f]{16})(/.*)", line)
    if m and sys.argv[1] in m[1]:
        seen.add(m.groups())
assert seen, "no name seen"
for server, sock, rest in seen:
    for i in range(1, 600):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.bind(f"\0{server}{int(sock, 16) + i:016x}{rest}")
            taken.append(s)
        except OSError:
            pass
print("took", len(taken), flush=True)
sys.stdin.read()
EOF
	start_host a 10.0.0.1
	start_bg one on a "$PYTHON" -u -c 'import socket, time
s = socket.socket()
print("made", flush=True)
time.sleep(60)'
	wait_for in_file one.log made
	mkfifo keys
	exec 8<>keys
	INPUT=keys start_bg thief "$PYTHON" take.py "$(hatch a)"
	wait_for in_file thief.log took
	run_cmd on a "$PYTHON" -c 'import socket
print(len([socket.socket() for i in range(200)]))'
	expect '^200$'
	exec 8>&-
}
