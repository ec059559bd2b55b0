#!/usr/bin/env bats
# Where programs and hosts may be started: in another network namespace than
# their host, as another user, without the standard descriptors.

# What is in single quotes is for another shell.
# shellcheck disable=SC2016
load helpers
load helpers.net

# Every set of standard descriptors that is not whole, as what a shell puts
# behind a command.
closings=('<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-')

# Without the standard descriptors: prints nothing, ends with what it found.
client='import os, socket, sys
there = [os.path.exists("/proc/self/fd/%d" % n) for n in (0, 1, 2)]
s = socket.create_connection((sys.argv[1], 80), 5)
s.sendall(b"GET /file HTTP/1.0\r\n\r\n")
got = b""
while part := s.recv(4096):
    got += part
with open(sys.argv[2], "w") as f:
    print(there, got[-6:], file=f)'

# Without CPU time for two seconds?  usage: idle PID
idle() {
	local before after

	before=$(cut -d' ' -f14,15 <"/proc/$1/stat" | tr ' ' +)
	sleep 1
	after=$(cut -d' ' -f14,15 <"/proc/$1/stat" | tr ' ' +)
	[ $((after - (before))) -lt 20 ]
}

@test "hosts, tools and programs without standard descriptors" {
	local n=0 how

	echo hello >file
	for how in "${closings[@]}"; do
		n=$((n + 1))
		run_cmd sh -c "shmif_server -i shmif0=net,10.0.0.1/24 \
			unix://a.sock $how"
		start_bg web on a "$PYTHON" -m http.server 80
		wait_listen a 80
		run_cmd sh -c "RUMP_SERVER=unix://a.sock LD_PRELOAD='$HIJACK' \
			'$PYTHON' -c '$client' 127.0.0.1 got.$n $how"
		in_file "got.$n" "b'hello.n'"
		run_cmd sh -c "shmhijack -s unix://a.sock -- \
			'$PYTHON' -c '$client' 127.0.0.1 again.$n $how"
		same_file "again.$n" "got.$n"
		stop web
		run_cmd sh -c "shmif -s unix://a.sock halt $how"
	done
	# What python found is what the shell had left.
	in_file got.1 '^\[False, True, True\]'
	in_file got.7 '^\[False, False, False\]'
}

@test "a tool that cannot print says so" {
	start_host a 10.0.0.1
	for cmd in 'shmif -s unix://a.sock ifconfig' 'shmif bus show net'; do
		run_cmd -1 sh -c "$cmd >&-"
		expect_err '^shmif .*: standard output: Bad file descriptor'
	done
}

@test "a private host, its starter without standard descriptors" {
	local n=0 how pid

	start_host a 10.0.0.1
	echo hello >file
	start_bg web on a "$PYTHON" -m http.server 80
	wait_listen a 80
	for how in "${closings[@]}"; do
		n=$((n + 1))
		run_cmd sh -c "shmhijack -b net -a 10.0.0.1$n -- \
			'$PYTHON' -c '$client' 10.0.0.1 got.$n $how"
		in_file "got.$n" "b'hello.n'"
	done
	# node marks its own so.
	start_bg hold shmhijack -b net -a 10.0.0.2 -- "$PYTHON" -c '
import os, socket, time
for fd in 0, 1, 2:
    os.set_inheritable(fd, False)
s = socket.create_connection(("10.0.0.1", 80), 5)
print("there", flush=True)
time.sleep(60)'
	wait_for in_file hold.log there
	pid=$(pgrep -f "shmif_server.*10.0.0.2.*$DIR/run")
	idle "$pid"
}

@test "a program's own host without standard descriptors" {
	local how

	for how in "${closings[@]}"; do
		run_cmd sh -c "'$B/tests/h_rump' self net $how"
	done
}

@test "without /proc and without /dev/null" {
	requires root mountns
	# The pipe ends when the host is in the background.
	run_cmd unshare -m sh -ec 'mount -t tmpfs none /proc
		mount -t tmpfs none /dev
		mkdir -m 1777 /dev/shm
		export LD_LIBRARY_PATH="$1" PATH="$1:$PATH"
		shmif_server -i shmif0=./bus,10.0.0.1/24 unix://x.sock 2>&1 | cat
		shmif -s unix://x.sock ping -c 1 10.0.0.1
		shmhijack -b ./bus "$2" -c "import socket
print(socket.socket().fileno() > 2)"
		shmif -s unix://x.sock halt' sh "$B" "$PYTHON"
	expect ' 1 received'
	expect '^True$'
}

@test "in another network namespace than its host" {
	requires netns
	start_host a 10.0.0.1
	start_bg web on a "$PYTHON" -m http.server 80
	wait_listen a 80
	cat >ends.py <<-'END'
		import errno, socket, struct, sys, time
		l = socket.create_server(("127.0.0.1", 0))
		c = socket.create_connection(l.getsockname())
		a, peer = l.accept()
		c.sendall(b"x")
		a.recv(1)
		# Over in both directions, yet open, on both sides.
		c.shutdown(socket.SHUT_RDWR)
		assert a.recv(1) == b""
		a.shutdown(socket.SHUT_RDWR)
		time.sleep(0.3)
		for s, name in (c, peer), (a, l.getsockname()):
		    assert s.getsockname() == name, s.getsockname()
		    assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
		    assert s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
		    assert s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
		# A copy elsewhere keeps it, both closed: gone.
		d = a.dup()
		a.close()
		time.sleep(0.2)
		assert d.getsockname() == l.getsockname()
		d.close()
		c.close()
		# One that is closed without further ado, at the other end.
		c = socket.create_connection(l.getsockname())
		a, peer = l.accept()
		c.close()
		assert a.recv(1) == b""
		a.close()
		l.close()
		time.sleep(0.2)
		print("done")
	END
	run_cmd env RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK" \
		unshare -n "$PYTHON" ends.py
	expect '^done$'
	# Nothing is left of them.
	run_cmd shmif -s unix://a.sock sockstat
	[ "$(grep -c python <<<"$output")" -eq 1 ]
	echo hello >file
	run_cmd unshare -n env RUMP_SERVER=unix://a.sock \
		LD_PRELOAD="$HIJACK" curl -sS http://10.0.0.1/file
	expect '^hello$'
	run_cmd unshare -n shmif -s unix://a.sock ping -c 1 127.0.0.1
}

@test "another user's programs on a host that lets them" {
	requires root setpriv
	chmod 711 .
	mkdir bin
	cp "$B"/{shmif,shmhijack,libshmhijack.so} bin
	start_host a 10.0.0.1
	echo hello >file
	start_bg web on a "$PYTHON" -m http.server 80
	wait_listen a 80
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

	run_bad 1 a.sock '-o allow=65534' "${nobody[@]}" \
		"$DIR/bin/shmif" -s "unix://$DIR/a.sock" ifconfig
	run_cmd -7 "${nobody[@]}" "$DIR/bin/shmhijack" -s "unix://$DIR/a.sock" \
		curl -sS http://10.0.0.1/file
	expect_err 'no permission to use the virtual host'
	start_host b 10.0.0.2 -o allow=65534
	run_cmd "${nobody[@]}" "$DIR/bin/shmif" -s "unix://$DIR/b.sock" \
		ifconfig -l
	run_cmd "${nobody[@]}" "$DIR/bin/shmhijack" -s "unix://$DIR/b.sock" \
		curl -sS http://10.0.0.1/file
	expect '^hello$'
	! requires netns || run_cmd unshare -n "${nobody[@]}" \
		"$DIR/bin/shmhijack" -s "unix://$DIR/b.sock" \
		curl -sS http://10.0.0.1/file
}
