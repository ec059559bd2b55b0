#!/usr/bin/env bats
# Clusters of Go programs, a node on each of three hosts of a bus, through a
# partition and back: etcd, which elects, and nats-server, which forwards.

# shellcheck disable=SC2034,SC2154	# of helpers.bash

load ../helpers
load ../helpers.net

setup() {
	common_setup
	requires nosan
	declare -gA addr=([a]=1 [b]=2 [c]=3)
}

three_hosts() {
	local name

	for name in a b c; do
		start_host "$name" "10.0.0.${addr[$name]}"
	done
}

# Nothing passes any more between that host and the two others.
# usage: cut_off HOST
cut_off() {
	local i others=()

	for i in 1 2 3; do
		[ "$i" = "${addr[$1]}" ] || others+=("10.0.0.$i")
	done
	run_cmd tool "$1" link shmif0 set partition "${others[@]}"
}

join_again() {
	run_cmd tool "$1" link shmif0 clear partition
}

start_etcd() {
	local me=http://10.0.0.${addr[$1]}

	start_bg "etcd-$1" shmhijack -s "unix://$DIR/$1.sock" etcd --name "$1" \
		--data-dir "$DIR/data-$1" --logger zap \
		--listen-peer-urls "$me:2380" \
		--initial-advertise-peer-urls "$me:2380" \
		--listen-client-urls "$me:2379" --advertise-client-urls "$me:2379" \
		--initial-cluster "$(printf '%s=http://10.0.0.%s:2380,' \
			a 1 b 2)c=http://10.0.0.3:2380" \
		--initial-cluster-state new
}

# usage: etcd HOST WORD...: of the node there
etcd() {
	ETCDCTL_API=3 timeout 20 shmhijack -s "unix://$DIR/$1.sock" etcdctl \
		--endpoints "http://10.0.0.${addr[$1]}:2379" \
		--command-timeout 3s "${@:2}" 2>&1 </dev/null 3>&-
}

# Which of these nodes leads, as each says of itself?  usage: leader HOST...
leader() {
	local name

	for name; do
		# Its own number, and the leader's.
		etcd "$name" endpoint status -w json | "$PYTHON" -c '
import json, sys
s = json.load(sys.stdin)[0]["Status"]
sys.exit(s["header"]["member_id"] != s.get("leader"))' 2>/dev/null || continue
		echo "$name"
		return
	done
	return 1
}

has_leader() {
	leader "$@" >found
}

# usage: holds HOST KEY VALUE
holds() {
	[ "$(etcd "$1" get --print-value-only "$2")" = "$3" ]
}

takes() {
	[ "$(etcd "$1" put "$2" "$3")" = OK ]
}

@test "etcd: its leader is cut off, another one is elected, and all agree" {
	local name others old

	requires etcd etcdctl
	three_hosts
	for name in a b c; do
		start_etcd "$name"
	done
	wait_for -60 takes a one 1
	wait_for -30 holds c one 1
	wait_for -30 has_leader a b c
	old=$(cat found)
	others=(a b c)
	others=("${others[@]/$old/}")
	read -r -a others <<<"${others[*]}"
	cut_off "$old"
	wait_for -60 takes "${others[0]}" two 2
	wait_for -30 holds "${others[1]}" two 2
	! takes "$old" three 3 || fail "one of three took a value"
	! holds "$old" two 2 || fail "it got through"
	wait_for -30 has_leader "${others[@]}"
	join_again "$old"
	wait_for -60 holds "$old" two 2
	wait_for -30 takes "$old" four 4
	for name in "${others[@]}"; do
		wait_for -30 holds "$name" four 4
	done
	for name in a b c; do
		run_cmd tool "$name" sockstat
		expect 'etcd +[0-9]+ .*2380'
	done
}

start_nats() {
	local me=10.0.0.${addr[$1]}

	cat >"$1.conf" <<-END
		listen: $me:4222
		http: $me:8222
		ping_interval: "1s"
		ping_max: 2
		cluster {
			name: three
			listen: $me:6222
			routes: [nats://10.0.0.1:6222, nats://10.0.0.2:6222,
				nats://10.0.0.3:6222]
		}
	END
	start_bg "nats-$1" shmhijack -s "unix://$DIR/$1.sock" nats-server \
		-c "$DIR/$1.conf"
}

# Has the node that many routes to others?  usage: routes HOST COUNT
routes() {
	on_host "$1" curl -sS -m 5 "http://10.0.0.${addr[$1]}:8222/routez" |
		grep -q "\"num_routes\": $2,"
}

on_host() {
	command_words on "$@"
	timeout 10 "${WORDS[@]}" </dev/null 2>/dev/null 3>&-
}

# A client of the node on that host: its words in, what it hears to a file.
# usage: subscribe HOST
subscribe() {
	(
		printf 'CONNECT {"verbose":false}\r\nSUB news 1\r\nPING\r\n'
		# The server asks once a second.
		while sleep 0.5; do
			printf 'PONG\r\n'
		done
	) >"$1.fifo" 3>&- &
	PID[words-$1]=$!
	STARTED+=("words-$1")
	INPUT=$1.fifo start_bg "sub-$1" on "$1" nc -q 1 \
		"10.0.0.${addr[$1]}" 4222
	wait_for in_file "sub-$1.log" '^PONG'
}

publish() {
	printf 'CONNECT {"verbose":false}\r\nPUB news %d\r\n%s\r\nPING\r\n' \
		${#2} "$2" >words
	INPUT=words command_words on "$1" nc -q 1 "10.0.0.${addr[$1]}" 4222
	timeout 10 "${WORDS[@]}" <words >heard 3>&-
	grep -q PONG heard
}

# A route is there before the interest of the other side is known.
# usage: arrives FROM TO TEXT
arrives() {
	publish "$1" "$3" && in_file "sub-$2.log" "^$3"
}

@test "nats-server: news reach all nodes, but not through a partition" {
	local name

	requires nats-server
	three_hosts
	for name in a b c; do
		start_nats "$name"
	done
	for name in a b c; do
		wait_for -30 routes "$name" 2
		mkfifo "$name.fifo"
	done
	subscribe b
	subscribe c
	wait_for -20 arrives a b first
	wait_for -20 arrives a c first
	cut_off c
	for name in a b; do
		wait_for -60 routes "$name" 1
	done
	wait_for -60 routes c 0
	wait_for -20 arrives a b second
	! in_file sub-c.log '^second' || fail "it got through"
	join_again c
	for name in a b c; do
		wait_for -60 routes "$name" 2
	done
	wait_for -20 arrives a c third
	wait_for -20 arrives c b fourth
	! in_file sub-c.log '^second' || fail "it came late"
	for name in a b c; do
		run_cmd tool "$name" sockstat
		expect 'nats-server +[0-9]+ .*6222'
	done
}
