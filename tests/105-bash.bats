#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# bash's /dev/tcp and /dev/udp: sockets under redirections.

load helpers.programs

@test "bash: a request over /dev/tcp, IPv4 and IPv6" {
	echo 'hello from the other side' >file
	start_both
	start_bg web on a "$PYTHON" -u -m http.server -b :: 80
	wait_listen a 80
	for addr in $A4 $A6; do
		run_cmd on b bash -c 'exec 5<>"/dev/tcp/$1/80"
			printf "GET /file HTTP/1.0\r\n\r\n" >&5
			cat <&5' - "$addr"
		expect '200 OK'
		expect '^hello from the other side$'
	done
	run_cmd -1 on b bash -c ': >/dev/tcp/10.0.0.1/81'
	expect_err 'Connection refused'
}

@test "bash: duplicated, inherited and closed descriptors" {
	start_both
	start_bg server on a "$PYTHON" -u -c 'import socket
s = socket.create_server(("", 7))
while True:
    c, _ = s.accept()
    with c, c.makefile("rwb") as f:
        for line in f:
            f.write(line.upper())
            f.flush()'
	wait_listen a 7
	run_cmd on b bash -c 'exec 3<>/dev/tcp/10.0.0.1/7 4<&3
		exec 3>&-	# the duplicate keeps it open
		echo one >&4
		(echo two >&4; sh -c "echo three >&4")
		for i in 1 2 3; do read -r line <&4; echo "got $line"; done
		exec 5>&4 4>&-
		while read -r line; do echo "last $line"; exit; done <&5 &
		echo four >&5
		wait'
	[ "$output" = $'got ONE\ngot TWO\ngot THREE\nlast FOUR' ]
}

@test "bash: datagrams over /dev/udp, IPv4 and IPv6" {
	start_both
	start_bg four on a "$PYTHON" -u -c 'import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("", 7))
while True:
    data, peer = s.recvfrom(100)
    s.sendto(b"you said " + data, peer)'
	wait_udp a 7
	for addr in $A4 $A6; do
		run_cmd on b bash -c 'exec 5<>"/dev/udp/$1/7"
			echo "word of $1" >&5
			exec dd bs=4096 count=1 status=none <&5' - "$addr"
		[ "$output" = "you said word of $addr" ]
	done
}
