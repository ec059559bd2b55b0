#!/usr/bin/env bats
# Buses that are joined are one Ethernet: frames, names and addresses go across,
# a loop is refused, and a full bus costs nobody a frame for want of patience.

load helpers
load helpers.net

# usage: start_join NAME BUS WHAT
start_join() {
	start_bg "$1" shmif bus join "${@:2}"
	wait_for is_joined "$2" "$3"
}

# Has the bridge begun to pass frames?  It has once it tells who is there.
is_joined() {
	shmif bus show "$1" 2>/dev/null | grep -q "bridge to .*$2"
}

# Does a host of that name show beyond a bridge?  usage: is_beyond BUS NAME
is_beyond() {
	shmif bus show "$1" | grep -q "beyond the bridge.* $2 "
}

is_not_beyond() {
	! is_beyond "$@"
}

# A web server for HOST, with a file of its name.
start_web() {
	mkdir -p "www.$1"
	echo "$1's" >"www.$1/it"
	start_bg "www.$1" on "$1" "$PYTHON" -m http.server -d "www.$1" 80
	wait_listen "$1" 80
}

@test "join: names and addresses on the other bus, kill -9, and back" {
	BUS=left start_host a 10.0.0.1
	start_join br left right
	BUS=right start_host b 10.0.0.2
	start_web a
	start_web b
	wait_for is_beyond left b
	wait_for is_beyond right a
	run_cmd on a curl -sS http://b/it
	expect "b's"
	run_cmd on b curl -sS http://a/it
	expect "a's"
	run_cmd on b getent hosts 10.0.0.1
	expect '10\.0\.0\.1 +a'
	run_cmd shmif hosts left
	expect '^left +b +10\.0\.0\.2 +- +beyond a bridge'
	run_cmd shmif bus show right --json
	"$PYTHON" -c 'import json
b = json.load(open("out"))
assert [m["bridge_to"] for m in b["members"] if "bridge_to" in m]
assert b["beyond"][0]["name"] == "a", b
assert b["beyond"][0]["addresses"][0]["address"] == "10.0.0.1", b'
	run_bad 1 'right: b is|a is beyond a bridge' 'URL' \
		shmif -b right -H a arp -a
	kill9 br
	is_not_beyond left b
	run_cmd -6 on a curl -sS --max-time 3 http://b/it
	start_join br left right
	wait_for is_beyond left b
	run_cmd on a curl -sS http://b/it
	expect "b's"
	# A host that is gone is forgotten there.
	kill9 b
	wait_for -5 is_not_beyond left b
	stop br
	[ ! -s br.log ] || fail "it said something"
}

@test "join: -d, a second one, a loop over three buses, and what is no bus" {
	BUS=b start_host b 10.0.0.2
	BUS=a start_host a 10.0.0.1
	run_cmd shmif bus join -d a b
	run_cmd tool a ping -c 1 b
	run_bad 1 'b and .*/a are joined already' 'bus show' \
		shmif bus join b a
	run_cmd shmif bus join -d b c
	BUS=c start_host c 10.0.0.3
	wait_for is_beyond a c
	run_cmd tool a ping -c 1 c
	run_bad 1 'a and .*/c are joined in another way' 'end one' \
		shmif bus join a c
	# While it listened it took nobody for two.
	run_cmd shmif bus show c
	[ "$(grep -c ' a 10' out)" -eq 1 ]
	run_cmd tool a ping -c 1 c
	run_bad 1 'same bus' 'name two' shmif bus join a ./run/../run/shmif/a
	run_bad 2 'name a bus' usage shmif bus join a
	mkdir d
	: >d/none
	run_bad 1 'd/none' . shmif bus join a ./d/none
	run_bad 1 'No such' 'that is there' shmif bus join a ./no/where
	for pid in $(orphans); do
		kill "$pid"
		wait_for gone "$pid"
	done
	wait_for has_members a 1
}

@test "join: a loop that is closed later is opened by the youngest" {
	BUS=a start_host a 10.0.0.1
	BUS=c start_host c 10.0.0.3
	start_join one a b
	start_join two b c
	wait_for is_beyond a c
	# What stands still in the loop does not tell the third of it.
	kill -STOP "${PID[two]}"
	start_join three a c
	wait_for tool a ping -c 1 -W 1 c
	kill -CONT "${PID[two]}"
	wait_for in_file three.log 'joined in another way'
	wait_for gone "${PID[three]}"
	run_cmd tool a ping -c 1 c
	[ ! -s one.log ] && [ ! -s two.log ]
}

@test "join: an address that nobody beyond has, and clashes are told" {
	start_join br left right
	start_bg a shmif_server -s -i shmif0=left,name=a "unix://$DIR/a.sock"
	wait_for host_up a
	start_bg b shmif_server -s -i shmif0=right,name=b "unix://$DIR/b.sock"
	wait_for host_up b
	run_cmd tool b ifconfig shmif0
	expect 'inet 10\.0\.0\.2/'
	run_cmd tool a ping -c 1 b
	# Nobody tells of this one, but it answers.
	wait_for is_beyond right a
	run_cmd tool a ifconfig shmif0 inet 10.0.0.4/24 alias
	run_bad 1 '10\.0\.0\.4 is in use by a beyond the bridge' another \
		shmif_server -i shmif0=right,10.0.0.4/24 "unix://$DIR/x.sock"
	BUS=right start_host c 10.0.0.9
	stop br
	BUS=left start_host c2 10.0.0.9
	run_cmd tool c2 ifconfig hostname c
	start_join br left right
	wait_for in_file br.log 'named c: 10\.0\.0\.9 on .*left and'
	wait_for in_file br.log '10\.0\.0\.9: c on .*left and c on .*right'
	sleep 1.5
	[ "$(wc -l <br.log)" -eq 2 ]
	run_cmd tool a ping -c 1 c
}

@test "join: different MTUs, and frames that one of them cannot take" {
	shmif bus create narrow mtu=1500
	start_join br net narrow
	start_host a 10.0.0.1
	BUS=narrow start_host b 10.0.0.2
	wait_for is_beyond narrow a
	random_file www 3000000
	start_bg www on a "$PYTHON" -m http.server 80
	wait_listen a 80
	run_cmd on b curl -sS -o got http://a/www
	same_file got www
	run_cmd tool b ping -c 1 -s 1472 a
	[ ! -s br.log ] || fail "it said something"
	run_cmd -1 tool a ping -c 2 -W 1 -s 1473 b
	lines_are br.log 'frame of 1515 bytes .* 1514 at most.*MTU of 1500' 1
	[ "$(wc -l <br.log)" -eq 1 ]
	run_cmd shmif bus show net
	grep -A1 'bridge to' out | grep -q ' 2 lost'
}

# Bytes that flow across, both ways at once, and what the bridge lost.
@test "join: at full load it is no laggard" {
	requires iperf3
	start_join br left right
	BUS=left start_host a 10.0.0.1
	BUS=right start_host b 10.0.0.2
	start_bg server on b iperf3 -s
	wait_for has_socket b '5201 .*LISTEN'
	wait_for is_beyond left b
	run_cmd on a iperf3 -c b -t 1 -P 4
	expect 'SUM.*receiver'
	run_cmd on a iperf3 -c b -t 1 --bidir
	for bus in left right; do
		run_cmd shmif bus show $bus
		grep -A1 'bridge to' out | grep -q ' 0 lost'
	done
	# With nobody who reads on one side, it goes on reading on the other.
	kill -STOP "${PID[b]}"
	run_cmd on a "$PYTHON" -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
end = time.time() + 1.5
while time.time() < end:
    try:
        s.sendto(bytes(1400), ("10.0.0.2", 9))
    except BlockingIOError:
        pass'
	run_cmd shmif bus show left
	kill -CONT "${PID[b]}"
	run_cmd tool b ping -c 1 a
}
