#!/usr/bin/env bats
# Networks of different MTU: fragments, packet too big, path MTU discovery.

load helpers
load helpers.net

# usage: host NAME BUS ADDR4 ADDR6 [OPTION]...
host() {
	start_bg "$1" shmif_server -s -i "shmif0=$2,$3,$4,name=$1" "${@:5}" \
		"unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

router() {
	host "$@"
	tool "$1" sysctl -q net.inet.ip.forwarding=1
	tool "$1" sysctl -q net.inet6.ip6.forwarding=1
}

# a (10.1.0.1) - r - mid, 1500 bytes - q - b (10.2.0.1): neither end knows.
narrow() {
	run_cmd shmif bus create one mtu=32768
	run_cmd shmif bus create mid mtu=1500
	run_cmd shmif bus create two mtu=32768
	router r one 10.1.0.254/24 fd01::254/64 \
		-i shmif1=mid,10.9.0.1/24,fd09::1/64 \
		-r 10.2.0.0/24=10.9.0.2 -r fd02::/64=fd09::2
	router q two 10.2.0.254/24 fd02::254/64 \
		-i shmif1=mid,10.9.0.2/24,fd09::2/64 \
		-r 10.1.0.0/24=10.9.0.1 -r fd01::/64=fd09::1
	host a one 10.1.0.1/24 fd01::1/64 \
		-r default=10.1.0.254 -r default=fd01::254
	host b two 10.2.0.1/24 fd02::1/64 \
		-r default=10.2.0.254 -r default=fd02::254
}

# A web server for both IP versions.
start_web() {
	start_bg web on "$1" "$PYTHON" -m http.server --bind :: 80
	wait_for has_socket "$1" "^tcp[46]* .*[.]80 .*LISTEN"
}

@test "TCP finds the size of a narrow path, both ways and versions" {
	narrow
	random_file big 8000000
	start_web b
	start_bg dump shmif dump -f -p mid.pcap mid
	wait_for [ -s mid.pcap ]
	begin=$EPOCHREALTIME
	run_cmd on a curl -sS -o four http://10.2.0.1/big
	run_cmd on a curl -sS -o six 'http://[fd02::1]/big'
	same_file four big
	same_file six big
	# No time-out was waited for.
	[ $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) -lt 5000 ]
	stop web
	# The other way: the client sends more than fits.
	start_bg sink on b nc -l 81
	wait_listen b 81
	run_cmd on a nc -N 10.2.0.1 81 <big
	wait_for gone "${PID[sink]}"
	stop dump
	[ "$(tcpdump -nr mid.pcap \
		'tcp and ip[6:2] & 0x3fff != 0' 2>/dev/null | wc -l)" -eq 0 ]
	[ "$(tcpdump -nr mid.pcap 'tcp and ip[6] & 0x40 != 0' 2>/dev/null |
		wc -l)" -gt 1000 ]
}

@test "datagrams are cut for IPv4, and IPv6 learns to cut them itself" {
	narrow
	run_cmd tool a ping -c 1 -s 20000 10.2.0.1
	expect '20008 bytes from'
	# Which message is lost to the lesson: the first one each way.
	run_cmd -0 tool a ping6 -c 4 -i 0.3 -s 20000 fd02::1
	expect '^From fd01::254 icmp_seq=1 Packet too big: mtu=1500$'
	expect '20008 bytes from fd02::1: icmp_seq=4'
}

@test "a datagram not to be cut is EMSGSIZE once the path is known" {
	narrow
	# Somebody is there: else that would be the error.
	start_bg sink on b "$PYTHON" -c 'import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("", 9))
time.sleep(60)'
	wait_for has_socket b '^udp[46]* .*[.]9 '
	for to in 10.2.0.1 fd02::1; do
		run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_pmtu.py" $to \
			40000 8000+ 8000 1400
		[ "$output" = "40000 EMSGSIZE
8000+ EMSGSIZE
8000 EMSGSIZE
1400 sent
mtu 1500" ]
	done
	requires ping
	run_cmd -1 on a ping -c 1 -M 'do' -s 8000 10.2.0.1
	expect_err 'mtu ?= ?1500'
}

@test "hosts of different MTU on one bus talk" {
	run_cmd shmif bus create net mtu=32768
	host a net 10.0.0.1/24 fd00::1/64
	host b net 10.0.0.2/24 fd00::2/64
	run_cmd tool b ifconfig shmif0 mtu 1500
	random_file big 5000000
	start_web b
	run_cmd on a curl -sS -o one http://10.0.0.2/big
	same_file one big
	stop web
	start_web a
	run_cmd on b curl -sS -o two 'http://[fd00::1]/big'
	same_file two big
	run_cmd tool a ping -c 1 -s 20000 10.0.0.2
	run_cmd tool b ping -c 1 -s 20000 10.0.0.1
	run_cmd tool a ping6 -c 1 -s 20000 fd00::2
	run_cmd tool b ping6 -c 1 -s 20000 fd00::1
}

@test "a liar cannot make packets tiny, nor stop a connection" {
	# A router's word is only believed about packets that were sent.
	narrow
	random_file big 3000000
	start_web b
	cat >lie.py <<-'END'
		import socket, struct, sys
		def total(b):
		    b += b"\0" * (len(b) % 2)
		    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
		    while s >> 16: s = (s & 0xffff) + (s >> 16)
		    return ~s & 0xffff
		s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
		ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, 0, 0x4000, 64, 6, 0,
		    socket.inet_aton("10.2.0.1"), socket.inet_aton("10.1.0.1"))
		for port in range(32768, 33000):
		    for mtu in (0, 68, 600):
		        m = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + ip + \
		            struct.pack("!HHI", 80, port, 12345)
		        m = m[:2] + struct.pack("!H", total(m)) + m[4:]
		        s.sendto(m, ("10.2.0.1", 0))
	END
	start_bg curl on a curl -sS --limit-rate 2M -o part http://10.2.0.1/big
	wait_for [ -s part ]
	run_cmd on a "$PYTHON" lie.py
	wait_for gone "${PID[curl]}"
	same_file part big
	run_cmd tool b route get 10.1.0.1
	expect 'mtu: 1500$'
}

# Frames of a's that are longer than that.  usage: longer_than BYTES
longer_than() {
	shmif dump -p cap net >dump.out &&
		tcpdump -nr cap "src 10.0.0.1 and greater $1" 2>/dev/null | wc -l
}

@test "an interface whose MTU is made less sends no longer frames" {
	run_cmd shmif bus create net mtu=1500
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg sink on b socat -u TCP-LISTEN:7000 OPEN:copy,creat,trunc
	wait_listen b 7000
	mkfifo pipe
	start_bg source on a socat -u PIPE:pipe,rdonly TCP:10.0.0.2:7000
	random_file data 1000000
	exec 7>pipe
	cat data >&7
	wait_for cmp data copy
	[ "$(longer_than 1500)" -ge 600 ]
	many=$(longer_than 1015)
	run_cmd tool a ifconfig shmif0 mtu 1000
	cat data >&7
	exec 7>&-
	wait_for gone "${PID[sink]}"
	cat data data >both
	same_file both copy
	[ "$(longer_than 1015)" -eq "$many" ]
}
