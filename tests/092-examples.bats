#!/usr/bin/env bats
# Every example of the README and of the manuals, pasted into a shell as it
# stands, three times: no step may depend on how fast the one before it is.

load helpers

root=$BATS_TEST_DIRNAME/..

# The README's blocks for a shell.
readme_blocks() {
	awk '/^```/ { inside = $0 == "```sh"; next } inside' "$root/README.md"
}

# The examples of a manual, as mandoc shows them and a reader copies them:
# indented twice.  usage: page_blocks FILE
page_blocks() {
	mandoc -T ascii -O width=200 "$1" | col -bx |
		awk '/^[A-Z]/ { inside = /^EXAMPLES/ } inside' |
		grep -E '^ {11}|^$'
}

# Each time in a new directory below DIR, without a bus.
# usage: paste_it FILE DIR
paste_it() {
	local i

	for i in 1 2 3; do
		mkdir -p "$2/$i"
		ln -s "$B" "$2/$i/build"
		(
			cd "$2/$i" || exit
			INPUT=$1 LIMIT=90 run_cmd "${BEFORE[@]}" \
				"$PYTHON" "$BATS_TEST_DIRNAME/h_paste.py" 60
			# telnet's status is 1 when the server closes.
			! grep -vE '^(0|1 .*telnet) ' statuses ||
				fail "in round $i"
		)
		end_all
	done
}

# What the reader would leave running.
end_all() {
	local pid sock

	while read -r sock; do
		timeout 20 shmif -s "unix://$PWD/$sock" halt || :
	done < <(find . -name '*.sock')
	for pid in $(leftovers); do
		kill -KILL "$pid" || :
	done
	wait_for -20 no_leftovers
	rm -rf "${XDG_RUNTIME_DIR:?}"/*
}

setup() {
	common_setup
	BEFORE=()
	export USER=${USER:-root}
	PATH=$root/scripts:$PATH
	export PYTHONPATH=$root/scripts
}

@test "README: every block, as pasted" {
	readme_blocks >text
	[ "$(grep -c . text)" -gt 15 ]
	paste_it "$DIR/text" readme
	[ "$(grep -c 'Directory listing for /' readme/3/out)" -ge 3 ]
}

@test "the manuals: every example, as pasted" {
	local page

	requires mandoc
	for page in "$root"/*/*.[1-9] "$root"/*/*/*.[1-9]; do
		case $page in
		*/virt.4) continue ;;	# below
		*/rump.3) continue ;;	# C: rump's tests build it
		*/rump_sp.7) continue ;;	# sessions: those of keys are typed there
		esac
		page_blocks "$page" >text
		! grep -q . text || paste_it "$DIR/text" "${page##*/}"
	done
	[ -e shmif.1/3/statuses ]
	[ -e libshmhijack.3/3/statuses ]
}

@test "no user namespace is needed, nor can one be made here" {
	requires netns
	# shellcheck disable=SC2016
	run_cmd unshare -Ur bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces || exit
		! unshare -Ur true 2>/dev/null || exit
		shmhijack -b net -n web "$0" -m http.server 80 &
		shmhijack -b net -w web:80 curl -sS http://web/
		status=$?
		kill $!
		exit $status' "$PYTHON"
	expect 'Directory listing for /'
}

@test "virt(4): every example, as pasted, on a machine of its own" {
	requires root netns tun ip mandoc
	page_blocks "$root/tap/virt.4" >text
	mkdir bin
	command -v sudo || {
		# shellcheck disable=SC2016
		printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
		chmod 755 bin/sudo
	}
	PATH=$PATH:$DIR/bin
	BEFORE=(unshare -n sh -c 'ip link set lo up &&
		ip link add eth0 type veth peer name wire && ip link set eth0 up &&
		ip addr add 192.0.2.2/24 dev eth0 && exec "$@"' -)
	paste_it "$DIR/text" virt
}
