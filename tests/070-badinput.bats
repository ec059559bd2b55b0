#!/usr/bin/env bats
# What cannot be done is said in one line that names the thing and the remedy,
# with status 1, or 2 for a wrong call; and nothing is left behind.

# What is in single quotes is for another shell.
# shellcheck disable=SC2016
load helpers
load helpers.net

long=$(printf 'x%.0s' {1..120})

# A wrong call: status 2, the line that names the fault first, then the usage.
# usage: run_usage THING COMMAND...
run_usage() {
	run_cmd -2 "${@:2}"
	[ ! -s out ] || fail "something on stdout"
	[ -s err ] || fail "nothing on stderr"
	head -n 1 err | grep -qE -- "$1" || fail "it does not name $1"
	[ "$(wc -l <err)" -eq 1 ] || grep -q '^usage: ' err ||
		fail "neither one line nor the usage"
}

# Nothing is left of a server that did not start.
nothing_made() {
	[ ! -e b.sock ] || fail "a stale socket"
	[ -z "$(orphans)" ] || fail "an orphan process"
	[ -z "$(find . -name '.shmif*' -o -name '*.tmp')" ] ||
		fail "a half-made bus"
}

# usage: bad_server STATUS THING REMEDY ARGUMENT...
bad_server() {
	run_bad "$1" "$2" "$3" shmif_server "${@:4}" unix://b.sock
	nothing_made
}

@test "wrong calls: unknown options, commands and missing arguments" {
	run_usage '-z: unknown' shmif_server -z unix://b.sock
	run_usage usage shmif_server
	run_usage 'extra: .*unix://path' shmif_server unix://b.sock extra
	run_usage foo shmif foo
	run_usage usage shmif
	run_usage -s shmif -s
	run_usage -z shmif dump -z net
	run_usage '-c x' shmif dump -c x net
	run_usage 'name a bus' shmif dump
	run_usage create shmif bus create
	run_usage foo=1 shmif bus create ./x foo=1
	run_usage foo shmif bus foo
	run_usage 'no argument' shmif version x
	run_usage '-z: unknown' shmhijack -z
	run_usage '-b: needs a value' shmhijack -b
	run_usage usage shmhijack -b net
	run_usage 'name a virtual host' shmhijack ls
	run_usage 'need a bus' shmhijack -a 10.0.0.1/24 ls
	run_usage 'a,b: .* no comma' shmhijack -b a,b ls
	run_usage "$DIR/a,b: .* no comma" shmhijack -b "$DIR/a,b" ls
	run_usage '\.\.: not a name' shmhijack -b .. ls
	run_usage 'few letters' shmhijack -b "$long$long${long:0:11}" ls
	# A program of the machine's, of which one may think as a command.
	run_usage 'ls: .* shmhijack ls ' shmif ls
	run_usage '-s names a host that exists' shmhijack -s unix://a -b net ls
	[ ! -e x ]
	nothing_made
}

@test "malformed and unusable URLs" {
	local remedy='unix://path|shorter directory'

	for url in http://x x.sock unix:// unix:x "unix://$long"; do
		run_bad 2 "$url: " "$remedy" shmif_server "$url"
		run_bad 2 "$url: " "$remedy" shmif -s "$url" ifconfig
		run_bad 2 "$url: " "$remedy" shmhijack -s "$url" ls
		run_bad 1 "$url: " "$remedy" env RUMP_SERVER="$url" \
			LD_PRELOAD="$HIJACK" ls
	done
	# A directory so deep that no relative name fits.
	mkdir -p "$long"
	cd "$long"
	run_bad 2 'unix://b.sock: ' 'shorter directory' \
		shmif_server unix://b.sock
}

@test "server sockets that cannot be made" {
	start_host a 10.0.0.1
	echo content >plain
	mkdir dir
	run_bad 1 "$DIR/a.sock: a server runs there" 'shmif halt' \
		shmif_server unix://a.sock
	run_bad 1 "$DIR/plain: " 'another' shmif_server unix://plain
	run_bad 1 "$DIR/dir: " 'another' shmif_server unix://dir
	run_bad 1 "$DIR/none/b.sock: " 'directory' \
		shmif_server unix://none/b.sock
	[ "$(cat plain)" = content ]
	host_up a
	# A bus that it was on already is left in order.
	run_bad 1 "$DIR/none/b.sock: " . \
		shmif_server -i shmif0=net,10.0.0.2/24 unix://none/b.sock
	has_members net 1
}

@test "a stale socket is no obstacle" {
	start_host a 10.0.0.1
	kill9 a
	[ -S a.sock ]
	start_host a 10.0.0.1
}

@test "interfaces and addresses" {
	start_host a 10.0.0.1
	bad_server 2 'eth0=net' 'shmif' -i eth0=net,10.0.0.2/24
	bad_server 1 'eth0' 'shmifN' -i eth0,10.0.0.2/24
	bad_server 1 'shmifx' 'shmifN' -i shmifx=net
	bad_server 2 '-i shmif0: ' 'shmif0=BUS' -i shmif0
	bad_server 2 '-i shmif0=: ' 'shmif0=BUS' -i shmif0=
	bad_server 2 '10\.0\.0\.256/24' '10\.0\.0\.1/24' \
		-i shmif0=net,10.0.0.256/24
	bad_server 2 '10\.0\.0\.2/33' '10\.0\.0\.1/24' -i shmif0=net,10.0.0.2/33
	bad_server 2 'mtu=5' '576 to' -i shmif0=net,10.0.0.2/24,mtu=5
	bad_server 2 'mac=01:' 'mac=02:' \
		-i shmif0=net,10.0.0.2/24,mac=01:00:00:00:00:01
	bad_server 2 'name=' '1 to 63' -i shmif0=net,10.0.0.2/24,name=
	bad_server 1 'shmif0 exists' 'destroy' \
		-i shmif0=net,10.0.0.2/24 -i shmif0=net,10.0.0.3/24
	bad_server 1 'shmif0: .*10\.0\.0\.1 is in use.*slot 0' 'another' \
		-i shmif0=net,10.0.0.1/24
	bad_server 2 'nonsense' 'DEST/PLEN=GATEWAY' -r nonsense
	bad_server 1 'default=10\.9\.9\.9' 'gateway must' \
		-i shmif0=net,10.0.0.2/24 -r default=10.9.9.9
	has_members net 1
	run_bad 2 '-a foo' '10\.0\.0\.2/24' shmhijack -b net -a foo ls
	run_bad 2 '-a 10\.0\.0\.1/99' '/24' shmhijack -b net -a 10.0.0.1/99 ls
	run_bad 2 '-n a b' 'letters' shmhijack -b net -n 'a b' ls
	run_bad 2 '-g x' 'address' shmhijack -b net -g x ls
}

# Files that are no bus, with what is said of each.
bad_buses() {
	run_cmd shmif bus create ./good
	echo short >short
	head -c 100000 /dev/urandom >foreign
	head -c 100000 good >truncated
	cp good version
	# The version stands behind the magic of eight bytes.
	printf '\x63' | dd of=version bs=1 seek=8 conv=notrunc status=none
	mkdir dir
	mkfifo fifo
	cat >bad <<-X
		./short	not a bus	remove
		./foreign	not a bus	remove
		./truncated	damaged	remove
		./version	version 99	remove
		./dir	(directory|not a regular)	name a
		./fifo	not a regular	name another
		/dev/null	not a regular	name another
		./none/bus	no such directory	make it
	X
}

@test "files that are no bus, and those of other versions" {
	bad_buses
	sha256sum short foreign truncated version >before
	while IFS=$'\t' read -r path what remedy; do
		bad_server 1 "$path: .*$what" "$remedy" -i "shmif0=$path"
		run_bad 1 "$path: |${path#.}: " "$remedy" env \
			SHMIF_BUS="$path" LD_PRELOAD="$HIJACK" \
			nc -z 10.0.0.1 1
		[ "$path" != ./none/bus ] ||
			what='No such file' remedy='that is there'
		run_bad 1 "${path#.}: .*($what)" "$remedy" shmif dump "$path"
		run_bad 1 "${path#.}: .*($what)" "$remedy" shmif bus show "$path"
		run_bad 1 "${path#.}: .*($what)" "$remedy" \
			shmif bus remove "$path"
	done <bad
	sha256sum -c --quiet before
	nothing_made
}

@test "bus create: what it refuses" {
	run_bad 2 'size=3M' 'power of two' shmif bus create ./x size=3M
	run_bad 2 'mtu=1' '576' shmif bus create ./x mtu=1
	run_bad 2 'subnet=10\.0\.0\.1/24' '10\.0\.0\.0/24' \
		shmif bus create ./x subnet=10.0.0.1/24
	[ ! -e x ]
	run_cmd shmif bus create ./x
	run_bad 1 "$DIR/x: exists" 'remove it' shmif bus create ./x
	run_bad 1 'none/x: ' 'that is there' shmif bus create none/x
	run_bad 1 '\.x: ' 'letters' shmif bus create .x
	run_bad 1 'too long' 'shorter|another' \
		shmif bus create "./$long$long$long"
	nothing_made
}

@test "the limit on file sizes when the bus is created" {
	bash -c "ulimit -f 1000; exec shmif bus create ./bus" >out 2>err &&
		fail "it was created"
	grep -q "$DIR/bus: .*limit.*ulimit -f" err
	[ "$(wc -l <err)" -eq 1 ]
	[ ! -e bus ]
	nothing_made
}

@test "disk full when the bus is created" {
	requires root mountns
	mkdir small
	# shellcheck disable=SC2016
	run_cmd unshare -m sh -c 'mount -t tmpfs -o size=1m none small &&
		! shmif bus create small/bus && ls -A small &&
		! shmif_server -i shmif0=small/bus2 unix://b.sock &&
		! env SHMIF_BUS=small/bus3 LD_PRELOAD="$0" nc -z 10.0.0.1 1 &&
		ls -A small && shmif bus create small/bus4 size=256k &&
		ls -A small' "$HIJACK"
	[ "$output" = bus4$'\n'bus4.lock ]
	[ "$(grep -cE 'small/bus[23]?: no space.*free some' err)" -eq 3 ]
	nothing_made
}

@test "no directory for buses and private hosts" {
	requires root mountns /usr/bin/python3
	mkdir -m 777 shm
	chmod 711 .
	mkdir bin
	cp "$B"/{shmif_server,libshmhijack.so} bin
	# The per-user directory cannot be made; a bus by its path is none the less
	# no way out.
	for bus in net "$DIR/shm/bus"; do
		run_cmd unshare -m sh -ec 'mount -t tmpfs -o ro none /dev/shm
			exec setpriv --reuid=65534 --regid=65534 --clear-groups \
				env -u XDG_RUNTIME_DIR SHMIF_BUS="$1" \
				LD_PRELOAD="$2" "$3" -c "$4"' \
			sh "$bus" "$DIR/bin/libshmhijack.so" /usr/bin/python3 \
			"$errno_of"
		[ "$output" = $'ENETDOWN\nENETDOWN' ]
		[ "$(wc -l <err)" -eq 1 ]
		expect_err '/dev/shm/shmif-65534: .*Read-only.*; set XDG_RUNTIME_DIR'
	done
}

@test "no permission for the server's socket" {
	requires root
	chmod 711 .
	start_host a 10.0.0.1
	mkdir bin
	cp "$B"/{shmif,shmif_server,libshmhijack.so} bin
	[ -z "$SAN" ] || skip "nobody may not write the sanitizer's log"
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	run_bad 1 'a\.sock: ' '[Pp]ermission' "${nobody[@]}" "$DIR/bin/shmif" \
		-s "unix://$DIR/a.sock" ifconfig
	run_bad 1 'a\.sock: no permission' . "${nobody[@]}" env \
		RUMP_SERVER="unix://$DIR/a.sock" \
		LD_PRELOAD="$DIR/bin/libshmhijack.so" nc -z 10.0.0.1 1
	run_bad 1 "$DIR/b.sock: " '[Pp]ermission' "${nobody[@]}" \
		"$DIR/bin/shmif_server" "unix://$DIR/b.sock"
}

# What a program sees where there is no host, and that it says nothing of
# ours on stdout.
errno_of='import errno, socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    try:
        socket.socket(socket.AF_INET, kind)
        print("no error")
    except OSError as e:
        print(errno.errorcode[e.errno])'

@test "no server: the tool says how to start one, a program gets ENETDOWN" {
	run_bad 1 '/a\.sock: no server there' 'shmif_server unix://.*/a' \
		shmif -s unix://a.sock ifconfig
	run_bad 1 'no virtual host named' 'RUMP_SERVER' shmif ifconfig
	run_bad 1 '/a\.sock: no server there' 'shmif_server' \
		shmif -s unix://a.sock halt
	run_bad 2 'a\.sock: no server there' 'shmif_server' \
		shmif -s unix://a.sock ping -c 1 10.0.0.1
	run_cmd env RUMP_SERVER=unix://a.sock LD_PRELOAD="$HIJACK" \
		"$PYTHON" -c "$errno_of"
	[ "$output" = $'ENETDOWN\nENETDOWN' ]
	[ "$(wc -l <err)" -eq 1 ]
	expect_err 'a\.sock: no server there; start one with shmif_server'
	run_cmd env LD_PRELOAD="$HIJACK" "$PYTHON" -c "$errno_of"
	[ "$output" = $'ENETDOWN\nENETDOWN' ]
	[ "$(wc -l <err)" -eq 1 ]
	expect_err 'neither RUMP_SERVER nor SHMIF_BUS is set'
	# What is no socket, or another's.
	echo content >plain
	run_bad 1 'plain: ' 'not a socket|no server' \
		shmif -s unix://plain ifconfig
	start_bg other "$PYTHON" -c 'import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind("other.sock")
s.listen()
time.sleep(60)'
	wait_for [ -S other.sock ]
	allow other.sock
	run_bad 1 'other\.sock: ' 'no shmif_server' \
		shmif -s unix://other.sock ifconfig
}

@test "a private host that cannot be: the errno, one line, and no second try" {
	start_host a 10.0.0.1
	for setting in SHMIF_ADDR=foo SHMIF_ADDR=10.0.0.1 SHMIF_GATEWAY=foo \
		SHMIF_GATEWAY=10.9.9.9 SHMIF_BUS=./none/bus \
		XDG_RUNTIME_DIR="$DIR/$long"; do
		mkdir -p "$DIR/$long"
		run_cmd env SHMIF_BUS=net SHMIF_ADDR=10.0.0.2 "$setting" \
			LD_PRELOAD="$HIJACK" "$PYTHON" -c "$errno_of"
		[ "$output" = $'ENETDOWN\nENETDOWN' ]
		[ "$(wc -l <err)" -eq 1 ]
		expect_err '(foo|10\.0\.0\.1|10\.9\.9\.9|none/bus|XDG_RUNTIME)'
	done
	run_bad 1 'SHMIF_NAME' 'longer than 63 bytes' env SHMIF_BUS=net SHMIF_NAME="$long" \
		LD_PRELOAD="$HIJACK" ls
	# A server that cannot be executed.
	mkdir alone
	cp "$B/libshmhijack.so" alone
	if [ ! -e /usr/local/bin/shmif_server ]; then
		run_cmd env SHMIF_BUS=net \
			LD_PRELOAD="$SAN_PRELOAD:$DIR/alone/libshmhijack.so" \
			"$PYTHON" -c "$errno_of"
		[ "$output" = $'ENETDOWN\nENETDOWN' ]
		expect_err 'cannot run shmif_server'
	fi
	has_members net 1
}

@test "the host is gone while the tool uses it" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg ping shmif -s unix://b.sock ping -c 30 -i 0.1 10.0.0.1
	wait_for in_file ping.log 'icmp_seq=2'
	kill9 b
	wait_for gone "${PID[ping]}"
	in_file ping.log 'the virtual host is gone'
	in_file ping.log '0% packet loss'
	run_bad 1 'b\.sock: no server there' 'shmif_server' \
		shmif -s unix://b.sock ifconfig
}

@test "a bus that is truncated under a host harms only itself" {
	run_cmd shmif bus create ./bus
	start_bg a shmif_server -s -i shmif0=./bus,10.0.0.1/24 \
		-i shmif1=net,10.1.0.1/24 unix://a.sock
	wait_for host_up a
	start_host b 10.1.0.2
	start_bg dump shmif dump -f ./bus
	wait_for in_file dump.log arp
	: >bus
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.2
	wait_for in_file a.log 'shmif0: .*the bus is broken.*remove it'
	wait_for gone "${PID[dump]}"
	in_file dump.log 'the bus is broken'
	# The host and its other bus go on.
	run_cmd shmif -s unix://a.sock ping -c 1 10.1.0.2
	run_cmd shmif -s unix://a.sock ifconfig shmif0
	run_cmd shmif -s unix://a.sock ifconfig shmif0 destroy
	run_cmd shmif -s unix://a.sock halt
	rm -f bus bus.lock
}

@test "a bus full of rubbish under a host harms only itself" {
	run_cmd shmif bus create ./bus
	start_bg a shmif_server -s -i shmif0=./bus,10.0.0.1/24 \
		-i shmif1=net,10.1.0.1/24 unix://a.sock
	wait_for host_up a
	start_host b 10.1.0.2
	dd if=/dev/urandom of=bus bs=4096 seek=0 count=1000 conv=notrunc \
		status=none
	run_cmd -1 shmif -s unix://a.sock ping -c 1 -W 1 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.1.0.2
	run_cmd shmif -s unix://a.sock halt
	rm -f bus bus.lock
}

@test "a library of another version than the host" {
	start_host a 10.0.0.1
	other_version
	run_cmd -7 env RUMP_SERVER="$(url_of a)" LD_PRELOAD="$DIR/libother.so" \
		curl http://10.0.0.1/
	expect_err 'what serves there is no shmif_server of this version'
	run_cmd tool a netstat -s
	expect '[1-9].* request\.other_version'
}
