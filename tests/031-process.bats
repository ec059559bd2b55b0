#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2209	# Python, sh of others
# fork, exec and descriptors that travel: the socket goes where it is sent.

load helpers
load helpers.net

workers() {
	[ "$(grep -c worker web.log)" -eq "$1" ]
}

@test "a pre-forked server: four workers, one listening socket" {
	random_file file 20000
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80 4
	wait_for workers 4
	for i in {1..40}; do
		start_bg "get$i" on b curl -sS -D "head$i" -o "got$i" \
			http://10.0.0.1/file
	done
	for i in {1..40}; do
		wait_for gone "${PID[get$i]}"
		same_file "got$i" file
	done
	cat head* | tr -d '\r' | sed -n 's/^X-Worker: //p' | sort | uniq -c \
		>workers
	cat workers
	[ "$(awk '{ n += $1 } END { print n }' workers)" -eq 40 ]
	[ "$(wc -l <workers)" -ge 2 ] || fail "one worker did it all"
	# The others serve on when one is killed.
	kill -KILL "$(awk '/^worker/ { print $2; exit }' web.log)"
	for i in {1..8}; do
		run_cmd on b curl -sS -o got http://10.0.0.1/file
		same_file got file
	done
}

@test "exec: a connection as a child's stdin and stdout" {
	echo 'over the bus' >file
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -N -l 7
	wait_listen a 7
	INPUT=file run_cmd on b "$PYTHON" -c 'import socket, subprocess, sys
s = socket.create_connection(("10.0.0.1", 7))
subprocess.run(["cat"], stdout=s, check=True)'
	wait_for gone "${PID[listen]}"
	in_file listen.log '^over the bus$'
}

@test "exec: what inetd does, a shell on an accepted connection" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on a "$PYTHON" -u -c 'import socket, subprocess
s = socket.create_server(("", 7))
while True:
    c, who = s.accept()
    subprocess.Popen(["sh", "-c", "read x; echo shell got $x; exec cat"],
                     stdin=c, stdout=c)
    c.close()'
	wait_listen a 7
	printf 'first\nsecond\nthird\n' >words
	for i in 1 2 3; do
		INPUT=words run_cmd on b nc -N 10.0.0.1 7
		[ "$output" = $'shell got first\nsecond\nthird' ]
	done
}

@test "exec: sockets outlive the environment and the library" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg server on a "$PYTHON" -u -c 'import os, socket
s = socket.create_server(("", 7))
c, who = s.accept()
os.set_inheritable(c.fileno(), True)
os.dup2(c.fileno(), 0)
os.dup2(c.fileno(), 1)
os.execve("/bin/sh", ["sh", "-c", "echo bare: $LD_PRELOAD$RUMP_SERVER.; cat"],
          {"SHMIF_ESCAPE": "host"})'
	wait_listen a 7
	echo hello >words
	INPUT=words run_cmd on b nc -N 10.0.0.1 7
	[ "$output" = $'bare: .\nhello' ]
}

@test "exec: what a program without the library does with its sockets" {
	cat >plain.c <<-'EOF'
	#include <errno.h>
	#include <poll.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/socket.h>
	#include <unistd.h>
	int main(int argc, char **argv)
	{
		struct pollfd p = { .fd = 0, .events = POLLIN };
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		char buf[2000];
		ssize_t n;

		(void)argc;
		if (poll(&p, 1, 10000) != 1)
			return 1;
		if (!strcmp(argv[1], "accept")) {
			n = accept(0, NULL, NULL);
			return n < 0 && errno == EINVAL ? 0 : 1;
		}
		if (!strcmp(argv[1], "recvfrom")) {
			n = recvfrom(0, buf, sizeof(buf), 0, (void *)&from,
			    &len);
			return sendto(0, buf, n, 0, (void *)&from,
			    sizeof(struct sockaddr_in *) * 2) != n;
		}
		n = read(0, buf, sizeof(buf));
		return n < 0 || write(0, buf, n) != n;
	}
	EOF
	"${CC:-cc}" -static -o plain plain.c
	without_entry
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg peer on b "$PYTHON" -u -c 'import socket
u = socket.socket(type=socket.SOCK_DGRAM)
u.bind(("", 7))
while True:
    data, who = u.recvfrom(100)
    print(data.decode(), flush=True)
    if not data.startswith(b"answer"):
        u.sendto(b"answer to " + data, who)'
	wait_udp b 7
	run_cmd on a "$PYTHON" -c 'import socket, subprocess
def plain(s, how):
    subprocess.run(["./plain", how], stdin=s, check=True)
u = socket.socket(type=socket.SOCK_DGRAM)
u.sendto(b"one", ("10.0.0.2", 7))
plain(u, "recvfrom")
u.connect(("10.0.0.2", 7))
u.send(b"two")
plain(u, "read")
l = socket.create_server(("", 8))
c = socket.create_connection(("10.0.0.1", 8))
plain(l, "accept")
s, who = l.accept()
c.send(b"stream")
plain(s, "read")
assert c.recv(100) == b"stream"'
	wait_for in_file peer.log '^answer to one$'
	wait_for in_file peer.log '^answer to two$'
}

@test "fork: parent and child take turns on one connection" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -d -l 7
	wait_listen a 7
	run_cmd on b "$PYTHON" -c 'import os, socket
s = socket.create_connection(("10.0.0.1", 7))
for i in range(10):
    if os.fork() == 0:
        s.send(b"child %d\n" % i)
        peer = s.getpeername()
        os._exit(0 if peer == ("10.0.0.1", 7) else 1)
    assert os.wait()[1] == 0
    s.send(b"parent %d\n" % i)'
	wait_for gone "${PID[listen]}"
	for i in {0..9}; do
		echo "child $i"
		echo "parent $i"
	done >want
	same_file listen.log want
}

@test "a child makes sockets of its own on its parent's host" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -k -d -l 7
	wait_listen a 7
	run_cmd on b bash -c 'for i in 1 2 3; do
		(echo "from $i" >/dev/tcp/10.0.0.1/7) & done; wait'
	for i in 1 2 3; do
		wait_for in_file listen.log "^from $i\$"
	done
}

@test "a socket passed to a process that has never heard of the host" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg listen on a nc -N -d -l 7
	wait_listen a 7
	start_bg receiver "$PYTHON" -u -c 'import socket
l = socket.socket(socket.AF_UNIX)
l.bind("pass.sock")
l.listen()
print("ready")
c, _ = l.accept()
fds = socket.recv_fds(c, 10, 1)[1]
socket.socket(fileno=fds[0], family=socket.AF_INET,
              type=socket.SOCK_STREAM, proto=6).send(b"passed on\n")'
	wait_for in_file receiver.log ready
	run_cmd on b "$PYTHON" -c 'import socket
s = socket.create_connection(("10.0.0.1", 7))
u = socket.socket(socket.AF_UNIX)
u.connect("pass.sock")
socket.send_fds(u, [b"x"], [s.fileno()])'
	wait_for gone "${PID[receiver]}"
	wait_for gone "${PID[listen]}"
	in_file listen.log '^passed on$'
	rm -f pass.sock
}
