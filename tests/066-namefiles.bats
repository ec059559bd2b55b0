#!/usr/bin/env bats
# /etc/hosts and /etc/resolv.conf, for programs that look names up themselves.

load helpers
load helpers.net

show='import os, sys
for f in sys.argv[1:]:
    st = os.stat(f)
    with open(f) as o:
        same = os.fstat(o.fileno())
        print(o.read(), end="")
    assert (st.st_size, st.st_mtime) == (same.st_size, same.st_mtime)
    os.close(os.open(f, os.O_RDONLY))
    assert os.access(f, os.R_OK)'

# The machine's own, which is there on every machine that runs these tests.
setup() {
	common_setup
	[ -e /etc/hosts ] || skip "the machine has no /etc/hosts"
}

@test "/etc/hosts ends with the live names of the buses" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	tool b ifconfig shmif0 inet6 fd00::2/64
	run_cmd on a "$PYTHON" -c "$show" /etc/hosts
	printf '%s\n' "$(cat /etc/hosts)" $'10.0.0.1\ta' $'10.0.0.2\tb' \
		$'fd00::2\tb' >want
	diff want out
	run_cmd on a cat /etc/hosts
	diff want out
	# Who has gone is not in it.
	stop b
	run_cmd on a cat /etc/hosts
	run ! grep -q 10.0.0.2 out
	# The machine's is not for a virtual host to change, nor in its way.
	run_cmd on a "$PYTHON" -c 'open("/etc/hosts", "a").close()'
	run_cmd on a cmp /etc/resolv.conf /etc/resolv.conf
	# Only that path.
	run_cmd on a cat /etc/../etc/hosts
	cmp out /etc/hosts
}

@test "files of the host's own in place of the machine's" {
	printf '%s\n' '# mine' '10.9.9.9 printer lp # a comment' \
		'fd00::9 printer' '10.0.0.7 b' >hosts
	echo 'nameserver 10.0.0.53' >resolv
	start_host a 10.0.0.1 -o hosts=hosts -o resolv=resolv
	start_host b 10.0.0.2
	run_cmd on a "$PYTHON" -c "$show" /etc/hosts
	printf '%s\n' "$(cat hosts)" $'10.0.0.1\ta' $'10.0.0.2\tb' | diff - out
	run_cmd on a "$PYTHON" -c "$show" /etc/resolv.conf
	diff resolv out
	run_cmd -1 on a "$PYTHON" -c 'open("/etc/hosts", "a")'
	expect_err 'PermissionError'
	run_cmd -1 on a "$PYTHON" -c 'open("/etc/resolv.conf", "w")'
	expect_err 'PermissionError'
	# libc's look-ups agree with it.
	run_cmd on a getent ahosts LP
	expect '^10\.9\.9\.9 '
	run_cmd on a getent ahosts printer
	expect '^10\.9\.9\.9 '
	expect '^fd00::9 '
	run_cmd on a getent hosts b
	expect '^10\.0\.0\.7 '
	run_cmd on a "$PYTHON" -c 'import socket
print(socket.gethostbyaddr("10.9.9.9")[0], socket.getfqdn("fd00::9"))'
	expect '^printer printer$'
	# What is in it now counts.
	echo '10.1.1.1 new' >hosts
	run_cmd on a getent hosts new
	expect '^10\.1\.1\.1 '
	# However long a line is: names at its end, and no lines within.
	"$PYTHON" -c 'print("10.1.1.2", "word " * 300, "last")
print("#".ljust(1023, "-") + "10.1.1.3 none")
print("10.1.1.4 other")' >hosts
	run_cmd on a getent hosts last
	expect '^10\.1\.1\.2 '
	run_cmd -2 on a getent hosts none
	run_cmd on a getent hosts other
	expect '^10\.1\.1\.4 '
	run_cmd on b cmp /etc/resolv.conf /etc/resolv.conf
}

@test "a private host's, by the launcher" {
	echo '10.9.9.9 printer' >hosts
	run_cmd shmhijack -b net -n me -o hosts=hosts cat /etc/hosts
	expect '^10\.9\.9\.9 printer$'
	expect '^10\.0\.0\.1	me$'
	run_bad 1 'no/such' 'No such file' shmhijack -b net -o hosts=no/such true
	run_bad 2 'host=x' 'hosts=FILE' shmhijack -b net -o host=x true
	run_bad 2 '-o' '-b BUS' shmhijack -o hosts=hosts true
	run_bad 2 'no/such' 'No such file' shmif_server -s -o resolv=no/such \
		"unix://$DIR/x.sock"
	run_bad 2 'x=y' 'hosts=FILE' shmif_server -s -o x=y "unix://$DIR/x.sock"
}

@test "dnsmasq serves those names, and node asks it by c-ares" {
	requires node dnsmasq
	echo 'nameserver 10.0.0.1' >resolv
	start_host dns 10.0.0.1
	start_host a 10.0.0.2 -o resolv=resolv
	start_bg dnsmasq on dns dnsmasq -k -u "$(id -un)" --no-resolv \
		--pid-file --listen-address=10.0.0.1 --bind-interfaces
	wait_udp dns 53
	run_cmd on a node -e 'require("dns").resolve4("a",
		(err, found) => console.log(err, found))'
	expect "null \[ '10\.0\.0\.2' \]"
}

@test "a topology's host has them" {
	local net=$BATS_TEST_DIRNAME/../scripts/shmif-net

	mkdir files
	echo '10.9.9.9 printer' >files/hosts
	echo 'nameserver 10.0.0.1' >files/resolv
	cat >files/two.net <<-'END'
		bus lan
		host a
		iface lan 10.0.0.1/24
		hosts hosts
		resolv resolv
		run cat /etc/hosts /etc/resolv.conf >found
		wait exit
	END
	run_cmd "$net" up files/two.net
	run_cmd "$net" down files/two.net
	printf '10.9.9.9 printer\n10.0.0.1\ta\n' | cat - files/resolv |
		diff - files/found
	echo hosts more >>files/two.net
	run_cmd -1 "$net" up files/two.net
	expect_err 'two.net:[0-9]+: hosts: the host has a file'
}
