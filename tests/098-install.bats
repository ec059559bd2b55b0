#!/usr/bin/env bats
# make install and uninstall, programs from paths with spaces and colons, what
# pkg-config says, what the libraries export, and the names that NetBSD has.

# shellcheck disable=SC2016,SC2030,SC2031 # a PATH for each test

load helpers
load helpers.net

root=$BATS_TEST_DIRNAME/..

# The tree is built; "-o all" leaves it as it is.  usage: make_it ARGUMENT...
make_it() {
	requires make
	LIMIT=60 run_cmd env -u MAKEFLAGS -u MFLAGS make -C "$root" -o all "$@"
}

@test "install, again, and uninstall: with a DESTDIR, and spaces in both" {
	local to='a new/root' prefix='/opt/our own'

	make_it install DESTDIR="$DIR/$to" PREFIX="$prefix"
	find "$to" ! -type d | sort >first
	[ "$(wc -l <first)" -gt 50 ]
	make_it install DESTDIR="$DIR/$to" PREFIX="$prefix"
	find "$to" ! -type d | sort >second
	run_cmd diff first second
	grep -v "^$to$prefix/" first && fail "something beside the prefix"
	[ -z "$(find "$to" -xtype l)" ] || fail "links to nowhere"
	echo mine >"$to$prefix/bin/mine"
	make_it uninstall DESTDIR="$DIR/$to" PREFIX="$prefix"
	[ "$(find "$to" ! -type d)" = "$to$prefix/bin/mine" ]
	make_it uninstall DESTDIR="$DIR/$to" PREFIX="$prefix"
}

@test "installed with a LIBDIR, which the programs know" {
	make_it install DESTDIR="$DIR/root" PREFIX=/usr LIBDIR=/usr/lib/there
	[ -f root/usr/lib/there/libshmhijack.so ]
	[ -f root/usr/lib/there/librumpshm.so.0 ]
	[ ! -e root/usr/lib/libshmhijack.so ]
	[ -x root/usr/lib/wireshark/extcap/shmif ]
	make_it install DESTDIR="$DIR/root" PREFIX=/usr EXTCAPDIR=/ext
	[ -x root/ext/shmif ]
	in_file root/usr/lib/there/pkgconfig/rumpshm.pc '^libdir=/usr/lib/there$'
}

@test "programs from a path with spaces and colons" {
	local at="$DIR/our: new programs"

	requires nosan
	make_it install PREFIX="$at"
	# No entry of PATH can have a colon.
	ln -s "$at/bin" bin
	export PATH=$DIR/bin:$PATH
	run_cmd "$at/lib/wireshark/extcap/shmif" --extcap-dlts
	echo 'hello from there' >index.html
	start_bg web shmhijack -b net -n web "$PYTHON" -m http.server 80
	run_cmd "$at/bin/shmhijack" -b net -w web:80 curl -s http://web/
	expect '^hello from there$'
	# What it starts finds the library, too.
	run_cmd shmhijack -b net sh -c \
		'env -i sh -c "curl -s http://web/"; readlink "$LD_PRELOAD"'
	expect '^hello from there$'
	expect "^$at/lib/libshmhijack.so$"
	run_cmd shmhijack -b net shmhijack --no-hijack sh -c 'echo "<$LD_PRELOAD>"'
	expect '^<>$'
	# The server that the library started is the one beside it.
	run_cmd sh -c "readlink /proc/[0-9]*/exe | grep -F '$at/bin/shmif_server'"
	run_cmd shmif bus show net
	run_cmd shmif-net --version
}

@test "no place for a link: one line, and nothing is run" {
	requires nosan
	make_it install PREFIX="$DIR/a b"
	mkdir -m 700 'r n'
	run_bad 1 "$DIR/a b/lib/libshmhijack.so" 'move the library' \
		env XDG_RUNTIME_DIR="$DIR/r n" "$DIR/a b/bin/shmhijack" \
		-b ./net echo here
}

# Without a version, since the dynamic linker gives a reference to a version of
# libc's nothing but that version, or what has none.
@test "the preload library's names have no version, which would not do" {
	requires cc readelf
	run_cmd readelf -V "$B/libshmhijack.so"
	! grep -q "Version definition" out || fail "it defines versions"
	run_cmd sh -c "readelf -d '$B/libshmhijack.so' | grep SONAME"
	expect '\[libshmhijack\.so\]'
	run_cmd sh -c "readelf -d '$B/librumpshm.so' | grep SONAME"
	expect '\[librumpshm\.so\.0\]'
	echo 'int socket(int a, int b, int c) { return a + b + c + 1000; }' >s.c
	cat >p.c <<-'END'
		#include <stdio.h>
		#include <sys/socket.h>
		int main(void) { printf("%d\n", socket(-1, 0, 0)); return 0; }
	END
	echo '{ global: socket; local: *; };' >anon.map
	echo 'OURS_1 { global: socket; local: *; };' >named.map
	for i in anon named; do
		run_cmd cc -shared -fPIC -Wl,--version-script=$i.map \
			-o $i.so s.c
	done
	run_cmd cc -o p p.c
	run_cmd env LD_PRELOAD="$DIR/anon.so" ./p
	expect '^999$'
	run_cmd env LD_PRELOAD="$DIR/named.so" ./p
	expect '^-1$'
}

@test "the names that NetBSD has: rump_server, librumphijack.so" {
	make_it install PREFIX="$DIR/usr"
	export PATH=$DIR/usr/bin:$PATH
	start_host a 10.0.0.1
	echo 'hello from a' >index.html
	start_http web a 80
	start_bg b rump_server -sv -l rumpnet -lrumpnet_net -l rumpnet_shmif \
		-c 2 -l rumpfs_ffs -d key=/dk,hostpath=disk,size=1m -r 64m \
		unix://b.sock
	wait_for host_up b
	in_file b.log ' error -l rumpnet -l rumpnet_net -l rumpnet_shmif: not needed, '
	in_file b.log ' error -c 2 -l rumpfs_ffs -d key=/dk,hostpath=disk,size=1m -r 64m: without effect, '
	export RUMP_SERVER=unix://$DIR/b.sock
	run_cmd rump.ifconfig shmif0 create
	run_cmd rump.ifconfig shmif0 linkstr net
	run_cmd rump.ifconfig shmif0 inet 10.0.0.2/24
	run_cmd env LD_PRELOAD="$SAN_PRELOAD $DIR/usr/lib/librumphijack.so" \
		sh -c 'curl -s http://10.0.0.1/'
	expect '^hello from a$'
	run_cmd env LD_PRELOAD="$SAN_PRELOAD $DIR/usr/lib/librumphijack.so" \
		shmhijack --no-hijack sh -c 'echo "<$LD_PRELOAD>"'
	! grep librumphijack out || fail "it is still preloaded"
	run_cmd rump.halt
	# Those are not options of ours under our own name.
	run_cmd -2 shmif_server -l rumpnet unix://c.sock
	expect_err '^shmif_server: -l: unknown option'
}

@test "the names that NetBSD has: shmif_dumpbus, shmif_pcapin" {
	make_it install PREFIX="$DIR/usr"
	export PATH=$DIR/usr/bin:$PATH
	BUS=./busmem start_host a 10.0.0.1
	BUS=./busmem start_host b 10.0.0.2
	run_cmd tool a ping -c 1 10.0.0.2
	run_cmd shmif_dumpbus busmem
	expect ' 10\.0\.0\.1 > 10\.0\.0\.2'
	run_cmd shmif_dumpbus -h busmem
	expect 'subnet 10\.0\.0\.0/24'
	run_cmd shmif_dumpbus -p dump.pcap busmem
	run_cmd sh -c 'shmif_dumpbus -p - busmem | tcpdump -nr -'
	expect 'ICMP echo request'
	cp out before
	run_cmd shmif_pcapin dump.pcap busmem
	run_cmd sh -c 'shmif_dumpbus -p - busmem | tcpdump -nr -'
	[ "$(grep -c 'echo request' out)" -eq 2 ]
	run_bad 2 '^shmif_pcapin: ' 'usage: shmif_pcapin ' shmif_pcapin x
}

@test "musl: the build says what is missing, in one line" {
	requires make musl-gcc
	run_cmd -2 env -u MAKEFLAGS -u MFLAGS make -C "$root" B="$DIR/b" \
		CC=musl-gcc
	expect_err '^musl-gcc: not for glibc, whose dlvsym\(\), .* musl has none of them$'
	[ "$(grep -vc '^make' err)" -eq 1 ]
}
