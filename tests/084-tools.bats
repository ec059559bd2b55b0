#!/usr/bin/env bats
# The control tool: route, arp, ndp, netstat, sockstat, sysctl, halt.

load helpers
load helpers.net

setup() {
	common_setup
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	export RUMP_SERVER=unix://$DIR/b.sock
}

# Programs that hold sockets, until the test ends.
start_sockets() {
	cat >sockets.py <<-'END'
		import socket, time
		t = socket.socket()
		t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		t.bind(("", 80))
		t.listen()
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		u.bind(("", 53))
		c = socket.create_connection(("10.0.0.2", 80))
		s, _ = t.accept()
		print("ready", flush=True)
		time.sleep(60)
	END
	start_bg sockets on b "$PYTHON" sockets.py
	wait_for in_file sockets.log ready
}

json() {
	"$PYTHON" -c "import json
v = json.load(open('out'))
print($1)"
}

@test "netstat -an lists sockets, and selects by family and protocol" {
	start_sockets
	run_cmd shmif netstat -an
	expect '^tcp +0 +0  \*\.80 +\*\.\* +LISTEN$'
	expect '^tcp +0 +0  10\.0\.0\.2\.80 +10\.0\.0\.2\.[0-9]+ +ESTABLISHED$'
	expect '^udp +0 +0  \*\.53 '
	run_cmd shmif netstat -n
	! grep LISTEN out || fail "-a was not given"
	run_cmd shmif netstat -an -p udp
	! grep '^tcp' out || fail "not udp"
	run_cmd shmif netstat -an -f inet6
	! grep -E '^(tcp|udp) ' out || fail "not inet6"
	run_cmd shmif netstat -an --json
	[ "$(json 'sorted({s["protocol"] for s in v})')" = "['tcp', 'udp']" ]
	run_cmd -2 shmif netstat -Q
}

@test "ifconfig: mtu, lladdr, up, down, and the ways to list" {
	run_cmd shmif ifconfig shmif0 mtu 1400 lladdr 02:00:00:00:00:22
	run_cmd shmif ifconfig shmif0
	expect 'mtu 1400'
	expect 'address: 02:00:00:00:00:22$'
	run_cmd shmif ping -c 1 10.0.0.1
	run_cmd tool a arp -an
	expect '10\.0\.0\.2\) at 02:00:00:00:00:22 '
	run_bad 1 'shmif0' 'unicast' shmif ifconfig shmif0 lladdr 01:0:0:0:0:1
	run_bad 1 'mtu 100' '576' shmif ifconfig shmif0 mtu 100
	run_cmd shmif ifconfig shmif0 inet6 fd00::2/64
	run_cmd shmif ifconfig shmif0 inet 10.0.0.22 netmask 255.255.255.0 alias
	run_cmd shmif ifconfig -a --json
	[ "$(json '[a["address"] for i in v if i["name"] == "shmif0"
		for a in i["addresses"]][:3]')" = \
		"['10.0.0.2', '10.0.0.22', 'fd00::2']" ]
	run_cmd shmif ifconfig shmif0 inet6 fd00::2 -alias
	run_cmd shmif ifconfig shmif0 inet 10.0.0.22 delete
	run_cmd shmif ifconfig shmif0
	! grep -E 'fd00::2|10\.0\.0\.22' out || fail "an alias is left"
	run_cmd shmif ifconfig shmif0 down
	run_cmd shmif ifconfig -l
	[ "$output" = 'lo shmif0' ]
	run_cmd shmif ifconfig -d
	expect '^shmif0: '
	run_cmd shmif ifconfig -u
	! grep '^shmif0' out || fail "it is down"
	run_cmd shmif ifconfig shmif0 up
	run_cmd shmif ifconfig -v shmif0
	expect 'input: .*packets'
}

@test "netstat -i, -s and -rn" {
	run_cmd shmif ping -c 2 -i 0.1 10.0.0.1
	run_cmd shmif netstat -i
	expect '^Name +Mtu +Network +Address '
	expect '^shmif0 .* 10\.0\.0/24 +10\.0\.0\.2 '
	run_cmd shmif netstat -i --json
	[ "$(json '[i["name"] for i in v]')" = "['lo', 'shmif0']" ]
	run_cmd shmif netstat -s
	for p in ip icmp tcp udp arp ip6 icmp6; do
		expect "^$p:\$"
	done
	run_cmd shmif netstat -s -p icmp --json
	[ "$(json 'v["icmp"]["recv"] >= 2')" = True ]
	run_cmd shmif netstat -rn
	expect '^10\.0\.0/24 +link#2 +UC .* shmif0$'
	run_cmd shmif netstat -rn --json
	[ "$(json 'v[0]["destination"], v[0]["prefixlen"]')" = '10.0.0.0 24' ]
}

@test "sockstat knows the program and the user behind each socket" {
	start_sockets
	me=$(id -un)
	run_cmd shmif sockstat
	pid=$(pgrep -s "${PID[sockets]}" -f sockets.py | tail -n 1)
	expect "^$me +python3? +$pid +- tcp +\*\.80 +\*\.\*\$"
	expect "^$me +python3? +$pid +- udp +\*\.53 "
	run_cmd shmif sockstat -l
	! grep '10\.0\.0\.2\.80 ' out || fail "connected ones with -l"
	run_cmd shmif sockstat -c
	expect '10\.0\.0\.2[.:]80 '
	! grep '\*\.80' out || fail "listening ones with -c"
	run_cmd shmif sockstat -6
	[ "$(wc -l <out)" -eq 1 ]
	run_cmd shmif sockstat --json
	[ "$(json '{s["pid"] for s in v}')" = "{$pid}" ]
}

@test "a socket of another user is that user's" {
	requires root
	chmod 711 .
	start_host c 10.0.0.3 -o allow=65534
	start_bg other env "RUMP_SERVER=unix://$DIR/c.sock" \
		"LD_PRELOAD=$HIJACK" \
		setpriv --reuid=65534 --regid=65534 --clear-groups nc -l 81
	wait_for has_socket c '[.]81 '
	run_cmd tool c sockstat
	expect "^nobody +nc +[0-9]+ .*[.:]81 "
}

@test "arp -an, -s, -d; and a neighbour that is permanent" {
	run_cmd shmif ping -c 1 10.0.0.1
	mac=$(tool a ifconfig shmif0 | sed -n 's/.*address: //p')
	run_cmd shmif arp -an
	expect "^\? \(10\.0\.0\.1\) at $mac on shmif0"
	run_cmd shmif arp -s 10.0.0.77 02:00:00:00:00:77
	run_cmd shmif arp -an
	expect '10\.0\.0\.77\) at 02:00:00:00:00:77 on shmif0 permanent'
	run_cmd shmif arp -an --json
	[ "$(json '{n["address"]: n["state"] for n in v}["10.0.0.77"]')" = \
		permanent ]
	run_cmd shmif arp -d 10.0.0.77
	run_cmd shmif arp -an
	! grep '10\.0\.0\.77' out || fail "it is still there"
	run_bad 1 '10\.0\.0\.78' 'no entry' shmif arp -d 10.0.0.78
	run_bad 1 '192\.0\.2\.1' 'no network' \
		shmif arp -s 192.0.2.1 02:00:00:00:00:01
	run_cmd shmif arp -d -a
	run_cmd shmif arp -an
	[ ! -s out ]
}

@test "ndp -an and -d" {
	tool a ifconfig shmif0 inet6 fd00::1/64
	run_cmd shmif ifconfig shmif0 inet6 fd00::2/64
	run_cmd shmif ping6 -c 1 fd00::1
	mac=$(tool a ifconfig shmif0 | sed -n 's/.*address: //p')
	run_cmd shmif ndp -an
	expect "^fd00::1 +$mac +shmif0 "
	run_cmd shmif ndp -an --json
	[ "$(json '[n["lladdr"] for n in v if n["address"] == "fd00::1"][0]')" \
		= "$mac" ]
	run_cmd shmif ndp -d fd00::1
	run_cmd shmif ndp -an
	! grep '^fd00::1 ' out || fail "it is still there"
	run_bad 1 'fd00::99' 'no entry' shmif ndp -d fd00::99
	run_cmd shmif ping6 -c 1 fd00::1
}

@test "sysctl reads, sets, lists; ranges and what is read-only" {
	run_cmd shmif sysctl net.inet.ip.ttl
	[ "$output" = 'net.inet.ip.ttl = 64' ]
	run_cmd shmif sysctl -n net.inet.ip.ttl
	[ "$output" = 64 ]
	run_cmd shmif sysctl net.inet.ip.ttl=9
	[ "$output" = 'net.inet.ip.ttl: 64 -> 9' ]
	run_cmd shmif sysctl -a
	for p in ip icmp tcp udp; do
		expect "^net\.inet\.$p\.stats\.recv = [0-9]+\$"
	done
	for p in ip6 icmp6; do
		expect "^net\.inet6\.$p\.stats\.recv = [0-9]+\$"
	done
	run_cmd shmif sysctl net.inet.tcp
	! grep -v '^net\.inet\.tcp\.' out || fail "names of others"
	run_cmd shmif sysctl --json net.inet.tcp
	[ "$(json 'v["net.inet.tcp.keepcnt"]')" = 9 ]
	run_bad 1 'net\.inet\.ip\.ttl: 256' '1 to 255' \
		shmif sysctl net.inet.ip.ttl=256
	run_bad 1 'net\.inet\.ip\.ttl: many' '1 to 255' \
		shmif sysctl net.inet.ip.ttl=many
	run_bad 1 'net.inet.ip.tll: no such name' 'sysctl -a' \
		shmif sysctl net.inet.ip.tll=9
	run_bad 1 'net\.inet\.tcp\.msl' 'cannot be set' \
		shmif sysctl net.inet.tcp.msl=5
	run_bad 1 'net\.inet\.tcp\.stats\.recv' 'cannot be set' \
		shmif sysctl net.inet.tcp.stats.recv=0
	run_bad 1 'no\.such' 'sysctl -a' shmif sysctl no.such
	run_cmd -1 shmif sysctl no.such=1
	run_cmd -2 shmif sysctl -Q
}

@test "new sockets begin with what sysctl says, old ones keep theirs" {
	cat >show.py <<-'END'
		import os, socket
		def show():
		    s = socket.socket()
		    print(s.getsockopt(6, socket.TCP_KEEPIDLE),
		          s.getsockopt(6, socket.TCP_KEEPINTVL),
		          s.getsockopt(6, socket.TCP_KEEPCNT),
		          s.getsockopt(0, socket.IP_TTL), flush=True)
		    return s
		old = show()
		os.system("unset LD_PRELOAD; shmif sysctl -q "
		          "net.inet.tcp.keepidle=10 net.inet.tcp.keepintvl=2 "
		          "net.inet.tcp.keepcnt=3 net.inet.ip.ttl=33")
		show()
		print(old.getsockopt(6, socket.TCP_KEEPIDLE))
	END
	run_cmd on b "$PYTHON" show.py
	[ "$output" = "7200 75 9 64
10 2 3 33
7200" ]
	run_cmd tool a sysctl -n net.inet.ip.ttl
	[ "$output" = 64 ]
}

@test "the rump. names are the commands" {
	for name in route arp netstat sysctl sockstat ping; do
		ln -s "$B/shmif" "rump.$name"
	done
	ln -s "$B/libshmhijack.so" libshmhijack.so
	run_cmd ./rump.route -n show
	expect '^Routing tables'
	run_cmd ./rump.sysctl -n kern.hostname
	[ "$output" = b ]
	run_cmd ./rump.netstat -rn
	run_cmd ./rump.sockstat
	run_cmd ./rump.ping -c 1 10.0.0.1
	run_cmd ./rump.arp -an
	expect '10\.0\.0\.1'
	run_cmd -2 ./rump.route frobnicate
	expect_err '^rump\.route: frobnicate'
}

@test "halt ends the host, and says so when there is none" {
	run_cmd shmif halt
	wait_for gone "${PID[b]}"
	[ ! -e b.sock ]
	has_members net 1
	run_bad 1 'b\.sock' 'start one' shmif halt
	run_cmd tool a ifconfig -l
}
