# Programs that print what each call gives must print the same on a virtual host
# as on the machine's kernel, but for what conform.differ lists.

# Two network namespaces joined by a cable, as two hosts on a bus are; then
# the command, in the first, its standard output in the file $1.
# If PEER is set, it is what runs on the other host.
# usage: oracle OUTPUT COMMAND...
oracle() {
	local out=$1

	shift
	cat >oracle.sh <<-'END'
		set -e
		other=$1
		shift
		ip link set lo up
		ip link add shmif0 type veth peer name peer0
		ip link set peer0 netns "$other"
		nsenter -t "$other" -n sh -c '
			ip link set lo up
			sysctl -qw net.ipv6.conf.peer0.accept_dad=0
			ip addr add 10.0.0.2/24 brd + dev peer0
			ip addr add fd00::2/64 dev peer0 nodad
			ip link set peer0 up'
		sysctl -qw net.ipv6.conf.shmif0.accept_dad=0
		ip addr add 10.0.0.1/24 brd + dev shmif0
		ip addr add fd00::1/64 dev shmif0 nodad
		ip link set shmif0 up
		range=/proc/sys/net/ipv4/ping_group_range
		# In a user namespace there may be the one group only.
		echo "0 2147483647" 2>/dev/null >"$range" ||
			echo "0 0" >"$range"
		echo "4096 131072 33554432" >/proc/sys/net/ipv4/tcp_rmem
		until ip -6 addr show dev shmif0 | grep -q 'fe80.*link'; do
			sleep 0.1
		done
		[ -n "$PEER" ] || exec "$@"
		nsenter -t "$other" -n "$PEER" peer &
		trap 'kill $!' EXIT
		"$@"
	END
	cat >namespaces.sh <<-'END'
		unshare -n sleep 300 3>&- &
		other=$!
		trap 'kill "$other"' EXIT
		until [ "$(readlink "/proc/$other/ns/net")" != \
			"$(readlink /proc/self/ns/net)" ]; do
			sleep 0.05
		done
		sh oracle.sh "$other" "$@"
	END
	timeout -k 5 "${LIMIT:-150}" "${NETNS[@]}" bash namespaces.sh "$@" \
		>"$out" 2>oracle.log 3>&- </dev/null
}

# conform.differ.  The root of a user namespace may do more than the user that
# started it, and less than root: what that shows in may differ.
all_patterns() {
	if [ "${NETNS[1]:-}" = -rn ]; then
		echo '?names kinds.? PACKET *'
		echo '?opts *-sol.? SO_DEBUG *'
		echo '?proc dropped chroot'
		echo '?proc dropped setuid'
		sed 's/^proc dropped/?&/' "${BASH_SOURCE[0]%/*}/conform.differ"
	else
		cat "${BASH_SOURCE[0]%/*}/conform.differ"
	fi
}

# And those of DIFFER_TOO, if it is set; then the others may differ.
all_lists() {
	all_patterns | sed "${DIFFER_TOO:+s/^[a-z]/?&/}"
	[ -z "${DIFFER_TOO:-}" ] || cat "$DIFFER_TOO"
}

# Which of them are about this program; the "?" stays.
patterns() {
	all_lists | sed -n "s/^\\(?\\{0,1\\}\\)$1 \\(.*\\)/\\1\\2/p"
}

# Print what differs and is not listed, and what is listed and does not.
# usage: differences PROGRAM
differences() {
	local line key i
	local -a list used
	local -A host virt

	mapfile -t list < <(patterns "$1")
	# Of thousands of lines only those that differ: bash is slow.
	while IFS= read -r line; do
		host[${line%%: *}]=${line#*: }
	done < <(grep -vxFf "virt.$1" "host.$1")
	while IFS= read -r line; do
		virt[${line%%: *}]=${line#*: }
		: "${host[${line%%: *}]:=(no such line)}"
	done < <(grep -vxFf "host.$1" "virt.$1")
	for key in "${!host[@]}"; do
		[ "${host[$key]}" != "${virt[$key]:-(no such line)}" ] ||
			continue
		for ((i = 0; i < ${#list[@]}; i++)); do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $key == ${list[i]#\?} ]] || continue
			used[i]=1
			continue 2
		done
		echo "$1 $key"
		echo "    Linux:   ${host[$key]}"
		echo "    virtual: ${virt[$key]:-(no such line)}"
	done
	for ((i = 0; i < ${#list[@]}; i++)); do
		[ -n "${used[i]:-}" ] || [[ ${list[i]} == \?* ]] ||
			echo "listed, but the same: $1 ${list[i]}"
	done
}

# If APART is set, the program has a network namespace of its own, where its
# host is not, as programs in containers have.
# usage: [PEER=PROGRAM] [APART=1] conforms PROGRAM [COMMAND...]
conforms() {
	local -a command=("${@:2}")

	[ $# -gt 1 ] || command=("$B/tests/h_conform_$1")
	requires nosan ip nsenter sysctl
	if unshare -n true 2>/dev/null; then
		NETNS=(unshare -n)
	elif unshare -rn true 2>/dev/null; then
		NETNS=(unshare -rn)
	else
		skip "may not make network namespaces"
	fi
	urls_for a
	start_bg a shmif_server -s -i shmif0=net,10.0.0.1/24,fd00::1/64 \
		"${URLS[@]}"
	wait_for host_up a
	export PEER=${PEER:-}
	if [ -n "$PEER" ]; then
		urls_for b
		start_bg b shmif_server -s -i \
			shmif0=net,10.0.0.2/24,fd00::2/64 "${URLS[@]}"
		wait_for host_up b
		start_bg peer on b "$PEER" peer
	fi
	oracle "host.$1" "${command[@]}" &
	local pid=$!
	LIMIT=${LIMIT:-150} run_cmd on a ${APART:+"${NETNS[@]}"} \
		"${command[@]}" >/dev/null
	cp out "virt.$1"
	wait "$pid" || fail "oracle: $(cat oracle.log)"
	[ "$(wc -l <"host.$1")" -gt 40 ] || fail "the oracle said too little"
	[ -z "$(cut -d: -f1 "host.$1" | sort | uniq -d)" ] ||
		fail "names twice: $(cut -d: -f1 "host.$1" | sort | uniq -d)"
	differences "$1" | tee differences
	[ ! -s differences ]
}
