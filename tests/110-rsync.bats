#!/usr/bin/env bats
# rsync's daemon: whole trees, differences only, with and without a password.

load helpers.programs

start_rsync() {
	local user=

	# As root it would give that up for nobody.
	[ "$(id -u)" -ne 0 ] || user=$'uid = root\n\tgid = root'
	cat >rsyncd.conf <<-EOF
	use chroot = no
	pid file = $DIR/rsyncd.pid
	munge symlinks = no
	lock file = $DIR/rsyncd.locks
	[tree]
		path = $DIR/tree
		$user
	[in]
		path = $DIR/in
		read only = no
		$user
		auth users = somebody
		secrets file = $DIR/secrets
	EOF
	(umask 077; echo somebody:secret >secrets; echo secret >password)
	start_bg rsyncd on a rsync --daemon --no-detach \
		--config="$DIR/rsyncd.conf"
	wait_listen a 873
	not_on_the_host 873
}

make_tree() {
	local i

	mkdir -p tree/sub/deep in
	random_file tree/big 8000000
	for i in {1..200}; do
		random_file "tree/sub/$i" $((i * 100))
	done
	ln -s big tree/link
	: >tree/sub/deep/empty
	chmod 700 tree/sub/deep
}

@test "rsync: a tree from the daemon and back, IPv4 and IPv6" {
	requires rsync
	make_tree
	start_both
	start_rsync
	for addr in $A4 "[$A6]"; do
		rm -rf got in/*
		run_cmd on b rsync "rsync://$addr/"
		expect '^tree'
		run_cmd on b rsync -a "rsync://$addr/tree/" got
		run_cmd diff -r tree got
		run_cmd on b rsync -az --password-file=password got/ \
			"rsync://somebody@$addr/in/"
		run_cmd diff -r tree in
	done
	run_cmd -5 on b rsync -a got "rsync://nobody@$A4/in/"
	expect_err 'auth failed'
}

@test "rsync: only the differences travel" {
	requires rsync
	make_tree
	start_both
	start_rsync
	cp -a tree got
	printf changed | dd of=got/big bs=1 seek=4000000 conv=notrunc \
		status=none
	touch -d '1 hour ago' got/big
	rm got/sub/17
	run_cmd on b rsync -a --no-whole-file --delete --stats \
		"rsync://$A4/tree/" got
	expect 'Matched data: 7,[89]'
	run_cmd diff -r tree got
}

@test "rsync: four clients at once" {
	requires rsync
	make_tree
	start_both
	start_rsync
	for i in 1 2 3 4; do
		start_bg "get$i" on b rsync -a "rsync://$A4/tree/" "got$i"
	done
	for i in 1 2 3 4; do
		wait_for gone "${PID[get$i]}"
		run_cmd diff -r tree "got$i"
	done
}
