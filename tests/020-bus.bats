#!/usr/bin/env bats
# The bus: who sees which frames, who may use it, and how it is made.

load helpers
load helpers.net

followed() {
	[ "$(tcpdump -nr dump.pcap 2>/dev/null | grep -c 'ICMP echo')" -eq "$1" ]
}

@test "three hosts on one bus: each sees all frames" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_host c 10.0.0.3
	start_bg dump shmif dump -f -p dump.pcap net
	wait_for [ -s dump.pcap ]
	for pair in 'a 2' 'b 3' 'c 1'; do
		run_cmd shmif -s "unix://${pair% *}.sock" ping -c 2 -i 0.1 \
			"10.0.0.${pair#* }"
		expect '2 received'
	done
	frames net >all
	for way in '1 > 10.0.0.2' '2 > 10.0.0.3' '3 > 10.0.0.1'; do
		[ "$(grep -c "IP 10.0.0.$way: ICMP echo request" all)" -eq 2 ]
	done
	[ "$(grep -c 'ICMP echo reply' all)" -eq 6 ]
	# Each host's interface has taken in what concerns it.
	run_cmd shmif bus show net
	[ "$(grep -c ', 0 lost;' out)" -eq 3 ]
	# A follower has written the same frames.
	wait_for followed 12
	stop dump INT
}

@test "two buses do not see each other" {
	BUS=one start_host a 10.0.0.1
	BUS=two start_host b 10.0.0.2
	BUS=two start_host c 10.0.0.3
	run_cmd shmif -s unix://b.sock ping -c 1 10.0.0.3
	run_cmd -1 shmif -s unix://b.sock ping -c 1 -W 1 10.0.0.1
	expect '100% packet loss'
	frames one >one.txt
	frames two >two.txt
	in_file two.txt '10\.0\.0\.2 > 10\.0\.0\.3: ICMP echo request'
	in_file two.txt 'who-has 10\.0\.0\.1 tell 10\.0\.0\.2'
	run_cmd -1 grep -E '10\.0\.0\.[23]' one.txt
	run_cmd -1 grep -E 'Reply 10\.0\.0\.1 |10\.0\.0\.1 >' two.txt
}

@test "the same address on two buses" {
	echo one >one.txt
	BUS=one start_host a 10.0.0.1
	BUS=two start_host b 10.0.0.1
	mkdir a b
	echo 'on one' >a/file
	echo 'on two' >b/file
	start_bg web1 on a "$PYTHON" -m http.server -d a 80
	start_bg web2 on b "$PYTHON" -m http.server -d b 80
	wait_listen a 80
	wait_listen b 80
	run_cmd shmhijack -b one -a 10.0.0.2/24 curl -sS http://10.0.0.1/file
	expect '^on one$'
	run_cmd shmhijack -b two -a 10.0.0.2/24 curl -sS http://10.0.0.1/file
	expect '^on two$'
}

# A command as someone who may not write what we own.
as_nobody() {
	WORDS=("$@")
	[ "$(id -u)" -ne 0 ] || WORDS=(setpriv --reuid=65534 --regid=65534
		--clear-groups "$@")
}

@test "a bus without write permission refuses hosts, a readable one shows" {
	chmod 711 . run
	# The build's folder may be closed to others.
	mkdir bin
	cp "$B"/{shmif,shmif_server,libshmhijack.so} bin
	[ -n "$SAN" ] && [ "$(id -u)" -eq 0 ] &&
		skip "nobody may not write the sanitizer's log"
	mkdir -m 777 other
	run_cmd shmif bus create ./bus
	start_bg a shmif_server -s -i shmif0=./bus,10.0.0.1/24 unix://a.sock
	wait_for host_up a
	chmod 444 bus
	as_nobody "$DIR/bin/shmif_server" -i "shmif0=$DIR/bus,10.0.0.2/24" \
		"unix://$DIR/other/b.sock"
	run_bad 1 "$DIR/bus" 'permission.*write.*chmod' "${WORDS[@]}"
	[ ! -e other/b.sock ]
	as_nobody "$DIR/bin/shmif" dump -p - "$DIR/bus"
	run_cmd "${WORDS[@]}"
	mv out out.pcap
	tcpdump -nr out.pcap 2>/dev/null | grep -q 10.0.0.1
	chmod 400 bus
	if [ "$(id -u)" -eq 0 ]; then
		run_bad 1 "$DIR/bus" 'permission.*read' "${WORDS[@]}"
	fi
	chmod 600 bus
}

@test "bus create: size, mtu and subnet" {
	run_cmd shmif bus create net size=1M mtu=1500 subnet=192.168.7.0/28
	run_cmd shmif bus show net
	expect 'size 1M, mtu 1500, subnet 192\.168\.7\.0/28, 0 of'
	run_cmd shmif_server -i shmif0=net unix://a.sock
	run_cmd shmif -s unix://a.sock ifconfig shmif0
	expect 'mtu 1500'
	expect 'inet 192\.168\.7\.1/28'
	run_cmd shmif -s unix://a.sock halt
	run_cmd shmif bus list
	expect '/net: size 1M'
}

@test "bus remove: not while someone is on it" {
	start_host a 10.0.0.1
	run_bad 1 '/net: 1 member' 'shmif bus show' shmif bus remove net
	has_members net 1
	stop a
	run_cmd shmif bus remove net
	run_bad 1 '/net: no such bus' 'shmif bus create' shmif bus show net
}

@test "bus show lists members: slot, name, addresses, counters" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_cmd shmif bus show net
	expect ", 2 of [0-9]+ slots"
	expect "^ +0 +[0-9a-f:]{17} +${PID[a]} +a 10\.0\.0\.1/24"
	expect "^ +1 +[0-9a-f:]{17} +${PID[b]} +b 10\.0\.0\.2/24"
	expect 'sent [1-9][0-9]* frames.*received [1-9][0-9]* frames.* 0 lost'
	run_cmd shmif bus show --json net
	"$PYTHON" -c 'import json, sys
bus = json.load(open("out"))
print(bus)
assert bus["mtu"] == 32768' || fail "not the JSON wanted"
}

@test "twenty programs at once make one and the same bus" {
	for i in {1..20}; do
		start_bg "p$i" at "10.0.0.$i" "$PYTHON" -c 'import socket, time
s = socket.socket()
print("made")
time.sleep(60)'
	done
	for i in {1..20}; do
		wait_for in_file "p$i.log" .
		[ "$(cat "p$i.log")" = made ]
	done
	run_cmd shmif bus show net
	expect ', 20 of'
	[ "$(grep -cE ' 10\.0\.0\.[0-9]+/24$' out)" -eq 20 ]
}

@test "hosts of different MTU talk" {
	random_file big 5000000
	start_bg a shmif_server -s -i shmif0=net,10.0.0.1/24,mtu=1500 \
		unix://a.sock
	wait_for host_up a
	start_host b 10.0.0.2
	start_http web a 80
	run_cmd on b curl -sS -o got http://10.0.0.1/big
	same_file got big
	run_cmd on b curl -sS -T big http://10.0.0.1/up
	same_file up big
}

# In a file system of 8 MiB of its own.
@test "a full disk: who is on a bus goes on, and a new bus is refused" {
	local own=(unshare -m)

	unshare -m true 2>/dev/null || own=(unshare -rm)
	"${own[@]}" true 2>/dev/null || requires mountns
	mkdir full
	cat >script <<-'X'
		set -e
		mount -t tmpfs -o size=8m none full
		shmif bus create full/bus
		shmif_server -i shmif0=full/bus,10.0.0.1/24 unix://a.sock
		shmif_server -i shmif0=full/bus,10.0.0.2/24 unix://b.sock
		head -c 16M /dev/zero >full/rest || :
		[ "$(df --output=avail full | tail -n 1)" -eq 0 ]
		shmif -s unix://a.sock ping -c 300 -i 0.001 -s 30000 10.0.0.2
		shmif_server -i shmif0=full/bus,10.0.0.3/24 unix://c.sock
		shmif -s unix://c.sock ping -c 1 10.0.0.1
		! shmif bus create full/other 2>&1
		for i in a b c; do shmif -s unix://$i.sock halt; done
		[ "$(cd full && echo *)" = 'bus bus.lock rest' ]
	X
	run_cmd "${own[@]}" bash script
	expect '300 received'
	expect 'full/other: no space for a bus'
}

@test "a full /dev/shm: private hosts go on, others join, no new bus" {
	local own=(unshare -m)

	unshare -m true 2>/dev/null || own=(unshare -rm)
	"${own[@]}" true 2>/dev/null || requires mountns
	cat >script <<-'X'
		set -e
		unset XDG_RUNTIME_DIR
		mount -t tmpfs -o size=8m none /dev/shm
		export SHMIF_BUS=lab
		SHMIF_ADDR=10.0.0.1 shmhijack "$PYTHON" "$HTTP" 80 &
		trap 'kill $!' EXIT
		until [ -e "/dev/shm/shmif-$(id -u)/lab" ]; do sleep 0.05; done
		export SHMIF_ADDR=10.0.0.2
		shmhijack curl -sS --retry 20 --retry-connrefused \
			--retry-delay 1 -o /dev/null http://10.0.0.1/
		head -c 16M /dev/zero >/dev/shm/rest || :
		[ "$(df --output=avail /dev/shm | tail -n 1)" -eq 0 ]
		shmhijack curl -sS -o /dev/null -w 'got %{http_code}\n' \
			http://10.0.0.1/
		! SHMIF_BUS=other shmhijack curl -sS http://10.0.0.1/ 2>&1
	X
	run_cmd env HTTP="$BATS_TEST_DIRNAME/h_http.py" PYTHON="$PYTHON" \
		"${own[@]}" bash script
	expect '^got 200$'
	expect 'other: no space for a bus'
}
