#!/usr/bin/env bats
# Python: http.server, asyncio, socketserver and multiprocessing.

load helpers.programs

# usage: start_py NAME HOST PART [ARGUMENT]...
start_py() {
	start_bg "$1" on "$2" "$PYTHON" -u "$BATS_TEST_DIRNAME/h_py.py" "${@:3}"
	wait_for in_file "$1.log" '^ready'
}

ask_py() {
	run_cmd on b "$PYTHON" "$BATS_TEST_DIRNAME/h_py.py" "$@"
}

@test "python: http.server and urllib, IPv4 and IPv6" {
	mkdir www
	random_file www/big 10000000
	start_both
	# Dual-stack: clients of IPv4 come in with mapped addresses.
	start_bg web on a "$PYTHON" -u -m http.server -b :: -d www 80
	wait_listen a 80
	for url in "http://$A4" "http://[$A6]"; do
		run_cmd on b "$PYTHON" -c 'import sys, urllib.request
data = urllib.request.urlopen(sys.argv[1]).read()
open("got", "wb").write(data)' "$url/big"
		same_file got www/big
	done
	run_cmd on b curl -sS -o /dev/null -w '%{http_code}\n' "http://$A4/none"
	expect '^404$'
	in_file web.log "^::ffff:$B4 .*GET /big HTTP.* 200 "
	in_file web.log "^$B6 .*GET /big HTTP.* 200 "
}

@test "python: asyncio streams, 50 at once, IPv4 and IPv6" {
	start_both
	start_py server a streams_serve 7
	[ "$(cat server.log)" = 'ready 2' ]
	for addr in $A4 $A6; do
		ask_py streams_ask "$addr" 7
		expect '^refused$'
	done
}

@test "python: asyncio datagrams to 65487 bytes, and refused ones" {
	start_both
	start_py six a datagrams_serve :: 7
	start_py four b datagrams_serve 0.0.0.0 7
	for addr in $A4 $A6 $B4; do
		ask_py datagrams_ask "$addr" 7
		expect '^ConnectionRefusedError$'
	done
}

@test "python: socketserver, forking and threading, IPv4 and IPv6" {
	start_both
	start_py forking4 a socketserver_serve forking "$A4" 7
	start_py forking6 a socketserver_serve forking :: 8
	start_py threading4 a socketserver_serve threading 0.0.0.0 9
	start_py threading6 a socketserver_serve threading "$A6" 10
	while read -r addr port processes; do
		ask_py socketserver_ask "$addr" "$port"
		expect '^answers 20$'
		expect "^processes $processes\$"
	done <<-EOF
	$A4 7 20
	$A6 8 20
	$A4 9 1
	$A6 10 1
	EOF
}

@test "python: multiprocessing Listener and Client with a key" {
	start_both
	start_py server a listener_serve "$A4" 7
	ask_py listener_ask "$A4" 7
	expect '^key refused$'
}
