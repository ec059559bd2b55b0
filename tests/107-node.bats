#!/usr/bin/env bats
# node: libuv's calls, which do not all go by libc's names; http and cluster.

load helpers.programs

# usage: start_node NAME HOST ARGUMENT...
start_node() {
	start_bg "$1" on "$2" "${ENV[@]}" node "$BATS_TEST_DIRNAME/h_node.js" \
		"${@:3}"
	wait_for in_file "$1.log" '^ready$'
}

ask_node() {
	run_cmd on b node "$BATS_TEST_DIRNAME/h_node.js" "$@"
}

@test "node: http, 100 requests at once, IPv4 and IPv6" {
	requires node
	start_both
	start_node web a serve 80
	for url in http://$A4/ "http://[$A6]/"; do
		ask_node ask "$url" 100
		expect '^answers 100$'
	done
	run_cmd on b curl -sS -o /dev/null -D - http://"$A4"/
	expect "^X-Peer: ::ffff:$B4"
	run_cmd on b curl -sS -o /dev/null -D - "http://[$A6]/"
	expect "^X-Peer: $B6"
	not_on_the_host 80
}

@test "node: a cluster, connections handed to the workers" {
	requires node
	start_both
	start_node web a cluster 80 3
	ask_node ask http://"$A4"/ 60
	expect '^answers 60$'
	expect '^workers 3$'
}

@test "node: a cluster whose workers share the listening socket" {
	requires node
	start_both
	ENV=(env NODE_CLUSTER_SCHED_POLICY=none)
	start_node web a cluster 80 3
	ask_node ask "http://[$A6]/" 60
	expect '^answers 60$'
	# None is lost when a worker is killed.
	kill -KILL "$(pgrep -P "${PID[web]}" | head -n 1)"
	ask_node ask http://"$A4"/ 60
	expect '^answers 60$'
}

@test "node: half-closed streams, datagrams, a refused connection" {
	requires node
	start_both
	start_node echo a echo 7
	for addr in $A4 $A6; do
		ask_node talk "$addr" 7
		expect '^stream true$'
		expect '^datagram cba '
		expect '^ECONNREFUSED$'
	done
}

@test "node: the interfaces are those of the virtual host" {
	requires node
	start_both
	ask_node interfaces
	expect '^lo 127.0.0.1/8 true$'
	expect "^shmif0 $B4/24 false\$"
	expect "^shmif0 $B6/64 false\$"
	in_no_line out ' eth0'
}
