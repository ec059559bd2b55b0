#!/usr/bin/env bats
# Buses on several machines: two network namespaces, joined by a veth, each with
# a runtime directory of its own, and on each a bridge into a plug of VDE's.

load helpers
load helpers.net
load helpers.ssh

# Namespaces that their processes keep: m1 and m2 with 192.168.9.1 and .2, over a
# veth.
start_machines() {
	local i

	requires root netns
	ldconfig -p | grep -q 'libvdeplug\.so\.2' || skip "no libvdeplug2"
	for i in 1 2; do
		mkdir -m 700 "m$i"
		start_bg "m$i" unshare -n sleep 600
		wait_for other_net "${PID[m$i]}"
	done
	nsenter -t "${PID[m1]}" -n ip link add v1 type veth \
		peer name v2 netns "${PID[m2]}"
	for i in 1 2; do
		nsenter -t "${PID[m$i]}" -n ip addr add "192.168.9.$i/24" \
			dev "v$i"
		nsenter -t "${PID[m$i]}" -n ip link set "v$i" up
		nsenter -t "${PID[m$i]}" -n ip link set lo up
	done
}

other_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# usage: machine N COMMAND...: there, with its runtime directory
machine() {
	nsenter -t "${PID[m$1]}" -n env "XDG_RUNTIME_DIR=$DIR/m$1" "${@:2}"
}

# The cable's end there.
end_of() {
	echo "udp://7000->192.168.9.$((3 - $1)):7000"
}

# usage: start_bridge N [OPTION]...
start_bridge() {
	start_bg "br$1" nsenter -t "${PID[m$1]}" -n env \
		"XDG_RUNTIME_DIR=$DIR/m$1" shmif bus join "${@:2}" net \
		"$(end_of "$1")"
}

# usage: start_on N HOST ADDR
start_on() {
	urls_for "$2"
	start_bg "$2" nsenter -t "${PID[m$1]}" -n env \
		"XDG_RUNTIME_DIR=$DIR/m$1" shmif_server -s \
		-i "shmif0=net,$3/24,name=$2" "${@:4}" "${URLS[@]}"
	wait_for host_up "$2"
}

# usage: knows N NAME: is that name known there, from the other machine?
knows() {
	machine "$1" shmif bus show net | grep -q "beyond the bridge.* $2 "
}

not_known() {
	! knows "$@"
}

both_know() {
	knows 1 b && knows 2 a
}

start_both() {
	start_machines
	start_bridge 1
	start_bridge 2
	start_on 1 a 10.0.0.1
	start_on 2 b 10.0.0.2
	wait_for both_know
}

@test "machines: curl by name, a bridge that is killed, a cable that is cut" {
	start_both
	random_file www 2000000
	start_bg www on b "$PYTHON" -m http.server 80
	wait_listen b 80
	run_cmd on a curl -sS -o got http://b/www
	same_file got www
	kill9 br2
	wait_for -8 not_known 1 b
	start_bridge 2
	wait_for both_know
	run_cmd on a curl -sS -o got http://b/www
	same_file got www
	nsenter -t "${PID[m1]}" -n ip link set v1 down
	wait_for -8 not_known 1 b
	nsenter -t "${PID[m1]}" -n ip link set v1 up
	wait_for both_know
	run_cmd on a curl -sS -o got http://b/www
	same_file got www
	stop br1
	stop br2
	[ ! -s br1.log ] && [ ! -s br2.log ]
}

@test "machines: both ways at once" {
	requires iperf3
	start_both
	start_bg server on b iperf3 -s
	wait_for has_socket b '5201 .*LISTEN'
	run_cmd on a iperf3 -c b -t 1
	run_cmd on a iperf3 -c b -t 1 -R
	[ ! -s br1.log ] || fail "it said something"
}

# usage: start_echo HOST
start_echo() {
	start_bg "echo.$1" on "$1" "$PYTHON" -u \
		"$BATS_TEST_DIRNAME/h_sizes.py" echo
	wait_for in_file "echo.$1.log" ready
}

# Does the bridge on machine N say that it lost one, and which?
tells_of_long() {
	lines_are "br$1.log" 'frame of 9217 bytes .* takes 9216 at most' 1
	[ "$(wc -l <"br$1.log")" -eq 1 ]
	machine "$1" shmif bus show net >shown
	grep -A 1 'bridge to' shown | grep -q ' 1 lost'
}

@test "machines: frames of every size from 60 bytes on, there and back" {
	start_both
	start_echo b
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_sizes.py" ask 60 9216 9217
	expect '^9157 came back$'
	stop echo.b
	start_echo a
	run_cmd on b "$PYTHON" "$BATS_TEST_DIRNAME/h_sizes.py" ask 9216 9216 9217
	expect '^1 came back$'
	tells_of_long 1
	tells_of_long 2
}

@test "machines: who is given no address asks on both" {
	start_machines
	start_bridge 1
	start_bridge 2
	start_on 1 a 10.0.0.1
	wait_for knows 2 a
	start_bg c nsenter -t "${PID[m2]}" -n env "XDG_RUNTIME_DIR=$DIR/m2" \
		shmif_server -s -i shmif0=net,name=c "unix://$DIR/c.sock"
	wait_for host_up c
	run_cmd tool c ifconfig shmif0
	expect 'inet 10\.0\.0\.2/'
	run_cmd tool c ping -c 1 a
}

# Broadcasts by HOST, more than a queue holds: does the bridge on BUS tell that it
# could not pass on some?  At first it only listens.  usage: loses_some HOST BUS
loses_some() {
	run_cmd on "$1" "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for i in range(2000):
    s.sendto(bytes(1400), ("10.0.0.255", 9))'
	shmif bus show "$2" | grep -A1 'bridge to' | grep -q ' [1-9][0-9]* lost'
}

# usage: in_show BUS NAME
in_show() {
	shmif bus show "$1" | grep -q "beyond the bridge.* $2 "
}

is_joined() {
	shmif bus show "$1" 2>/dev/null | grep -q 'bridge to'
}

# Nothing here needs another machine.
@test "machines: VNLs that lead nowhere, and a command as a cable" {
	ldconfig -p | grep -q 'libvdeplug\.so\.2' || skip "no libvdeplug2"
	run_bad 1 'nosuch://' 'libvdeplug-nosuch' shmif bus join n nosuch://x
	run_bad 1 'vde:///no/switch' 'vde_switch' \
		shmif bus join n vde:///no/switch
	run_bad 1 'nosuch://' . shmif bus join -d n nosuch://x
	run_bad 2 '-m 10: not a number' 9202 shmif bus join -m 10 n udp://7
	run_bad 2 'unknown option' usage shmif bus join -x n udp://7
	# One that gives back what it gets is a loop.
	run_bad 1 'comes back to it' 'end one' shmif bus join n cmd://cat
	# One that ends.
	run_cmd -1 shmif bus join n cmd://true
	expect_err 'cmd://true: its other end is gone; join it again'
	start_bg one shmif bus join n cmd://"sleep 60"
	wait_for is_joined n
	run_bad 1 'joined already' 'bus show' \
		shmif bus join n cmd://"sleep 60"
	# It does not read, and keeps nobody from working all the same.
	BUS=n start_host a 10.0.0.1
	wait_for loses_some a n
	stop one
	for pid in $(orphans); do	# the commands
		kill "$pid"
	done
}

# Announcements that are none, of EtherType 0x88B5: one tells of 9 hosts and has
# fewer, one of a host with a name that none can have, one that nobody sent.
malformed='
head = bytes.fromhex("b2a188b50000" "020000000001" "88b5") + b"shmj\x01\0\0"
bad = [head + b"\x09" + bytes(40), head + b"\x01" + bytes([7] * 29) +
       b"\x03\0a/b" + bytes(40), head + bytes(40)]'

# usage: in_malformed BUS N
in_malformed() {
	shmif bus show "$1" | grep -A 1 'bridge to' |
		grep -q "; $2 malformed announcements$"
}

@test "machines: announcements that make no sense are dropped and counted" {
	local one two

	ldconfig -p | grep -q 'libvdeplug\.so\.2' || skip "no libvdeplug2"
	one=$(free_port)
	two=$(free_port)
	start_bg br shmif bus join n "udp://127.0.0.1:$one->127.0.0.1:$two"
	BUS=n start_host a 10.0.0.1
	wait_for is_joined n
	run_cmd "$PYTHON" -c "import socket; $malformed
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', $two))
for f in bad:
    s.sendto(f, ('127.0.0.1', $one))"
	wait_for in_malformed n 3
	run_cmd on a "$PYTHON" -c "import socket; $malformed
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('shmif0', 0))
for f in bad[:2]:
    s.send(f)"
	wait_for in_malformed n 5
	run_cmd shmif bus show n --json
	"$PYTHON" -c 'import json
b = json.load(open("out"))
assert [m["malformed"] for m in b["members"] if "bridge_to" in m] == [5], b
assert not b["beyond"], b'
	stop br
	[ ! -s br.log ] || fail "it said something"
}

@test "machines: by a switch, and by a command that leads to it" {
	requires vde_switch vde_plug
	mkfifo open
	exec 9<>open
	INPUT=open start_bg switch vde_switch -s "$DIR/switch"
	wait_for listens_at "$DIR/switch/ctl"
	start_bg br1 shmif bus join one "vde://$DIR/switch"
	start_bg br2 shmif bus join two "cmd://vde_plug vde://$DIR/switch"
	BUS=one start_host a 10.0.0.1
	BUS=two start_host b 10.0.0.2
	wait_for in_show one b
	wait_for in_show two a
	run_cmd tool b ping -c 1 -s 1472 a
	stop switch
	wait_for in_file br1.log 'its other end is gone'
	wait_for gone "${PID[br1]}"
}

other_knows() {
	"${there[@]}" shmif bus show net | grep -q "beyond the bridge.* $1 "
}

# As shmif(4) has it, under "Secrecy": the other machine is another runtime
# directory of this one.
@test "machines: by ssh, to a switch on the other one" {
	requires vde_switch vde_plug
	there=(env "XDG_RUNTIME_DIR=$DIR/there")
	mkdir -m 700 there
	start_local_sshd "$DIR/there"
	mkfifo open
	exec 9<>open
	INPUT=open start_bg switch vde_switch -s "$DIR/there/switch"
	wait_for listens_at "$DIR/there/switch/ctl"
	start_bg far "${there[@]}" shmif bus join net "vde://$DIR/there/switch"
	start_bg near shmif bus join net "cmd://ssh -F $DIR/ssh.conf -p $SSH_PORT \
127.0.0.1 vde_plug vde://$DIR/there/switch"
	start_host a 10.0.0.1
	urls_for b
	start_bg b "${there[@]}" shmif_server -s \
		-i shmif0=net,10.0.0.2/24,name=b "${URLS[@]}"
	wait_for host_up b
	wait_for in_show net b
	wait_for other_knows a
	random_file www 2000000
	start_bg www on b "$PYTHON" -m http.server 80
	wait_listen b 80
	run_cmd on a curl -sS -o got http://b/www
	same_file got www
	stop near
	stop far
	[ ! -s far.log ] || fail "it said something"
}

# usage: udp_count N COLUMN: of the Udp lines of its /proc/net/snmp
udp_count() {
	machine "$1" cat /proc/net/snmp | awk -v "what=$2" '
		$1 != "Udp:" { next }
		!n { for (n = NF; $n != what; n--); next }
		{ print $n }'
}

# In bytes: several frames can be one, for the kernel and on the bus.
many_came() {
	machine 2 shmif bus show net | grep -A 1 'bridge to' |
		awk '$1 == "sent" { exit $4 < 1400000 }'
}

@test "machines: a burst waits for a bridge that is held up" {
	start_both
	kill -STOP "${PID[br2]}"
	run_cmd on a "$PYTHON" -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for i in range(1100):
    s.sendto(bytes(1400), ("10.0.0.255", 9))
    if i % 20 == 0:
        time.sleep(0.002)'
	kill -CONT "${PID[br2]}"
	wait_for many_came
	[ "$(udp_count 2 RcvbufErrors)" -eq 0 ]
}
