#!/usr/bin/env bats
# vde(4): virtual hosts on plugs.  What has to do with the machine's network is
# in namespaces: NET, and OUT beyond it.

load helpers
load helpers.net

setup() {
	common_setup
}

teardown() {
	local bad=0 ns

	common_teardown || bad=1
	for ns in "${NET:-}" "${OUT:-}"; do
		[ -z "$ns" ] || ip netns del "$ns"
	done
	return $bad
}

# Two machines on a wire: 198.51.100.2 (NET) and 198.51.100.1 (OUT).
start_machines() {
	requires root netns tun ip
	NET=${DIR##*.}
	OUT=$NET.out
	machine=(ip netns exec "$NET")
	beyond=(ip netns exec "$OUT")
	ip netns add "$NET"
	ip netns add "$OUT"
	ip link add eth0 netns "$NET" type veth peer name eth0 netns "$OUT"
	ip -n "$NET" addr add 198.51.100.2/24 dev eth0
	ip -n "$OUT" addr add 198.51.100.1/24 dev eth0
	for ns in "$NET" "$OUT"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
		ip -n "$ns" route add 224.0.0.0/4 dev eth0
	done
	ip -n "$NET" route add default via 198.51.100.1
}

# usage: start_vde NAME SPEC [COMMAND...]: the command puts it somewhere
start_vde() {
	start_bg "$1" "${@:3}" shmif_server -s -i "$2" "unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

start_switch() {
	requires vde_switch
	# It ends with its standard input.
	[ -e in ] || mkfifo in
	# shellcheck disable=SC2016
	start_bg switch sh -c 'exec vde_switch -s "$0" 0<>in' "$DIR/sw"
	wait_for listens_at "$DIR/sw/ctl"
}

pings() {
	tool "$1" ping -c 1 -W 1 "$2" >/dev/null 2>&1
}

@test "two hosts on a switch: curl both ways, MTU, ifconfig, JSON" {
	random_file file 5000000
	start_switch
	start_vde a "vde0,10.5.0.1/24,fd05::1/64=vde://$DIR/sw"
	# A path is the switch's, seen from here.
	start_vde b vde0,10.5.0.2/24,fd05::2/64,mac=02:00:00:00:00:02,name=bee=sw
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.5.0.1/file
	same_file got file
	start_http web2 b 80
	run_cmd on a curl -sS -o got2 http://10.5.0.2/file
	same_file got2 file
	run_cmd tool a ping -c 1 -s 4000 10.5.0.2
	run_cmd tool a ping6 -c 1 -s 4000 fd05::2
	run_cmd tool b ifconfig -v vde0
	expect "linkstr: vde://$DIR/sw$"
	expect 'address: 02:00:00:00:00:02'
	expect 'status: active'
	expect 'mtu 1500'
	expect 'output: [1-9]'
	run_cmd tool b ifconfig --json vde0
	expect '"linkstr": "vde:///'
	run_cmd tool a ifconfig vde0
	expect 'address: b2:de:'
	run_cmd tool b ifconfig vde0 mtu 1000
	run_cmd -1 tool a ping -c 1 -W 1 -s 1400 10.5.0.2
	run_cmd tool b netstat -s
	expect 'vde.too_long'
}

@test "create, linkstr, -linkstr, destroy; the port on the switch comes and goes" {
	start_switch
	start_vde a "vde0,10.5.0.1/24=vde://$DIR/sw"
	start_bg b shmif_server -s "unix://$DIR/b.sock"
	wait_for host_up b
	run_cmd tool b ifconfig vde create
	expect '^vde0$'
	run_cmd -1 tool b ifconfig vde0 inet 10.5.0.2/24
	expect_err 'vde0 has no plug yet; ifconfig vde0 linkstr VNL first'
	run_cmd tool b ifconfig vde0 linkstr sw
	run_cmd tool b ifconfig vde0 inet 10.5.0.2/24
	run_cmd tool b ping -c 1 10.5.0.1
	run_cmd -1 tool b ifconfig vde0 linkstr udp://1
	expect_err 'vde0 is linked to .*sw already'
	run_cmd tool b ifconfig vde0 -linkstr
	run_cmd -1 tool a ping -c 1 -W 1 10.5.0.2
	# The same port at once: it has been let go of.
	for _ in 1 2 3; do
		run_cmd tool b ifconfig vde0 linkstr \
			'udp://127.0.0.1:20753->127.0.0.1:20754'
		run_cmd tool b ifconfig vde0 destroy
		run_cmd tool b ifconfig vde0 create
	done
	run_cmd -1 tool b ifconfig vde0 mtu 9217
	run_cmd tool b ifconfig vde0 mtu 9216
	run_cmd tool b ifconfig vde0 destroy
}

@test "a switch that ends and comes again: told once each, and it works on" {
	start_switch
	start_vde a "vde0,10.5.0.1/24=vde://$DIR/sw"
	start_vde b "vde0,10.5.0.2/24=vde://$DIR/sw"
	run_cmd tool a ping -c 1 10.5.0.2
	stop switch
	wait_for in_file a.log "vde0: vde://$DIR/sw has gone; trying"
	wait_for in_file b.log 'has gone'
	run_cmd tool a ifconfig vde0
	expect 'status: no carrier'
	rm -rf sw
	start_switch
	wait_for in_file a.log 'vde0: .* is there again'
	wait_for pings a 10.5.0.2
	[ "$(wc -l <a.log)" -eq 2 ]
}

@test "udp, vxlan, vxvde and the kernel's VXLAN between two machines" {
	start_machines
	while read -r one other; do
		echo "--- $one $other"
		start_vde a "vde0,10.6.0.1/24=$one" "${machine[@]}"
		start_vde b "vde0,10.6.0.2/24=$other" "${beyond[@]}"
		run_cmd tool a ping -c 2 -i 0.2 -W 2 10.6.0.2
		run_cmd tool b ping -c 2 -i 0.2 -W 2 -s 1400 10.6.0.1
		expect '2 received'
		stop a
		stop b
	done <<-'END'
		udp://4444->198.51.100.1:4444 udp://4444->198.51.100.2:4444
		vxlan://239.1.2.3 vxlan://239.1.2.3
		vxlan://239.1.2.3/vni=5 vxlan://239.1.2.3/vni=5/hashsize=0
		vxvde://239.1.2.3 vxvde://239.1.2.3
	END
	ip -n "$OUT" link add vx0 type vxlan id 7 group 239.1.2.3 dev eth0 \
		dstport 4789
	ip -n "$OUT" addr add 10.6.0.9/24 dev vx0
	ip -n "$OUT" link set vx0 up
	start_vde a vde0,10.6.0.1/24=vxlan://239.1.2.3/vni=7 "${machine[@]}"
	run_cmd tool a ping -c 2 -i 0.2 -W 2 10.6.0.9
	run_cmd "${beyond[@]}" ping -c 2 -i 0.2 -W 2 10.6.0.1
}

@test "large frames: 9,000 bytes by udp" {
	start_machines
	random_file file 20000000
	ip -n "$NET" link set eth0 mtu 9300
	ip -n "$OUT" link set eth0 mtu 9300
	start_vde a 'vde0,10.6.0.1/24,mtu=9000=udp://44->198.51.100.1:44' \
		"${machine[@]}"
	start_vde b 'vde0,10.6.0.2/24,mtu=9000=udp://44->198.51.100.2:44' \
		"${beyond[@]}"
	run_cmd tool a ping -c 1 -D -s 8972 10.6.0.2
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.6.0.1/file
	same_file got file
}

@test "tap and cmd: a tap of the machine, a switch behind a command" {
	start_machines
	start_vde a vde0,192.168.7.2/24=tap://tapx "${machine[@]}"
	ip -n "$NET" addr add 192.168.7.1/24 dev tapx
	ip -n "$NET" link set tapx up
	run_cmd "${machine[@]}" ping -c 1 192.168.7.2
	run_cmd tool a ping -c 1 192.168.7.1
	requires vde_plug
	start_switch
	start_vde b "vde0,10.5.0.1/24=vde://$DIR/sw"
	start_vde c "vde0,10.5.0.2/24=cmd://vde_plug vde://$DIR/sw"
	run_cmd tool c ping -c 1 -W 2 10.5.0.1
	run_cmd tool b ping -c 1 -s 1400 10.5.0.2
	# The command ends with its host.
	stop c
	run ! pgrep -f "vde_plug vde://$DIR/sw"
}

@test "what stands still or does not read holds up nobody" {
	start_host a 10.0.0.1
	start_bg b shmif_server -s -i shmif0=net,10.0.0.2/24 \
		-i "vde0,10.7.0.1/24=cmd://sleep 1000" "unix://$DIR/b.sock"
	wait_for host_up b
	# 8 MB into a pipe that takes 64 KiB.
	run_cmd -1 tool b ping -c 100 -i 0.001 -s 60000 -W 1 10.7.0.2
	printf 'x%.0s' {1..1400} >text
	run_cmd on b "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for i in range(2000):
    try:
        s.sendto(b"x" * 1400, ("10.7.0.255", 9))
    except OSError:
        pass'
	run_cmd tool a ping -c 3 -i 0.2 10.0.0.2
	expect ' 0% packet loss'
	LIMIT=5 run_cmd tool b ifconfig vde0 destroy
	run_cmd tool a ping -c 1 10.0.0.2
	# A switch that does not answer: the host serves on meanwhile.
	start_switch
	kill -STOP "${PID[switch]}"
	start_bg link tool b ifconfig vde1 create linkstr sw
	wait_for tool b ifconfig vde1
	run_cmd tool a ping -c 5 -i 0.1 10.0.0.2
	expect ' 0% packet loss'
	kill -CONT "${PID[switch]}"
	wait_for gone "${PID[link]}"
	run_cmd tool b ifconfig vde1
	expect "linkstr: vde://$DIR/sw"
}

@test "bad VNLs: one line each" {
	run_bad 1 'vde0: nosuch://x: .* no plug-in "nosuch"' \
		'package libvdeplug-nosuch' \
		shmif_server -i vde0=nosuch://x unix://x.sock
	run_bad 1 'vde0: vde:///none: no switch there' 'vde_switch -s' \
		shmif_server -i vde0=vde:///none unix://x.sock
	run_bad 1 'udp://1' 'see libvdeplug_udp\(1\)' \
		shmif_server -i vde0=udp://1 unix://x.sock
	run_bad 1 'address in it is unknown' 'or its port in use' \
		shmif_server -i 'vde0=udp://127.0.0.1:1->nowhere.invalid:1' \
		unix://x.sock
	run_bad 1 '://x' 'KIND://' \
		shmif_server -i vde0=://x unix://x.sock
	run_bad 2 "'vde0': it has no VNL" 'vde0\[,ADDR/PLEN\]=VNL' \
		shmif_server -i vde0 unix://x.sock
	run_bad 2 "'vde0,10.0.0.1/24=': it has no VNL" form \
		shmif_server -i vde0,10.0.0.1/24= unix://x.sock
	run_bad 2 '10.0.0.300' 'not an address' \
		shmif_server -i vde0,10.0.0.300/24=slirp:// unix://x.sock
	run_bad 1 'slirp:// is a VNL' 'for vdeN' \
		shmif_server -i shmif0=slirp:// unix://x.sock
	run_bad 2 virt0= 'vde a VNL' \
		shmif_server -i virt0=slirp:// unix://x.sock
	[ ! -e x.sock ]
}

@test "no libvdeplug, no plug-in, no permission: one line, and what to do" {
	local lib

	requires root mountns
	lib=$(ldconfig -p | sed -n 's/.*libvdeplug\.so\.2 .*=> //p' | head -n 1)
	# shellcheck disable=SC2016
	run_bad 1 'vde0: libvdeplug.so.2 is missing' 'package libvdeplug2' \
		unshare -m sh -c 'mount --bind /dev/null "$1" &&
		exec shmif_server -s -i vde0=slirp:// unix://x.sock' - "$lib"
	mkdir none
	run_bad 1 'no plug-in "slirp"' 'package libvdeplug-slirp' \
		env VDEPLUGIN_PATH="$DIR/none" \
		shmif_server -s -i vde0=slirp:// unix://x.sock
	start_switch
	chmod 700 sw
	chmod 777 .
	run_bad 1 "vde0: vde://$DIR/sw: Permission denied" libvdeplug_vde \
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		shmif_server -s -i "vde0=vde://$DIR/sw" unix://x.sock
	run_bad 1 'vde0: tap://tapx: ' 'libvdeplug_tap' \
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		shmif_server -s -i vde0=tap://tapx unix://x.sock
}

@test "who may configure a host, but does not run it, may not plug it in" {
	start_bg a shmif_server -s -o allow=nobody:config,raw,halt,watch \
		"unix://$DIR/a.sock"
	wait_for host_up a
	requires root
	chmod 755 .
	run_cmd setpriv --reuid=65534 --regid=65534 --clear-groups \
		shmif -s "unix://$DIR/a.sock" ifconfig vde0 create
	run_bad 1 'vde0: a VNL can start programs' 'who runs the host' \
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		shmif -s "unix://$DIR/a.sock" ifconfig vde0 linkstr 'cmd://id'
	run_cmd tool a ifconfig vde0
	expect 'no carrier'
	run_cmd tool a ifconfig vde0 linkstr null://
}

@test "faults and captures are as on other interfaces" {
	start_switch
	start_vde a "vde0,10.5.0.1/24=vde://$DIR/sw"
	start_vde b "vde0,10.5.0.2/24=vde://$DIR/sw"
	run_cmd tool a ping -c 1 10.5.0.2
	run_cmd tool a link vde0 set delay 60ms
	run_cmd tool b ping -c 2 -i 0.2 10.5.0.1
	expect 'min.* = [6-9][0-9]\.'
	run_cmd tool a link vde0 set loss 100%
	run_cmd -1 tool b ping -c 2 -i 0.2 -W 1 10.5.0.1
	run_cmd tool a link vde0 clear
	run_cmd tool b ping -c 1 10.5.0.1
}

# What the machine's user reaches: a web server and a name server beyond it.
# $USER_OF_IT, the words before a command, is an ordinary user there, who finds
# a service of the machine's own on its port 8001 as well.
start_internet() {
	start_machines
	requires dnsmasq
	start_bg beyond "${beyond[@]}" "$PYTHON" -u -m http.server 80
	start_bg dns "${beyond[@]}" dnsmasq -d -C /dev/null --user=root \
		--no-resolv --no-hosts --address=/deb.debian.org/198.51.100.1
	start_bg own "${machine[@]}" "$PYTHON" -u -m http.server \
		-b 127.0.0.1 8001
	wait_for in_file beyond.log Serving
	wait_for in_file own.log Serving
	wait_for in_file dns.log started
	echo nameserver 198.51.100.1 >resolv.conf
	# shellcheck disable=SC2016
	USER_OF_IT=("${machine[@]}" unshare -m sh -c '
		mount --bind "$0" /etc/resolv.conf &&
		exec setpriv --reuid=65534 --regid=65534 --clear-groups \
		--no-new-privs --bounding-set=-all "$@"' "$DIR/resolv.conf")
	chmod 755 .
	chown 65534 run
	echo 'from beyond' >index.html
}

# Private hosts go when their programs have gone.
no_orphans() {
	[ -z "$(orphans)" ]
}

@test "internet.net: a LAN on the Internet without root, by name" {
	net=$BATS_TEST_DIRNAME/../scripts/shmif-net
	file=$BATS_TEST_DIRNAME/../scripts/topologies/internet.net
	start_internet
	LIMIT=60 run_cmd "${USER_OF_IT[@]}" "$net" up "$file"
	for host in server client; do
		run_cmd "${USER_OF_IT[@]}" "$net" exec internet "$host" \
			curl -sS http://deb.debian.org/
		expect '^from beyond$'
	done
	run_cmd "${USER_OF_IT[@]}" "$net" exec internet client \
		shmif ping -c 1 server
	# One LAN with one gateway.
	run_cmd "${USER_OF_IT[@]}" "$net" exec internet client shmif arp -a
	expect '\(10\.0\.2\.2\) at'
	expect '\(10\.0\.2\.15\) at'
	# Not what is the machine's own.
	run_cmd -7 "${USER_OF_IT[@]}" "$net" exec internet client \
		curl -sS http://10.0.2.2:8001/
	run_cmd "${USER_OF_IT[@]}" "$net" show "$file"
	expect '"bus lan" -- "vde slirp:///disable_host_loopback";'
	run_cmd "${USER_OF_IT[@]}" "$net" down "$file"
	in_file beyond.log '198\.51\.100\.2 - - .*GET /'
	! grep GET own.log || fail "the machine's own service was reached"
	# That it could have been is shown by a plug that lets it.
	run_cmd "${USER_OF_IT[@]}" shmhijack -b slirp:// -g 10.0.2.2 \
		curl -sS http://10.0.2.2:8001/
	expect '^from beyond$'
	run_cmd "${USER_OF_IT[@]}" shmif -b slirp:// ifconfig vde0
	expect 'inet 10\.0\.2\.15/24'
	wait_for no_orphans
	chown 0 run
}

@test "vde(4): every example, as pasted, on a machine of its own" {
	requires mandoc
	start_internet
	for ip in 192.0.2.1 192.0.2.2; do
		ip -n "$NET" addr add $ip/32 dev lo
	done
	mandoc -T ascii -O width=200 "$BATS_TEST_DIRNAME/../tap/vde.4" |
		col -bx | awk '/^[A-Z]/ { inside = /^EXAMPLES/ } inside' |
		grep -E '^ {11}|^$' >text
	[ "$(grep -c 'shmif_server\|shmhijack' text)" -eq 5 ]
	mkdir -m 777 there
	# shellcheck disable=SC2016
	LIMIT=60 run_cmd "${USER_OF_IT[@]}" sh -c \
		'cd there && exec bash -e "$0"' "$DIR/text"
	[ "$(grep -c '^from beyond$' out)" -eq 2 ]
	expect ' 0% packet loss'
	for name in net a b; do
		run_cmd shmif -s "unix://$DIR/there/$name.sock" halt
	done
	wait_for no_orphans
	chown 0 run
}

@test "a private host has no bus, but a plug: what does not go with it" {
	run_cmd -7 shmhijack -b null:// -a 10.9.0.1/24 \
		curl -sS -m 3 http://10.9.0.1/
	run_bad 2 '-H x: a host has a name on a bus' 'slirp:// is a VNL' \
		shmhijack -b slirp:// -H x true
	run_cmd -2 shmif -b slirp:// -H x ifconfig
	expect_err 'slirp:// is a VNL'
}
