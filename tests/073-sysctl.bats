#!/usr/bin/env bats
# /proc/sys/net: the virtual host's settings under Linux's names, read and
# written in every way; the machine's are never written to.
#
# All of it happens in a network namespace, so that a write that goes astray
# does no harm, and is seen.

# The scripts are read by another shell, and ON is several words.
# shellcheck disable=SC2016,SC2086

load helpers
load helpers.net

SYS=/proc/sys/net

setup() {
	common_setup
	requires root netns
	start_host a 10.0.0.1
	ON="env LD_PRELOAD=$HIJACK RUMP_SERVER=unix://$DIR/a.sock"
}

# usage: in_ns SCRIPT: with $on before what is for the virtual host
in_ns() {
	run_cmd unshare -n env "on=$ON" SYS=$SYS bash -c "$1"
}

# The same text, the same errors.  The first is Linux.
same() {
	unshare -n env on= bash -c "$1" >linux 2>&1 || :
	unshare -n env "on=$ON" bash -c "$1" >ours 2>&1 || :
	diff linux ours
	[ "$(wc -l <linux)" -ge "$2" ]
}

@test "sysctl sets and shows what Linux does, and errors" {
	requires sysctl
	same '
	for set in net.ipv4.ip_forward={1,0,x,"1 2",} \
	    net.ipv4.ip_default_ttl={9,0,256,0x20,-1,99999999999} \
	    net.ipv4.ip_local_port_range={"40000 50000","50000 40000",x} \
	    net.ipv4.ip_local_port_range="33000 60999" \
	    net.ipv4.tcp_ecn=1 net.ipv4.tcp_keepalive_time=600 \
	    net.ipv4.tcp_keepalive_intvl=5 net.ipv4.tcp_keepalive_probes=3 \
	    net.ipv4.tcp_syn_retries={4,0,128} net.ipv4.tcp_synack_retries=2 \
	    net.ipv4.conf.{all,lo,default,nix0}.forwarding=1 \
	    net.ipv6.conf.all.forwarding={1,0} net.ipv4.tcp_sack=1 \
	    net.ipv4.tcp_timestamps=1 net.ipv4.tcp_window_scaling=1 \
	    net.ipv4.tcp_congestion_control={reno,none} \
	    net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.all.hop_limit=33 \
	    net.ipv4.nonsense=1 net.nonsense=1; do
		$on sysctl -w "$set"
		$on sysctl "${set%%=*}"
	done' 50
}

@test "each way of writing to a file of /proc/sys/net" {
	requires python3
	in_ns '
	f=$SYS/ipv4/ip_default_ttl
	is() { [ "$($on cat $f)" = $1 ] || { echo "not $1"; exit 1; }; }
	$on bash -c "echo 11 >$f"; is 11
	$on sh -c "echo 12 >$f"; is 12
	echo 13 | $on tee $f; is 13
	echo 14 | $on dd of=$f status=none; is 14
	echo 15 >15; $on cp 15 $f; is 15
	$on python3 -c "open(\"$f\", \"w\").write(\"16\")"; is 16
	$on bash -c "cd $SYS/ipv4; echo 17 >ip_default_ttl"; is 17
	$on bash -c "cd $SYS/ipv4; cat ip_default_ttl" | grep -x 17
	$on sh -c "echo 18 >/proc/self/root$f"; is 18
	$on sh -c "echo 19 >//proc/./sys/net/ipv4/ip_default_ttl"; is 19
	ln -s $f link; $on sh -c "echo 20 >link"; is 20
	$on python3 -c "import os
d = os.open(\"$SYS/ipv4\", os.O_RDONLY)
f = os.open(\"ip_default_ttl\", os.O_RDWR, dir_fd=d)
os.write(f, b\"21\\n\")"; is 21
	$on python3 -c "import ctypes
c = ctypes.CDLL(None)
c.fopen.restype = c.freopen.restype = ctypes.c_void_p
f = c.freopen(b\"$f\", b\"w\", ctypes.c_void_p(c.fopen(b\"/dev/null\", b\"w\")))
" ; is 21
	$on python3 -c "import ctypes, os
os.write(ctypes.CDLL(None).creat(b\"$f\", 0o644), b\"22\")"; is 22
	[ "$(cat $f)" = 64 ] || echo "the machine has $(cat $f)"'
	! grep -v '^1[37]$' out || fail "something went astray"
	# Who is told: the caller, or where nobody can be, the log.
	in_ns '$on python3 -c "
import os
try:
    os.write(os.open(\"$SYS/ipv4/ip_forward\", os.O_WRONLY), b\"x\")
except OSError as e:
    print(e.errno)"
	$on bash -c "echo x >$SYS/ipv4/ip_forward"'
	expect '^22$'
	run_cmd tool a log
	expect 'sysctl /proc/sys/net/ipv4/ip_forward: Invalid argument'
}

@test "what the host has no setting for is not the machine's to change" {
	requires sysctl
	in_ns '
	was=$(cat $SYS/ipv4/tcp_reordering)
	$on bash -c "echo 77 >$SYS/ipv4/tcp_reordering"
	$on bash -c "cd $SYS/ipv4 && echo 77 >tcp_reordering"
	$on sysctl -w net.ipv4.tcp_reordering=77
	$on sysctl -w net.ipv4.tcp_timestamps=0
	$on sysctl -w net.ipv4.tcp_base_mss=77
	[ $was = $(cat $SYS/ipv4/tcp_reordering) ] || echo changed
	[ 1 = $(cat $SYS/ipv4/tcp_timestamps) ] || echo changed
	true'
	! grep changed out || fail "the machine was changed"
	[ "$(grep -c 'Read-only file system' err)" -eq 3 ]
	[ "$(grep -c 'permission denied' err)" -eq 2 ]
	SHMIF_DEBUG=1 in_ns '$on sysctl -w net.ipv4.tcp_reordering=77; :'
	expect_err 'open\("ipv4/tcp_reordering"\) = -1 EROFS'
	# Without a virtual network it is the machine's.
	run_cmd unshare -n env "LD_PRELOAD=$HIJACK" \
		sysctl -w net.ipv4.ip_forward=1
	run_cmd unshare -n $ON RUMPHIJACK=path=/rump sh -c \
		"echo 1 >$SYS/ipv4/ip_forward; LD_PRELOAD= cat $SYS/ipv4/ip_forward"
	[ "$output" = 1 ]
}

@test "a program without the library sets the host's" {
	cat >st.c <<-END
		#include <fcntl.h>
		#include <unistd.h>
		int main(void)
		{
			int fd = open("$SYS/ipv4/ip_forward", O_WRONLY);

			return write(fd, "1\n", 2) != 2;
		}
	END
	"${CC:-cc}" -static -o st st.c || skip "no static libc"
	run_cmd unshare -n sh -c \
		"shmhijack -s unix://a.sock ./st; cat $SYS/ipv4/ip_forward"
	[ "$output" = 0 ]
	run_cmd tool a sysctl -n net.inet.ip.forwarding
	[ "$output" = 1 ]
}

@test "sysctl -a lists the host's interfaces, and no others" {
	requires sysctl ip
	run_cmd unshare -n sh -c 'ip link add nix0 type veth; exec "$@"' sh \
		$ON sysctl -a --pattern 'net\..*forwarding'
	expect '^net.ipv4.conf.shmif0.forwarding = 0$'
	expect '^net.ipv6.conf.all.forwarding = 0$'
	! grep nix0 out || fail "interfaces of the machine"
	[ ! -s err ]
	run_cmd on a ls $SYS/ipv4/conf
	[ "$output" = $'all\ndefault\nlo\nshmif0' ]
	run_cmd on a cat $SYS/ipv4/conf/shmif0/arp_announce
	[ "$output" = 0 ]
	run_cmd tool a sysctl net.ipv4.tcp_keepalive_time
	[ "$output" = 'net.ipv4.tcp_keepalive_time = 7200' ]
}

@test "who may not configure the host may not write to it" {
	run_cmd env "LD_PRELOAD=$HIJACK" RUMP_SERVER=unix://a.sock true
	start_bg b shmif_server -s -i shmif0=net,10.0.0.2/24 \
		-o allow=65534:use unix://b.sock
	wait_for host_up b
	chmod 755 . ; chmod 666 b.sock
	run_cmd setpriv --reuid=65534 --clear-groups env \
		"LD_PRELOAD=$HIJACK" "RUMP_SERVER=unix://$DIR/b.sock" \
		bash -c "cat $SYS/ipv4/ip_forward
			echo 1 >$SYS/ipv4/ip_forward; cat $SYS/ipv4/ip_forward"
	[ "$(cat out)" = $'0\n0' ]
	expect_err 'Permission denied'
}
