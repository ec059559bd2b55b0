#!/usr/bin/env bats
# Packet sockets: by the kernel's example, and with the programs that use them.

load helpers
load helpers.net

PACKET=$BATS_TEST_DIRNAME/h_packet.py

setup() {
	common_setup
	NETS=()
}

teardown() {
	local bad=0 net

	common_teardown || bad=1
	for net in "${NETS[@]}"; do
		ip netns del "$net" || bad=1
	done
	return $bad
}

# Two hosts a and b, on a bus of an Ethernet's size.
two_hosts() {
	local name n=0

	for name in a b; do
		urls_for "$name"
		start_bg "$name" shmif_server -s -i \
			"shmif0=net,10.0.0.$((++n))/24,mtu=1500,name=$name" \
			"${URLS[@]}"
		wait_for host_up "$name"
	done
}

# The same of the machine's, in two namespaces.  usage: two_namespaces
two_namespaces() {
	local net

	NETS=("${DIR##*.}a" "${DIR##*.}b")
	for net in "${NETS[@]}"; do
		ip netns add "$net"
	done
	ip link add shmif0 netns "${NETS[0]}" type veth \
		peer name shmif0 netns "${NETS[1]}"
	for net in "${NETS[@]}"; do
		ip netns exec "$net" sh -c \
			'echo 1 >/proc/sys/net/ipv6/conf/shmif0/disable_ipv6'
		ip -n "$net" link set shmif0 up
	done
}

@test "packet sockets do what the kernel's do" {
	requires root netns ip
	two_namespaces
	start_bg kernel-echo ip netns exec "${NETS[1]}" "$PYTHON" "$PACKET" \
		echo shmif0
	wait_for in_file kernel-echo.log ready
	run_cmd ip netns exec "${NETS[0]}" "$PYTHON" "$PACKET" say shmif0 \
		>/dev/null
	cp out kernel
	[ "$(wc -l <kernel)" -gt 200 ]
	two_hosts
	start_bg echo on b "$PYTHON" "$PACKET" echo shmif0
	wait_for in_file echo.log ready
	run_cmd on a "$PYTHON" "$PACKET" say shmif0 >/dev/null
	diff kernel out
}

# usage: listen NAME HOST ARGUMENT...: a tcpdump that is ready
listen() {
	start_bg "$1" on "$2" tcpdump -nl "${@:3}"
	wait_for in_file "$1.log" 'listening on'
}

@test "tcpdump: what passes an interface, in both directions" {
	two_hosts
	listen dump a -i shmif0 icmp
	listen any a -i any -c 6 icmp
	run_cmd tool b ping -c 2 10.0.0.1
	run_cmd tool a ping -c 1 127.0.0.1
	wait_for gone "${PID[any]}"
	in_file any.log 'shmif0 In .*10\.0\.0\.2 > 10\.0\.0\.1: ICMP echo req'
	in_file any.log 'shmif0 Out .*10\.0\.0\.1 > 10\.0\.0\.2: ICMP echo rep'
	in_file any.log 'lo .*127\.0\.0\.1 > 127\.0\.0\.1: ICMP echo request'
	wait_for lines_are dump.log 'ICMP echo re' 4
	stop dump INT
	in_file dump.log '^4 packets captured'
	in_file dump.log '^0 packets dropped'
}

@test "tcpdump -w: each frame of a large segment, with a good checksum" {
	random_file file 3000000
	two_hosts
	start_http web a 80
	start_bg dump on b tcpdump -nU -B 16384 -i shmif0 -w net.pcap tcp
	wait_for in_file dump.log 'listening on'
	run_cmd on b curl -sS -o got http://10.0.0.1/file
	same_file got file
	stop dump INT
	wait_for in_file dump.log '^0 packets dropped'
	run_cmd tcpdump -nvr net.pcap 'src host 10.0.0.1 and greater 1000'
	[ "$(grep -c 'length 1500' out)" -gt 1500 ] ||
		fail "the stream was not seen in segments"
	! grep -E 'length (15[1-9]|1[6-9]|[2-9][0-9]|[0-9]{5})[0-9]*\)' out ||
		fail "a frame longer than the MTU"
	! grep incorrect out || fail "a wrong checksum"
}

@test "promiscuous: frames for others are seen, and not taken for ours" {
	two_hosts
	start_bg c shmif_server -s -i shmif0=net,10.0.0.3/24,name=c \
		"unix://$DIR/c.sock"
	wait_for host_up c
	listen quiet c -p -i shmif0 icmp
	listen dump c -i shmif0 icmp
	run_cmd shmif bus show net
	expect 'promisc'
	run_cmd tool b ping -c 2 10.0.0.1
	wait_for lines_are dump.log 'ICMP echo re' 4
	stop dump INT
	run_cmd tool b ping -c 1 10.0.0.1
	run_cmd tool b ping -c 1 10.0.0.3
	wait_for in_file quiet.log '10\.0\.0\.3 > 10\.0\.0\.2: ICMP echo reply'
	stop quiet INT
	lines_are quiet.log '10\.0\.0\.1' 4
	run_cmd shmif bus show net
	! grep promisc out || fail "promiscuous still"
}

@test "arping and arp-scan ask the neighbours on the bus" {
	requires arping arp-scan
	two_hosts
	run_cmd on a arping -c 2 -i shmif0 10.0.0.2
	expect '2 packets received, *0% unanswered'
	run_cmd -1 on a arping -c 1 -w 1 -i shmif0 10.0.0.9
	run_cmd on a arp-scan -I shmif0 10.0.0.0/29
	expect '^10\.0\.0\.2	b2:a0:'
	expect '1 responded'
}

@test "a listener learns that its interface is gone" {
	two_hosts
	listen dump a -i shmif0 icmp
	run_cmd tool a ifconfig shmif0 down
	run_cmd tool a ifconfig shmif0 up
	run_cmd tool b ping -c 1 10.0.0.1
	wait_for in_file dump.log 'ICMP echo reply'
	run_cmd tool a ifconfig shmif0 destroy
	wait_for gone "${PID[dump]}"
	in_file dump.log 'The interface disappeared'
}

# A ring of 4 MiB; then another that is refused.
rings='import socket, struct
def ring():
    s = socket.socket(17, 3, 0)
    s.setsockopt(263, 10, 1)
    s.setsockopt(263, 5, struct.pack("4I", 4096, 1024, 2048, 2048))
    return s
keep = ring()
try:
    ring()
except OSError as e:
    print(e.strerror)
keep.setsockopt(263, 5, bytes(16))
ring()
print("again")'

@test "rings have a bound, and give their memory back" {
	two_hosts
	run_cmd tool a sysctl -w net.packet.ring_max=6291456
	run_cmd on a "$PYTHON" -c "$rings"
	[ "$output" = $'Cannot allocate memory\nagain' ]
	run_cmd tool a sysctl net.packet.ring_bytes
	expect '= 0$'
}

# Two MB of frames that nobody reads for now.  usage: kept [RCVBUF]
kept() {
	start_bg keep on a "$PYTHON" -c 'import socket, struct, sys, time
s = socket.socket(17, 3, 0)
if sys.argv[1:]:
    s.setsockopt(1, 8, int(sys.argv[1]))
s.bind(("shmif0", 0x0800))
print("ready", flush=True)
sys.stdin.readline()
print("drops", struct.unpack("II", s.getsockopt(263, 6, 8))[1])' "$@"
	wait_for in_file keep.log ready
	run_cmd on b "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(1500):
    s.sendto(bytes(1400), ("10.0.0.1", 9))'
	run_cmd tool b ping -c 1 10.0.0.1
}

@test "SO_RCVBUF: how much waits for who reads later" {
	requires root
	two_hosts
	mkfifo word
	exec 7<>word
	INPUT=word kept
	echo >&7
	wait_for gone "${PID[keep]}"
	in_file keep.log '^drops [1-9]'
	INPUT=word kept 16777216
	echo >&7
	wait_for gone "${PID[keep]}"
	exec 7>&-
	in_file keep.log '^drops 0$'
}

# Writes what it likes into its ring, for as long as it lives.
scribbler='import mmap, os, socket, struct
s = socket.socket(17, 3, 0)
s.setsockopt(263, 10, 1)
s.setsockopt(263, 5, struct.pack("4I", 4096, 64, 2048, 128))
m = mmap.mmap(s.fileno(), 4096 * 64)
s.bind(("shmif0", 3))
print("ready", flush=True)
while True:
    for at in range(0, 4096 * 64, 2048):
        m[at:at + 64] = bytes(4) + os.urandom(60)
    m[:] = os.urandom(4096) * 64'

@test "who scribbles over its ring harms nobody" {
	two_hosts
	for i in 1 2; do
		start_bg "scribbler$i" on a "$PYTHON" -c "$scribbler"
		wait_for in_file "scribbler$i.log" ready
	done
	random_file file 3000000
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.0.0.1/file
	same_file got file
	listen dump a -i shmif0 icmp
	run_cmd tool b ping -c 2 10.0.0.1
	wait_for lines_are dump.log 'ICMP echo re' 4
}

# usage: counted HOST NAME N
counted() {
	tool "$1" netstat -s | awk -v name="$2" -v n="$3" \
		'$2 == name { is = $1 } END { exit is + 0 != n }'
}

@test "frames of other kinds are counted as such, and not as ARP's" {
	two_hosts
	run_cmd on a "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("shmif0", 0))
head = b"\xff" * 6 + s.getsockname()[4]
for kind in b"\x88\xb5", b"\x88\xcc", b"\x81\x00":
    s.send(head + kind + bytes(46))
s.send(head + b"\x08\x06" + bytes(46))'
	wait_for counted b if.unknown_type 3
	wait_for counted b arp.bad_packet 1
}
