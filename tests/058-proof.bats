#!/usr/bin/env bats
# Who names a socket has to have it: numbers are no secret.

load helpers
load helpers.net

# Sockets of all kinds that a program has, and goes on using.
start_victim() {
	cat >victim.py <<-'END'
	import socket, sys
	server = socket.create_server(("0.0.0.0", 80))
	udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	udp.bind(("0.0.0.0", 53))
	raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
	fresh = socket.socket()
	client = socket.create_connection(("10.0.0.1", 80))
	peer, _ = server.accept()
	packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
	print("ready", flush=True)
	sys.stdin.read(1)
	peer.send(b"still here")
	assert client.recv(100) == b"still here"
	udp.sendto(b"too", ("10.0.0.1", 53))
	assert udp.recv(100) == b"too"
	fresh.bind(("10.0.0.1", 81))
	fresh.listen()
	for s in server, udp, raw, fresh, client, peer, packet:
	    assert s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == bytes(8)
	    s.getsockname()
	print("all is well", flush=True)
	END
	mkfifo keys
	exec 8<>keys
	INPUT=keys start_bg victim on a "$PYTHON" victim.py
	wait_for in_file victim.log ready
}

@test "a program cannot name the sockets of another one" {
	start_host a 10.0.0.1
	start_victim
	run_cmd "$PYTHON" "$BATS_TEST_DIRNAME/h_guess.py" a.sock
	expect '^ok 7 sockets'
	run_cmd tool a netstat -s
	expect '[1-9][0-9]* request\.not_shown'
	echo >&8
	wait_for in_file victim.log 'all is well'
}

@test "news of a netlink socket cannot be stopped by another program" {
	start_host a 10.0.0.1
	cat >news.py <<-'END'
	import socket
	s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
	s.bind((0, 0x40))
	print("ready", flush=True)
	s.recv(4096)
	print("heard", flush=True)
	END
	start_bg news on a "$PYTHON" news.py
	wait_for in_file news.log ready
	cat >stop.py <<-'END'
	import re, socket, struct, sys
	sys.path.insert(0, sys.argv[1])
	from h_wire import Client, W
	names = re.findall(r"@(shmif/\S+/16\.3\.0)", open("/proc/net/unix").read())
	assert names
	c = Client("a.sock")
	for name in names:
	    back = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	    back.connect("\0" + name)
	    for op in range(3):
	        print(c.call("NOTIFY", data=struct.pack("II", op, 0),
	                     fds=(back.fileno(), back.fileno())))
	        print(c.call("NOTIFY", data=struct.pack("II", op, 0x40)))
	END
	run_cmd "$PYTHON" stop.py "$BATS_TEST_DIRNAME"
	run_cmd tool a route add 10.9.0.0/16 10.0.0.77
	wait_for in_file news.log heard
}

@test "exec, fork, descriptors passed: who has a socket can use it" {
	start_host a 10.0.0.1
	cat >show.py <<-'END'
	import array, os, socket, subprocess, sys

	ASK = """
	import socket, sys
	for fd in map(int, sys.argv[1:]):
	    s = socket.socket(fileno=fd)
	    print(s.getsockname()[1], s.getsockopt(socket.SOL_SOCKET,
	          socket.SO_REUSEADDR), flush=True)
	    # Options that nobody waits for.
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	    assert s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
	"""
	socks = []
	for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
	    s = socket.socket(socket.AF_INET, kind)
	    s.bind(("10.0.0.1", 80))
	    s.set_inheritable(True)
	    socks.append(s)
	fds = [s.fileno() for s in socks]
	run = [sys.executable, "-c", ASK, *map(str, fds)]
	out = subprocess.run(run, close_fds=False, stdout=subprocess.PIPE,
	                     check=True, text=True).stdout
	assert out == "80 0\n80 0\n", out
	# An option that is set first, by a process that has never asked.
	out = subprocess.run([sys.executable, "-c", """
	import socket, sys
	s = socket.socket(fileno=int(sys.argv[1]))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
	""", str(fds[0])], close_fds=False, stdout=subprocess.PIPE, check=True,
	    text=True).stdout
	assert out == "1\n", out
	# Accepted in a child that inherits the listener, named in its own child.
	socks[0].listen()
	pid = os.fork()
	if not pid:
	    peer, _ = socks[0].accept()
	    assert peer.getsockname() == ("10.0.0.1", 80)
	    peer.set_inheritable(True)
	    os.execv(sys.executable, [sys.executable, "-c", """
	import socket, sys
	s = socket.socket(fileno=int(sys.argv[1]))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	s.send(repr(s.getpeername()).encode())
	""", str(peer.fileno())])
	c = socket.create_connection(("10.0.0.1", 80))
	assert c.recv(100) == repr(c.getsockname()).encode()
	assert os.waitpid(pid, 0)[1] == 0
	# Passed to a process that was there before the socket.
	ours, theirs = socket.socketpair()
	pid = os.fork()
	if not pid:
	    os.set_inheritable(theirs.fileno(), True)
	    os.execv(sys.executable, [sys.executable, "-c", """
	import array, socket, sys
	s = socket.socket(fileno=int(sys.argv[1]))
	socket.socket().getsockname()
	s.send(b"up")
	_, anc, _, _ = s.recvmsg(1, 64)
	fd = int.from_bytes(anc[0][2][:4], "little")
	s.send(str(socket.socket(fileno=fd).getsockname()[1]).encode())
	""", str(theirs.fileno())])
	assert ours.recv(2) == b"up"
	late = socket.socket()
	late.bind(("10.0.0.1", 99))
	ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
	                       array.array("i", [late.fileno()]))])
	assert ours.recv(10) == b"99"
	assert os.waitpid(pid, 0)[1] == 0
	print("ok")
	END
	run_cmd on a "$PYTHON" show.py
	expect '^ok'
	run_cmd tool a netstat -s
	expect '[^0-9]0 request\.not_shown'
}
