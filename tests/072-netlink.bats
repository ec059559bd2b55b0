#!/usr/bin/env bats
# rtnetlink as routing daemons, service discovery and browsers use it.

load helpers
load helpers.net

setup() {
	common_setup
	# ip copies a string onto itself; that is not for us to find.
	ASAN_OPTIONS+=:replace_str=0:intercept_strlen=0
	ASAN_OPTIONS+=:intercept_strchr=0:intercept_strndup=0
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

@test "what programs send gets the answers that Linux gives" {
	run_cmd on b "$PYTHON" "$BATS_TEST_DIRNAME/h_netlink.py" shmif0 \
		10.0.0.1 10.0.0.77
	[ -z "$output" ]
	# The neighbour that was used is still found.
	run_cmd tool b ping -c 1 10.0.0.1
}

@test "a neighbour has the state that it was given" {
	requires ip
	tool b ifconfig shmif0 inet6 fd00::2/64
	for ip in 10.0.0.77 fd00::77; do
		run_cmd on b ip neigh add $ip lladdr 02:00:00:00:00:77 \
			dev shmif0 nud reachable
		run_cmd on b ip neigh show
		expect "^$ip dev shmif0 lladdr 02:00:00:00:00:77 [RS]"
		run_cmd on b ip neigh change $ip lladdr 02:00:00:00:00:78 \
			dev shmif0 nud permanent
		run_cmd on b ip neigh show
		expect "^$ip dev shmif0 lladdr 02:00:00:00:00:78 PERMANENT"
		run_cmd on b ip neigh change $ip dev shmif0 nud failed
		run_cmd on b ip neigh show
		! grep -F "$ip dev shmif0 lladdr" out || fail "it is valid"
	done
}

@test "a route remembers who made it" {
	requires ip
	tool b ifconfig shmif0 inet6 fd00::2/64
	for net in 10.7.0.0/16 fd07::/64; do
		case $net in fd*) gw=fd00::1 v=-6 ;; *) gw=10.0.0.1 v=-4 ;; esac
		run_cmd on b ip route add $net via $gw proto bird
		run_cmd on b ip route add $net via $gw proto static metric 2000
		run_cmd on b ip $v route show proto bird
		expect "^$net via $gw dev shmif0 "
		run_cmd -2 on b ip route del $net proto ospf
		run_cmd on b ip $v route flush proto bird
		run_cmd on b ip $v route show $net
		expect "^$net via $gw dev shmif0 proto static metric 2000"
		[ "$(wc -l <out)" -eq 1 ]
	done
}

@test "who joins a group hears of changes, and of no others" {
	local n

	tool b ifconfig shmif0 inet6 fd00::2/64
	start_bg all on b "$PYTHON" "$BATS_TEST_DIRNAME/h_news.py" 0x555
	start_bg some on b "$PYTHON" "$BATS_TEST_DIRNAME/h_news.py" 0 7 9
	wait_for in_file all.log '^ready'
	wait_for in_file some.log '^ready'
	run_cmd tool b ifconfig shmif0 inet 10.0.5.1/24 alias
	run_cmd tool b ifconfig shmif0 inet6 fd05::1/64
	run_cmd tool b route add 10.7.0.0/16 10.0.0.1
	run_cmd tool b route add -inet6 fd07::/64 fd00::1
	run_cmd tool b route delete 10.7.0.0/16
	run_cmd tool b arp -s 10.0.0.77 02:00:00:00:00:77
	run_cmd tool b arp -d 10.0.0.77
	run_cmd tool b ifconfig shmif0 inet 10.0.5.1 -alias
	run_cmd tool b ifconfig shmif0 mtu 1400
	run_cmd tool b ping -c 1 10.0.0.1
	for n in 'addr 10.0.5.1' 'route 10.0.5.0' 'addr fd05::1' \
		'route 10.7.0.0' 'route fd07::' '-route 10.7.0.0' \
		'neigh 10.0.0.77' '-neigh 10.0.0.77' '-addr 10.0.5.1' \
		'link shmif0' 'neigh 10.0.0.1'; do
		wait_for in_file all.log "^$n\$"
	done
	wait_for in_file some.log '^-route 10.7.0.0'
	in_file some.log '^addr fd05::1'
	! grep -E '^(link|neigh|-neigh|addr 10|route fd)' some.log ||
		fail "nobody asked for those"
}

@test "news wait for a program that does not read" {
	local i

	start_bg slow on b "$PYTHON" "$BATS_TEST_DIRNAME/h_news.py" 0x555
	wait_for in_file slow.log '^ready'
	kill -STOP "${PID[slow]}"
	for ((i = 0; i < 300; i++)); do
		echo "route add 10.8.$((i % 256)).$((i / 256))/32 via 10.0.0.1"
	done >routes.txt
	requires ip
	run_cmd on b ip -batch routes.txt
	kill -CONT "${PID[slow]}"
	wait_for lines_are slow.log '^route 10\.8\.' 300
}

# netlink.sent is the table of what they send.
@test "what bird, FRR, avahi, chromium, pyroute2 and ip send, as on Linux" {
	local sent=("$PYTHON" "$BATS_TEST_DIRNAME/h_sent.py"
		"$BATS_TEST_DIRNAME/netlink.sent" shmif0)

	requires root netns ip
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip addr add fd00::1/64 dev shmif0 nodad
		ip link set shmif0 up
		ip link set peer0 up
		exec "$@"
	END
	run_cmd unshare -n sh linux.sh "${sent[@]}"
	mv out linux
	tool a ifconfig shmif0 inet6 fd00::1/64
	run_cmd on a "${sent[@]}" virtual
	diff linux out
	[ "$(wc -l <out)" -gt 75 ]
}

# usage: refused MESSAGE {STATUS ARGUMENTS}...
refused() {
	local message=$1

	shift
	while [ $# -gt 0 ]; do
		# shellcheck disable=SC2086 # words
		run_cmd -"$1" on b ip $2
		expect_err "$message"
		shift 2
	done
}

@test "what ip changes is done, or refused as by a Linux without it" {
	requires ip
	refused 'Operation not supported' 2 'link add br0 type bridge' \
		2 'link set lo name foo' 2 'rule add table 9' \
		2 'rule del table main' 2 '-6 rule add table 9' \
		2 'nexthop add id 1 dev lo' \
		2 'addrlabel add prefix fd00::/8 label 9' \
		2 'ntable change name arp_cache queue 9'
	run_cmd -2 on b ip route del 198.18.0.0/16
	expect_err 'No such process'
	run_cmd -1 on b ip link set nosuch up
	expect_err 'Cannot find device'
}

# OBJECT COMMAND: what comes of it, which is "as Linux" for the host kernel's
# own answer to it, or an error of a kernel that has not that feature; or
# "none", where it is not a word of every version's.
objects() {
	cat <<-'END'
		address show to 10.0.0.1: as Linux
		addrlabel list: as Linux
		amt: none
		fou show: No such file or directory
		ila list: No such file or directory
		ioam namespace show: No such file or directory
		l2tp show tunnel: No such file or directory
		link show nosuch: as Linux
		macsec show: No such file or directory
		maddress show nosuch: as Linux
		monitor nosuch: as Linux
		mptcp endpoint show: No such file or directory
		mroute show: as Linux
		mrule show: Address family not supported by protocol
		neighbor show: as Linux
		neighbour show: as Linux
		netconf show: as Linux
		netns list-id: as Linux
		nexthop show: Operation not supported
		ntable show: tables of neighbours
		ntbl show: tables of neighbours
		route show: as Linux
		rule show: as Linux
		sr tunsrc show: No such file or directory
		stats show: Operation not supported
		tap show: as Linux
		tcpmetrics show: No such file or directory
		token list: none
		tunnel show: as Linux
		tuntap show: as Linux
		vrf show: as Linux
		xfrm state list: Protocol not supported
		help: none
	END
}

# What a command of ip's says, and its status.
ip_says() {
	sed 's/^[23]: shmif0@peer0/2: shmif0/; /peer0/d
		s/\(mtu\|reachable\) [0-9]*/\1/g' "$@"
}

@test "each object of ip's works, or fails with Linux's own error" {
	local words what

	requires root netns ip
	objects >table
	ip help 2>&1 | tr '\n' ' ' | sed 's/.*OBJECT := {//; s/}.*//' |
		tr -cs 'a-z0-9' '\n' | sed '/^$/d' >words
	grep -qx ntable words
	while read -r what; do
		grep -q "^$what\b" table || fail "$what: not in the table"
	done <words
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip link set shmif0 addrgenmode none
		ip link set peer0 addrgenmode none
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip link set shmif0 up
		ip link set peer0 up
		exec "$@"
	END
	cat >ask.sh <<-'END'
		while IFS=: read -r words what; do
			[ "$what" != " none" ] || continue
			timeout 5 ip $words >said 2>&1
			echo "== $words: $?"
			cat said
		done <table
	END
	run_cmd unshare -n sh linux.sh sh ask.sh
	ip_says out >linux
	run_cmd on a sh ask.sh
	ip_says out >virtual
	while IFS=: read -r words what; do
		for side in linux virtual; do
			sed -n "/^== $words:/,/^== /{ /^== $words:/p; /^== /!p }" \
				$side >is.$side
		done
		case ${what# } in
		none) ;;
		'as Linux') diff is.linux is.virtual ;;
		tables*) grep -q ': 0$' is.virtual
			grep '^inet\|dev' is.linux | sort -u >heads.linux
			grep '^inet\|dev' is.virtual | sort -u |
				diff heads.linux - ;;
		*) ! grep -q ': 0$' is.virtual
			grep -F "${what# }" is.virtual ;;
		esac || fail "$words: $(cat is.virtual)"
	done <table
}

@test "generic netlink has its own family and no other" {
	run_cmd on b "$PYTHON" -c '
import errno, socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
s.settimeout(5)
def ask(kind, body, flags=0):
    s.send(struct.pack("=IHHII", 16 + len(body), kind, flags | 1, 7, 0) + body)
    got = s.recv(65536)
    t, = struct.unpack_from("=H", got, 4)
    return (errno.errorcode[-struct.unpack_from("=i", got, 16)[0]]
            if t == 2 else t), got
def name(n):
    n += b"\0"
    return struct.pack("=BBHHH", 3, 2, 0, 4 + len(n), 2) + n + bytes(-len(n) & 3)
kind, got = ask(16, name(b"nlctrl"))
assert kind == 16 and b"\6\0\1\0\x10\0" in got, got
for family in b"ethtool", b"l2tp", b"nl80211", b"nlctr", b"nlctrlx":
    assert ask(16, name(family))[0] == "ENOENT", family
assert ask(17, bytes(4))[0] == "ENOENT"
assert ask(16, struct.pack("=BBH", 3, 2, 0))[0] == "EINVAL"
assert ask(16, struct.pack("=BBH", 99, 2, 0))[0] == "ENOTSUP"
assert ask(16, b"")[0] == "EINVAL"
kind, got = ask(16, struct.pack("=BBH", 3, 2, 0), 0x300)
assert kind == 16 and got.count(b"nlctrl") == 1, got
s.setsockopt(270, 1, 16)
assert s.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) == 16'
}

@test "a route of several ways spreads what goes there" {
	local i v net gw1 gw2 dst

	requires ip
	start_bg c shmif_server -s -i shmif0=other,10.1.0.1/24,fd01::1/64 \
		unix://c.sock
	wait_for host_up c
	tool b ifconfig shmif1 create
	tool b ifconfig shmif1 linkstr other
	tool b ifconfig shmif1 10.1.0.2/24
	tool b ifconfig shmif1 inet6 fd01::2/64
	tool b ifconfig shmif0 inet6 fd00::2/64
	tool a ifconfig shmif0 inet6 fd00::1/64
	# Both of a and c are every address there.
	for i in {1..8}; do
		tool a ifconfig shmif0 "10.9.0.$i/32" alias
		tool c ifconfig shmif0 "10.9.0.$i/32" alias
	done
	tool a ifconfig shmif0 inet6 fd09::1/128
	tool c ifconfig shmif0 inet6 fd09::1/128
	for v in 4 6; do
		case $v in
		4) net=10.9.0.0/24 gw1=10.0.0.1 gw2=10.1.0.1 dst=10.9.0. ;;
		6) net=fd09::/64 gw1=fd00::1 gw2=fd01::1 dst=fd09:: ;;
		esac
		run_cmd on b ip route add "$net" nexthop via "$gw1" \
			nexthop via "$gw2" weight 3
		run_cmd -2 on b ip route add "$net" nexthop via "$gw1" \
			nexthop via "$gw2"
		expect_err 'File exists'
		run_cmd on b ip "-$v" route show "$net"
		expect "^	nexthop via $gw1 dev shmif0 weight 1 "
		expect "^	nexthop via $gw2 dev shmif1 weight 3 "
		for i in {1..40}; do
			run_cmd on b ip route get "$dst$i"
			cat out >>"taken.$v"
		done
		# A quarter of them and the rest, more or less.
		[ "$(grep -c "via $gw1 " "taken.$v")" -ge 4 ]
		[ "$(grep -c "via $gw2 " "taken.$v")" -ge 20 ]
		# What is down takes nothing.
		tool b ifconfig shmif1 down
		run_cmd on b ip route get "${dst}1"
		expect "via $gw1 dev shmif0"
		tool b ifconfig shmif1 up
		run_cmd tool b ping "-$v" -c 1 "${dst}1"
	done
	for i in {1..8}; do
		run_cmd tool b ping -c 1 "10.9.0.$i"
	done
	run_cmd on b ip route replace 10.9.0.0/24 nexthop via 10.0.0.1 \
		nexthop via 10.0.0.3 nexthop via 10.1.0.1
	run_cmd on b ip route show 10.9.0.0/24
	[ "$(grep -c nexthop out)" -eq 3 ]
	run_cmd on b ip route del 10.9.0.0/24
	run_cmd on b ip route show 10.9.0.0/24
	[ -z "$output" ]
	# All of it or nothing.
	run_cmd -2 on b ip route add 10.9.0.0/24 nexthop via 10.0.0.1 \
		nexthop via 10.55.0.1
	run_cmd on b ip route show 10.9.0.0/24
	[ -z "$output" ]
}

@test "a route's own source, and what no host has is refused" {
	requires ip
	tool b ifconfig shmif0 10.0.0.20/24 alias
	tool b ifconfig shmif0 inet6 fd00::2/64
	tool b ifconfig shmif0 inet6 fd00::20/64 alias
	tool a ifconfig shmif0 inet6 fd00::1/64
	for v in 4 6; do
		case $v in
		4) net=10.7.0.0/24 gw=10.0.0.1 own=10.0.0.20 dst=10.7.0.1 ;;
		6) net=fd07::/64 gw=fd00::1 own=fd00::20 dst=fd07::1 ;;
		esac
		run_cmd on b ip route add "$net" via "$gw" src "$own"
		run_cmd on b ip "-$v" route show "$net"
		expect "^$net via $gw dev shmif0 src $own"
		run_cmd on b ip route get "$dst"
		expect "^$dst via $gw dev shmif0 src $own "
		run_cmd on b "$PYTHON" -c "import socket
s = socket.socket(socket.AF_INET$( ((v == 6)) && echo 6), socket.SOCK_DGRAM)
s.connect(('$dst', 9))
print(s.getsockname()[0])"
		[ "$output" = "$own" ]
		run_cmd -2 on b ip route add "${net/7/8}" via "$gw" \
			src "${own}9"
		expect_err 'Invalid argument'
		run_cmd -2 on b ip route add "$net" via "$gw" table 100
		expect_err 'no routing table but "main"'
	done
	run_cmd -2 on b ip route add 10.8.0.0/24 via inet6 fd00::1
	expect_err 'gateway of another family'
	run_cmd on b ip route show
	! grep -F 10.8 out || fail "it is there"
}

@test "an interface that is down has no networks" {
	requires ip
	run_cmd on b ip link set shmif0 down
	run_cmd on b ip route show
	[ -z "$output" ]
	run_cmd on b ip link set shmif0 up
	run_cmd on b ip route show
	expect '^10\.0\.0\.0/24 dev shmif0 proto kernel '
}

# What Linux says in the same place, but for counts of uses and users.
@test "the tables, and the way to a host's own addresses and networks" {
	requires root netns ip
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip link set shmif0 address 02:00:00:00:00:01
		ip link set peer0 addrgenmode none
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip addr add fd00::1/64 dev shmif0 nodad
		ip link set shmif0 up
		ip link set peer0 up
		until ip -6 addr show dev shmif0 | grep 'inet6 fe80' |
			grep -qv tentative; do sleep 0.1; done
		exec "$@"
	END
	cat >ask.sh <<-'END'
		exec 2>&1
		ip route show table local
		ip -6 route show table local
		ip route show table all
		ip -4 route show
		ip route show table 5
		ip -6 route show table 5
		ip -6 route show
		awk '{ $7 = $8 = "" } 1' /proc/net/ipv6_route
		for to in 10.0.0.1 10.0.0.255 127.0.0.1 127.3.4.5 \
			127.255.255.255 fd00::1 ::1 fe80::ff:fe00:1 \
			10.0.0.9 fd00::2 fe80::2; do
			ip route get $to
		done
		for to in fe80::2 ff02::1 ff05::7 224.0.0.5 255.255.255.255 \
			fd00::2 10.0.0.9; do
			ip route get $to dev shmif0
		done
		ip link set shmif0 down
		ip route show table all
		awk '{ $7 = $8 = "" } 1' /proc/net/ipv6_route
	END
	# The peer is Linux's only; "from" is by the kernel's configuration.
	told() {
		sed '/peer0/d; s/ from :://' | sort
	}
	unshare -n timeout 20 sh linux.sh sh ask.sh | told >linux
	start_bg host shmif_server -s -i \
		shmif0=own,10.0.0.1/24,fd00::1/64,mac=02:00:00:00:00:01 \
		unix://host.sock
	wait_for host_up host
	run_cmd on host sh ask.sh
	told <out >virtual
	diff linux virtual
	[ "$(wc -l <linux)" -gt 70 ]
}

@test "an interface's flags, by ip and by ifconfig" {
	requires root netns ip ifconfig
	cat >ask.sh <<-'END'
		show() {
			ip link show shmif0 | sed -n '1s/.*<\(.*\)>.*/\1/p'
			ifconfig shmif0 | sed -n 's/.*flags=\([0-9]*\).*/\1/p'
		}
		ip link set shmif0 promisc on; show
		ip link set shmif0 allmulticast on; show
		ifconfig shmif0 -promisc; show
		ifconfig shmif0 -allmulti; show
		ifconfig shmif0 promisc; show
		ip link set shmif0 down; show
		ip link set shmif0 up; show
		ip link set shmif0 promisc off; show
	END
	unshare -n sh -c 'ip link add shmif0 type veth peer name peer0
		ip link set shmif0 up
		ip link set peer0 up
		timeout 20 sh ask.sh' >linux
	run_cmd on a sh ask.sh
	diff linux out
	[ "$(wc -l <linux)" -eq 16 ]
	# What can't be had is not silence.
	refused 'Operation not supported' 2 'link set shmif0 arp off' \
		2 'link set shmif0 multicast off'
}
