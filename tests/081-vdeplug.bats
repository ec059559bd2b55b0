#!/usr/bin/env bats
# libvdeplug_shmif.so: what has a plug of VDE is a member of a bus.

load helpers
load helpers.net

setup() {
	common_setup
	[ -e "$B/libvdeplug_shmif.so" ] ||
		skip "built without libvdeplug_mod.h (libvdeplug-dev)"
	requires nosan vde_plug
	lib=$(ldconfig -p | sed -n 's/.*libvdeplug\.so\.2 .*=> //p' | head -n 1)
	export VDEPLUGIN_PATH=$B:${lib%/*}/vdeplug
}

# Bridge two plugs.  usage: start_plug NAME VNL VNL
start_plug() {
	start_bg "$1" vde_plug "$2" "$3"
}

pings() {
	tool "$1" ping -c 1 -W 1 "$2" >/dev/null 2>&1
}

# Two buses of 1500, a host on each, and the plug between them.
start_two() {
	run_cmd shmif bus create one mtu="${1:-1500}"
	run_cmd shmif bus create two mtu="${1:-1500}"
	BUS=one start_host a 10.9.0.1
	BUS=two start_host b 10.9.0.2
	start_plug plug shmif://one "shmif://$DIR/run/shmif/two"
	wait_for pings a 10.9.0.2
}

@test "vde_plug between two buses: pings and files, both ways" {
	random_file file 10000000
	start_two
	run_cmd tool a ping -c 3 -i 0.1 10.9.0.2
	expect ' 0% packet loss'
	run_cmd tool b ping -c 1 -s 8000 10.9.0.1
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.9.0.1/file
	same_file got file
	start_http web2 b 80
	run_cmd on a curl -sS -o got2 http://10.9.0.2/file
	same_file got2 file
	run_cmd shmif bus show one
	expect ', 2 of 256'
	# Its slots are free again, and the hosts go on.
	stop plug
	wait_for has_members one 1
	wait_for has_members two 1
	start_plug plug shmif://one shmif://two
	wait_for pings a 10.9.0.2
	kill9 plug
	wait_for has_members one 1
}

@test "vdens: a namespace of the kernel on the bus" {
	requires vdens netns
	run_cmd shmif bus create one mtu=1500
	BUS=one start_host a 10.9.0.1
	echo "a's" >it
	start_http web a 80
	# shellcheck disable=SC2016
	run_cmd vdens shmif://one sh -ec 'ip addr add 10.9.0.9/24 dev vde0
		ip link set vde0 up
		ping -c 1 -W 5 10.9.0.1
		exec curl -sS http://10.9.0.1/it'
	expect "^a's"
	wait_for has_members one 1
}

@test "frames of up to 9,216 bytes; what is longer is told once" {
	start_two 9216
	run_cmd tool a ping -c 1 -D -s 9000 10.9.0.2
	stop plug
	run_cmd shmif bus create big
	BUS=big start_host c 10.9.0.3
	start_plug plug2 shmif://one shmif://big
	wait_for pings c 10.9.0.1
	run_cmd -1 tool c ping -c 3 -i 0.1 -W 1 -s 20000 10.9.0.1
	lines_are plug2.log 'shmif://big: .* 9216 .* mtu=' 1
}

@test "a host's vde interface on a bus by the plug-in; a bus that is not there" {
	run_cmd shmif bus create one mtu=1500
	BUS=one start_host a 10.9.0.1
	start_bg b shmif_server -s -i vde0,10.9.0.2/24=shmif://one \
		"unix://$DIR/b.sock"
	wait_for host_up b
	run_cmd tool b ping -c 2 -i 0.1 10.9.0.1
	run_cmd tool b ifconfig vde0 destroy
	wait_for has_members one 1
	run_cmd -1 vde_plug shmif:///none/x shmif://one
	expect_err 'shmif:///none/x: .*no such directory'
}

@test "a busy bus does not lose the plug's frames in order" {
	start_two
	start_bg iperf on a iperf3 -s -1
	wait_for has_socket a '[.*]5201 .*LISTEN'
	LIMIT=60 run_cmd on b iperf3 -c 10.9.0.1 -t 2 -P 2
	expect 'receiver'
	run_cmd tool a ping -c 2 -i 0.1 10.9.0.2
}
