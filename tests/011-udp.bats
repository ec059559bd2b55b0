#!/usr/bin/env bats
# Datagrams: nc, and what python sees of sizes, senders and errors.

load helpers
load helpers.net

# An echo server that tells whom it heard; on host a, port 7.
start_echo() {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg echo on a "$PYTHON" -u -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7))
while True:
    data, who = s.recvfrom(65536)
    print(who[0], len(data))
    s.sendto(data, who)'
	wait_udp a 7
}

@test "nc: UDP, and the answer" {
	start_echo
	echo 'one datagram' >word
	INPUT=word run_cmd on b nc -u -W 1 10.0.0.1 7
	expect '^one datagram$'
	in_file echo.log '^10\.0\.0\.2 13$'
}

@test "nc: a UDP listener" {
	start_host a 10.0.0.1
	start_bg listen on a nc -u -l 7
	wait_udp a 7
	echo knock >word
	mkfifo keys
	exec 8<>keys
	INPUT=keys start_bg talk at 10.0.0.2 nc -u 10.0.0.1 7
	echo knock >&8
	wait_for in_file listen.log '^knock$'
	exec 8>&-
}

@test "datagrams of every size keep their borders" {
	start_echo
	run_cmd on b "$PYTHON" -c 'import socket, os
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
for n in (0, 1, 1472, 1473, 9000, 32740, 40000, 65507):
    data = os.urandom(n)
    s.sendto(data, ("10.0.0.1", 7))
    back, who = s.recvfrom(65536)
    assert back == data and who == ("10.0.0.1", 7), (n, len(back), who)
for n in (10, 20, 30):
    s.sendto(b"x" * n, ("10.0.0.1", 7))
assert [len(s.recv(100)) for _ in range(3)] == [10, 20, 30]
s.sendto(b"0123456789", ("10.0.0.1", 7))
assert s.recv(4) == b"0123"
try:
    s.sendto(b"x" * 65508, ("10.0.0.1", 7))
    assert False, "too long a datagram was taken"
except OSError as e:
    assert e.errno == 90, e
print("all well")'
	expect '^all well$'
}

@test "a connected UDP socket hears of a port nobody listens on" {
	start_host a 10.0.0.1
	run_cmd at 10.0.0.2 "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect(("10.0.0.1", 9))
assert s.getpeername() == ("10.0.0.1", 9)
assert s.getsockname()[0] == "10.0.0.2"
s.send(b"x")
try:
    s.recv(10)
    print("got something")
except ConnectionRefusedError:
    print("refused")'
	expect '^refused$'
}

@test "a connected UDP socket takes its peer's datagrams only" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_host c 10.0.0.3
	start_bg sink on a "$PYTHON" -u -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.0.0.1", 7))
s.connect(("10.0.0.2", 8))
while True:
    print(s.recv(100).decode())'
	wait_for has_socket a 'udp .*10\.0\.0\.2\.8 '
	run_cmd on c "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 8))
s.sendto(b"from c", ("10.0.0.1", 7))'
	run_cmd on b "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 8))
s.sendto(b"from b", ("10.0.0.1", 7))'
	wait_for in_file sink.log 'from b'
	run_cmd -1 grep 'from c' sink.log
}

@test "a broadcast reaches all hosts of the bus, if it is allowed" {
	start_echo
	start_host c 10.0.0.3
	start_bg other on c nc -u -l 7
	wait_udp c 7
	run_cmd on b "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(b"x", ("255.255.255.255", 7))
    assert False, "sent without SO_BROADCAST"
except PermissionError:
    pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"to all\n", ("10.0.0.255", 7))'
	wait_for in_file echo.log '^10\.0\.0\.2 7$'
	wait_for in_file other.log '^to all$'
}
