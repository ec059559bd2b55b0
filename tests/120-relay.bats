#!/usr/bin/env bats
# Hosts that are reached by tcp://: what programs see is what they see of a
# host on their own machine.

load helpers
load helpers.net

setup() {
	common_setup
	export OVER=tcp
}

# Of the process that programs share.  usage: relays HOST
relays() {
	local pid

	for pid in $(leftovers); do
		! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null |
			grep -q "^shmif_relay $(url_of "$1") " || echo "$pid"
	done
}

relays_are() {
	[ "$(relays "$1" | wc -w)" -eq "$2" ]
}

@test "tcp://: connections, datagrams, and how they end" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg there on b "$PYTHON" "$BATS_TEST_DIRNAME/h_relay.py" there \
		10.0.0.1
	wait_listen b 7000
	run_cmd on a "$PYTHON" "$BATS_TEST_DIRNAME/h_relay.py" here 10.0.0.1 \
		10.0.0.2
	wait_for gone "${PID[there]}"
	[ ! -s there.log ]
}

@test "tcp://: curl up and down, every byte" {
	mkdir up
	random_file up/big 20000000
	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	start_http web a 80 0 up
	run_cmd on b curl -sS -o got http://10.0.0.1/big
	same_file got up/big
	run_cmd on b curl -sS -T up/big http://10.0.0.1/got
	same_file up/got up/big
}

@test "tcp://: the control tools" {
	start_host a 10.0.0.1
	OVER='' start_host b 10.0.0.2
	run_cmd tool a ifconfig shmif0
	expect 'inet 10\.0\.0\.1/24'
	run_cmd tool a ifconfig shmif0 inet 10.0.5.1/24 alias
	run_cmd tool a route add 10.7.0.0/16 10.0.0.2
	run_cmd tool a route -n show
	expect '^10\.7/16 +10\.0\.0\.2'
	run_cmd tool a sysctl net.inet.ip.ttl=33
	run_cmd tool a sysctl -n net.inet.ip.ttl
	expect '^33$'
	run_cmd tool a ping -c 2 10.0.0.2
	run_cmd tool a netstat -s
	run_cmd tool a log
	run_cmd on b true
	run_cmd tool a halt
	wait_for gone "${PID[a]}"
}

@test "tcp://: programs share one relay, which ends soon after the last" {
	start_host a 10.0.0.1
	for i in 1 2 3; do
		start_bg "nc$i" on a nc -l "$((8000 + i))"
		wait_listen a "$((8000 + i))"
	done
	relays_are a 1
	for i in 1 2 3; do stop "nc$i"; done
	wait_for -5 relays_are a 0
}

@test "tcp://: a host that is gone is seen to be" {
	start_host a 10.0.0.1
	start_bg nc on a nc -l 8000
	wait_listen a 8000
	kill9 a
	wait_for -3 gone "${PID[nc]}"
}

@test "tcp://: refused without a key, unless told --insecure" {
	run_bad 2 '^shmif_server: tcp://0:7000/: ' 'shmif key new .*--insecure' \
		shmif_server -i shmif0=net tcp://0:7000/
	for word in --insecur --in --i; do
		run_bad 2 "^shmif_server: $word: " '--insecure' \
			shmif_server "$word" -i shmif0=net tcp://0:7000/
	done
	[ ! -e run/shmif/net ]
	start_host a 10.0.0.1
	in_file a.log '^shmif_relay: tcp://127.*--insecure'
}

@test "tcp://: what is wrong is one line" {
	local port url

	port=$(free_port)
	url=tcp://127.0.0.1:$port/
	run_bad 1 "$url: .*Connection refused" 'shmif_server tcp://' \
		shmif -s "$url" ifconfig
	for url in tcp://x tcp://x/ tcp://[::1/ tcp://a:0/ tcp://a:70000/ \
		tcp://@a:1/ tcp://a:1/b; do
		run_bad 2 'shmif: tcp://.*: ' 'tcp://\[NAME@]HOST:PORT/' \
			shmif -s "$url" ifconfig
	done
	# Another version, and what is no host at all.
	printf 'shmif-relay 99 1 le64 1\n' >new
	INPUT=new start_bg new nc -lN 127.0.0.1 "$port"
	printf 'SSH-2.0-OpenSSH\r\n' >other
	url=tcp://127.0.0.1:$port/
	wait_for listens_here "$port"
	run_bad 1 "$url: .*another version" 'install the same' \
		shmif -s "$url" ifconfig
	wait_for gone "${PID[new]}"
	INPUT=other start_bg other nc -lN 127.0.0.1 "$port"
	wait_for listens_here "$port"
	run_bad 1 "$url: " 'no shmif_server' shmif -s "$url" ifconfig
}

listens_here() {
	local hex

	printf -v hex %04X "$1"
	grep -q ":$hex 00000000:0000 0A" /proc/net/tcp
}

# The relay may have been started by the version before an upgrade.
@test "tcp://: a library of another version than the relay" {
	start_host a 10.0.0.1
	start_bg nc on a nc -l 8000
	wait_for relays_are a 1
	other_version
	run_cmd -7 env RUMP_SERVER="$(url_of a)" LD_PRELOAD="$DIR/libother.so" \
		curl http://10.0.0.1/
	expect_err 'what serves there is no shmif_server of this version'
}
