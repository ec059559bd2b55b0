# Other systems, in folders: made by debootstrap, entered by root.

# Debian's mirror that this machine's apt uses.
mirror() {
	# shellcheck disable=SC2016 # words of apt's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' \
		'Created-By: Packages' |
		awk '$3 == "Debian" && $2 !~ /-/ { print $1; exit }'
}

# What was downloaded is kept in $B.
# usage: new_system DIR SUITE PACKAGE,... [OPTION]...
new_system() {
	requires root debootstrap apt-get mountns
	mkdir -p "$B/debootstrap"
	timeout 1500 debootstrap --variant=minbase --include="$3" \
		--cache-dir="$B/debootstrap" "${@:4}" "$2" "$1" "$(mirror)" \
		>debootstrap.log 2>&1 ||
		skip "no $2 to be had: $(tail -n 1 debootstrap.log)"
	cp /etc/resolv.conf "$1/etc"
	allow "$1/etc/.pwd.lock"
}

# A command in there, with its own /proc, terminals and memory.
# usage: inside DIR COMMAND...
inside() {
	# shellcheck disable=SC2016 # the other shell's
	run_cmd unshare -m --propagation private sh -c 'cd "$1" &&
		mount -t proc proc proc && mount -t devpts devpts dev/pts &&
		mount -t tmpfs -o mode=1777 tmpfs dev/shm && shift &&
		exec chroot . env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$@"
}
