# Two hosts of one bus for a program and its peer, with IPv4 and IPv6:
# a is 10.0.0.1 and fd00::1, b is 10.0.0.2 and fd00::2.

load helpers
load helpers.net

A4=10.0.0.1
A6=fd00::1
B4=10.0.0.2
B6=fd00::2

setup() {
	common_setup
	# Servers that give up root must still reach their files.
	chmod 711 "$DIR"
}

start_both() {
	start_host a "$A6/64,$A4"
	start_host b "$B6/64,$B4"
}

# A certificate for the addresses of host a: cert.pem and key.pem.
make_certificate() {
	run_cmd openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=a \
		-addext "subjectAltName=IP:$A4,IP:$A6,DNS:a"
}

# The kernel must not know of the port: it is a virtual one.
# usage: not_on_the_host PORT
not_on_the_host() {
	local port

	printf -v port %04X "$1"
	! grep -qE "^ *[0-9]+: [0-9A-F]+:$port [0-9A-F]+:0000 0A" \
		/proc/net/tcp /proc/net/tcp6 ||
		fail "port $1 is open on this machine"
}

# No line of the file is like that.  usage: in_no_line FILE REGEXP
in_no_line() {
	! grep -E -- "$2" "$1" || fail "$1 has such a line: $2"
}

# A daemon that was not started by start_bg is ended with the test as well.
# usage: adopt NAME PID
adopt() {
	# shellcheck disable=SC2034 # helpers.bash ends it
	PID[$1]=$2
	STARTED+=("$1")
}

# helpers.net's, for a listening socket of IPv6 too.
wait_listen() {
	wait_for has_socket "$1" "^tcp6? .*[.*]$2 .*LISTEN"
}

wait_udp() {
	wait_for has_socket "$1" "^udp6? .*[.]$2 "
}
