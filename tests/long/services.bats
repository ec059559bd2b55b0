#!/usr/bin/env bats
# Programs that find each other, tell each other of networks, or live in
# sandboxes: avahi, radvd, keepalived, chromium, bwrap.

load ../helpers
load ../helpers.net

# usage: host NAME BUS ADDR...
host() {
	local spec

	spec=$(printf ',%s' "${@:3}")
	start_bg "$1" shmif_server -s -i "shmif0=$2$spec,name=$1" \
		"unix://$DIR/$1.sock"
	wait_for host_up "$1"
}

# avahi-daemon and its D-Bus, one for each host; its files are at fixed paths.
# usage: start_avahi HOST
start_avahi() {
	local h=$1

	cat >"$h.dbus" <<-END
		<busconfig><type>session</type>
		<listen>unix:path=$DIR/$h.bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/>
		<allow send_destination="*" eavesdrop="true"/>
		<allow eavesdrop="true"/></policy></busconfig>
	END
	start_bg "dbus-$h" dbus-daemon "--config-file=$DIR/$h.dbus" --nofork \
		--nopidfile
	allow "$h.bus"
	wait_for [ -S "$h.bus" ]
	printf '[server]\nhost-name=%s\n[publish]\n%s\n' "$h" \
		publish-workstation=yes >"$h.conf"
	command_words on "$h" avahi-daemon -f "$DIR/$h.conf" --no-drop-root \
		--no-chroot --no-proc-title
	# shellcheck disable=SC2016	# for the other shell
	start_bg "avahi-$h" unshare -m sh -c '
		mkdir -p /run/avahi-daemon &&
		mount -t tmpfs none /run/avahi-daemon && exec "$@"' sh env \
		"DBUS_SYSTEM_BUS_ADDRESS=unix:path=$DIR/$h.bus" "${WORDS[@]}"
	wait_for in_file "avahi-$h.log" 'startup complete'
}

# usage: browse HOST ARGUMENT...: as avahi's tools, on that host
avahi() {
	local h=$1

	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$DIR/$h.bus run_cmd on "$h" "${@:2}"
}

@test "avahi: hosts find each other, and a service, by IPv4 and IPv6" {
	requires root mountns avahi-daemon avahi-browse dbus-daemon
	host a net 10.0.0.1/24 fd00::1/64
	host b net 10.0.0.2/24 fd00::2/64
	start_avahi a
	start_avahi b
	command_words on a avahi-publish -s shop _http._tcp 8080 path=/x
	start_bg publish env \
		"DBUS_SYSTEM_BUS_ADDRESS=unix:path=$DIR/a.bus" "${WORDS[@]}"
	wait_for in_file publish.log 'Established'
	avahi b avahi-browse -rtp _http._tcp
	expect '^=;shmif0;IPv4;shop;.*;a\.local;10\.0\.0\.1;8080;"path=/x"'
	expect '^=;shmif0;IPv6;shop;.*;a\.local;(fd00::1|fe80:.*);8080;'
	avahi b avahi-resolve -4 -n a.local
	expect '^a\.local	10\.0\.0\.1$'
	avahi b avahi-resolve -6 -n a.local
	expect '^a\.local	fd00::1$'
	avahi a avahi-resolve -a 10.0.0.2
	expect '^10\.0\.0\.2	b\.local$'
	# It says good-bye.
	stop publish
	wait_for no_shop
}

no_shop() {
	avahi b avahi-browse -tp _http._tcp >log
	! grep -q shop out
}

has_prefix() {
	tool h ifconfig shmif0 | grep -q 'inet6 fd01::'
}

has_default() {
	tool h route show | grep -q '^default .*fe80::.* shmif0$'
}

@test "radvd: a host makes its address of the network, and has a router" {
	requires root radvd ip
	start_bg r shmif_server -s -i shmif0=lan,fd01::254/64,name=r \
		-i shmif1=far,fd02::254/64 "unix://$DIR/r.sock"
	wait_for host_up r
	tool r sysctl -q net.inet6.ip6.forwarding=1
	host h lan 10.0.0.1/24
	host far far fd02::1/64
	tool far route add -inet6 default fd02::254
	cat >radvd.conf <<-'END'
		interface shmif0 {
			AdvSendAdvert on;
			MinRtrAdvInterval 3;
			MaxRtrAdvInterval 4;
			prefix fd01::/64 { AdvOnLink on; AdvAutonomous on; };
		};
	END
	start_bg radvd on r radvd -n -C "$DIR/radvd.conf" -p "$DIR/radvd.pid" \
		-m stderr -d 1
	wait_for has_prefix
	wait_for has_default
	run_cmd tool h ping6 -c 1 fd02::1
	run_cmd tool far ping6 -c 1 "$(tool h ifconfig shmif0 |
		sed -n 's/.*inet6 \(fd01:[^/ ]*\).*/\1/p')"
	# It takes itself back.
	stop radvd
	wait_for gone_default
}

gone_default() {
	! has_default
}

# usage: router HOST PRIORITY: a keepalived that wants fd00::50
router() {
	cat >"$1.conf" <<-END
		global_defs {
			router_id $1
		}
		vrrp_instance V {
			state BACKUP
			interface shmif0
			virtual_router_id 51
			priority $2
			advert_int 1
			virtual_ipaddress {
				fe80::50/64 dev shmif0
				fd00::50/64 dev shmif0
			}
		}
	END
	start_bg "keepalived-$1" on "$1" keepalived -n -l -D -P \
		-f "$DIR/$1.conf" -p "$DIR/$1.pid" -r "$DIR/$1.vrrp.pid"
}

@test "keepalived: an IPv6 address moves to another host" {
	requires root keepalived
	host a net 10.0.0.1/24 fd00::1/64
	host b net 10.0.0.2/24 fd00::2/64
	host c net 10.0.0.3/24 fd00::3/64
	router a 100
	router b 50
	wait_for in_file keepalived-a.log 'Entering MASTER STATE'
	run_cmd tool c ping6 -c 1 fd00::50
	! in_file keepalived-b.log 'Entering MASTER' || fail "two masters"
	kill9 keepalived-a
	kill9 a
	wait_for in_file keepalived-b.log 'Entering MASTER STATE'
	wait_for tool c ping6 -c 1 -W 1 fd00::50
}

@test "chromium loads a page by name, and what the page asks for" {
	local url

	requires nosan chromium
	host web net 10.0.0.1/24 fd00::1/64
	host a net 10.0.0.2/24 fd00::2/64
	echo payload >data
	cat >index.html <<-'END'
		<p id=x>nothing</p><script>fetch("/data").then(r => r.text())
		.then(t => {document.getElementById("x").textContent =
		"loaded " + t})</script>
	END
	start_bg http on web "$PYTHON" -m http.server --bind :: 80
	wait_for has_socket web '^tcp[46]* .*[.]80 .*LISTEN'
	for url in http://web/ 'http://[fd00::1]/'; do
		LIMIT=120 run_cmd on a chromium --headless --no-sandbox \
			--disable-gpu --no-first-run \
			--user-data-dir="$DIR/profile" \
			--virtual-time-budget=10000 --dump-dom "$url"
		expect 'loaded payload'
	done
	in_file http.log '10\.0\.0\.2 .*GET /data .* 200'
	in_file http.log 'fd00::2 .*GET /data .* 200'
}

@test "bwrap: a sandbox around a program on a virtual host" {
	requires bwrap ip
	bwrap --ro-bind / / --unshare-all true 2>/dev/null ||
		skip "may not make namespaces"
	host web net 10.0.0.1/24
	host a net 10.0.0.2/24
	echo hello >file
	start_bg http on web "$PYTHON" -m http.server 80
	wait_listen web 80
	run_cmd on a bwrap --ro-bind / / --unshare-all echo inside
	expect '^inside$'
	# It brought up a loopback that is there already.
	run_cmd on a ip -4 addr show dev lo
	[ "$(grep -c 'inet 127\.0\.0\.1/8' out)" -eq 1 ]
	run_cmd on a bwrap --ro-bind / / --dev /dev --proc /proc \
		--unshare-all --share-net curl -sS http://web/file
	expect '^hello$'
}
