#!/usr/bin/env bats
# The files for CI services are YAML and say the same; tests/long/ci.bats does
# what they say.

load helpers

root=$BATS_TEST_DIRNAME/..

# A python that has yaml: Debian's own, where another is first in PATH.
yaml_python() {
	local p

	# shellcheck disable=SC2153 # of the set-up
	for p in "$PYTHON" /usr/bin/python3; do
		"$p" -c 'import yaml' 2>/dev/null && echo "$p" && return
	done
	return 1
}

@test "the files for GitHub and GitLab: YAML, the same commands, no host" {
	local python

	python=$(yaml_python) || skip "no yaml for python3"
	run_cmd "$python" "$BATS_TEST_DIRNAME/h_ci.py" \
		"$root/.github/workflows/check.yml"
	mv out github
	run_cmd "$python" "$BATS_TEST_DIRNAME/h_ci.py" "$root/.gitlab-ci.yml"
	mv out gitlab
	run_cmd diff github gitlab
	in_file github '^# debian:[0-9]+$'
	in_file github '^runuser .* make check$'
	! grep -E '://|privileged|sudo' "$root/.github/workflows/check.yml" \
		"$root/.gitlab-ci.yml" || fail "they are to need no such thing"
}
