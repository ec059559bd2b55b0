#!/usr/bin/env bats
# What hosts are called: each by a name of its own.

load helpers
load helpers.net

@test "of two hosts with one the later gets a number" {
	local i

	for i in 1 2 3; do
		start_bg web$i shmif_server -s \
			-i shmif0=net,10.0.0.$i/24,name=web unix://web$i.sock
		wait_for host_up web$i
	done
	[ ! -s web1.log ]
	for i in 2 3; do
		[ "$(cat web$i.log)" = "shmif_server: web: another host on the\
 bus has that name; this one is web-$i" ]
	done
	# What has a name from the machine says nothing of it.
	for i in 4 5; do
		start_bg host$i shmif_server -s -i shmif0=net,10.0.0.$i/24 \
			unix://host$i.sock
		wait_for host_up host$i
		[ ! -s host$i.log ]
	done
	run_cmd shmif bus show net
	expect ' web 10\.0\.0\.1/24'
	expect ' web-2 10\.0\.0\.2/24'
	expect ' web-3 10\.0\.0\.3/24'
	expect " $(uname -n) 10\.0\.0\.4/24"
	expect " $(uname -n)-2 10\.0\.0\.5/24"
	echo second >file
	start_bg http on web2 "$PYTHON" -m http.server 80
	wait_listen web2 80
	run_cmd on host4 curl -sS http://web-2/file
	expect '^second$'
	# Renamed, it is the same; its own name is no other's.
	run_cmd tool host5 ifconfig hostname web
	expect_err ': web: another host .* this one is web-4$'
	run_cmd tool host5 ifconfig hostname web-4
	[ ! -s err ]
	run_cmd tool host5 sysctl -n kern.hostname
	expect '^web-4$'
	# One host twice on a bus has one name.
	run_cmd tool host5 ifconfig shmif1 create
	run_cmd tool host5 ifconfig shmif1 linkstr net
	run_cmd shmif bus show net
	[ "$(grep -c ' web-4\b' out)" -eq 2 ]
	# A second bus where the name is taken changes it on both.
	start_bg web9 shmif_server -s -i shmif0=other,10.1.0.1/24,name=web-4 \
		unix://web9.sock
	wait_for host_up web9
	run_cmd tool host5 ifconfig shmif2 create
	run_cmd tool host5 ifconfig shmif2 linkstr other
	run_cmd shmif bus show net
	[ "$(grep -c ' web-4-2\b' out)" -eq 2 ]
}

# What programs call their machine.
NAMES='import os, socket, ctypes
libc = ctypes.CDLL(None, use_errno=True)
small = ctypes.create_string_buffer(1)
print(socket.gethostname(), os.uname().nodename, os.uname().sysname,
      open("/proc/sys/kernel/hostname").read().strip(),
      libc.gethostname(small, 1), os.strerror(ctypes.get_errno()))'

@test "programs call their machine by the name that the host was given" {
	local machine tail=' -1 File name too long'

	machine=$(uname -n)
	start_host alice 10.0.0.1
	run_cmd on alice "$PYTHON" -c "$NAMES"
	[ "$output" = "alice alice Linux alice$tail" ]
	run_cmd on alice cat /proc/sys/kernel/hostname
	[ "$output" = alice ]
	run_cmd on alice uname -n
	[ "$output" = alice ]
	run_cmd env SHMIF_HOSTNAME=host RUMP_SERVER="unix://$DIR/alice.sock" \
		LD_PRELOAD="$HIJACK" "$PYTHON" -c "$NAMES"
	[ "$output" = "$machine $machine Linux $machine$tail" ]
	run_bad 1 SHMIF_HOSTNAME 'say host' env SHMIF_HOSTNAME=me \
		RUMP_SERVER="unix://$DIR/alice.sock" LD_PRELOAD="$HIJACK" true
	# It follows a new name; without one the machine's stays.
	run_cmd tool alice ifconfig hostname carol
	run_cmd on alice uname -n
	[ "$output" = carol ]
	start_bg bob shmif_server -s -i shmif0=net,10.0.0.2/24 \
		"unix://$DIR/bob.sock"
	wait_for host_up bob
	run_cmd on bob "$PYTHON" -c "$NAMES"
	[ "$output" = "$machine $machine Linux $machine$tail" ]
	# A private host is not started for that.
	run_cmd shmhijack -b "$DIR/own" -n dave uname -n
	[ "$output" = dave ]
	[ ! -e own ]
	# A host that is gone is no reason to wait or to complain.
	stop alice
	run_cmd env RUMP_SERVER="unix://$DIR/alice.sock" LD_PRELOAD="$HIJACK" \
		uname -n
	[ "$output" = "$machine" ]
	[ ! -s err ]
}

# A program that names its machine; should the library miss that, then only in
# a namespace of its own, or it is not allowed to.
RENAME='import ctypes, os, socket, sys
ctypes.CDLL(None).unshare(0x04000000)
for name in sys.argv[1:]:
	try:
		socket.sethostname(name)
	except OSError as e:
		print(os.strerror(e.errno), end=" ")
print(socket.gethostname())'

@test "a program that names its machine names the virtual host" {
	local machine long=0123456789012345678901234567890123456789

	machine=$(uname -n)
	start_host alice 10.0.0.1
	run_cmd on alice "$PYTHON" -c "$RENAME" "$long$long" carol
	[ "$output" = 'Invalid argument carol' ]
	run_cmd shmif hosts net
	expect ' carol +10.0.0.1 '
	run_cmd shmhijack -b "$DIR/own" -n dave "$PYTHON" -c "$RENAME" eve
	[ "$output" = 'Operation not permitted dave' ]
	[ "$(uname -n)" = "$machine" ]
}
