# Examples of the README and of the manuals, pasted into a shell.

root=${root:-$BATS_TEST_DIRNAME/..}

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

# ROUNDS times (1), each in a new directory below DIR, without a bus.
# usage: paste_it FILE DIR
paste_it() {
	local i

	for ((i = 1; i <= ${ROUNDS:-1}; i++)); do
		mkdir -p "$2/$i"
		ln -s "$B" "$2/$i/build"
		(
			cd "$2/$i" || exit
			INPUT=$1 LIMIT=90 run_cmd "${BEFORE[@]}" \
				"$PYTHON" "$root/tests/h_paste.py" 60
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

paste_readme() {
	readme_blocks >text
	[ "$(grep -c . text)" -gt 15 ]
	paste_it "$DIR/text" readme
	[ "$(grep -c 'Directory listing for /' "readme/${ROUNDS:-1}/out")" -ge 3 ]
}

paste_manuals() {
	local page

	requires mandoc
	for page in "$root"/*/*.[1-9] "$root"/*/*/*.[1-9]; do
		case $page in
		*/virt.4) continue ;;	# needs a machine of its own
		*/vde.4) continue ;;	# two, and the Internet: in vde's tests
		*/rump.3) continue ;;	# C: rump's tests build it
		*/rump_sp.7) continue ;;	# sessions: those of keys are typed there
		esac
		page_blocks "$page" >text
		! grep -q . text || paste_it "$DIR/text" "${page##*/}"
	done
	[ -e "shmif.1/${ROUNDS:-1}/statuses" ]
	[ -e "libshmhijack.3/${ROUNDS:-1}/statuses" ]
}
