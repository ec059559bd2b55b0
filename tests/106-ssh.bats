#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# OpenSSH: a server with its sandbox on, a new process for each login.

load helpers.programs
load helpers.ssh

# usage: start_sshd [LINE]: of sshd.conf
start_sshd() {
	requires sftp scp
	setup_ssh 22 "$A4,$A6" 'AllowTcpForwarding yes' \
		'GatewayPorts clientspecified' 'Subsystem sftp internal-sftp' \
		'LogLevel VERBOSE' "$@"
	start_bg sshd on a "$SSHD" -D -e -f "$DIR/sshd.conf"
	wait_listen a 22
	not_on_the_host 22
}

ssh_b() {
	run_cmd on b ssh -F ssh.conf "$@"
}

@test "ssh: commands, their status and data, IPv4 and IPv6" {
	random_file data 3000000
	start_both
	start_sshd
	for addr in $A4 $A6; do
		ssh_b "$addr" 'echo out; echo err >&2; echo "$SSH_CONNECTION"'
		expect '^out$'
		expect_err '^err$'
		expect " $addr 22\$"
		run_cmd -7 on b ssh -F ssh.conf "$addr" 'exit 7'
		INPUT=data run_cmd on b ssh -F ssh.conf "$addr" cat
		same_file out data
	done
	in_file sshd.log 'Accepted publickey'
	# Key exchange and login ran in the sandbox and were not cut short.
	in_no_line sshd.log 'fatal|sandbox|unexpected'
}

@test "ssh: a session stays on the server's host" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	echo 'from b' >file
	start_both
	start_sshd
	start_http web b 80
	for addr in $A4 $A6; do
		ssh_b "$addr" "tail -n +3 /proc/net/dev | cut -d : -f 1
			curl -sS http://$B4/file"
		expect '^ *shmif0$'
		expect '^from b$'
		in_no_line out '^ *eth'
	done
	# From one session into the next, back to where it began.
	ssh_b -R "2222:127.0.0.1:22" "$A4" \
		"nc -z 127.0.0.1 22 && echo reached"
	expect '^reached$'
}

# Children's children of sshd that a filter of system calls is on, and whose
# they are.
sandboxed() {
	local child pid

	for child in $(pgrep -P "${PID[sshd]}"); do
		for pid in $(pgrep -P "$child"); do
			! grep -q '^Seccomp:.*2' "/proc/$pid/status" ||
				stat -c %U "/proc/$pid"
		done
	done
}

is_sandboxed() {
	[ -n "$(sandboxed)" ]
}

@test "ssh: before the login the server is in its sandbox" {
	requires root nc
	start_both
	start_sshd
	mkfifo keys/typed
	exec 8<>keys/typed
	INPUT=keys/typed start_bg nc on b nc "$A4" 22
	wait_for in_file nc.log '^SSH-2.0'
	printf 'SSH-2.0-test\r\n' >&8
	wait_for is_sandboxed
	[ "$(sandboxed)" = sshd ]
	exec 8>&-
	stop nc
	wait_for in_file sshd.log '^Connection (closed|reset) by 10.0.0.2'
}

@test "ssh: a terminal" {
	requires root	# sshd gives the terminal to the user
	requires root		# it becomes the user's
	start_both
	start_sshd
	printf 'stty size; tty; echo "sum $((6 * 7))"; exit 3\n' >keys/typed
	INPUT=keys/typed run_cmd -3 on b ssh -F ssh.conf -tt "$A4" \
		"env -i TERM=dumb PS1= HOME=$DIR /bin/sh"
	expect 'sum 42'
	expect '/dev/pts/'
}

@test "ssh: keys exchanged anew in the middle, compressed" {
	random_file data 1000000
	start_both
	start_sshd
	INPUT=data run_cmd on b ssh -F ssh.conf -C -o RekeyLimit=300K "$A4" cat
	same_file out data
}

@test "scp and sftp: files there and back, IPv4 and IPv6" {
	random_file data 10000000
	mkdir tree tree/sub
	random_file tree/a 100
	random_file tree/sub/b 100000
	start_both
	start_sshd
	for addr in $A4 "[$A6]"; do
		rm -rf got there back
		run_cmd on b scp -F ssh.conf -q data "$addr:$DIR/got"
		same_file got data
		run_cmd on b scp -F ssh.conf -q -O "$addr:$DIR/got" back
		same_file back data
		run_cmd on b scp -F ssh.conf -q -r tree "$addr:$DIR/there"
		diff -r tree there
		printf 'put data %s/got2\nget %s/got2 back2\nls -l\n' \
			"$DIR" "$DIR" >orders
		run_cmd on b sftp -F ssh.conf -b orders "$addr"
		same_file back2 data
	done
}

@test "ssh -L, -R and -D: forwarded both ways and by SOCKS" {
	random_file www 2000000
	start_both
	start_sshd
	start_bg at_a on a "$PYTHON" -u -m http.server -b :: 80
	start_bg at_b on b "$PYTHON" -u -m http.server -b :: 81
	wait_listen a 80
	wait_listen b 81
	start_bg ssh on b ssh -F ssh.conf -N -o ExitOnForwardFailure=yes \
		-L 1080:127.0.0.1:80 -L "[::1]:1084:[$A6]:80" \
		-R '*:1081:127.0.0.1:81' -R "1083:[::1]:81" -D 1082 "$A4"
	wait_listen b 1082
	wait_listen a 1081
	run_cmd on b curl -sS -o got http://127.0.0.1:1080/www
	same_file got www
	run_cmd on b curl -sS -o got 'http://[::1]:1084/www'
	same_file got www
	run_cmd on b curl -sS -o got "http://$A4:1081/www"
	same_file got www
	run_cmd on a curl -sS -o got http://localhost:1083/www
	same_file got www
	for to in $A4 "[$A6]"; do
		run_cmd on b curl -sS -o got -x socks5h://127.0.0.1:1082 \
			"http://$to/www"
		same_file got www
	done
	# Ten at once through one connection.
	run_cmd on b curl -sS -Z --parallel-immediate -o 'got#1' \
		'http://127.0.0.1:1080/www?[1-10]'
	for i in {1..10}; do
		same_file "got$i" www
	done
}

@test "ssh: many sessions over one connection, and many connections" {
	start_both
	start_sshd 'MaxStartups 100'
	start_bg master on b ssh -F ssh.conf -N -M -S "$DIR/mux" "$A4"
	wait_for test -S mux
	for i in {1..8}; do
		start_bg "one$i" on b ssh -F ssh.conf -S "$DIR/mux" "$A4" \
			"echo session $i"
	done
	for i in {1..8}; do
		start_bg "own$i" on b ssh -F ssh.conf "$A4" "echo login $i"
	done
	for i in {1..8}; do
		wait_for gone "${PID[one$i]}"
		in_file "one$i.log" "^session $i\$"
		wait_for gone "${PID[own$i]}"
		in_file "own$i.log" "^login $i\$"
	done
	run_cmd on b ssh -F ssh.conf -S "$DIR/mux" -O exit "$A4"
	wait_for gone "${PID[master]}"
}
