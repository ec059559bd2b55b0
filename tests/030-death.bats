#!/usr/bin/env bats
# kill -9 of programs and hosts: what the others see of it, and how soon.

load helpers
load helpers.net

has_ended() {
	[ "$(grep -c ended server.log)" -eq "$1" ]
}

@test "kill -9 of a client closes its connections at once" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -d -l 7
	wait_listen a 7
	mkfifo keys
	exec 8<>keys
	INPUT=keys start_bg client on b nc 10.0.0.1 7
	wait_for has_socket a 'tcp .*10\.0\.0\.1\.7 .*ESTABLISHED'
	wait_for has_socket b 'tcp .*10\.0\.0\.1\.7 .*ESTABLISHED'
	kill9 client
	wait_for -3 gone "${PID[listen]}"
	wait_for -3 no_socket b 'ESTABLISHED|FIN_WAIT|LAST_ACK|CLOSE_WAIT'
	wait_for -3 no_socket a 'tcp '
	exec 8>&-
}

@test "kill -9 of a server program resets what nobody accepted" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on a "$PYTHON" -u -c 'import socket, time
s = socket.create_server(("", 7))
print("listens", flush=True)
time.sleep(60)'
	wait_for in_file server.log listens
	start_bg client on b "$PYTHON" -u -c 'import socket
s = socket.create_connection(("10.0.0.1", 7))
s.send(b"never read")
print("connected")
try:
    print("got", s.recv(10))
except ConnectionResetError:
    print("reset")
try:
    socket.create_connection(("10.0.0.1", 7))
except ConnectionRefusedError:
    print("refused")'
	wait_for in_file client.log connected
	kill9 server
	wait_for -3 gone "${PID[client]}"
	in_file client.log '^reset$'
	in_file client.log '^refused$'
	no_socket a LISTEN
}

@test "kill -9 of a server program resets what it has not read" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on a "$PYTHON" -u -c 'import select, socket, time
s = socket.create_server(("", 7))
c, who = s.accept()
select.select([c], [], [])
print("readable")
time.sleep(60)'
	wait_listen a 7
	start_bg client on b "$PYTHON" -u -c 'import socket
s = socket.create_connection(("10.0.0.1", 7))
s.send(b"never read")
print("sent")
try:
    print("got", s.recv(10))
except ConnectionResetError:
    print("reset")'
	wait_for in_file server.log readable
	wait_for in_file client.log sent
	kill9 server
	wait_for -3 gone "${PID[client]}"
	in_file client.log '^reset$'
}

@test "kill -9 of a reader: nothing is left of what was sent to it" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on a "$PYTHON" -u -c 'import socket
l = socket.create_server(("", 7))
while True:
    try:
        l.accept()[0].sendall(bytes(1 << 24))
    except OSError as e:
        print("ended:", e.strerror)'
	wait_listen a 7
	for i in 1 2 3; do
		start_bg client on b "$PYTHON" -u -c 'import signal, socket
s = socket.create_connection(("10.0.0.1", 7))
s.recv(1)
print("connected")
signal.pause()'
		wait_for in_file client.log connected
		kill9 client
		wait_for has_ended "$i"
	done
	wait_for -3 no_socket a 'tcp .*10\.0\.0\.2'
}

# What python sees of a host that goes: end of file or a reset on what is
# open, ENETDOWN for what is new.
victim='import errno, os, select, socket
s = socket.create_connection(("10.0.0.1", 7))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
l = socket.create_server(("", 8))
print("connected", flush=True)
try:
    data = s.recv(10)
    assert data == b"", data
    print("end of file")
except ConnectionResetError:
    print("reset")
p = select.poll()
p.register(u, select.POLLIN)
p.register(l, select.POLLIN)
assert len(p.poll(5000)) == 2, "the others do not show it"
for what in (lambda: socket.socket(),
             lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
             lambda: u.sendto(b"x", ("10.0.0.1", 9)),
             lambda: l.accept(),
             lambda: u.bind(("", 99))):
    try:
        what()
        print("no error")
    except OSError as e:
        print(errno.errorcode[e.errno])'

@test "kill -9 of a host: end of file, then ENETDOWN, and the slot is free" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -k -d -l 7
	wait_listen a 7
	start_bg client on b "$PYTHON" -u -c "$victim"
	wait_for in_file client.log '^connected$'
	has_members net 2
	kill9 b
	wait_for -5 gone "${PID[client]}"
	in_file client.log '^(end of file|reset)$'
	[ "$(grep -c '^ENETDOWN$' client.log)" -eq 5 ]
	[ "$(grep -c 'libshmhijack: ' client.log)" -eq 1 ]
	in_file client.log 'b\.sock: the virtual host is gone'
	has_members net 1
	# The same address and slot for the next, over the old one's socket.
	start_host b 10.0.0.2
	run_cmd shmif bus show net
	expect '^ +1 .* b 10\.0\.0\.2/24'
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.1
}

@test "the end of a host by halt is seen like that as well" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -k -d -l 7
	wait_listen a 7
	start_bg client on b "$PYTHON" -u -c "$victim"
	wait_for in_file client.log '^connected$'
	run_cmd shmif -s unix://b.sock halt
	wait_for -5 gone "${PID[client]}"
	in_file client.log '^(end of file|reset)$'
	[ "$(grep -c '^ENETDOWN$' client.log)" -eq 5 ]
	wait_for gone "${PID[b]}"
	[ ! -e b.sock ]
	has_members net 1
}

@test "kill -9 of hosts in the middle of a transfer harms no one else" {
	random_file big 30000000
	start_host a 10.0.0.1
	start_http web a 80
	start_host d 10.0.0.4
	for _ in 1 2 3; do
		start_host b 10.0.0.2
		start_bg curl on b curl -sS -o part http://10.0.0.1/big
		wait_for [ -s part ]
		kill9 b
		wait_for -5 gone "${PID[curl]}"
		rm -f part b.sock
		unset 'PID[curl]'
	done
	run_cmd on d curl -sS -o got http://10.0.0.1/big
	same_file got big
	has_members net 2
}

@test "kill -9 of a private host: the next program makes another" {
	keep_unused
	start_host a 10.0.0.1
	run_cmd -1 at 10.0.0.2 nc -z -w 5 10.0.0.1 7
	pid=$(shmif bus show net | awk '/10\.0\.0\.2\/24/ { print $3 }')
	kill -KILL "$pid"
	wait_for gone "$pid"
	has_members net 1
	run_cmd -1 at 10.0.0.2 nc -z -w 5 10.0.0.1 7
	has_members net 2
}

@test "a host that dies and comes back: what its programs see" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on b nc -k -d -l 7
	wait_listen b 7
	start_bg program env RUMPHIJACK_RETRYCONNECT=inftime \
		RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK" \
		"$PYTHON" "$BATS_TEST_DIRNAME/h_lost.py" 10.0.0.2
	wait_for in_file program.log blocked
	kill9 a
	wait_for in_file program.log '^recvfrom'
	start_host a 10.0.0.1
	touch back
	wait_for gone "${PID[program]}"
	grep -vE 'blocked|libshmhijack' program.log | sort >seen
	sort >wanted <<-'X'
		read: b''
		poll of a stream: POLLHUP,POLLIN
		poll of a listener: POLLERR,POLLHUP,POLLIN
		poll of a connect: POLLERR,POLLHUP,POLLOUT
		accept: ENETDOWN
		connect: ENETDOWN
		recvfrom: ENETDOWN
		SO_ERROR of a connect: ECONNRESET
		send: EPIPE
		read again: b''
		sendto: ENETDOWN
		listen: ENETDOWN
		accept again: ENETDOWN
		getsockname: ENETDOWN
		setsockopt: ENETDOWN
		close: None
		a new stream: 10.0.0.2
		a new listener: 0.0.0.0
		a new datagram: 0.0.0.0
	X
	diff wanted seen
}
