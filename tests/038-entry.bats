#!/usr/bin/env bats
# The second entry: programs into which no library can be preloaded.

# What is in single quotes is for another shell.
# shellcheck disable=SC2016
load helpers
load helpers.net

# A static program of many trades, which `scripts/setup test` puts there.
setup() {
	common_setup
	bb=$B/unpacked/busybox-static/bin/busybox
}

@test "a static web server and client, and curl with the library" {
	requires "$bb"
	head -c 20000000 /dev/urandom >file
	sum=$(sha256sum <file)
	start_host a fd00::1/64,10.0.0.1
	start_host b fd00::2/64,10.0.0.2
	start_bg web shmhijack -s "unix://$DIR/a.sock" "$bb" httpd -f \
		-p 80 -h "$DIR"
	run_cmd shmhijack -s "unix://$DIR/b.sock" -w 10.0.0.1:80 \
		curl -sS -o got http://10.0.0.1/file
	[ "$(sha256sum <got)" = "$sum" ]
	run_cmd shmhijack -s "unix://$DIR/b.sock" curl -sS -o got \
		'http://[fd00::1]/file'
	[ "$(sha256sum <got)" = "$sum" ]
	run_cmd shmhijack -s "unix://$DIR/b.sock" "$bb" wget -q -O got \
		http://10.0.0.1/file
	[ "$(sha256sum <got)" = "$sum" ]
	run_cmd tool a sockstat
	expect "busybox +${PID[web]}|busybox +[0-9]+ .*\\.80 "
	stop web
}

@test "a program of another libc, and what starts it" {
	requires musl-gcc
	cat >greet.c <<-'EOC'
	#include <arpa/inet.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <unistd.h>
	int main(int argc, char **argv)
	{
		struct sockaddr_in to = { .sin_family = AF_INET,
		    .sin_port = htons(atoi(argv[2])) };
		char buf[5];
		int s = socket(AF_INET, SOCK_STREAM, 0);

		inet_pton(AF_INET, argv[1], &to.sin_addr);
		if (connect(s, (struct sockaddr *)&to, sizeof(to)) ||
		    write(s, "hello", 5) != 5 || read(s, buf, 5) != 5) {
			perror("greet");
			return 1;
		}
		printf("%.5s %s\n", buf, getenv("LD_PRELOAD"));
		return argc > 3 ? execvp(argv[3], argv + 3) : 0;
	}
	EOC
	musl-gcc -o greet greet.c
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg echo on a socat TCP-LISTEN:7,fork,reuseaddr EXEC:cat
	wait_listen a 7
	on=(shmhijack -s "unix://$DIR/b.sock")
	run_cmd "${on[@]}" ./greet 10.0.0.1 7
	[ "$output" = 'hello (null)' ]
	# What is there besides stays; musl passes over what it does not find.
	run_cmd env LD_PRELOAD=/no/other.so:/no/third.so "$(command -v shmhijack)" \
		-s "unix://$DIR/b.sock" ./greet 10.0.0.1 7
	expect '^hello /no/other.so:/no/third.so$'
	run_cmd "${on[@]}" sh -c './greet 10.0.0.1 7; exit $?'
	[ "$output" = 'hello (null)' ]
	run_cmd "${on[@]}" env LD_PRELOAD=/no/other.so sh -c \
		'./greet 10.0.0.1 7 2>&1; exit $?'
	expect '^hello /no/other.so$'
	run_cmd "${on[@]}" --any sh -c './greet 10.0.0.1 7; exit $?'
	[ "$output" = 'hello (null)' ]
	run_cmd "${on[@]}" python3 -c 'import os
p = os.posix_spawn("./greet", ["greet", "10.0.0.1", "7"], os.environ)
os.waitpid(p, 0)
os.posix_spawnp("./greet", ["greet", "10.0.0.1", "7"], os.environ)
os.wait()
os.execve("./greet", ["greet", "10.0.0.1", "7"], {})'
	[ "$output" = $'hello (null)\nhello (null)\nhello (null)' ]
	# What it starts is on the host as well.
	run_cmd "${on[@]}" ./greet 10.0.0.1 7 sh -c \
		'echo again | socat - TCP:10.0.0.1:7'
	expect '^again$'
	# Let out, it works as well, and reaches the machine's network.
	run_cmd -1 "${on[@]}" --host-ok ./greet 127.0.0.1 9
	expect_err '^greet: Connection refused$'
	run_cmd -1 env SHMIF_ESCAPE=allow shmhijack -s "unix://$DIR/b.sock" \
		sh -c './greet 127.0.0.1 9; exit $?'
	expect_err '^greet: Connection refused$'
}

@test "statuses, signals and the words are the program's own" {
	requires "$bb"
	start_host a 10.0.0.1
	on=(shmhijack -s "unix://$DIR/a.sock")
	run_cmd -3 "${on[@]}" "$bb" sh -c 'exit 3'
	run_cmd -143 "${on[@]}" "$bb" sh -c 'kill $$'
	run_cmd -127 "${on[@]}" ./nothing
	run_cmd "${on[@]}" "$bb" sh -c 'echo $# "$1"' sh 'a  b'
	[ "$output" = '1 a  b' ]
	start_bg asleep "${on[@]}" "$bb" sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
	wait_for is_child asleep
	kill "${PID[asleep]}"
	wait "${PID[asleep]}" || status=$?
	[ "$status" -eq 5 ]
	unset "PID[asleep]"
	# Who kills shmhijack ends the program.
	start_bg asleep "${on[@]}" "$bb" sleep 1000
	wait_for is_child asleep
	pid=$(pgrep -P "$(pgrep -P "${PID[asleep]}")")
	kill -KILL "${PID[asleep]}"
	wait_for gone "$pid"
}

# Has the entry started its program?  usage: is_child NAME
is_child() {
	local entry

	entry=$(pgrep -P "${PID[$1]}") && pgrep -P "$entry" >/dev/null
}

@test "what a program started from a shell, Python or a script is in" {
	requires "$bb"
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg web on a "$PYTHON" -m http.server 80
	wait_listen a 80
	export bb
	for how in '"$bb" wget -q -O - http://10.0.0.1/' \
		'exec "$bb" wget -q -O - http://10.0.0.1/' \
		'printf "#!$bb sh\nwget -q -O - http://10.0.0.1/\n" >s; chmod +x s; ./s' \
		'"$PYTHON" -c "import subprocess, os; subprocess.run([os.environ[\"bb\"], \"wget\", \"-q\", \"-O\", \"-\", \"http://10.0.0.1/\"])"'; do
		run_cmd shmhijack -s "unix://$DIR/b.sock" bash -c "$how"
		expect 'Directory listing'
		[ ! -s err ]
	done
	# And back: what it starts has the library.
	run_cmd shmhijack -s "unix://$DIR/b.sock" "$bb" sh -c \
		'curl -sS http://10.0.0.1/'
	expect 'Directory listing'
	run_cmd shmhijack -s "unix://$DIR/b.sock" --any bash -c \
		'curl -sS http://10.0.0.1/; "$bb" wget -q -O - http://10.0.0.1/'
	[ "$(grep -c 'Directory listing' out)" -ge 2 ]
}

# What the process of the program named has as its entry.  usage: entry_of NAME
entry_of() {
	pgrep -P "${PID[$1]}"
}

@test "the entry is killed: connections go on, new calls fail, and it is said" {
	requires "$bb"
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg echo on a socat TCP-LISTEN:7,fork,reuseaddr EXEC:cat
	wait_listen a 7
	mkfifo words
	# It has a connection, and makes another one later.
	INPUT=words start_bg program shmhijack -s "unix://$DIR/b.sock" "$bb" \
		sh -c '$1 nc 10.0.0.1 7; $1 nc 10.0.0.1 7; exit 9' sh "$bb"
	exec 9>words
	echo before >&9
	wait_for in_file program.log '^before$'
	kill -KILL "$(entry_of program)"
	wait_for in_file program.log 'the entry .* is gone; new network calls fail'
	echo after >&9
	wait_for in_file program.log '^after$'
	exec 9>&-
	# It cannot shut down either: the other side ends it.
	stop echo
	wait_for gone "${PID[program]}"
	status=0
	wait "${PID[program]}" || status=$?
	[ "$status" -eq 9 ] || fail "exit status $status"
	in_file program.log '[Ff]unction not implemented'
	unset "PID[program]"
}

@test "shmif-net: a static program in its file, and from a shell there" {
	requires "$bb"
	net=$BATS_TEST_DIRNAME/../scripts/shmif-net
	echo hello >index.html
	cat >two.net <<-END
		bus lan
		host web
			iface lan 10.3.0.1/24
			run exec $bb httpd -f -p 80 -h $DIR
			wait listen 80
		host user
			iface lan 10.3.0.2/24
	END
	run_cmd "$net" up two.net
	run_cmd "$net" exec two user "$bb" wget -q -O - http://web/
	expect '^hello$'
	echo "$bb wget -q -O - http://10.3.0.1/; exit" >words
	INPUT=words run_cmd "$net" shell two user
	expect '^hello$'
	run_cmd "$net" down two
}

@test "requests of every size: routes, neighbours, interfaces" {
	requires "$bb"
	start_host a 10.0.0.1
	on=(shmhijack -s "unix://$DIR/a.sock" "$bb")
	run_cmd "${on[@]}" route add -net 10.5.0.0 netmask 255.255.0.0 \
		gw 10.0.0.9 dev shmif0
	run_cmd "${on[@]}" arp -s 10.0.0.77 02:00:00:00:00:77
	run_cmd "${on[@]}" arp -n 10.0.0.77
	expect '\(10\.0\.0\.77\) at 02:00:00:00:00:77 .* on shmif0'
	run_cmd tool a route show -inet
	expect '^10\.5/16 +10\.0\.0\.9 .* shmif0'
	run_cmd "${on[@]}" ifconfig shmif0
	expect 'inet addr:10\.0\.0\.1 '
}

@test "calls that wait, signals, datagrams: as on the machine" {
	requires netns nosan
	run_cmd unshare -n sh -c 'ip link set lo up; exec "$0"' \
		"$B/tests/h_entry"
	mv out host
	start_host a 10.0.0.1
	run_cmd shmhijack -s "unix://$DIR/a.sock" "$B/tests/h_entry"
	diff host out
	[ "$(wc -l <host)" -ge 20 ]
}

@test "a program with capabilities comes in without them" {
	requires root setpriv setcap
	plain=$(plain ping)
	cp "$plain" ./ping
	setcap cap_net_raw+ep ./ping || skip "no file capabilities here"
	chmod 755 . ping
	run_cmd setpriv --reuid 65534 --regid 65534 --clear-groups \
		env HOME=/nonexistent XDG_RUNTIME_DIR= \
		shmhijack -b "/tmp/${DIR##*/}.bus" ./ping -c 1 10.0.0.1
	expect '1 received'
	wait_for no_leftovers
	rm -f "/tmp/${DIR##*/}.bus"*
}

@test "set-user-ID has no effect in a program, nor in what it starts" {
	requires root setpriv "$bb"
	cp "$(command -v id)" ./id
	chmod 4755 id
	chmod 755 .
	# The file system may be mounted so that it has none anyway.
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env
		HOME=/nonexistent XDG_RUNTIME_DIR=)
	[ "$("${nobody[@]}" ./id -u)" = 0 ] || skip "no set-user-ID here"
	run_cmd "${nobody[@]}" shmhijack -b "/tmp/${DIR##*/}.bus" ./id -u
	[ "$output" = 65534 ]
	run_cmd "${nobody[@]}" shmhijack -b "/tmp/${DIR##*/}.bus" "$bb" sh -c \
		'./id -u; $1 id -u' sh "$bb"
	[ "$output" = "65534
65534" ]
	wait_for no_leftovers
	rm -f "/tmp/${DIR##*/}.bus"*
}

@test "where it is not to be had, that is said" {
	requires nosan
	mkdir bare
	cp "$B/shmhijack" "$B/libshmhijack.so" "$B/shmif_server" bare
	start_host a 10.0.0.1
	run_bad 126 'shmif_entry' 'host-ok lets it' bare/shmhijack \
		-s "unix://$DIR/a.sock" "$B/tests/h_entry"
}
