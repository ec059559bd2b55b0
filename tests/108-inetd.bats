#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# inetd: services as children whose stdin is the socket; telnetd and telnet.

load helpers.programs

# usage: start_inetd LINE...
start_inetd() {
	printf '%s\n' "$@" >inetd.conf
	start_bg inetd on a inetutils-inetd -d "-p$DIR/inetd.pid" \
		--environment "$DIR/inetd.conf"
	wait_for in_file inetd.log '^registered'
}

@test "inetd: built-in services and children, IPv4 and IPv6" {
	requires inetutils-inetd nc
	local me

	me=$(id -un)
	start_both
	start_inetd "echo stream tcp6 nowait $me internal" \
		"echo dgram udp6 wait $me internal" \
		"daytime stream tcp nowait $me internal" \
		"discard stream tcp nowait $me /usr/bin/tr tr a-z A-Z" \
		"discard stream tcp6only nowait $me /bin/sh sh -c env"
	wait_listen a 9
	wait_listen a 7
	not_on_the_host 9
	seq -f 'line %g' 5000 >lines
	tr '[:lower:]' '[:upper:]' <lines >want
	for addr in $A4 $A6; do
		INPUT=lines run_cmd on b nc -N "$addr" 7
		same_file out lines
		run_cmd on b bash -c 'exec 5<>/dev/udp/$1/7; echo word >&5
			exec dd bs=4096 count=1 status=none <&5' - "$addr"
		[ "$output" = word ]
	done
	for _ in 1 2 3; do
		INPUT=lines run_cmd on b nc -N "$A4" 9
		same_file out want
	done
	run_cmd on b nc -d "$A4" 13
	expect "$(date +%Y)"
	run_cmd on b nc -N "$A6" 9
	expect "^TCPREMOTEIP=$B6"
}

@test "telnetd and telnet: a session on a terminal, IPv4 and IPv6" {
	local server

	requires inetutils-inetd telnetd telnet root
	server=$(command -v telnetd)
	cat >login <<-'EOF'
	#!/bin/sh
	echo "welcome to $(tty)"
	exec sh
	EOF
	chmod +x login
	start_both
	start_inetd \
		"telnet stream tcp6 nowait root $server telnetd -E $DIR/login"
	wait_listen a 23
	for addr in $A4 $A6; do
		mkfifo keys
		exec 8<>keys
		INPUT=keys start_bg telnet on b telnet "$addr"
		wait_for in_file telnet.log 'welcome to /dev/pts/'
		echo 'echo sum $((6 * 7)); seq 1000 | tail -n 1; exit' >&8
		wait_for in_file telnet.log 'closed by foreign host'
		exec 8>&-
		wait_for gone "${PID[telnet]}"
		in_file telnet.log '^(# )?sum 42'
		in_file telnet.log '^(# )?1000'
		rm keys telnet.log
	done
}
