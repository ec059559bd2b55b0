#!/usr/bin/env bats
# Networks that change while they are up: shmif-net's commands, a file's
# events, and the Python module.

load helpers

setup() {
	common_setup
	root=$BATS_TEST_DIRNAME/..
	net=$root/scripts/shmif-net
	export PYTHONPATH=$root/scripts PYTHONDONTWRITEBYTECODE=1
}

teardown() {
	local bad=0

	for name in run/shmif-net/*/; do
		[ ! -d "$name" ] || "$net" down "$(basename "$name")" || bad=1
	done
	common_teardown || bad=1
	return $bad
}

# Three hosts on a bus, and a web server on one.
three() {
	cat >three.net <<-'END'
		bus lan
		host web
			iface lan 10.3.0.1/24 fd03::1/64
			run exec python3 -m http.server --bind :: 80
			wait listen 80
		host db
			iface lan 10.3.0.2/24 fd03::2/64
		host cache
			iface lan 10.3.0.3/24 fd03::3/64
	END
	run_cmd "$net" up three.net
}

# usage: reaches|cut_off FROM ADDR
reaches() {
	shmif -s "unix://$PWD/run/shmif-net/three/$1.sock" \
		ping -c 1 -W 2 "$2" >/dev/null
}
cut_off() {
	! shmif -s "unix://$PWD/run/shmif-net/three/$1.sock" \
		ping -c 1 -W 1 "$2" >/dev/null
}

@test "list, status, exec, shell, ping: a network by its name and its file" {
	three
	run_cmd "$net" list
	expect "^three +3 hosts  $PWD/three.net\$"
	run_cmd "$net" status three
	expect '^web +up +unix:///.*/web\.sock$'
	expect 'up +\[[0-9]+\] exec python3 -m http\.server'
	run_cmd "$net" exec three db curl -sS http://10.3.0.1/three.net
	expect '^bus lan$'
	run_cmd -7 "$net" exec three.net db sh -c 'exit 7'
	echo 'uname -n' >words
	INPUT=words SHELL=/bin/sh run_cmd "$net" shell three cache
	expect '^cache$'
	run_cmd "$net" ping three
	expect '^12 asked, 0 without an answer$'
	[ "$(grep -c ' ms$' out)" -eq 12 ]
	run_bad 1 'nohost: no host of three, which has web, db, cache' . \
		"$net" exec three nohost true
	run_bad 1 'four is not up' . "$net" status four
	run_bad 2 'statsu: not known; status\?' usage "$net" statsu three
	run_bad 2 'kill: more words' usage "$net" kill three
}

@test "kill, restart, pause, resume" {
	three
	run_cmd "$net" pause three web
	cut_off db 10.3.0.1
	run_cmd "$net" status three
	expect '^web +paused '
	run_cmd "$net" resume three web
	run_cmd "$net" exec three db curl -sS -m 10 http://10.3.0.1/three.net
	run_cmd "$net" kill three web
	cut_off db 10.3.0.1
	run_bad 1 'web does not run; shmif-net restart three web' . \
		"$net" exec three web true
	run_bad 1 'web does not run' . "$net" pause three web
	run_cmd -1 "$net" ping three
	expect '^db +web +10\.3\.0\.1 +no answer$'
	expect '^12 asked, 8 without'
	run_cmd "$net" restart three web
	run_cmd "$net" exec three db curl -sS -m 10 http://10.3.0.1/three.net
	grep -Eq '^20[0-9-]{8}T[0-9:.]{15}Z kill web$' \
		run/shmif-net/three/journal
	run_cmd "$net" down three
	no_leftovers
}

@test "a daemon that left its session goes with its host" {
	cat >d.net <<-'END'
		bus lan
		host a
			iface lan
			run setsid python3 -m http.server 80 & exit 0
			wait listen 80
	END
	run_cmd "$net" up d.net
	run_cmd "$net" kill d a
	no_leftovers
	run_cmd "$net" restart d a
	run_cmd "$net" down d
	no_leftovers
}

@test "link: both directions, that pair only, and clear" {
	three
	run_cmd "$net" link three web db delay 60ms
	run_cmd "$net" ping three --json
	jq_py 'all((r["time_us"] >= 120000) == ({r["from"], r["to"]} ==
	    {"web", "db"}) for r in d) and len(d) == 12'
	# Also when a host comes again.
	run_cmd "$net" restart three db
	run_cmd "$net" ping three --json
	jq_py 'all((r["time_us"] >= 120000) == ({r["from"], r["to"]} ==
	    {"web", "db"}) for r in d) and len(d) == 12'
	run_cmd "$net" link three db web clear
	run_cmd "$net" ping three --json
	jq_py 'all(r["time_us"] < 120000 for r in d)'
	run_bad 1 'no faults between web and db' . "$net" link three web db clear
	run_bad 1 'frob' . "$net" link three web db frob 3
	run_bad 1 'a link has two ends' . "$net" link three web web delay 1ms
	run_cmd "$net" ping three
}

# Python's opinion of the JSON in out.  usage: jq_py EXPRESSION
jq_py() {
	"$PYTHON" -c "import json; d = json.load(open('out'))
assert ($1), d"
}

@test "partition: TCP, UDP, ARP and neighbours, and heal" {
	three
	run_cmd "$net" partition three web db '|' cache
	reaches web 10.3.0.2
	reaches db fd03::1
	for family in 4:10.3.0.3 6:fd03::3; do
		cut_off web "${family#*:}"
		cut_off db "${family#*:}"
	done
	cut_off cache 10.3.0.1
	run_cmd -28 "$net" exec three cache curl -sS -m 1 http://10.3.0.1/
	run_cmd "$net" exec three db curl -sS -m 10 http://10.3.0.1/three.net
	# In place of the one before.
	run_cmd "$net" partition three web '|' db
	cut_off web 10.3.0.2
	reaches web 10.3.0.3
	reaches cache fd03::2
	# Also a host that stood still, or was down, meanwhile.
	run_cmd "$net" heal three
	run_cmd "$net" pause three cache
	run_cmd "$net" partition three cache '|' db web
	run_cmd "$net" resume three cache
	cut_off cache 10.3.0.1
	cut_off cache fd03::2
	[ "$(shmif -s "unix://$PWD/run/shmif-net/three/cache.sock" link show |
		grep -c partition)" -eq 1 ]
	run_cmd "$net" partition three web '|' db
	run_cmd "$net" restart three db
	cut_off db fd03::1
	run_cmd "$net" heal three
	# Who looks for a neighbour asks once a second.
	wait_for -20 "$net" ping three
	run_bad 1 'two groups at least' . "$net" partition three web db cache
	run_bad 1 'web: in a partition once' . \
		"$net" partition three web '|' web db
}

@test "events of the file happen at their times, and are in the journal" {
	three
	"$net" down three
	cat >>three.net <<-'END'
		at 200ms partition web | db cache
		at 600ms kill cache
		at 1s restart cache
		at 1200ms heal
		at 1300ms link web db delay 50ms
	END
	run_cmd "$net" up three.net
	wait_for -20 in_file run/shmif-net/three/journal ' link web db delay'
	sed 's/[^ ]* //' run/shmif-net/three/journal >order
	[ "$(paste -sd, order)" = "up,partition web | db cache,kill cache,\
restart cache,heal,link web db delay 50ms" ]
	run_cmd "$net" ping three --json
	jq_py 'all((r["time_us"] >= 100000) == ({r["from"], r["to"]} ==
	    {"web", "db"}) for r in d) and len(d) == 12'
	run_cmd "$net" down three
	# Events that are to come end with the network.
	echo 'at 1h heal' >>three.net
	run_cmd "$net" up three.net
	run_cmd "$net" down three
	no_leftovers
}

@test "mistakes in links and events are one line with the file's line" {
	while IFS='|' read -r text why; do
		printf 'bus a\nbus b\nhost x\niface a\nhost y\niface a\nhost z\niface b\n%b\n' \
			"${text//;/|}" >bad.net
		run_cmd -1 "$net" up bad.net
		[ "$(wc -l <err)" -eq 1 ]
		expect_err "^shmif-net: .*bad\.net:9: .*$why"
	done <<-'END'
		link x z delay 1ms|x and z have no bus in common
		link x w delay 1ms|w: no such host above
		link x y|link HOST HOST delay
		at soon heal|soon: not a time
		at 5s frob|at TIME partition
		at 5s heal x|at TIME partition
		at 5s kill|kill which host
		at 5s partition x|two groups at least
		at 5s partition x ; w|w: no such host
	END
}

@test "Python: hosts, programs, partitions; and nothing is left" {
	cat >t.py <<-'END'
		import subprocess
		import shmif

		TEXT = """
		bus ./lan
		host a
		iface ./lan 10.4.0.1/24
		host b
		iface ./lan 10.4.0.2/24
		"""

		try:
		    with shmif.Network(text=TEXT) as net:
		        a, b = net["a"], net["b"]
		        assert [h.name for h in net] == ["a", "b"]
		        assert b.addresses == ["10.4.0.2"]
		        a.popen(["python3", "-m", "http.server", "80"])
		        a.wait_listen(80)
		        get = ["curl", "-sS", "-m", "2", "http://10.4.0.1/"]
		        assert "Directory" in b.run(get).stdout
		        net.partition(["a"], ["b"])
		        assert b.run(get, check=False).returncode == 28
		        net.heal()
		        net.link("a", "b", "delay 10ms")
		        assert "Directory" in b.run(get).stdout
		        assert b.run("echo $0; exit 3", check=False).returncode == 3
		        try:
		            b.wait_listen(81, timeout=0.3)
		            raise AssertionError("port 81")
		        except subprocess.TimeoutExpired:
		            pass
		        try:
		            # The pipe stays open in the child.
		            b.run("sleep 60 & sleep 60", timeout=0.3)
		            raise AssertionError("sleep 60")
		        except subprocess.TimeoutExpired:
		            pass
		        try:
		            net.link("a", "b", "frob")
		            raise AssertionError("frob")
		        except shmif.Error as e:
		            assert "frob" in str(e), e
		        a.kill()
		        a.restart()
		        a.popen("sleep 1000 & sleep 1000")
		        raise KeyError("on purpose")
		except KeyError as e:
		    print(e)
	END
	LIMIT=60 run_cmd "$PYTHON" t.py
	expect 'on purpose'
	no_leftovers
	[ ! -e run/shmif-net ]
}

@test "Python: pytest's fixture, and the module where it is installed" {
	three
	"$net" down three
	run_cmd env -u MAKEFLAGS -u MFLAGS make -C "$root" -o all install \
		B="$B" PREFIX="$PWD/usr"
	cat >test_it.py <<-'END'
		from shmif import shmif_network

		def test_it(shmif_network):
		    net = shmif_network("three.net")
		    assert "bus" in net["db"].run("curl -sS http://web/three.net").stdout
	END
	/usr/bin/python3 -c 'import pytest' || skip "no pytest"
	PYTHONPATH=$PWD/usr/lib/python3/dist-packages PATH=$PWD/usr/bin:$PATH \
		run_cmd /usr/bin/python3 -m pytest -q -p no:cacheprovider test_it.py
	expect '1 passed'
	no_leftovers
}

@test "Redis, two replicas and sentinels, through a partition and back" {
	requires redis-server redis-cli
	LIMIT=120 run_cmd "$PYTHON" "$root/scripts/topologies/redis.py"
	expect '^b and c have a new primary$'
	expect '^a takes none$'
	expect '^a follows the new primary$'
	no_leftovers
}

@test "a capture has what happened to the network" {
	requires tshark
	three
	run_cmd "$net" capture three t.pcapng lan icmp
	run_cmd "$net" pause three cache
	reaches web 10.3.0.2
	run_cmd "$net" resume three cache
	reaches db 10.3.0.1
	# Over an older file, too, a bad filter is told of.
	cp t.pcapng old.pcapng
	run_bad 1 'the filter: ' . \
		"$net" capture three old.pcapng lan frobnicate
	run_bad 1 'wan: no bus of three, which has lan' . \
		"$net" capture three u.pcapng wan
	run_cmd "$net" down three
	no_leftovers
	run_cmd tshark -r t.pcapng -T fields -e frame.number -e frame.comment
	expect '^1	.*Z pause cache'
	expect '^3	.*Z resume cache'
	[ "$(wc -l <out)" -eq 4 ]
}

@test "hosts start some at a time; those that go by their slots, in order" {
	local host i=1

	# Who has an address has the slot of that address.
	cat >slots.net <<-'END'
		bus lan subnet=10.3.0.0/24
		host a
			iface lan 10.3.0.4/24
		host b
			iface lan 10.3.0.5/24
		host c
			iface lan
		host d
			iface lan
		host e
			iface lan 10.3.0.6/24
		host f
			iface lan
	END
	run_cmd "$net" up slots.net
	for host in c d f a b; do
		run_cmd "$net" exec slots $host shmif ifconfig shmif0
		expect "inet 10\.3\.0\.$i/"
		i=$((i + 1))
	done
	run_cmd "$net" down slots
	no_leftovers
}
