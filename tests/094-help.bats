#!/usr/bin/env bats
# The help of every program: one text, which options, manuals and completions
# agree with; and what is said to who errs.

load helpers
load helpers.net

root=$BATS_TEST_DIRNAME/..

# The lines of completion's table.  usage: table KEY TYPE
table() {
	sed -n "s/^$1	$2	//p" "$B/completion" | sort -u
}

commands() {
	table shmif c | cut -f 1
}

# Options that getopt(3) knows, by what it says of others.
# usage: taken COMMAND...
taken() {
	local c

	for c in {a..z} {A..Z} {0..9}; do
		[ "$c" != h ] || continue	# alone it asks for help
		"$@" "-$c" </dev/null >out 2>err || :
		[[ $(<err) == *'unknown option'* ]] || printf -- '-%s\n' "$c"
	done | sort
}

# The same of the help, but for -h.
told() {
	table "$1" o | cut -f 1 | grep -E '^-[^-]$' | grep -vx -e -h | sort -u
}

@test "help: the options in it are those that are taken" {
	local c

	for c in $(commands); do
		case $c in
		bus | halt | help | version) continue ;;
		ping6 | traceroute6) continue ;;
		route)	# words, as NetBSD has them
			for o in $(table shmif-route o | cut -f 1); do
				run_cmd -2 shmif route add "$o"
				! grep -q unknown err || fail "$o"
			done
			run_cmd -2 shmif route add -foo
			expect_err unknown
			continue ;;
		esac
		[ "$(told "shmif-$c")" = "$(taken shmif "$c")" ] ||
			fail "$c: $(told "shmif-$c") but $(taken shmif "$c")"
	done
	[ "$(told shmhijack)" = "$(taken shmhijack)" ]
	[ "$(told shmif_server)" = "$(taken shmif_server)" ]
}

@test "help: every command, option and word is in its manual" {
	local c o page

	requires mandoc
	while read -r page key; do
		mandoc -T ascii "$root/$page" | col -bx >text
		for o in $(table "$key" o | cut -f 1) \
			$(table "$key" w | cut -f 1); do
			case $o in --help | -h | --version | -V) continue ;; esac
			grep -qF -e "$o" text || {
				# -46bDf stands for each of them.
				[ ${#o} -eq 2 ] && grep -qE -e \
					"-[A-Za-z0-9]*${o#-}" text
			} || fail "$page: $key: $o"
		done
	done <<-X
		hijack/launcher/shmhijack.1 shmhijack
		stack/shmif_server.1 shmif_server
		scripts/shmif-net.1 shmif-net
		$(commands | sed 's,.*,stack/ctl/shmif.1 shmif-&,')
	X
	mandoc -T ascii "$root/stack/ctl/shmif.1" | col -bx >text
	for c in $(commands); do
		grep -qE "^ +(ping6, )?$c( |$|,)" text || fail "$c"
	done
}

@test "help: -h, --help and --version of every program and command" {
	local c

	for c in shmhijack shmif_server shmif "$root/scripts/shmif-net"; do
		run_cmd "$c" --help
		[ ! -s err ]
		cp out help
		expect "^usage: ${c##*/} "
		run_cmd "$c" -h
		cmp out help
		run_cmd "$c" --version
		[ "$output" = "${c##*/} $(shmif version | cut -d ' ' -f 2)" ]
	done
	for c in $(commands); do
		run_cmd shmif "$c" --help
		expect "^usage: shmif $c( |$)"
		cp out help
		run_cmd shmif "$c" -h
		cmp out help
		run_cmd shmif help "$c"
		cmp out help
		run_cmd shmif "$c" --version
		expect '^shmif [0-9]'
		run_cmd shmif help
		expect "^  $c +[^ ]"
	done
}

@test "names: what the user called is what speaks" {
	ln -s "$B/shmif" rump.ifconfig
	ln -s "$B/shmif" netctl
	ln -s "$B/shmhijack" onbus
	ln -s "$B/shmif_server" host
	run_bad 1 '^rump\.ifconfig: no virtual host' . ./rump.ifconfig
	run_bad 1 '^netctl ifconfig: no virtual host' . ./netctl ifconfig
	run_bad 2 '^onbus: ' '^onbus: .*usage: onbus ' ./onbus
	run_bad 125 '^onbus: x: ' . ./onbus -b net -w x -t 0.1 true
	run_bad 2 '^host: ' 'usage: host ' ./host
	run_cmd ./rump.ifconfig --help
	expect '^usage: rump\.ifconfig \[-adluv\]'
	expect '^       rump\.ifconfig IF WORD'
	run_cmd ./host --version
	expect '^host [0-9]'
}

@test "did you mean" {
	run_bad 2 ifconfg 'mean ifconfig\?' shmif ifconfg
	run_bad 2 nestat 'mean netstat\?' shmif nestat
	run_bad 2 pign 'mean ping\?' shmif pign
	run_bad 2 lsit 'mean list\?' shmif bus lsit
	run_bad 2 delet 'mean delete\?' shmif route delet
	run_bad 2 --chek 'mean --check\?' shmhijack --chek true
	run_bad 2 --insecrue 'mean --insecure\?' shmif_server --insecrue x
	run_bad 2 sise=1M 'mean size\?' shmif bus create ./x sise=1M
	run_bad 2 xyzzy 'shmif help' shmif xyzzy
	run_bad 2 xyzzy 'shmif help' shmif help xyzzy
}

# What bash's completion offers, as its words in one line.
# usage: offered LINE
offered() {
	# shellcheck disable=SC2016
	bash -c '. "$B/completion"
		COMP_LINE=$1 COMP_POINT=${#1}
		read -r -a COMP_WORDS <<<"$1."
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_shmif_bash
		echo "${COMPREPLY[*]}"' - "$1" 2>&1
}

# usage: offers LINE WORDS
offers() {
	[ "$(offered "$1" | tr ' ' '\n' | sort | paste -sd ' ')" = "$2" ] || fail "$1: $(offered "$1")"
}

@test "completion: bash" {
	start_host a 10.0.0.1
	run_cmd shmif bus create lab
	: >file
	offers 'shmif tracer' 'traceroute traceroute6'
	offers 'shmif bus sh' show
	offers 'shmif bus show ' 'a.log a.sock err file lab net out run'
	offers 'shmif bus create x mt' mtu=
	offers 'shmif dump -c 3 l' lab
	offers 'shmif dump -p fi' file
	offers 'shmif replay fi' file
	offers 'shmif replay file ne' net
	offers 'shmif netstat -f ' 'inet inet6'
	offers 'shmif -s unix://a.sock route d' delete
	offers 'rump.route f' flush
	RUMP_SERVER=unix://a.sock offers 'shmif ifconfig shm' shmif0
	offers 'shmif ifconfig shmif0 linkstr l' lab
	RUMP_SERVER=unix://a.sock offers 'shmif sysctl kern.host' kern.hostname
	offers 'shmif wait a' a
	offers 'shmif help ha' halt
	offers 'shmhijack -b ne' net
	offers 'shmhijack --h' '--help --host-ok'
	offers 'shmhijack -b net shmif_s' shmif_server
	offers 'shmhijack -b net cat fi' file
	offers 'shmif_server -i shmif0=l' lab
	offers 'shmif-net sh' 'shell show'
	offers 'shmif-net up fi' file
}

@test "completion: zsh" {
	requires zsh
	run_cmd shmif bus create lab
	mkdir functions
	ln -s "$B/completion" functions/_shmif
	run_cmd "$PYTHON" "$BATS_TEST_DIRNAME/h_zsh.py" "$DIR/functions" \
		'shmif bus sh' 'shmif bus show la' 'shmhijack --ch' \
		'rump.route ad' 'shmif help hal' 'shmif dump -p functi'
	[ "$output" = "$(printf '%s\n' 'shmif bus show ' 'shmif bus show lab ' \
		'shmhijack --check ' 'rump.route add ' 'shmif help halt ' \
		'shmif dump -p functions/')" ]
}
