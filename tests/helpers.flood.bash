# A stranger floods host a (10.0.0.1), host b is a bystander.

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	server=$(pgrep -f "unix://$DIR/a.sock" | head -1)
	[ -n "$server" ] || fail "no server"
	# Programs that neither accept nor read.
	start_bg deaf on a "$PYTHON" -u -c 'import socket, time
few = socket.create_server(("", 7), backlog=5)
many = socket.create_server(("", 8), backlog=4096)
dgrams = [socket.socket(type=socket.SOCK_DGRAM) for i in range(40)]
for i, s in enumerate(dgrams):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("", 7 + i))
print("listens", flush=True)
time.sleep(1000)'
	wait_for in_file deaf.log listens
	begin=$(memory)
	# Sanitizers take ten times as long, and what is sent waits on the bus.
	patience=5	# seconds
	[ -z "$SAN" ] || patience=60
}

memory() {	# KiB that the host has in use now
	awk '/^VmRSS/ { print $2 }' "/proc/$server/status"
}

peak() {	# KiB, the most it ever had
	awk '/^VmHWM/ { print $2 }' "/proc/$server/status"
}

# Sanitizers have much of their own.  usage: at_most KIB
at_most() {
	[ -n "$SAN" ] || [ "$(peak)" -lt "$1" ] || fail "$(peak) KiB"
}

cpu() {		# ms
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' \
		"/proc/$server/stat"
}

has_counted() {
	run_cmd tool a netstat -s
	expect "[1-9][0-9]*.* $1"
}

# While it lasts the bystander gets some, if the flood is not over at once.
more_answers() {
	[ "$(grep -c 'bytes from' bystander.log)" -gt "$answers" ]
}

# usage: flood KIND COUNT [PORT]
flood() {
	local before answers

	[ -z "${PID[flood]-}" ] || stop flood
	start_bg bystander tool b ping -i 0.05 10.0.0.1
	wait_for in_file bystander.log 'bytes from 10.0.0.1'
	before=$(cpu)
	answers=$(grep -c 'bytes from' bystander.log)
	start_bg flood "$B/tests/h_flood" run/shmif/net 10.0.0.1 "${3:-7}" \
		"$1" "$2"
	wait_for "-$((patience * 18))" in_file flood.log ready
	echo "$1: $(($(cpu) - before)) ms, at most $(peak) KiB"
	at_most 100000
	[ -n "$SAN" ] || [ $(($(cpu) - before)) -lt 10000 ] ||
		fail "$(cpu) ms of CPU"
	wait_for more_answers
	kill -INT "${PID[bystander]}"
	wait_for gone "${PID[bystander]}"
}

gets_through() {
	run_cmd on b nc -zv -w "$patience" 10.0.0.1 7
}

is_small() {
	[ "$(memory)" -lt $((begin + 8000)) ]
}

# When the stranger and the program have gone, what was kept for them has.
comes_back() {
	stop flood
	stop deaf
	[ -n "$SAN" ] || wait_for -30 is_small
}
