#!/usr/bin/env bats
# Who may do what with a bus: no access, reading, writing; and its two files.

load helpers
load helpers.net

# Another user, with programs and a folder that it can get at.
setup_other() {
	[ -z "$SAN" ] || skip "the other user may not write the sanitizer's log"
	requires root
	chmod 711 . run
	mkdir bin
	mkdir -m 1777 shared
	mkdir -m 777 theirs
	cp "$B"/{shmif,shmif_server,shmhijack,libshmhijack.so} bin
	OTHER=(setpriv --reuid=65534 --regid=65534 --clear-groups
		env -u XDG_RUNTIME_DIR)
}

modes() {
	[ "$(stat -c %a "$1") $(stat -c %a "$1.lock")" = "$2" ] ||
		fail "$(stat -c '%n %a' "$1" "$1.lock")"
}

@test "a bus is made 0600, or as told, whatever the umask" {
	(umask 0 && shmif bus create ./a)
	modes a '600 600'
	(umask 277 && shmif bus create ./b mode=0664)
	modes b '664 660'
	run_cmd shmif bus chmod 0644 ./b
	modes b '644 600'
	run_cmd shmif bus chmod 666 ./b
	modes b '666 666'
	run_bad 2 "0755: not one of the modes" '0600' shmif bus chmod 0755 ./b
	run_bad 2 'x: not one of the modes' '0600' shmif bus create ./c mode=x
	run_cmd shmif bus remove ./b
	[ ! -e b ] && [ ! -e b.lock ]
	(umask 0 && shmif_server -i shmif0=./d unix://d.sock)
	modes d '600 600'
	shmif -s unix://d.sock halt
}

@test "a user without access to a bus" {
	setup_other
	start_host a 10.0.0.1
	run_cmd shmif bus create ./shared/bus
	run_bad 1 'no permission to read' 'bus chmod' "${OTHER[@]}" \
		"$DIR/bin/shmif" bus show "$DIR/shared/bus"
	run_bad 1 'no permission to read' 'bus chmod' "${OTHER[@]}" \
		"$DIR/bin/shmif" dump "$DIR/shared/bus"
	run_bad 1 'no permission to write' 'bus chmod' "${OTHER[@]}" \
		"$DIR/bin/shmif_server" -i "shmif0=$DIR/shared/bus" \
		"unix://$DIR/theirs/b.sock"
	# What is no bus, its owner's leave would not make one.
	run_bad 1 'passwd: not a bus' 'another file' "${OTHER[@]}" \
		"$DIR/bin/shmif_server" -i shmif0=/etc/passwd \
		"unix://$DIR/theirs/b.sock"
	run_bad 1 'its owner can' . "${OTHER[@]}" \
		"$DIR/bin/shmif" bus chmod 0666 "$DIR/shared/bus"
	[ ! -e theirs/b.sock ]
}

@test "a user who may read a bus sees it, and cannot be on it" {
	setup_other
	run_cmd shmif bus create ./shared/bus mode=0644
	BUS=./shared/bus start_host a 10.0.0.1
	BUS=./shared/bus start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_cmd "${OTHER[@]}" "$DIR/bin/shmif" bus show "$DIR/shared/bus"
	expect ', 2 of 256 slots taken'
	expect ' b 10\.0\.0\.2/24'
	run_cmd "${OTHER[@]}" "$DIR/bin/shmif" dump "$DIR/shared/bus"
	expect ' icmp '
	run_bad 1 'no permission to write' 'bus chmod' "${OTHER[@]}" \
		"$DIR/bin/shmif_server" -i "shmif0=$DIR/shared/bus" \
		"unix://$DIR/theirs/b.sock"
	run_bad 1 'bus' . "${OTHER[@]}" \
		"$DIR/bin/shmif" bus remove "$DIR/shared/bus"
	[ -e shared/bus ] && [ -e shared/bus.lock ]
	# Who is gone is gone for readers, too.
	kill9 b
	rm b.sock
	run_cmd "${OTHER[@]}" "$DIR/bin/shmif" bus show "$DIR/shared/bus"
	expect ', 1 of 256 slots taken'
}

@test "a user who may write to a bus is on it, but does not own it" {
	setup_other
	run_cmd shmif bus create ./shared/bus mode=0666
	BUS=./shared/bus start_host a 10.0.0.1
	start_bg b "${OTHER[@]}" "$DIR/bin/shmif_server" -s \
		-i "shmif0=$DIR/shared/bus,10.0.0.2/24" \
		"unix://$DIR/theirs/b.sock"
	wait_for [ -S theirs/b.sock ]
	wait_for has_members ./shared/bus 2
	run_cmd shmif -s unix://a.sock ping -c 2 -i 0.1 10.0.0.2
	expect '2 received'
	# What is no bus, its owner's leave would not make one.
	run_bad 1 'passwd: not a bus' 'another file' "${OTHER[@]}" \
		"$DIR/bin/shmif_server" -i shmif0=/etc/passwd \
		"unix://$DIR/theirs/b.sock"
	run_bad 1 'its owner can' . "${OTHER[@]}" \
		"$DIR/bin/shmif" bus chmod 0600 "$DIR/shared/bus"
	# Closed to them again, who is on it stays, and nobody else comes.
	run_cmd shmif bus chmod 0600 ./shared/bus
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_bad 1 'no permission' 'bus chmod' "${OTHER[@]}" \
		"$DIR/bin/shmif_server" -i "shmif0=$DIR/shared/bus" \
		"unix://$DIR/theirs/c.sock"
	kill9 b
	rm theirs/b.sock
	has_members ./shared/bus 1
}

@test "what another user put in a bus's place is not taken for it" {
	setup_other
	# A lock file, before there is a bus.
	run_cmd "${OTHER[@]}" "$DIR/bin/shmif" bus create "$DIR/theirs/x"
	"${OTHER[@]}" cp "$DIR/theirs/x.lock" "$DIR/shared/bus.lock"
	run_bad 1 'bus\.lock: belongs to uid 65534, but the bus to uid 0' \
		'remove it' shmif bus create ./shared/bus
	[ ! -e shared/bus ]
	rm shared/bus.lock
	# A link to a file of ours: it stays as it is.
	echo precious >file
	"${OTHER[@]}" ln -s "$DIR/file" "$DIR/shared/bus.lock"
	run_bad 1 'bus\.lock: a symbolic link' 'remove it' \
		shmif bus create ./shared/bus
	[ "$(cat file)" = precious ]
	rm shared/bus.lock
	run_cmd shmif bus create ./shared/bus
	# By any name it is the same bus.
	ln -s shared/bus link
	BUS=./shared/bus start_host a 10.0.0.1
	BUS=./link start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	[ ! -e link.lock ]
}

@test "a zeroed page of slots: hosts say so, and are on the bus again" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	dd if=/dev/zero of=run/shmif/net bs=4096 seek=1 count=1 conv=notrunc \
		status=none
	wait_for in_file a.log 'slot 0 was overwritten.*joined again'
	wait_for in_file b.log 'slot 1 was overwritten.*joined again'
	run_cmd shmif -s unix://a.sock ping -c 1 10.0.0.2
	run_cmd shmif bus show net
	expect "^ +0 .* a 10\.0\.0\.1/24"
	expect "^ +1 .* b 10\.0\.0\.2/24"
}

@test "each guarantee of shmif(4) has its test" {
	cd "$BATS_TEST_DIRNAME/.."
	local text=bus/shmif.4 file what n=0

	# Every item follows the lines that name its tests.
	sed -n '/^\.Sh GUARANTEES/,/^\.El/p' $text | awk '
		/^\.It/ { if (!test) { bad = 1 }; n++; test = 0 }
		/^\.\\" Test: / { test = 1 }
		END { exit bad || !n }'
	while read -r file what; do
		grep -qF -- "$what" "$file" || fail "$file: no $what"
		n=$((n + 1))
	done < <(sed -n 's/^\.\\" Test: //p' $text)
	[ "$n" -ge 15 ]
}
