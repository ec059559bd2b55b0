#!/usr/bin/env bats
# What is made for others: the archive that needs no network, Debian packages
# in a new system, builds on the next Debian, by clang and for arm64.

# shellcheck disable=SC2016 # shells of other systems expand these

load ../helpers
load ../helpers.net
load ../helpers.systems

root=$BATS_TEST_DIRNAME/../..
export LIMIT=1800

# usage: make_it ARGUMENT...
make_it() {
	requires make
	run_cmd env -u MAKEFLAGS -u MFLAGS make -s -j2 -C "$root" "$@"
}

# The libraries that a build needs, with commas between, as packages have it.
needs() {
	sed -n '/^Build-Depends:/,/^[^ B]/p' "$root/scripts/debian/control" |
		grep -o 'lib[a-z0-9.-]*-dev' | tr '\n' ,
}

# Two hosts, by the programs in PATH.
smoke='set -e
	cd /tmp && echo "hello from web" >index.html
	shmhijack -b wire -n web python3 -m http.server 80 2>/dev/null &
	shmhijack -b wire -w web:80 curl -s http://web/
	shmif bus show wire >/dev/null
	kill $!'

@test "make dist: builds where there is no network, and packs itself" {
	requires netns
	make_it dist B="$DIR/b"
	tar -xf b/shmhijack-*.tar.xz
	mv shmhijack-*/ src
	[ -f src/lwip/src/include/lwip/init.h ]
	[ -f src/lwip/COPYING ]
	[ ! -e src/.git ]
	alone=(unshare -n env -u B -u SAN -u MAKEFLAGS -u MFLAGS
		XDG_CACHE_HOME="$DIR/none" make -s -C src)
	run_cmd "${alone[@]}" -j2
	run_cmd src/build/shmhijack --version
	expect '^shmhijack [0-9]'
	run_cmd "${alone[@]}" dist
	tar -tf b/shmhijack-*.tar.xz | sort >first
	tar -tf src/build/shmhijack-*.tar.xz | sort >again
	run_cmd diff first again
	run_cmd cmp b/shmhijack-*.tar.xz src/build/shmhijack-*.tar.xz
}

@test "make deb: no complaints, and the packages work in a new system" {
	local suite pc

	requires dh lintian
	make_it deb B="$DIR/b"
	[ "$(find b/deb -name '*.deb' ! -name '*dbgsym*' | wc -l)" -eq 6 ]
	run_cmd lintian --fail-on error b/deb/*.changes
	run_cmd -2 env -u MAKEFLAGS -u MFLAGS make -s -C "$root" -o dist deb \
		B="$DIR/b" VERSION=99
	expect_err '^scripts/debian/changelog has no version 99$'
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	new_system new "$suite" curl,libc6-dev,libpcap0.8,python3,libvdeplug2,vdeplug
	find b/deb -name '*.deb' ! -name '*dbgsym*' -exec cp -t new/tmp {} +
	inside new sh -c 'dpkg -i /tmp/*.deb'
	inside new sh -c "$smoke"
	expect '^hello from web$'
	# The plug-in is where vdeplug looks.
	inside new sh -c 'shmif bus create one && shmif bus create two &&
		{ timeout 2 vde_plug shmif://one shmif://two || [ $? -eq 124 ]; } &&
		shmif bus remove one && shmif bus remove two'
	inside new sh -c 'shmif_server -i shmif0=old unix:///tmp/s &&
		cd /tmp && LD_PRELOAD=libshmhijack.so RUMP_SERVER=unix:///tmp/s \
		python3 -c "import socket
s = socket.socket(); s.bind((\"10.0.0.1\", 80)); print(s.getsockname())" &&
		LD_PRELOAD=librumphijack.so RUMP_SERVER=unix:///tmp/s true &&
		rump.ifconfig --version && shmif-net --version &&
		shmif -s unix:///tmp/s halt'
	expect "^\('10\.0\.0\.1', 80\)$"
	[ ! -s err ] || fail "something on stderr"
	cat >p.c <<-'END'
		#include <rump/rump.h>
		int main(void) { return rump_init(); }
	END
	pc="env PKG_CONFIG_SYSROOT_DIR=$DIR/new PKG_CONFIG_LIBDIR=$(
		echo "$DIR"/new/usr/lib/*/pkgconfig) pkg-config"
	# shellcheck disable=SC2046 # words
	run_cmd cc -o new/tmp/p p.c $($pc --cflags --libs rumpshm)
	inside new /tmp/p
	inside new sh -c 'dpkg -r shmhijack shmhijack-doc librumpshm-dev \
		librumpshm0 libshmhijack libvdeplug-shmif'
	[ -z "$(find new/usr -name '*shmif*' -o -name '*rumpshm*')" ]
}

@test "Debian 13: builds without a warning, and works" {
	make_it dist B="$DIR/b"
	new_system new trixie "$(needs)gcc,libc6-dev,make,curl,python3"
	tar -xf b/shmhijack-*.tar.xz -C new/tmp
	inside new sh -c 'cd /tmp/shmhijack-* && make -s -j2 WERROR=1 &&
		make -s install PREFIX=/usr && ldconfig'
	[ ! -s err ] || fail "something on stderr"
	inside new sh -c "$smoke"
	expect '^hello from web$'
}

@test "clang: builds without a warning, tests and all, and works" {
	requires clang
	make_it B="$DIR/b" CC=clang WERROR=1 LWIP_DIR="${LWIP_DIR:-$B/lwip}" tests
	PATH=$DIR/b:$PATH
	run_cmd sh -c "$smoke"
	expect '^hello from web$'
	run_cmd b/tests/h_rump self net
}

# The emulator knows no SO_COOKIE: sockets of the library do not work there, but
# a host does, and so do the tools and what happens on loading.
@test "arm64: builds, and a host of it is on a bus with one of this machine" {
	local deb n

	requires aarch64-linux-gnu-gcc qemu-aarch64
	new_system arm "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
		"$(needs)libc6-dev" --foreign --arch=arm64
	mkdir sys
	for deb in arm/var/cache/apt/archives/*.deb; do
		dpkg -x "$deb" sys
	done
	make_it B="$DIR/b" CC="aarch64-linux-gnu-gcc --sysroot=$DIR/sys" \
		AR=aarch64-linux-gnu-ar WERROR=1 \
		LWIP_DIR="${LWIP_DIR:-$B/lwip}" all
	export QEMU_LD_PREFIX=$DIR/sys
	start_bg arm qemu-aarch64 b/shmif_server -s \
		-i shmif0=net,10.0.0.1/24,name=arm "unix://$DIR/arm.sock"
	wait_for -60 host_up arm
	start_host native 10.0.0.2
	run_cmd tool native ping -c 2 10.0.0.1
	run_cmd qemu-aarch64 b/shmif -s "unix://$DIR/arm.sock" ifconfig shmif0
	expect 'inet 10\.0\.0\.1/24'
	run_cmd qemu-aarch64 b/shmif dump net
	expect 'icmp 10\.0\.0\.1 > 10\.0\.0\.2 echo-reply'
	# The jump of hijack/dl.c.
	cat >dl.c <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <stdio.h>
		static const char *of(void *p)
		{
			Dl_info i;

			return p && dladdr(p, &i) ? i.dli_fname : "none";
		}
		int main(void)
		{
			int how = RTLD_NOW | RTLD_DEEPBIND;
			void *libc = dlopen("libc.so.6", how);

			printf("socket %s\n", of(dlsym(libc, "socket")));
			printf("version %s\n", of(dlvsym(libc, "socket",
			    "GLIBC_2.17")));
			printf("default %s\n", of(dlsym(RTLD_DEFAULT, "bind")));
			printf("strlen %s\n", of(dlsym(libc, "strlen")));
			printf("nothing %s\n", of(dlsym(libc, "no_such_thing")));
			return !dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
		}
	END
	run_cmd aarch64-linux-gnu-gcc --sysroot="$DIR/sys" -o dl dl.c
	run_cmd qemu-aarch64 -E LD_PRELOAD="$DIR/b/libshmhijack.so" \
		-E RUMP_SERVER="unix://$DIR/arm.sock" ./dl
	for n in socket version default; do
		expect "^$n .*/libshmhijack.so$"
	done
	expect '^strlen .*/libc\.so\.6$'
	expect '^nothing none$'
}
