#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# What a program starts is on its virtual host, whatever it does to the
# environment; what the library cannot reach does not pass in silence.

load helpers
load helpers.net

# A program that the library cannot reach.
static_program() {
	echo 'int puts(const char *s); int main(void) { puts("static ran");
		return 0; }' >static.c
	"${CC:-cc}" -static -o static static.c
	without_entry
}

ways() {
	"$B/tests/h_exec" list
}

@test "exec in every way with an empty environment stays on the host" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	start_host a 10.0.0.1
	[ "$(ways | wc -l)" -ge 17 ]
	for way in $(ways); do
		run_cmd on a "$B/tests/h_exec" "$way" /bin/cat /proc/net/dev
		expect 'shmif0:'
		run_cmd on a "$B/tests/h_exec" "$way" /usr/bin/env
		expect "^RUMP_SERVER=$(url_of a)\$"
		expect "^LD_PRELOAD=$HIJACK\$"
		[ ! -s err ] || fail "$way says something"
	done
}

# usage: env_of [NAME=VALUE]...: the environment of a child that gets these
env_of() {
	run_cmd env LD_PRELOAD="$HIJACK" RUMP_SERVER="unix://$DIR/a.sock" \
		RUMPHIJACK=socket=inet RUMPHIJACK_RETRYCONNECT=once \
		"$B/tests/h_exec" "execve$(printf ',env=%s' "$@")" /usr/bin/env
}

@test "what names the host is put back as one set, the rest one by one" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	env_of A=1
	expect '^A=1$'
	expect "^RUMP_SERVER=$(url_of a)\$"
	expect '^RUMPHIJACK=socket=inet$'
	expect '^RUMPHIJACK_RETRYCONNECT=once$'
	env_of RUMP_SERVER=unix:///other RUMPHIJACK=
	expect '^RUMP_SERVER=unix:///other$'
	expect '^RUMPHIJACK=$'
	expect '^RUMPHIJACK_RETRYCONNECT=once$'
	[ "$(grep -c '^RUMP' out)" -eq 3 ]
	env_of SHMIF_BUS=other
	in_no_line_of_out '^RUMP_SERVER'
	# Others' libraries stay, behind ours.
	env_of LD_PRELOAD=libm.so.6
	expect "^LD_PRELOAD=$HIJACK:libm.so.6\$"
	# A private host's name, address and mark, without another's.
	run_cmd env SHMIF_BUS=net SHMIF_ADDR=10.0.0.2 LD_PRELOAD="$HIJACK" \
		"$B/tests/h_exec" execve /usr/bin/env
	expect '^SHMIF_BUS=net$'
	expect '^SHMIF_ADDR=10.0.0.2$'
	expect "^XDG_RUNTIME_DIR=$DIR/run\$"
	run_cmd env SHMIF_BUS=net SHMIF_ADDR=10.0.0.2 LD_PRELOAD="$HIJACK" \
		"$B/tests/h_exec" "execve,env=RUMP_SERVER=unix:///x" /usr/bin/env
	in_no_line_of_out '^SHMIF_(BUS|ADDR)'
	# bash has a getenv of its own.
	run_cmd env SHMIF_BUS=net LD_PRELOAD="$HIJACK" bash -c 'env -i env'
	expect '^SHMIF_HOST__='
	expect '^LD_PRELOAD='
}

in_no_line_of_out() {
	! grep -E -- "$1" out || fail "such a line: $1"
}

@test "a relative library is found from every directory" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	cp "$HIJACK" lib.so
	mkdir sub
	run_cmd env LD_PRELOAD=./lib.so SHMIF_BUS=net sh -c \
		'cd sub && exec env -i env'
	expect "^LD_PRELOAD=$DIR/./lib.so\$"
	[ ! -s err ]
}

@test "SHMIF_ESCAPE: warn by default, deny, allow" {
	local refused

	static_program
	for way in $(ways); do
		run_cmd on a "$B/tests/h_exec" "$way" "$PWD/static"
		expect '^static ran$'
		expect_err '^libshmhijack: /.*static: statically linked: .*SHMIF_ESCAPE'
		[ "$(wc -l <err)" -eq 1 ] || fail "not one line"
		run_cmd on a "$B/tests/h_exec" "$way,env=SHMIF_ESCAPE=allow" \
			"$PWD/static"
		expect '^static ran$'
		[ ! -s err ] || fail "not silent"
		case $way in
		system | popen) refused=126 ;;
		wordexp) refused=0 ;;
		*) refused=99 ;;
		esac
		run_cmd "-$refused" env SHMIF_ESCAPE=deny LD_PRELOAD="$HIJACK" \
			RUMP_SERVER=unix:///x "$B/tests/h_exec" "$way" "$PWD/static"
		in_no_line_of_out ran
		expect_err 'static: statically linked: .* refused'
		[ "$refused" -ne 99 ] || expect_err "$way: Permission denied"
	done
	run_bad 1 SHMIF_ESCAPE=maybe 'deny, warn or allow' \
		env SHMIF_ESCAPE=maybe LD_PRELOAD="$HIJACK" true
}

@test "one line for a program, however often a shell starts it" {
	static_program
	run_cmd on a sh -c 'for i in 1 2 3 4; do ./static; done; (./static)'
	[ "$(grep -c 'static ran' out)" -eq 5 ]
	[ "$(wc -l <err)" -eq 1 ]
	# A new one under the name is another.
	run_cmd on a sh -c './static; cp static new; mv new static; ./static'
	[ "$(wc -l <err)" -eq 2 ]
}

# Both kinds, without the compiler: what tells them is a section.
@test "Go programs, static and dynamic" {
	static_program
	head -c 32 /dev/zero >info
	objcopy --add-section .go.buildinfo=info static go_static
	objcopy --add-section .go.buildinfo=info /bin/true go_dynamic
	run_cmd on a sh -c './go_static; exec ./go_dynamic'
	expect_err 'go_static: a static Go program: .*SHMIF_ESCAPE'
	expect_err 'go_dynamic: a Go program: .*SHMIF_ESCAPE'
	run_cmd -1 shmhijack --check ./go_dynamic
	expect 'does not work: a Go program'
}

@test "scripts are judged by what reads them" {
	static_program
	printf '#!%s/static\n' "$DIR" >script
	printf '#!/usr/bin/env static\n' >by_env
	printf 'echo "read by $0"\n' >plain_text
	chmod +x script by_env plain_text
	run_cmd on a sh -c ./script
	expect_err 'static: statically linked'
	run_cmd on a env PATH="$DIR:$PATH" sh -c ./by_env
	expect_err 'static: statically linked'
	run_cmd on a env ./plain_text
	expect 'read by ./plain_text'
	[ ! -s err ]
	# The dynamic linker, itself static, loads the library.
	run_cmd on a ldd /bin/true
	[ ! -s err ]
}

@test "shmhijack --strict, --host-ok and --no-hijack" {
	static_program
	run_bad 126 ./static host-ok shmhijack -b net ./static
	run_bad 126 ./static host-ok shmhijack --strict -b net ./static
	run_cmd shmhijack -b net --host-ok ./static
	expect 'static ran'
	[ ! -s err ]
	run_cmd shmhijack -b net --host-ok sh -c ./static
	[ ! -s err ]
	run_cmd -126 shmhijack -b net --strict sh -c ./static
	expect_err 'static: .* refused'
	run_cmd -2 shmhijack --strict --host-ok -b net true
	run_cmd -2 shmhijack --no-hijack -b net true
	[ -z "$SAN" ] || return 0
	# Out on purpose, and in again: the way out does not leak.
	run_cmd shmhijack -b net shmhijack --no-hijack sh -c './static; env'
	expect 'static ran'
	expect '^SHMIF_ESCAPE=host$'
	in_no_line_of_out ^LD_PRELOAD
	[ ! -s err ]
	run_cmd shmhijack --no-hijack shmhijack -b net sh -c 'env -i env'
	expect ^LD_PRELOAD
	in_no_line_of_out ^SHMIF_ESCAPE
	# It counts only without the library.
	run_cmd env SHMIF_ESCAPE=host LD_PRELOAD="$HIJACK" SHMIF_BUS=net \
		env -u LD_PRELOAD env
	expect ^LD_PRELOAD
	run_cmd env LD_PRELOAD="$HIJACK:libm.so.6" SHMIF_BUS=net \
		shmhijack --no-hijack env
	expect '^LD_PRELOAD=libm.so.6$'
}

@test "file capabilities and set-user-ID, as an ordinary user" {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups)

	requires root setcap
	[ -z "$SAN" ] || skip "the sanitizer's library is not the user's"
	chmod 711 .
	cp "$HIJACK" lib.so
	cp /bin/cat with_cap
	cp /bin/cat with_uid
	setcap cap_net_raw=ep with_cap
	chmod u+s with_uid
	for file in with_cap with_uid; do
		run_cmd env LD_PRELOAD="$PWD/lib.so" SHMIF_BUS=net \
			"${as[@]}" sh -c 'echo word | exec "$1"' - "./$file"
		[ "$output" = word ]
		expect_err "$file: (has file capab|set-user-ID).*this machine's"
		[ "$(wc -l <err)" -eq 1 ]
		# Root gains nothing by them.
		INPUT=lib.so run_cmd env LD_PRELOAD="$PWD/lib.so" \
			SHMIF_BUS=net sh -c './"$1"' - "$file"
		[ ! -s err ]
	done
}

@test "in another root directory the library is missed" {
	requires root
	static_program
	mkdir -p root/lib64 root/bin
	cp /bin/true root/bin/
	ldd /bin/true | grep -oE '/[^ ]+' | grep -v shmhijack |
		while read -r file; do
			mkdir -p "root${file%/*}"
			cp "$file" "root$file"
		done
	run_cmd on a chroot root /bin/true
	expect_err 'true: the library is not to be found here'
	run_cmd -126 env SHMIF_ESCAPE=deny LD_PRELOAD="$HIJACK" \
		RUMP_SERVER=unix:///x chroot root /bin/true
	expect_err 'true: the library is not to be found here.* refused'
}

@test "addresses that are no memory are EFAULT, as without the library" {
	cat >bad.py <<-'EOF'
	import ctypes, os
	libc = ctypes.CDLL(None, use_errno=True)
	words = (ctypes.c_char_p * 2)(b"true", None)
	wrong = (ctypes.c_void_p * 2)(1, None)
	for env in 1, -4096 & (1 << 64) - 1, ctypes.addressof(wrong):
	    for path in b"/bin/true", 1:
	        print(libc.execve(ctypes.c_void_p(path) if path == 1 else path,
	                          words, ctypes.c_void_p(env)),
	              ctypes.get_errno())
	EOF
	run_cmd "$PYTHON" bad.py
	mv out want
	run_cmd on a "$PYTHON" bad.py
	same_file out want
	[ "$(grep -c '^-1 14$' out)" -eq 6 ]
}

@test "a large environment and many arguments" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	run_cmd on a "$PYTHON" -c 'import os
env = {"V%d" % i: "x" * 90 for i in range(5000)}
os.execve("/usr/bin/env", ["env"], env)'
	[ "$(grep -c '^V' out)" -eq 5000 ]
	expect ^LD_PRELOAD=
	run_cmd on a "$PYTHON" -c 'import os
os.execle("/bin/echo", *["echo"] + ["a"] * 20000, {})'
	[ "$(wc -w <out)" -eq 20000 ]
}
