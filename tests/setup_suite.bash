# Once before all tests: is everything there that they run?

setup_suite() {
	local need missing=()

	B=$(cd "${B:-build}" && pwd) || return
	export B SAN=${SAN:-} SAN_PRELOAD=${SAN_PRELOAD:-}
	for need in shmif shmif_server shmhijack libshmhijack.so; do
		[ -e "$B/$need" ] || missing+=("$B/$need")
	done
	for need in curl nc python3 setpriv setsid sha256sum tcpdump telnet; do
		command -v "$need" >/dev/null || missing+=("$need")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		echo "missing: ${missing[*]}; make check builds and installs all" >&2
		return 1
	fi
	# Not a wrapper script of some version manager: it would cost each start.
	PYTHON=$(python3 -c 'import sys; print(sys.executable)') || return
	export PYTHON
	[ -z "$SAN_PRELOAD" ] || stand_ins
}

# Programs that tests find in place of others, if there is a sanitizer.
stand_ins() {
	export PATH=$BATS_RUN_TMPDIR/bin:$PATH
	mkdir "$BATS_RUN_TMPDIR/bin"
	launcher_stand_in
	curl_stand_in
}

# The launcher names its own library, and the sanitizer's would come after
# libc: it would not see vfork(2), and hold what a child did to the stack that
# it shares with its parent against that.
launcher_stand_in() {
	local file=$BATS_RUN_TMPDIR/bin/shmhijack

	cat >"$file" <<-X
		#!/bin/sh
		export LD_PRELOAD=$SAN_PRELOAD\${LD_PRELOAD:+:\$LD_PRELOAD}
		exec $B/shmhijack "\$@"
	X
	chmod 755 "$file"
}

# Some builds of curl (GnuTLS, p11-kit) hang in setlocale(3) under a
# preloaded libasan, whatever the library behind it: they get the library as
# built without sanitizers.  The hosts they talk to are sanitized all the same.
curl_stand_in() {
	local plain bin=$BATS_RUN_TMPDIR/bin

	! LD_PRELOAD=$SAN_PRELOAD timeout -k 1 10 curl --version \
		>/dev/null 2>&1 || return 0
	plain=$(dirname "$B")
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_DIRNAME/.." \
		B="$plain" SAN='' "$plain/libshmhijack.so" >&2 || return
	cp "$plain/libshmhijack.so" "$bin"
	ln -s "$B/shmif_server" "$B/shmif_relay" "$bin"
	cat >"$bin/curl" <<-X
		#!/bin/sh
		[ -z "\$LD_PRELOAD" ] || export LD_PRELOAD=$bin/libshmhijack.so
		exec $(command -v curl) "\$@"
	X
	chmod 755 "$bin/curl"
}
