#!/usr/bin/env bats
# Routing daemons on virtual routers: they find their neighbours, install what
# they learn, and notice when a link is cut and when it is healed.

load ../helpers
load ../helpers.net

# r1 and r2 on the bus "core", each with a network of its own and a host in
# it: a (10.1.0.1, fd01::1) and b (10.2.0.1, fd02::1).
start_network() {
	local i host allow=()

	chmod 711 .
	# FRR's daemons become another user, and then configure the host.
	! id frr >/dev/null 2>&1 || allow=(-o "allow=frr:use,raw,config")
	for i in 1 2; do
		start_bg r$i shmif_server -s \
			-i shmif0=core,10.0.0.$i/24,fd00::$i/64,name=r$i \
			-i shmif1=lan$i,10.$i.0.254/24,fd0$i::254/64 \
			"${allow[@]}" "unix://$DIR/r$i.sock"
		wait_for host_up r$i
		tool r$i sysctl -q net.inet.ip.forwarding=1
		tool r$i sysctl -q net.inet6.ip6.forwarding=1
		host=$([ $i = 1 ] && echo a || echo b)
		start_bg "$host" shmif_server -s \
			-i shmif0=lan$i,10.$i.0.1/24,fd0$i::1/64,name="$host" \
			-r default=10.$i.0.254 -r default=fd0$i::254 \
			"unix://$DIR/$host.sock"
		wait_for host_up "$host"
	done
}

# Has HOST a route to NET that PROTOCOL made?  usage: learned HOST NET PROTOCOL
learned() {
	local family=-4

	[[ $2 != *:* ]] || family=-6
	command_words on "$1" ip "$family" route show "$2" proto "$3"
	timeout 10 "${WORDS[@]}" | grep -q "^$2 via .* dev shmif0"
}

not_learned() {
	! learned "$@"
}

# Both have what the other has, by the protocol of that family.
# usage: converged PROTOCOL4 PROTOCOL6
converged() {
	wait_for -60 learned r1 10.2.0.0/24 "$1"
	wait_for -60 learned r2 10.1.0.0/24 "$1"
	wait_for -60 learned r1 fd02::/64 "$2"
	wait_for -60 learned r2 fd01::/64 "$2"
	run_cmd tool a ping -c 1 10.2.0.1
	run_cmd tool a ping6 -c 1 fd02::1
}

# The link between the routers does what a daemon has to notice: first it
# carries nothing, without a word, then it is down.
cut_and_heal() {
	converged "$@"
	tool r1 link shmif0 set loss 100%
	wait_for -30 not_learned r1 10.2.0.0/24 "$1"
	wait_for -30 not_learned r2 fd01::/64 "$2"
	tool r1 link shmif0 clear
	converged "$@"
	tool r2 ifconfig shmif0 down
	wait_for -30 not_learned r1 10.2.0.0/24 "$1"
	wait_for -30 not_learned r2 10.1.0.0/24 "$1"
	tool r2 ifconfig shmif0 up
	converged "$@"
}

# usage: bird HOST; its configuration is in HOST.conf.
bird() {
	start_bg "bird-$1" on "$1" bird -f -c "$DIR/$1.conf" \
		-s "$DIR/$1.ctl" -P "$DIR/$1.pid"
}

bird_base() {
	cat <<-END
		log stderr all;
		router id 10.0.0.$1;
		protocol device { scan time 1; }
		protocol kernel k4 { ipv4 { export all; import none; };
			scan time 2; }
		protocol kernel k6 { ipv6 { export all; import none; };
			scan time 2; }
	END
}

# A daemon that ends takes its routes with it.
bird_ends() {
	stop bird-r1
	wait_for not_learned r1 10.2.0.0/24 bird
	wait_for not_learned r1 fd02::/64 bird
	! grep -E 'Kernel dropped|Netlink:|<(ERR|BUG)>' bird-r*.log
}

@test "BIRD: BGP over IPv4 and IPv6" {
	local i j

	requires root bird ip
	start_network
	for i in 1 2; do
		j=$((3 - i))
		{
			bird_base $i
			cat <<-END
				protocol direct { ipv4; ipv6;
					interface "shmif1"; }
				template bgp common {
					hold time 6; connect delay time 1;
					connect retry time 2;
					error wait time 1,2;
				}
				protocol bgp b4 from common {
					local 10.0.0.$i as 6500$i;
					neighbor 10.0.0.$j as 6500$j;
					ipv4 { import all; export where
						source = RTS_DEVICE; };
				}
				protocol bgp b6 from common {
					local fd00::$i as 6500$i;
					neighbor fd00::$j as 6500$j;
					ipv6 { import all; export where
						source = RTS_DEVICE; };
				}
			END
		} >r$i.conf
		bird r$i
	done
	cut_and_heal bird bird
	bird_ends
}

@test "BIRD: OSPF, versions 2 and 3" {
	local i v

	requires root bird ip
	start_network
	for i in 1 2; do
		{
			bird_base $i
			for v in 2 3; do
				cat <<-END
					protocol ospf v$v {
						ipv$((2 * v)) {
							import all; };
						area 0 {
							interface "shmif0" {
								hello 1;
								dead 4;
								wait 2;
							};
							interface "shmif1" {
								stub; };
						};
					}
				END
			done
		} >r$i.conf
		bird r$i
	done
	cut_and_heal bird bird
	bird_ends
}

# usage: frr HOST DAEMON...; their configuration is in HOST/DAEMON.conf.
frr() {
	local host=$1 daemon

	chown -R frr:frr "$host"
	for daemon in "${@:2}"; do
		start_bg "$daemon-$host" on "$host" "/usr/lib/frr/$daemon" \
			--vty_socket "$DIR/$host" -z "$DIR/$host/zserv.api" \
			-i "$DIR/$host/$daemon.pid" -P 0 \
			-f "$DIR/$host/$daemon.conf"
		wait_for [ -e "$host/$daemon.pid" ]
	done
}

@test "FRR: BGP over IPv4 and IPv6" {
	local i j

	requires root ip
	[ -x /usr/lib/frr/zebra ] || skip "no frr"
	start_network
	for i in 1 2; do
		j=$((3 - i))
		mkdir r$i
		echo 'log stdout' >r$i/zebra.conf
		cat >r$i/bgpd.conf <<-END
			log stdout
			router bgp 6500$i
			 bgp router-id 10.0.0.$i
			 no bgp ebgp-requires-policy
			 timers bgp 1 3
			 neighbor 10.0.0.$j remote-as 6500$j
			 neighbor 10.0.0.$j timers connect 1
			 neighbor fd00::$j remote-as 6500$j
			 neighbor fd00::$j timers connect 1
			 address-family ipv4 unicast
			  network 10.$i.0.0/24
			  no neighbor fd00::$j activate
			 exit-address-family
			 address-family ipv6 unicast
			  network fd0$i::/64
			  neighbor fd00::$j activate
			 exit-address-family
		END
		frr r$i zebra bgpd
	done
	cut_and_heal bgp bgp
	stop bgpd-r1
	wait_for not_learned r1 10.2.0.0/24 bgp
	wait_for not_learned r1 fd02::/64 bgp
	rm -f r[12]/*.vty r[12]/*.api
}

@test "FRR: OSPF, versions 2 and 3" {
	local i

	requires root ip
	[ -x /usr/lib/frr/zebra ] || skip "no frr"
	start_network
	for i in 1 2; do
		mkdir r$i
		echo 'log stdout' >r$i/zebra.conf
		cat >r$i/ospfd.conf <<-END
			log stdout
			interface shmif0
			 ip ospf hello-interval 1
			 ip ospf dead-interval 4
			router ospf
			 ospf router-id 10.0.0.$i
			 passive-interface shmif1
			 network 10.0.0.0/8 area 0
		END
		cat >r$i/ospf6d.conf <<-END
			log stdout
			interface shmif0
			 ipv6 ospf6 hello-interval 1
			 ipv6 ospf6 dead-interval 4
			 ipv6 ospf6 area 0
			interface shmif1
			 ipv6 ospf6 passive
			 ipv6 ospf6 area 0
			router ospf6
			 ospf6 router-id 10.0.0.$i
		END
		frr r$i zebra ospfd ospf6d
	done
	cut_and_heal ospf ospf
	rm -f r[12]/*.vty r[12]/*.api
}
