# Hosts, servers and what they say of themselves.

# A host on a bus ("net", or $BUS), in front so that its pid is known.
# usage: [BUS=NAME] start_host NAME ADDR [OPTION]...
start_host() {
	local name=$1 addr=$2

	shift 2
	# It takes over what one that was killed has left.
	ALLOWED=("${ALLOWED[@]/#$name.sock/}")
	urls_for "$name"
	start_bg "$name" shmif_server -s \
		-i "shmif0=${BUS:-net},$addr/24,name=$name" "$@" "${URLS[@]}"
	wait_for host_up "$name"
}

# Fails, and at once, when the host has ended instead.
host_up() {
	tool "$1" ifconfig -l >/dev/null 2>&1
}

# The control tool for one host.  usage: tool HOST COMMAND...
tool() {
	timeout -k 2 20 shmif -s "$(url_of "$1")" "${@:2}" </dev/null 3>&-
}

# Does the host show a socket like that?  usage: has_socket HOST REGEXP
has_socket() {
	tool "$1" netstat -an 2>/dev/null | grep -qE -- "$2"
}

no_socket() {
	! has_socket "$@"
}

# usage: wait_listen HOST PORT; wait_udp HOST PORT
wait_listen() {
	wait_for has_socket "$1" "^tcp .*[.*]$2 .*LISTEN"
}

wait_udp() {
	wait_for has_socket "$1" "^udp .*[.]$2 "
}

# A web server of the test's own: files, PUT, workers.
# usage: start_http NAME HOST PORT [ARGUMENT]...
start_http() {
	start_bg "$1" on "$2" "$PYTHON" "$BATS_TEST_DIRNAME/h_http.py" "$3" \
		"${@:4}"
	wait_listen "$2" "$3"
}

# Slots taken of a bus.  usage: members BUS
members() {
	timeout 10 shmif bus show "$1" | sed -n 's/.*, \([0-9]*\) of .*/\1/p;1q'
}

# Records that member NAME has put on a bus.  usage: sent NAME BUS
sent() {
	timeout 10 shmif bus show "$2" | sed -n "/ $1\b/,/ sent /s/.* sent \([0-9]*\) .*/\1/p"
}

has_members() {
	[ "$(members "$1")" = "$2" ]
}

# The frames of a bus as tcpdump shows them, one a line.
frames() {
	timeout 20 shmif dump -p - "$1" | timeout 20 tcpdump -nr - 2>/dev/null
}

random_file() {
	head -c "$2" /dev/urandom >"$1"
}
