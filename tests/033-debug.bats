#!/usr/bin/env bats
# SHMIF_DEBUG: a line for each call that is not about data.

load helpers
load helpers.net

# Python, so that one program can do all of it.
py() {
	cat >"$1.py"
}

@test "a refused connect is a line with its errno, time and socket" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd -7 on b env SHMIF_DEBUG=1 curl -s http://10.0.0.1:9/
	expect_err '^curl\[[0-9]+\] socket\(AF_INET, SOCK_STREAM(\|SOCK_NONBLOCK)?, 6\) = [0-9]+ <[0-9]+\.[0-9]{4}> \[socket [0-9a-f]+\]$'
	expect_err '^curl\[[0-9]+\] connect\([0-9]+, 10\.0\.0\.1:9\) = -1 EINPROGRESS <0\.[0-9]{4}> \[socket [0-9a-f]+\]$'
	expect_err 'getsockopt\([0-9]+, SOL_SOCKET, SO_ERROR, \[ECONNREFUSED\]\) = 0 '
	py refused <<-'X'
	import socket
	s = socket.socket()
	print(s.connect_ex(("10.0.0.1", 9)))
	X
	run_cmd on b env SHMIF_DEBUG=1 "$PYTHON" refused.py
	[ "$output" = 111 ]
	expect_err '^python[0-9.]*\[[0-9]+\] connect\(3, 10\.0\.0\.1:9\) = -1 ECONNREFUSED <0\.[0-9]{4}> \[socket [0-9a-f]+\]$'
	for none in '' 0; do
		run_cmd on b env SHMIF_DEBUG=$none "$PYTHON" refused.py
		[ "$output" = 111 ]
		[ ! -s err ]
	done
}

@test "accept, names, options, shutdown and names of hosts" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	py serve <<-'X'
	import fcntl, socket
	l = socket.create_server(("10.0.0.1", 80), backlog=7)
	s, peer = l.accept()
	s.getsockname()
	s.getpeername()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\2\0\0\0")
	s.settimeout(None)
	s.shutdown(socket.SHUT_WR)
	s.close()
	try:
	    l.connect(("10.0.0.1", 81))
	except OSError:
	    pass
	X
	start_bg serve on a env SHMIF_DEBUG="$DIR/trace" "$PYTHON" serve.py
	wait_listen a 80
	run_cmd on b env SHMIF_DEBUG=1 sh -c 'curl -s http://a/; :'
	expect_err 'getaddrinfo\("a", "80"\) = 0 <'
	wait_for gone "${PID[serve]}"
	cat trace
	in_file trace 'bind\(3, 10\.0\.0\.1:80\) = 0 <.* \[socket'
	in_file trace 'listen\(3, 7\) = 0 '
	in_file trace 'setsockopt\(3, SOL_SOCKET, SO_REUSEADDR, \[1\]\) = 0 '
	in_file trace 'accept4\(3, 10\.0\.0\.2:[0-9]+, SOCK_CLOEXEC\) = [0-9]+ '
	in_file trace 'getsockname\([0-9]+, 10\.0\.0\.1:80\) = 0 '
	in_file trace 'getpeername\([0-9]+, 10\.0\.0\.2:[0-9]+\) = 0 '
	in_file trace 'SO_LINGER, \[1, 2\]\) = 0 '
	in_file trace 'shutdown\([0-9]+, SHUT_WR\) = 0 '
	in_file trace 'close\([0-9]+\) = 0 '
	in_file trace 'connect\(3, 10\.0\.0\.1:81\) = -1 EISCONN '
	! in_file trace '\b(read|recv|write|send)' || fail "data calls"
	# A connection is another socket than the one that listens.
	[ "$(grep -o '\[socket .*' trace | sort -u | wc -l)" -eq 2 ]
}

@test "IPv6 addresses are written as the machine writes them" {
	start_host a 10.0.0.1
	py names <<-'X'
	import socket
	s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	for a in ("::", "::1", "fd00::1", "1:2:3:4:5:6:7:8", "1::3:4:5:6:7:8",
	    "fd00:0:0:1::2", "fd00:0:0:1:0:0:0:2", "fe80::", "1:2::8",
	    "1:2:3:4:5:6:7::", "1:0:3:0:5:0:7:0", "::ffff:10.0.0.9"):
	    try:
	        s.bind((a, 53))
	    except OSError:
	        pass
	    b = socket.inet_pton(socket.AF_INET6, a)
	    print("[" + socket.inet_ntop(socket.AF_INET6, b) + "]:53")
	X
	run_cmd on a env SHMIF_DEBUG=1 "$PYTHON" names.py
	sed -n 's/.* bind(3, \(.*\)) = .*/\1/p' err | diff - out
}

@test "sockets of the machine, and why" {
	start_host a 10.0.0.1
	py inet6 <<-'X'
	import socket
	s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	X
	run_cmd on a env SHMIF_DEBUG=1 RUMPHIJACK=socket=inet \
		"$PYTHON" inet6.py
	expect_err 'socket\(AF_INET6, SOCK_DGRAM\|SOCK_CLOEXEC, 0\) = [0-9]+ <.*> \[machine: RUMPHIJACK leaves inet6 to it\]'
	expect_err 'socket\(AF_INET, SOCK_DGRAM\|SOCK_CLOEXEC, 0\) = [0-9]+ <.*> \[socket [0-9a-f]+\]'
	# As a service manager hands its sockets over.
	py inherit <<-'X'
	import os, socket, sys
	s = socket.create_server(("127.0.0.1", 0))
	os.dup2(s.fileno(), 9)
	os.execvp(sys.argv[1], sys.argv[1:])
	X
	py inherited <<-'X'
	import socket
	s = socket.socket(fileno=9)
	s.listen(1)
	X
	run_cmd "$PYTHON" inherit.py env SHMIF_DEBUG=1 LD_PRELOAD="$HIJACK" \
		RUMP_SERVER="unix://$DIR/a.sock" "$PYTHON" inherited.py
	expect_err 'listen\(9, 1\) = 0 <.*> \[machine: not made through the library\]'
}

@test "programs that are started, and files of the virtual host" {
	start_host a 10.0.0.1
	py start <<-'X'
	import os
	open("/proc/net/tcp").read()
	open("/etc/passwd").read()
	try:
	    os.posix_spawn("/none", ["none"], {})
	except OSError:
	    pass
	try:
	    os.execv("/none", ["none"])
	except OSError:
	    pass
	X
	run_cmd on a env SHMIF_DEBUG=1 "$PYTHON" start.py
	expect_err '\] open\("/proc/net/tcp"\) = [0-9]+ <'
	expect_err '\] posix_spawn\("/none"\) = 2 ENOENT <'
	expect_err '\] execve\("/none"\) = -1 ENOENT <'
	! grep -q passwd err || fail "files of the machine"
}

@test "a file: absolute, appended to, 0600, and kept through close loops" {
	start_host a 10.0.0.1
	mkdir d
	py closer <<-'X'
	import os, socket, subprocess, sys
	os.chdir("d")
	subprocess.run([sys.executable, "-c",
	    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"])
	os.closerange(3, 4096)
	mine = os.open("mine", os.O_WRONLY | os.O_CREAT)
	for fd in range(900, 1020):
	    os.dup2(mine, fd)
	socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
	os.closerange(3, 4096)
	if os.fork() == 0:
	    socket.socket(socket.AF_INET, socket.SOCK_RAW, 90)
	    os._exit(0)
	os.wait()
	X
	umask 0
	echo before >trace
	run_cmd on a env SHMIF_DEBUG=new "$PYTHON" closer.py
	[ ! -s err ]
	[ ! -s d/mine ] || fail "written to the program's file"
	[ ! -e d/new ]
	[ "$(stat -c %a new)" = 600 ]
	in_file new 'SOCK_DGRAM'
	in_file new 'socket\(AF_INET, SOCK_RAW\|SOCK_CLOEXEC, 89\) = [0-9]+ '
	in_file new 'socket\(AF_INET, SOCK_RAW\|SOCK_CLOEXEC, 90\) = '
	[ "$(sed 's/ .*//' new | sort -u | wc -l)" -eq 3 ]
	run_cmd on a env SHMIF_DEBUG=trace "$PYTHON" closer.py
	in_file trace '^before'
	in_file trace 'SOCK_DGRAM'
}

@test "a file that cannot be opened is one line, and no trace" {
	start_host a 10.0.0.1
	mkfifo fifo
	mkdir dir
	py one <<-'X'
	import socket
	socket.socket()
	print("done")
	X
	for path in none/such fifo dir "$(printf 'x%.0s' {1..300})"; do
		run_cmd on a env SHMIF_DEBUG="$path" "$PYTHON" one.py
		[ "$output" = "done" ]
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "^libshmhijack: SHMIF_DEBUG=$path: .*; no trace\$"
	done
}

# Whose stderr is closed, or another file by now, gets no line into it.
@test "stderr is written to only as long as it is the same" {
	start_host a 10.0.0.1
	py other <<-'X'
	import os, socket
	os.close(2)
	os.open("mine", os.O_WRONLY | os.O_CREAT)
	socket.socket()
	X
	run_cmd on a env SHMIF_DEBUG=1 "$PYTHON" other.py
	[ -e mine ]
	[ ! -s mine ]
	run_cmd on a env SHMIF_DEBUG=1 sh -c \
		"exec 2>&-; exec $PYTHON -c 'import socket; socket.socket()'"
}

@test "a process that shuts itself in writes a last line and lives on" {
	start_host a 10.0.0.1
	cat >jail.c <<-'X'
	#include <linux/seccomp.h>
	#include <sys/prctl.h>
	#include <sys/socket.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int main(void)
	{
		socket(AF_INET, SOCK_DGRAM, 0);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
		socket(AF_INET, SOCK_STREAM, 0);
		write(1, "alive\n", 6);
		syscall(SYS_exit, 0);
	}
	X
	"${CC:-cc}" -w -o jail jail.c
	run_cmd on a env SHMIF_DEBUG=1 ./jail
	[ "$output" = alive ]
	[ "$(wc -l <err)" -eq 2 ]
	expect_err 'SOCK_DGRAM'
	expect_err '^jail\[[0-9]+\] seccomp: .*no trace from here$'
}

# The loader drops what is preloaded, so the library is linked to.
@test "in a program with another user's id it is ignored" {
	requires root
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	cat >whose.c <<-'X'
	#include <stdio.h>
	#include <sys/auxv.h>
	#include <sys/socket.h>
	int main(void)
	{
		socket(AF_UNIX, SOCK_STREAM, 0);
		printf("%lu\n", getauxval(AT_SECURE));
	}
	X
	"${CC:-cc}" -o whose whose.c -Wl,--no-as-needed -L"$B" -lshmhijack \
		-Wl,-rpath,"$B"
	run_cmd env SHMIF_DEBUG=1 ./whose
	expect_err 'socket\(AF_UNIX, SOCK_STREAM, 0\) = '
	chown 65534 whose
	chmod u+s whose
	chmod 711 .
	run_cmd env SHMIF_DEBUG=1 ./whose
	[ "$output" = 1 ] || skip "set-user-ID programs are not, here"
	[ ! -s err ]
	run_cmd env SHMIF_DEBUG="$DIR/file" ./whose
	[ ! -e file ]
}

@test "threads, signal handlers and vfork children write whole lines" {
	start_host a 10.0.0.1
	py many <<-'X'
	import os, signal, socket, subprocess, sys, threading
	def work():
	    for i in range(200):
	        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
	signal.signal(signal.SIGALRM,
	    lambda *a: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
	signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
	t = [threading.Thread(target=work) for i in range(4)]
	for x in t: x.start()
	for i in range(5): subprocess.run(["true"], close_fds=True)
	for x in t: x.join()
	signal.setitimer(signal.ITIMER_REAL, 0)
	X
	run_cmd on a env SHMIF_DEBUG=trace "$PYTHON" many.py
	[ "$(grep -c ' socket(AF_INET, ' trace)" -eq 800 ]
	[ "$(grep -c ' close(' trace)" -ge 800 ]
	! grep -vE '^[^ ]+\[[0-9]+\] [a-z0-9_]+\(.*\) = .* <[0-9.]+>( \[.*\])?$' \
		trace || fail "a broken line"
}
