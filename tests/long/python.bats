#!/usr/bin/env bats
# Python's own tests of what has to do with sockets, on the machine and on a
# virtual host: what passes there passes here.

load ../helpers
load ../helpers.net

# These look at clocks: one after the other.
setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
}

setup() {
	common_setup
	python=/usr/bin/python3
	requires nosan netns "$python" ip
	"$python" -c 'import test.test_socket' 2>/dev/null ||
		skip "no tests of Python's"
	differ=$BATS_TEST_DIRNAME/../python.differ
	# The kernel has no peer for VSOCK, and waits for it.  There is no
	# UDP-Lite, and what fails there breaks the list of results.
	suite=("$python" -m test -v -u cpu -u subprocess -u network -i '*VSOCK*'
		-i '*UDPLITE*' --timeout 900 --tempdir "$DIR")
}

# In a network of its own, and with a name of its own.
on_machine() {
	timeout 950 unshare -n -u sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

on_host() {
	timeout 950 shmhijack -s "$(url_of a)" "$@"
}

# Run tests, for their results.  usage: try WHERE NAME ARGUMENT...
try() {
	"on_$1" "${suite[@]}" --junit-xml "$DIR/$1.$2" "${@:3}" \
		>"$DIR/$1.$2.log" 2>&1 </dev/null 3>&- || :
}

# The names of those that passed.  usage: passed FILE
passed() {
	[ ! -e "$1" ] || "$python" -c 'import sys
import xml.etree.ElementTree as tree
for case in tree.parse(sys.argv[1]).iter("testcase"):
	if case.get("result") == "completed" and len(case) == 0:
		print(case.get("name"))' "$1" | sort -u
}

# Those of the machine's that did not pass here, also when tried alone.
failing() {
	local name

	comm -23 want got | while read -r name; do
		for _ in 1 2; do
			try host again "$1" -m "$name"
			passed host.again | grep -qxF -e "$name" && continue 2
			rm -f host.again
		done
		echo "$name"
	done
}

# Take those from the list that the file explains.
explained() {
	local pattern line

	while IFS=$'\t' read -r pattern _; do
		case $pattern in "#"* | "") continue ;; esac
		while read -r line; do
			# shellcheck disable=SC2254 # it is a pattern
			case $line in
			$pattern) continue ;;
			esac
			echo "$line"
		done <differs >left
		mv left differs
	done <"$differ"
}

# usage: compare NUMBER MODULE...: at least so many tests pass on both
compare() {
	local least=$1 module both=0

	shift
	start_host a fd00::1/64,10.0.0.1
	: >differs
	for module; do
		# What is not in this version any more.
		"$python" -c "import test.$module" 2>/dev/null || continue
		try machine "$module" "$module" &
		try host "$module" "$module"
		wait $!
		passed "machine.$module" >want
		passed "host.$module" >got
		[ -e "host.$module" ] || [ ! -s want ] ||
			fail "$module did not end: $(tail -n 30 \
				"host.$module.log")"
		both=$((both + $(comm -12 want got | wc -l)))
		failing "$module" >>differs
	done
	explained
	[ ! -s differs ] || fail "these pass on the machine: $(<differs)"
	echo "$both pass on both"
	[ "$both" -ge "$least" ]
}

@test "Python's tests of sockets" {
	compare 600 test_socket test_select test_poll test_epoll \
		test_selectors test_socketserver test_timeout test_fcntl \
		test_eintr test_asyncore test_asynchat
}

@test "Python's tests of protocols" {
	compare 900 test_ssl test_httplib test_httpservers \
		test_urllib2_localnet test_urllib test_ftplib test_smtplib \
		test_smtpd test_poplib test_imaplib test_nntplib \
		test_telnetlib test_xmlrpc test_docxmlrpc test_wsgiref \
		test_logging
}

@test "Python's tests of asyncio" {
	compare 2000 test_asyncio
}

@test "Python's tests of processes" {
	compare 1000 test_os test_posix test_subprocess \
		test_multiprocessing_forkserver \
		test_multiprocessing_main_handling test_concurrent_futures
}
