#!/usr/bin/env bats
# Keys for tcp:// hosts: who has one is let in, with its rights; who has none
# gets nowhere, and is counted.

load helpers
load helpers.net

setup() {
	common_setup
	export OVER=tls
}

# A counter of the host, as its owner sees it.  usage: counted HOST NAME N
counted() {
	[ "$(shmif -s "unix://$DIR/$1.sock" netstat -s |
		awk -v n="$2" '$2 == n { print $1 }')" = "$3" ]
}

# What the host's log has.  usage: logged HOST REGEXP
logged() {
	shmif -s "unix://$DIR/$1.sock" log | grep -qE -- "$2"
}

@test "keys: made, appended, and refused where they are wrong" {
	run_cmd shmif key new alice
	expect '^alice:[0-9a-f]{64}$'
	run_cmd shmif key new -f keys alice
	run_cmd shmif key new -f keys bob raw,watch
	[ "$(stat -c %a keys)" = 600 ]
	[ "$(wc -l <keys)" -eq 2 ]
	in_file keys '^bob:[0-9a-f]{64}:raw,watch$'
	run_bad 1 'keys: ' 'has a key of the name alice' \
		shmif key new -f keys alice
	for name in '' a:b a@b a/b "$(printf 'x%.0s' {1..40})"; do
		run_bad 2 'key' 'name|letters' shmif key new "$name"
	done
	run_bad 2 'fly' 'use, raw, watch, config' shmif key new carol fly
	chmod 640 keys
	run_bad 1 'keys: ' 'chmod 600 keys' shmif_server -k keys \
		-i shmif0=net tcp://127.0.0.1:1/
	chmod 600 keys
	for line in alice alice:12 alice:xyz "a:$(printf '0%.0s' {1..64}):fly"; do
		echo "$line" >bad
		chmod 600 bad
		run_bad 1 'bad: line 1: ' 'digits|NAME:KEY|rights' shmif_server \
			-k bad -i shmif0=net tcp://127.0.0.1:1/
	done
	: >bad
	run_bad 1 'bad: no key' 'shmif key new' shmif_server -k bad \
		-i shmif0=net tcp://127.0.0.1:1/
	run_bad 1 'nothing: ' 'No such file' shmif_server -k nothing \
		-i shmif0=net tcp://127.0.0.1:1/
}

@test "keys: with the right one all works, and nothing is plain text" {
	local secret=nobody-may-read-this

	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	# What passes is recorded between the two.
	tap_between a
	mkdir web
	yes "$secret" | head -n 100 >web/file || :
	random_file web/big 5000000
	start_http web a 80 0 web
	run_cmd on b curl -sS -o got http://10.0.0.1/file
	same_file got web/file
	run_cmd on b curl -sS -o got http://10.0.0.1/big
	same_file got web/big
	[ "$(stat -c %s sent received | paste -sd +  | bc)" -gt 5000000 ]
	! grep -aq "$secret" sent received ||
		fail "the file passed in plain text"
	! grep -aqE 'shmif-relay|10\.0\.0\.1|GET /' sent received ||
		fail "the relay passed in plain text"
	# What was recorded opens the door to nobody.
	stop web
	wait_for no_relays
	INPUT=sent run_cmd timeout 5 nc -N 127.0.0.1 "$REAL" || :
	wait_for counted a relay.wrong_key 1
}

no_relays() {
	! leftovers | while read -r pid; do
		tr '\0' ' ' <"/proc/$pid/cmdline"
	done | grep -q '^shmif_relay tcp:'
}

# Programs reach the host by way of a proxy that records, in the files sent and
# received; the host is at port REAL.
tap_between() {
	wait_for no_relays
	REAL=${PORT[$1]}
	PORT[$1]=$(free_port)
	start_bg tap socat -r sent -R received \
		"TCP-LISTEN:${PORT[$1]},bind=127.0.0.1,fork" \
		"TCP:127.0.0.1:$REAL"
	wait_for listens_here "${PORT[$1]}"
}

listens_here() {
	local hex

	printf -v hex %04X "$1"
	grep -q ":$hex 00000000:0000 0A" /proc/net/tcp
}

@test "keys: the wrong one, none, and one without TLS" {
	local url

	start_host a 10.0.0.1
	url=$(url_of a)
	run_cmd tool a ifconfig shmif0
	run_cmd shmif key new -f wrong all
	run_bad 1 "$url: .*\"all\"" 'not accepted' env RUMP_SERVER_KEY=wrong \
		shmif -s "$url" ifconfig
	run_cmd shmif key new -f other nobody
	run_bad 1 "$url: .*\"nobody\"" 'not accepted' \
		env RUMP_SERVER_KEY=other shmif -s "$url" ifconfig
	run_bad 1 "$url: " 'RUMP_SERVER_KEY' env -u RUMP_SERVER_KEY \
		shmif -s "$url" ifconfig
	wait_for counted a relay.wrong_key 3
	logged a 'refused 127\.0\.0\.1 has not the right key'
	[ "$(shmif -s "unix://$DIR/a.sock" log | grep -c ' refused 127')" = 1 ]
	# The file has two: the name says which.
	cat keys other >both
	chmod 600 both
	run_bad 1 'both: more than one' 'NAME@HOST' env RUMP_SERVER_KEY=both \
		shmif -s "$url" ifconfig
	run_cmd env RUMP_SERVER_KEY=both shmif -s "$(named all)" ifconfig
	run_bad 1 'both: no key of the name x' '' env RUMP_SERVER_KEY=both \
		shmif -s "$(named x)" ifconfig
	run_cmd tool a ifconfig shmif0
}

# The process that lets clients in.
doorkeeper() {
	local pid

	for pid in $(leftovers); do
		! grep -qz -- --listen "/proc/$pid/cmdline" || echo "$pid"
	done
}

@test "keys: rubbish, older TLS, silence, and too many at the door" {
	local port pid

	start_host a 10.0.0.1
	port=${PORT[a]}
	head -c 100000 /dev/urandom >rubbish
	INPUT=rubbish run_cmd timeout 5 nc -N 127.0.0.1 "$port" || :
	run_cmd -1 openssl s_client -tls1_2 -connect "127.0.0.1:$port"
	run_cmd -1 openssl s_client -tls1_3 -connect "127.0.0.1:$port"
	wait_for counted a relay.protocol 3
	start_bg many "$PYTHON" -c "
import socket, sys, time
s = [socket.create_connection(('127.0.0.1', $port)) for _ in range(100)]
closed = 0
for c in s:
    c.settimeout(20)
    try:
        closed += c.recv(1) == b''
    except ConnectionResetError:
        closed += 1
print('closed', closed)"
	wait_for counted a relay.too_many 36
	wait_for -20 in_file many.log '^closed 100$'
	wait_for counted a relay.too_slow 64
	# What all that made it hold, at most: 64 connections, in kB.
	pid=$(doorkeeper)
	[ -n "$SAN" ] || [ "$(awk '$1 == "VmHWM:" { print $2 }' \
		"/proc/$pid/status")" -lt 40000 ]
	run_cmd tool a ifconfig shmif0
}

@test "keys: one that is added or taken away counts from the next time on" {
	start_host a 10.0.0.1
	run_cmd shmif key new -f mine carol
	run_cmd -1 env RUMP_SERVER_KEY=mine shmif -s "$(url_of a)" ifconfig
	cat mine >>keys
	run_cmd env RUMP_SERVER_KEY=mine shmif -s "$(url_of a)" ifconfig
	expect 'inet 10\.0\.0\.1'
}

# usage: as NAME yes|no COMMAND...
as() {
	if [ "$2" = yes ]; then
		run_cmd env "RUMP_SERVER=$(named "$1")" "${@:3}"
	else
		run_cmd -1 env "RUMP_SERVER=$(named "$1")" "${@:3}"
		expect_err "not permitted"
	fi
}

listens_on_a() {
	shmif -s "unix://$DIR/a.sock" netstat -an |
		grep -qE -- "^tcp .*[.*]$1 .*LISTEN"
}

# The URL of host a for who has that key.
named() {
	echo "tcp://$1@127.0.0.1:${PORT[a]}/"
}

@test "keys: the manual's example" {
	local page=$BATS_TEST_DIRNAME/../stack/relay/rump_sp.7 pid

	sed -n '/^\.Bd -literal/,/^\.Ed/s/^\$ //p' "$page" |
		sed "s/7000/$(free_port)/g" >example.sh
	[ "$(wc -l <example.sh)" -eq 5 ]
	run_cmd bash -ex example.sh
	expect 'inet 10\.0\.0\.1/24'
	expect "laddr=\('0\.0\.0\.0', 80\)"
	for pid in $(leftovers); do
		! grep -qz '^shmif_server' "/proc/$pid/cmdline" ||
			kill "$pid"
	done
}

@test "keys: each right allowed, and refused" {
	start_host a 10.0.0.1
	for right in use raw watch config halt; do
		shmif key new "$right" "$right"
	done >>keys
	as use yes shmif ifconfig
	as use yes shmif arp -a
	as use yes shmif sockstat
	expect '\[use:use]'
	as use no shmif netstat -s
	as use no shmif log
	as use no shmif route add 10.9.0.0/16 10.0.0.2
	as use no shmif ifconfig shmif0 down
	as use no shmif sysctl net.inet.ip.ttl=3
	as use no shmif halt
	as watch yes shmif sockstat
	as watch yes shmif log
	as watch no shmif route add 10.9.0.0/16 10.0.0.2
	as config yes shmif route add 10.9.0.0/16 10.0.0.2
	as config yes shmif sockstat
	as config no shmif halt
	# The hijacked ip is no way around it, nor is a packet socket.
	run_cmd -2 env "RUMP_SERVER=$(named use)" "LD_PRELOAD=$HIJACK" \
		ip route add 10.8.0.0/16 via 10.0.0.2
	expect_err 'Operation not permitted'
	run_cmd -1 env "RUMP_SERVER=$(named use)" "LD_PRELOAD=$HIJACK" \
		"$PYTHON" -c 'import socket
socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300).getsockname()'
	run_cmd env "RUMP_SERVER=$(named raw)" "LD_PRELOAD=$HIJACK" \
		"$PYTHON" -c 'import socket
socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300).getsockname()'
	# Whose a socket is, its owner sees.
	start_bg nc env "RUMP_SERVER=$(named use)" \
		"LD_PRELOAD=$HIJACK" nc -l 8000
	wait_for listens_on_a 8000
	run_cmd shmif -s "unix://$DIR/a.sock" sockstat
	expect 'shmif_relay .*use'
	as halt yes shmif halt
	wait_for gone "${PID[a]}"
}
