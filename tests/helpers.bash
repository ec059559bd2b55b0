# What every test uses: a directory, buses and hosts of its own, commands with
# a time limit, and background processes that end with the test.
#
# DIR	its directory, and the current one; short, for socket paths
# HIJACK	what a program must preload
# PID	the processes started, by name; the log is NAME.log
# OVER	if it is tcp, hosts are reached by tcp://, and a relay; if it is tls,
#	by a key in the file "keys" as well

bats_require_minimum_version 1.5.0

# A test file with more to do calls these from its own.
setup() { common_setup; }
teardown() { common_teardown; }

common_setup() {
	[ ! -e "$BATS_RUN_TMPDIR/smoke" ] || skip "the smoke test failed"
	DIR=$(mktemp -d /tmp/sh.XXXXXX)
	cd "$DIR" || return
	declare -gA PID=() PORT=()
	STARTED=()
	ALLOWED=()
	HIJACK=${SAN_PRELOAD:+$SAN_PRELOAD:}$B/libshmhijack.so
	mkdir -m 700 run
	export XDG_RUNTIME_DIR=$DIR/run HOME=$DIR LC_ALL=C.UTF-8
	export PATH=${SAN_PRELOAD:+$BATS_RUN_TMPDIR/bin:}$B:$PATH
	export PYTHONUNBUFFERED=1
	# An unused private host ends soon: the test waits for it.
	export SHMIF_GRACE__=200	# ms
	unset RUMP_SERVER RUMP_SERVER_KEY RUMPHIJACK RUMPHIJACK_RETRYCONNECT LD_PRELOAD \
		SHMIF_BUS SHMIF_ADDR SHMIF_GATEWAY SHMIF_NAME SHMIF_HOST__ \
		SHMIF_HOSTS SHMIF_RESOLV SHMIF_HOLDER__ SHMIF_USER__ \
		SHMIF_DEBUG \
		http_proxy HTTP_PROXY all_proxy ALL_PROXY
	export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
	ASAN_OPTIONS+=:log_path=$DIR/san
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$DIR/san
	umask 022
}

common_teardown() {
	local name bad=0 i

	[ -n "${DIR:-}" ] || return 0
	cd "$DIR" || return
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		show_logs
		case ${BATS_TEST_FILENAME##*/} in
		00*) : >"$BATS_RUN_TMPDIR/smoke" ;;
		esac
	fi
	[ "${SHMIF_GRACE__:-0}" -lt "$LONG" ] || end_unused
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
		name=${STARTED[i]}
		[ -z "${PID[$name]:-}" ] || stop "$name" || bad=1
	done
	[ -z "${BATS_TEST_COMPLETED:-}" ] || check_leaks || bad=1
	end_leftovers
	cd /
	rm -rf "$DIR"
	return $bad
}

# Private hosts that nobody uses are there until the test has ended, however
# slow the machine is.
LONG=600000	# ms
keep_unused() {
	export SHMIF_GRACE__=$LONG
}

end_unused() {
	local sock

	while read -r sock; do
		timeout 20 shmif -s "unix://$sock" halt || :
	done < <(find "$DIR/run/shmif" -name '*.sock' 2>/dev/null)
}

show_logs() {
	local log

	for log in *.log san.*; do
		[ -s "$log" ] || continue
		echo "--- $log"
		tail -n 25 "$log"
	done
}

fail() {
	echo "FAILED: $*" >&2
	return 1
}

# usage: requires root|netns|tun|PROGRAM...
requires() {
	local what

	for what; do
		case $what in
		root) [ "$(id -u)" -eq 0 ] || skip "needs root" ;;
		netns) unshare -n true 2>/dev/null ||
			skip "may not make network namespaces" ;;
		mountns) unshare -m true 2>/dev/null ||
			skip "may not make mount namespaces" ;;
		tun) [ -c /dev/net/tun ] || skip "no /dev/net/tun" ;;
		nosan) [ -z "$SAN" ] || skip "too slow with sanitizers" ;;
		*) command -v "$what" >/dev/null || skip "no $what" ;;
		esac
	done
}

# Does the loader drop what is preloaded, for users other than root?  Then the
# program would do to the machine what is meant for a virtual host.  getcap is
# not everywhere; the names are those that often have capabilities.
privileged() {
	[ ! -u "$1" ] && [ ! -g "$1" ] || return 0
	case ${1##*/} in
	ping | ping[46] | arping | fping | fping6 | traceroute*) ;;
	tracepath* | clockdiff | mtr | mtr-packet | dumpcap) ;;
	*) [ -n "$(getcap "$1" 2>/dev/null)" ] ;;
	esac
}

# An installation that cannot watch programs' calls: they are out of reach.
without_entry() {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	mkdir -p bare
	cp "$B"/{shmhijack,libshmhijack.so,shmif_server,shmif_relay,shmif} bare
	HIJACK=$PWD/bare/libshmhijack.so
	PATH=$PWD/bare:$PATH
}

# Print how to call a program so that it is preloaded into: a copy has neither
# capabilities nor another user's id.  usage: plain PROGRAM
plain() {
	local file copy=$DIR/.plain/${1##*/}

	if file=$(type -P "$1") && privileged "$file"; then
		[ -e "$copy" ] || {
			mkdir -p "${copy%/*}"
			cp "$file" "$copy"
		} || return
		file=$copy
	else
		file=$1
	fi
	echo "$file"
}

# A port that nothing listens on.
free_port() {
	"$PYTHON" -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Where a host is reached.
url_of() {
	if [ -n "${PORT[$1]:-}" ]; then
		echo "tcp://127.0.0.1:${PORT[$1]}/"
	else
		echo "unix://$DIR/$1.sock"
	fi
}

# Set URLS to what a host is to serve at.  usage: urls_for NAME
urls_for() {
	URLS=("unix://$DIR/$1.sock")
	[ -n "${OVER:-}" ] || return 0
	PORT[$1]=$(free_port)
	if [ "$OVER" = tcp ]; then
		URLS=(--insecure "${URLS[@]}" "$(url_of "$1")")
	else
		export RUMP_SERVER_KEY=$DIR/keys
		[ -e keys ] || shmif key new -f keys all raw,config,halt
		URLS=(-k keys "${URLS[@]}" "$(url_of "$1")")
	fi
}

# Set WORDS to the command to execute.  "on HOST" puts it on a running host,
# "at ADDR" on a private one of the bus "net"; "tool HOST" is the control tool
# for a host.
command_words() {
	local program

	case $1 in
	on | at) program=$(plain "$3") || return ;;
	esac
	case $1 in
	on) WORDS=(env "RUMP_SERVER=$(url_of "$2")"
		"LD_PRELOAD=$HIJACK" "$program" "${@:4}") ;;
	at) WORDS=(env SHMIF_BUS=net "SHMIF_ADDR=$2" "LD_PRELOAD=$HIJACK"
		"$program" "${@:4}") ;;
	tool) WORDS=(shmif -s "$(url_of "$2")" "${@:3}") ;;
	*) WORDS=("$@") ;;
	esac
}

# Run a command for at most LIMIT (60) seconds and check its exit status.  Its
# output is in $output, what it says on stderr in $stderr; both also as it
# left them, in the files out and err.
# usage: [INPUT=FILE] [LIMIT=SECONDS] run_cmd [-STATUS] COMMAND...
run_cmd() {
	local want=0

	case $1 in
	-[0-9]*)
		want=${1#-}
		shift
		;;
	esac
	command_words "$@"
	echo "\$ $*"
	status=0
	timeout -k 2 "${LIMIT:-60}" "${WORDS[@]}" <"${INPUT:-/dev/null}" \
		>out 2>err 3>&- || status=$?
	output=$(tr -d '\0' <out)
	stderr=$(tr -d '\0' <err)
	printf '%.3000s\n' "$output"
	[ -z "$stderr" ] || printf 'stderr: %.3000s\n' "$stderr"
	[ "$status" -eq "$want" ] ||
		fail "exit status $status instead of $want: $*"
}

# Start a process that runs beside the test; it is ended with it.
# usage: [INPUT=FILE] start_bg NAME COMMAND...
start_bg() {
	local name=$1

	shift
	command_words "$@"
	echo "& $name: $*"
	# A session of its own, so that stop reaches its children; and the
	# kernel ends it should Bats itself be killed.
	setsid setpriv --pdeathsig KILL "${WORDS[@]}" <"${INPUT:-/dev/null}" \
		>"$name.log" 2>&1 3>&- &
	PID[$name]=$!
	STARTED+=("$name")
}

# A zombie is gone as well: its parent is not ours to hurry.
gone() {
	local stat

	[ -e "/proc/$1" ] || return 0
	stat=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
	[ "${stat:0:1}" = Z ] || [ -z "$stat" ]
}

# End a process with its children, and wait until it is gone.
# usage: stop NAME [SIGNAL]
stop() {
	local pid=${PID[$1]}

	kill "-${2:-TERM}" -- "-$pid" 2>/dev/null ||
		kill "-${2:-TERM}" "$pid" 2>/dev/null || :
	kill -CONT "$pid" 2>/dev/null || :
	unset "PID[$1]"
	if ! wait_for -10 gone "$pid"; then
		kill -KILL -- "-$pid" || :
		fail "$1 (pid $pid) did not end on ${2:-TERM}"
	fi
}

# kill -9, of a host as well: what it could not remove is ours.
kill9() {
	stop "$1" KILL
	[ ! -S "$1.sock" ] || allow "$1.sock"
}

# The id of a host, from the name of its hatch: the names of AF_UNIX are all
# the machine's.  usage: hatch HOST
hatch() {
	local fd target

	for fd in /proc/"${PID[$1]}"/fd/*; do
		target=$(readlink "$fd") || continue
		[[ $target == socket:* ]] || continue
		awk -v "inode=${target//[!0-9]/}" '$7 == inode &&
		    sub("^@shmif/", "", $8) && $8 !~ "/" { print $8 }' \
			/proc/net/unix
	done | sort -u
}

# libother.so: the library as another version has it.
other_version() {
	"$PYTHON" - "$HIJACK" "$BATS_TEST_DIRNAME/../stack/wire/wire.h" <<-'END'
		import re, struct, sys
		number = int(re.search(r"WIRE_MAGIC\s+(0x\w+)u",
		                       open(sys.argv[2]).read()).group(1), 16)
		old = open(sys.argv[1], "rb").read()
		new = old.replace(struct.pack("<I", number),
		                  struct.pack("<I", number - 1))
		assert new != old
		open("libother.so", "wb").write(new)
	END
}

# A socket file that may be left at the end.  usage: allow FILE
allow() {
	ALLOWED+=("$1")
}

# Look as often as a machine that is idle has time for in so many seconds (15):
# one that is busy with other things gets no fewer looks.
# usage: wait_for [-SECONDS] COMMAND...
wait_for() {
	local limit=15 looks=0 end

	case $1 in
	-[0-9]*)
		limit=${1#-}
		shift
		;;
	esac
	end=$((SECONDS + 8 * limit))
	until "$@"; do
		looks=$((looks + 1))
		[ $looks -lt $((20 * limit)) ] && [ $SECONDS -lt $end ] ||
			fail "not in $limit s: $*" || return
		sleep 0.05
	done
}

# Does the log, or any file, have that line?  usage: in_file FILE REGEXP
in_file() {
	grep -qE -- "$2" "$1" 2>/dev/null
}

# Does a Unix socket listen at that path?  Its file is there before.
listens_at() {
	grep -q " 00010000 .* $1\$" /proc/net/unix
}

# Has the file exactly COUNT such lines?  usage: lines_are FILE REGEXP COUNT
lines_are() {
	[ "$(grep -cE -- "$2" "$1" 2>/dev/null)" = "$3" ]
}

# usage: expect REGEXP: some line of $output; expect_err: of $stderr
expect() {
	grep -qE -- "$1" <<<"$output" || fail "no line like: $1"
}

expect_err() {
	grep -qE -- "$1" <<<"$stderr" || fail "no error line like: $1"
}

# The file FILE has the content of the file LIKE.
same_file() {
	[ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ] ||
		fail "$1 ($(stat -c %s "$1") bytes) is not $2" \
			"($(stat -c %s "$2") bytes)"
}

# Processes of this test that are alive: they have its directory in their
# environment, which Bats's own shells only export.
leftovers() {
	local env pid

	XDG_RUNTIME_DIR='' grep -lzxF "XDG_RUNTIME_DIR=$DIR/run" \
		/proc/[0-9]*/environ 2>/dev/null | while read -r env; do
		pid=${env%/environ}
		pid=${pid#/proc/}
		gone "$pid" || echo "$pid"
	done
}

no_leftovers() {
	[ -z "$(leftovers)" ]
}

# Processes that the test did not start itself.
orphans() {
	local pid

	for pid in $(leftovers); do
		case " ${PID[*]} " in *" $pid "*) continue ;; esac
		echo "$pid"
	done
}

# Private hosts stay for a second; then nothing may be left.
check_leaks() {
	local bad=0 file pid

	if ! wait_for -8 no_leftovers 2>/dev/null; then
		for pid in $(leftovers); do
			echo "left behind: $pid $(tr '\0' ' ' \
				<"/proc/$pid/cmdline")"
		done
		bad=1
	fi
	while read -r file; do
		case " ${ALLOWED[*]} " in *" ${file#./} "*) continue ;; esac
		# A bus has one for as long as it is there.
		[ ! -f "${file%.lock}" ] || [ "${file%.lock}" = "$file" ] ||
			continue
		echo "left behind: $file"
		bad=1
	done < <(find . \( -type s -o -name '*.lock' -o -name '.shmif*' \))
	if shmif bus list | grep -v ', 0 of '; then
		echo "left behind: slots"
		bad=1
	fi
	for file in san.*; do
		[ -e "$file" ] || continue
		head -n 40 "$file"
		bad=1
	done
	return $bad
}

end_leftovers() {
	local pid

	for pid in $(leftovers); do
		kill -KILL "$pid" 2>/dev/null || :
	done
}

# One line on stderr that names the thing and a remedy, nothing on stdout.
# usage: run_bad STATUS THING REMEDY COMMAND...  (regular expressions)
run_bad() {
	local thing=$2 remedy=$3

	run_cmd "-$1" "${@:4}"
	[ ! -s out ] || fail "something on stdout"
	[ "$(wc -l <err)" -eq 1 ] || fail "not one line on stderr"
	expect_err "$thing"
	expect_err "$remedy"
}
