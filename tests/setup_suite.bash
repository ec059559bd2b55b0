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
}
