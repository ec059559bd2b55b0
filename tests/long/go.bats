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
