#!/usr/bin/env bats
# A library that speaks netlink by itself hears from a virtual host what it
# hears from Linux.

load ../helpers
load ../helpers.net

@test "pyroute2 gets the answers and errors that Linux gives" {
	requires root netns ip
	/usr/bin/python3 -c 'import pyroute2' || skip "no pyroute2"
	cat >linux.sh <<-'END'
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip link set shmif0 addrgenmode none
		ip addr add 10.0.0.1/24 dev shmif0
		ip link set shmif0 up
		ip link set peer0 up
		exec "$@"
	END
	run_cmd unshare -n sh linux.sh /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/../h_pyroute2.py" shmif0
	mv out linux
	start_host a 10.0.0.1
	run_cmd on a /usr/bin/python3 "$BATS_TEST_DIRNAME/../h_pyroute2.py" \
		shmif0
	diff linux out
}
