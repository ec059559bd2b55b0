#!/usr/bin/env bats
# shellcheck disable=SC2016	# Python and sh of others
# The settings: URLs, RUMPHIJACK and RUMPHIJACK_RETRYCONNECT.

load helpers
load helpers.net

# A program that tells what network its sockets are on: prints one line for
# each family asked for, "host" or "virtual".
families='import os, socket, sys
for name in sys.argv[1:]:
    s = socket.socket(getattr(socket, name), socket.SOCK_DGRAM
                      if name != "AF_NETLINK" else socket.SOCK_RAW)
    kernel = socket.socket(fileno=os.dup(s.fileno()))
    where = os.readlink("/proc/self/fd/%d" % s.fileno())
    with open("/proc/net/unix") as f:
        unix = where[8:-1] in [line.split()[6] for line in f]
    print(name, "virtual" if unix and name != "AF_UNIX" else "host")'

on_a() {
	run_cmd "${@:2}" env RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK" "$1"
}

@test "URLs: relative and absolute, and they survive a chdir" {
	start_host a 10.0.0.1
	mkdir -p sub/dir
	for url in "unix://$DIR/a.sock" unix://a.sock unix://./a.sock \
		unix://sub/../a.sock; do
		run_cmd shmif -s "$url" ifconfig -l
		expect '^lo shmif0$'
		run_cmd env RUMP_SERVER="$url" LD_PRELOAD="$HIJACK" sh -c '
			cd sub/dir && exec nc -z -w 2 127.0.0.1 1; :' || :
		[ "$status" -eq 1 ]
		! grep libshmhijack err || fail "it lost its server"
		run_cmd -1 shmhijack -s "$url" sh -c \
			'cd / && nc -z -w 2 127.0.0.1 1'
		! grep libshmhijack err || fail "it lost its server"
	done
	cd sub/dir
	run_cmd shmif -s unix://../../a.sock ifconfig -l
	expect '^lo shmif0$'
}

@test "a server with a relative URL stays where it was started" {
	mkdir sub
	run_cmd sh -c 'cd sub && exec shmif_server \
		-i shmif0=net,10.0.0.1/24 unix://a.sock'
	[ -S sub/a.sock ]
	run_cmd shmif -s unix://sub/a.sock ifconfig -l
	run_cmd shmif -s unix://sub/a.sock halt
	[ ! -e sub/a.sock ]
}

@test "RUMP_SERVER goes before SHMIF_BUS" {
	start_host a 10.0.0.1
	run_cmd env SHMIF_BUS=net SHMIF_ADDR=10.0.0.2 RUMP_SERVER=unix://a.sock \
		LD_PRELOAD="$HIJACK" "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.0.0.9", 9))
print(s.getsockname()[0])'
	expect '^10\.0\.0\.1$'
	has_members net 1
}

@test "RUMPHIJACK: which families are taken" {
	start_host a 10.0.0.1
	local run=(run_cmd env RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK")
	local ask=("$PYTHON" -c "$families" AF_INET AF_INET6 AF_UNIX)

	"${run[@]}" "${ask[@]}"
	[ "$output" = $'AF_INET virtual\nAF_INET6 virtual\nAF_UNIX host' ]
	for set in '' socket=route path=/rump,socket=route; do
		"${run[@]}" RUMPHIJACK="$set" "${ask[@]}"
		[ "$output" = $'AF_INET host\nAF_INET6 host\nAF_UNIX host' ]
	done
	for set in socket=inet s=inet socket=all:noinet6 \
		socket=all:nolocal:noinet6; do
		"${run[@]}" RUMPHIJACK="$set" "${ask[@]}"
		[ "$output" = $'AF_INET virtual\nAF_INET6 host\nAF_UNIX host' ]
	done
	for set in socket=all path=/rump,socket=all:nolocal socket=inet:inet6 \
		socket=all,blanket=/dev/bpf:/x,vfs=all,sysctl=yes,fdoff=128 \
		socket=all,sysctl,vfs=nfssvc:fhcalls,path=/; do
		case $set in
		*path=/) continue ;;
		esac
		"${run[@]}" RUMPHIJACK="$set" "${ask[@]}"
		[ "$output" = $'AF_INET virtual\nAF_INET6 virtual\nAF_UNIX host' ]
	done
}

@test "RUMPHIJACK: what is wrong is said before the program starts" {
	start_host a 10.0.0.1
	for set in nonsense nonsense=1 socket socket= socket=foo \
		socket=inet:all socket=inet:nofoo path=rump path=/rump/ path=/ \
		blanket= blanket=dev vfs=foo sysctl=perhaps fdoff=2 fdoff=x \
		fdoff=1073741823 =inet; do
		run_bad 1 "RUMPHIJACK=$set: " '(must|not known|empty|lacks|say|no name)' \
			env RUMP_SERVER=unix://a.sock RUMPHIJACK="$set" \
			LD_PRELOAD="$HIJACK" sh -c 'echo started; exit 0'
	done
}

# A client that uses its host, waits for the word to go on, and tries again.
client='import errno, os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 99))
print("first", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
began = time.time()
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("", 100))
    print("again", flush=True)
except OSError as e:
    print(errno.errorcode[e.errno], flush=True)
print("after %d s" % (time.time() - began))'

# usage: lose_host SETTING [back]: its host dies, and perhaps comes back.
lose_host() {
	start_host a 10.0.0.1
	start_bg client env ${1:+RUMPHIJACK_RETRYCONNECT="$1"} \
		RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK" \
		"$PYTHON" -u -c "$client"
	wait_for in_file client.log first
	kill9 a
	if [ "${2:-}" = back ]; then
		start_host a 10.0.0.1
	fi
	touch go
	[ "${2:-}" = later ] || wait_for gone "${PID[client]}"
}

@test "RETRYCONNECT unset: ENETDOWN, also when the host is back" {
	lose_host '' back
	in_file client.log '^ENETDOWN$'
	in_file client.log '^after 0 s$'
}

@test "RETRYCONNECT=once: one attempt, which finds the new host" {
	lose_host once back
	in_file client.log '^again$'
	in_file client.log 'connected again'
}

@test "RETRYCONNECT=once: one attempt, in vain" {
	lose_host once
	in_file client.log '^ENETDOWN$'
	in_file client.log '^after 0 s$'
}

@test "RETRYCONNECT=1: a second of attempts, in vain" {
	lose_host 1
	in_file client.log '^ENETDOWN$'
	in_file client.log '^after [01] s$'
}

@test "RETRYCONNECT=inftime: waits until the host is back" {
	lose_host inftime later
	wait_for in_file client.log 'trying to connect again'
	sleep 0.5
	! gone "${PID[client]}" || fail "it gave up"
	start_host a 10.0.0.1
	wait_for -10 gone "${PID[client]}"
	in_file client.log '^again$'
}

@test "RETRYCONNECT=die: the program ends with status 1" {
	start_host a 10.0.0.1
	start_bg client sh -c 'RUMPHIJACK_RETRYCONNECT=die \
		RUMP_SERVER=unix://a.sock LD_PRELOAD=$0 "$@"; echo "status $?"' \
		"$HIJACK" "$PYTHON" -u -c "$client"
	wait_for in_file client.log first
	kill9 a
	touch go
	wait_for in_file client.log '^status 1$'
	! grep -E 'again|ENETDOWN|after' client.log || fail "it went on"
}

@test "RETRYCONNECT: other values are refused" {
	start_host a 10.0.0.1
	for set in 0 -1 soon '' 1x; do
		run_bad 1 "RUMPHIJACK_RETRYCONNECT=$set: " 'say die, once' \
			env RUMP_SERVER=unix://a.sock \
			RUMPHIJACK_RETRYCONNECT="$set" LD_PRELOAD="$HIJACK" \
			sh -c 'echo started'
	done
}
