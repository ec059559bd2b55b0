#!/usr/bin/env bats
# Go programs, which make their own system calls: Go's own tests of its
# network, static and with libc, on the machine and on a virtual host; and what
# people do with such programs.

load ../helpers
load ../helpers.net

# These look at clocks: one after the other.
setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
}

setup() {
	common_setup
	requires go nosan
	export GOCACHE=$BATS_FILE_TMPDIR/cache GO111MODULE=off GOTOOLCHAIN=local
	root=$(go env GOROOT)
	differ=$BATS_TEST_DIRNAME/../go.differ
}

# What each test came to, one a line.  usage: results FILE
results() {
	sed -n 's/^--- \([A-Z]*\): \([^ ]*\) .*/\1 \2/p' "$1" | sort
}

# Those of the list $1 that passed there, and not in the list $2.
passed_only() {
	comm -23 <(sed -n 's/^PASS //p' "$1") <(sed -n 's/^PASS //p' "$2")
}

# On the machine, in a network of its own.  usage: on_machine PROGRAM ARG...
on_machine() {
	unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

# Go's tests of a package; those that differ are in tests/go.differ.  Many look
# at a clock: what fails among the others has a second try alone.
# usage: compare PACKAGE NUMBER [SETTING]...: at least so many pass
compare() {
	local package=$1 least=$2 name

	shift 2
	env "$@" timeout 600 go test -c -o "$DIR/test" "$package" 3>&-
	cd "$root/src/$package" || return
	set -- -test.v -test.short -test.timeout=400s
	on_machine timeout 450 "$DIR/test" "$@" >"$DIR/machine" 2>&1 \
		</dev/null 3>&- || :
	timeout 450 shmhijack -s "unix://$DIR/a.sock" "$DIR/test" "$@" \
		>"$DIR/host" 2>&1 </dev/null 3>&- || :
	results "$DIR/machine" >"$DIR/want"
	results "$DIR/host" >"$DIR/got"
	for name in $(passed_only "$DIR/want" "$DIR/got"); do
		timeout 120 shmhijack -s "unix://$DIR/a.sock" "$DIR/test" \
			"$@" "-test.run=^$name\$" </dev/null 3>&- |
			tee -a "$DIR/again" || :
	done
	cd "$DIR" || return
	[ ! -e again ] || results again >>got
	sort -o got got
	passed_only want got >differs
	sed -n "s|^$package \([^	]*\)	.*|\1|p" "$differ" |
		sort >known
	diff known differs || fail "tests/go.differ is wrong for $package"
	echo "$(grep -c ^PASS want) pass on the machine, $(comm -12 \
		<(grep ^PASS want) <(sort -u got) | wc -l) here too"
	[ "$(comm -12 <(grep ^PASS want) <(sort -u got) | wc -l)" -ge "$least" ]
}

@test "Go's tests of net: static" {
	requires netns ip
	start_host a fd00::1/64,10.0.0.1
	compare net 200 CGO_ENABLED=0
}

@test "Go's tests of net: with libc" {
	requires netns ip gcc
	start_host a fd00::1/64,10.0.0.1
	compare net 200 CGO_ENABLED=1
}

@test "Go's tests of net/http: static" {
	requires netns ip
	start_host a fd00::1/64,10.0.0.1
	compare net/http 500 CGO_ENABLED=0
}

@test "Go's tests of net/http: with libc" {
	requires netns ip gcc
	start_host a fd00::1/64,10.0.0.1
	compare net/http 500 CGO_ENABLED=1
}

# A static server of the current directory, and a client: ./web, ./get URL
build_pair() {
	mkdir web.d get.d
	cat >web.d/main.go <<-'END'
		package main

		import "log"
		import "net/http"

		func main() {
			log.Fatal(http.ListenAndServe(":80",
				http.FileServer(http.Dir("."))))
		}
	END
	cat >get.d/main.go <<-'END'
		package main

		import "io"
		import "log"
		import "net/http"
		import "os"

		func main() {
			r, err := http.Get(os.Args[1])
			if err == nil {
				_, err = io.Copy(os.Stdout, r.Body)
			}
			if err != nil {
				log.Fatal(err)
			}
		}
	END
	for name in web get; do
		CGO_ENABLED=0 timeout 300 go build -o $name $name.d/main.go 3>&-
	done
}

@test "curl and a static Go server, a Go client and Python, by both families" {
	build_pair
	random_file file 20000000
	start_host a fd00::1/64,10.0.0.1
	start_host b fd00::2/64,10.0.0.2
	start_bg web shmhijack -s "unix://$DIR/a.sock" ./web
	wait_for has_socket a '^tcp[46]* .*[.]80 .*LISTEN'
	start_bg py on b "$PYTHON" -m http.server 80
	wait_listen b 80
	for url in http://10.0.0.1/file 'http://[fd00::1]/file' http://a/file; do
		run_cmd on b curl -sS -o got "$url"
		same_file got file
		# And by itself.
		run_cmd shmhijack -s "unix://$DIR/b.sock" ./get "$url"
		same_file out file
	done
	run_cmd shmhijack -s "unix://$DIR/a.sock" ./get http://10.0.0.2/file
	same_file out file
	# Started by a shell, and by what a shell started.
	run_cmd on b bash -c './get http://10.0.0.1/file'
	same_file out file
	run_cmd on b "$PYTHON" -c 'import os
os.execv("./get", ["get", "http://[fd00::1]/file"])'
	same_file out file
	run_cmd tool a sockstat
	expect "web +${PID[web]} |web +[0-9]+ .*\\.80 "
}

@test "shmif-net: Go programs in its file" {
	build_pair
	net=$BATS_TEST_DIRNAME/../../scripts/shmif-net
	echo hello >file
	cat >two.net <<-END
		bus lan
		host web
			iface lan 10.3.0.1/24 fd03::1/64
			run exec $DIR/web
			wait listen 80
		host user
			iface lan 10.3.0.2/24 fd03::2/64
	END
	run_cmd "$net" up two.net
	run_cmd "$net" exec two user ./get http://web/file
	expect '^hello$'
	echo './get "http://[fd03::1]/file"; exit' >words
	INPUT=words run_cmd "$net" shell two user
	expect '^hello$'
	run_cmd "$net" down two
}

@test "mtr and ping as an ordinary user, where files have capabilities" {
	requires root setpriv setcap mtr mtr-packet
	cp "$(command -v mtr)" "$(command -v mtr-packet)" "$(plain ping)" .
	setcap cap_net_raw+ep mtr-packet || skip "no file capabilities here"
	setcap cap_net_raw+ep ping
	chmod 755 . mtr mtr-packet ping
	bus=/tmp/${DIR##*/}.bus
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env
		HOME=/nonexistent XDG_RUNTIME_DIR= "MTR_PACKET=$DIR/mtr-packet"
		shmhijack -b "$bus" -a 10.0.0.5)
	run_cmd "${nobody[@]}" ./ping -c 1 10.0.0.5
	expect '1 received'
	run_cmd "${nobody[@]}" ./mtr -n -r -c 1 10.0.0.5
	expect ' 10\.0\.0\.5 +0\.0%'
	run_cmd "${nobody[@]}" ./mtr -n -r -c 1 -u 10.0.0.5
	expect ' 10\.0\.0\.5 +0\.0%'
	wait_for no_leftovers
	rm -f "$bus"*
}
