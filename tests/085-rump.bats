#!/usr/bin/env bats
# rump(3): programs that are virtual hosts by themselves.

# shellcheck disable=SC2030,SC2031 # settings for each test

load helpers
load helpers.net

teardown() {
	local bad=0

	common_teardown || bad=1
	[ -z "${NET:-}" ] || ip netns del "$NET"
	return $bad
}

root=$BATS_TEST_DIRNAME/..

# The tree as installed, below $DIR/root.  "-o all": it is built, as it is.
install_tree() {
	requires make cc
	run_cmd env -u MAKEFLAGS -u MFLAGS make -C "$root" -o all install \
		DESTDIR="$DIR/root" PREFIX=/usr
	cc=(cc ${SAN:+"-fsanitize=$SAN"} -Wall -Werror
		-isystem "$DIR/root/usr/include" -L "$DIR/root/usr/lib")
}

# The program of the manual page's example.
manual_example() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh ERRORS/p' "$root/stack/rump/rump.3" |
		sed -n '/^\.Bd -literal/,/^\.Ed/p' |
		sed '/^\.[BE]d/d; s/\\e/\\/g'
}

said_ready() {
	wait_for in_file "$1.log" '^ready$'
}

@test "the manual's example: a program that is host and client in one" {
	echo 'hello from a' >index.html
	start_host a 10.0.0.1
	start_http web a 80
	install_tree
	manual_example >fetch.c
	run_cmd "${cc[@]}" -o fetch fetch.c -lrumpshm
	run_cmd env LD_LIBRARY_PATH=root/usr/lib ./fetch net 10.0.0.9 10.0.0.1
	expect '^hello from a$'
	requires pkg-config
	export PKG_CONFIG_PATH=$DIR/root/usr/lib/pkgconfig
	run_cmd pkg-config --define-variable=prefix="$DIR/root/usr" \
		--define-variable=libdir="$DIR/root/usr/lib" --cflags --libs rumpshm
	# shellcheck disable=SC2046 # words
	run_cmd cc ${SAN:+"-fsanitize=$SAN"} -o fetch3 fetch.c $(cat out)
	run_cmd env LD_LIBRARY_PATH=root/usr/lib ./fetch3 net 10.0.0.9 10.0.0.1
	expect '^hello from a$'
	run_cmd "${cc[@]}" -o fetch2 fetch.c -l:librumpshm.a -pthread
	run_cmd ./fetch2 net 10.0.0.9 10.0.0.1
	expect '^hello from a$'
	run_cmd -1 ./fetch2 net 10.0.0.9 10.0.0.77
	expect_err '^fetch2: 10\.0\.0\.77: No route to host$'
	run_cmd -1 ./fetch2 net 10.0.0.1 10.0.0.1
	expect_err '^fetch2: 10\.0\.0\.1: Address already in use$'
	# No process and no slot is left: check_leaks looks.
}

# A block that begins with "/* NAME.c:" is that file; of the others, lines with
# a $ are typed and the rest is seen.  Makes those files, typed and seen.
manual_tutorial() {
	sed -n '/^\.Sh TUTORIAL/,/^\.Sh EXAMPLES/p' "$root/stack/rump/rump.3" |
		awk '
		/^\.Ed/ { inside = 0; file = "" }
		inside { gsub(/\\e/, "\\") }
		inside && /^\/\* [a-z]+\.c: / { file = $2; sub(/:/, "", file) }
		inside && file != "" { print >file; next }
		inside && sub(/^\$ /, "") { print >"typed"; next }
		inside { print >"seen" }
		/^\.Bd -literal/ { inside = 1 }'
}

@test "the manual's tutorial: built, typed and seen as it stands" {
	requires pkg-config nc nosan
	install_tree
	manual_tutorial
	[ -f hello.c ] && [ -f echo.c ] && [ -f two.c ]
	sed -i "s|=/usr|=$DIR/root/usr|" root/usr/lib/pkgconfig/rumpshm.pc
	export PKG_CONFIG_PATH=$DIR/root/usr/lib/pkgconfig
	export LD_LIBRARY_PATH=$DIR/root/usr/lib
	run_cmd bash -e typed
	[ ! -s err ]
	mv out got
	run_cmd diff seen got
}

answers() {
	shmif -s "$1" ifconfig shmif0 >out 2>&1
}

@test "a program that is a host serves at tcp:// who has a key" {
	local url

	url=tcp://127.0.0.1:$(free_port)/
	run_cmd -1 env RUMP_VERBOSE=1 "$B/tests/h_rump" serve net 10.0.0.5 "$url"
	expect_err "$url: set RUMP_SERVER_KEY .*shmif key new"
	run_cmd shmif key new -f keys all config,halt
	export RUMP_SERVER_KEY=$DIR/keys
	start_bg host "$B/tests/h_rump" serve net 10.0.0.5 "$url"
	wait_for answers "$url"
	in_file out 'inet 10\.0\.0\.5'
	run_cmd env RUMP_SERVER="$url" LD_PRELOAD="$HIJACK" \
		"$PYTHON" -c 'from socket import *
s = create_connection(("10.0.0.5", 7))
s.sendall(b"there and back")
print(s.recv(20).decode())'
	expect '^there and back$'
	run_cmd -1 env -u RUMP_SERVER_KEY shmif -s "$url" ifconfig
	run_cmd shmif -s "$url" halt
	wait_for gone "${PID[host]}"
}

@test "programs written for a rump kernel find their headers" {
	install_tree
	cat >old.c <<-'END'
		#include <rump/rump.h>
		#include <rump/netconfig.h>
		#include <rump/rump_syscalls.h>
		int main(void)
		{
			rump_init();
			rump_pub_netconfig_ifcreate("shmif0");
			rump_pub_netconfig_ifsetlinkstr("shmif0", "./busmem");
			return rump_pub_netconfig_ipv4_ifaddr("shmif0",
			    "1.0.0.1", "255.255.255.0");
		}
	END
	run_cmd "${cc[@]}" -o old old.c -lrumpshm
	run_cmd env LD_LIBRARY_PATH=root/usr/lib ./old
	[ -f busmem ]
}

@test "the library exports what the header declares, and nothing else" {
	nm -D --defined-only "$B/librumpshm.so" | awk '{ print $3 }' |
		sort >exported
	grep -o 'rump_[a-z0-9_]*(' "$root/stack/rump/rump.h" | tr -d '(' |
		grep -v '_$' | sort -u >declared
	run_cmd diff declared exported
	[ "$(wc -l <declared)" -gt 40 ]
}

@test "every call, within one host" {
	run_cmd "$B/tests/h_rump" self net
}

@test "errors are error numbers, and RUMP_VERBOSE tells why" {
	run_cmd "$B/tests/h_rump" errors net
	[ ! -s err ]
	run_cmd env RUMP_VERBOSE=1 "$B/tests/h_rump" errors net
	expect_err '^h_rump: shmif1: shmif1 has no bus yet; '
	expect_err '^h_rump: ssh://127\.0\.0\.1/x: only unix://'
}

@test "a program's host talks to other hosts" {
	echo 'hello from a' >index.html
	start_host a 10.0.0.1
	start_http web a 80
	run_cmd "$B/tests/h_rump" get net 10.0.0.2 10.0.0.1 80
	expect '^hello from a$'
	start_bg r "$B/tests/h_rump" serve net 10.0.0.3 unix://r.sock
	ALLOWED+=(r.sock)	# a signal ends it
	said_ready r
	echo 'and back' >in
	INPUT=in run_cmd on a nc -N 10.0.0.3 7
	expect '^and back$'
}

@test "a program's host serves clients, and ends when halted" {
	start_bg r "$B/tests/h_rump" serve net 10.0.0.3 unix://r.sock
	said_ready r
	run_cmd shmif -s unix://r.sock ifconfig shmif0
	expect 'inet 10\.0\.0\.3/24'
	run_cmd shmif -s unix://r.sock sockstat
	expect 'h_rump .* \*[.:]7 '
	echo 'through it' >in
	INPUT=in run_cmd on r nc -N 127.0.0.1 7
	expect '^through it$'
	run_cmd shmif -s unix://r.sock halt
	wait_for gone "${PID[r]}"
	[ ! -e r.sock ]
	has_members net 0
}

@test "a program's host dies with it, not with its children" {
	local child

	start_host a 10.0.0.1
	start_bg r "$B/tests/h_rump" fork net 10.0.0.3 unix://r.sock
	allow r.sock
	said_ready r
	child=$(sed -n 's/^child //p' r.log)
	echo 'while it lives' >in
	INPUT=in run_cmd on a nc -N 10.0.0.3 7
	expect '^while it lives$'
	# None of its files, but what the program itself has open.
	run_cmd sh -c "readlink /proc/$child/fd/*"
	cp out files
	run_cmd -1 grep -E '/net$|eventpoll|eventfd' files
	kill -KILL "${PID[r]}"
	wait_for gone "${PID[r]}"
	! gone "$child" || fail "the child is gone, too"
	has_members net 1
	LIMIT=2 run_bad 1 r.sock 'no server there' \
		shmif -s unix://r.sock ifconfig
	# The address is free.
	start_host b 10.0.0.3
	kill -KILL "$child"
}

@test "a program's host on a tap" {
	requires root netns tun ip
	NET=${DIR##*.}
	ip netns add "$NET"
	start_bg r ip netns exec "$NET" "$B/tests/h_rump" virt 192.168.77.2 \
		unix://r.sock
	said_ready r
	ip -n "$NET" addr add 192.168.77.1/24 dev tap0
	echo 'over the tap' >in
	INPUT=in run_cmd ip netns exec "$NET" nc -N 192.168.77.2 7
	expect '^over the tap$'
	run_cmd shmif -s unix://r.sock halt
}
