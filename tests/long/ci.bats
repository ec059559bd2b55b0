#!/usr/bin/env bats
# What the files for CI services say, done as they say it: in a new system, by
# an ordinary user, who can make no namespace.

load ../helpers
load ../helpers.systems

root=$BATS_TEST_DIRNAME/../..

@test "the commands for CI, in a new system, as an ordinary user" {
	/usr/bin/python3 -c 'import yaml' || skip "no yaml for python3"
	run_cmd /usr/bin/python3 "$BATS_TEST_DIRNAME/../h_ci.py" \
		"$root/.gitlab-ci.yml"
	mv out commands
	[ "$(head -n 1 commands)" = '# debian:13' ]
	new_system new trixie ca-certificates
	mkdir new/src
	git -C "$root" ls-files -z --cached --others --exclude-standard |
		tar -C "$root" --null -T - -cf - | tar -C new/src -xf -
	mv commands new
	LIMIT=7200 inside new sh -ec 'cd /src; . /commands'
	expect '^[0-9]+ passed, 0 failed'
}
