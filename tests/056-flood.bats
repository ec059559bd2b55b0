#!/usr/bin/env bats
# A stranger on the bus makes a host keep things: each kind has a bound, and a
# bystander is served all the while.  The figures are the promises of
# shmif_server(1): 100 MB and 10 s of CPU, whatever is sent.

load helpers
load helpers.net
load helpers.flood

@test "1.5 million SYNs that nobody completes" {
	flood syn 1500000
	has_counted tcp.halfopen_dropped
	has_counted tcp.syn_flood
	# One who means it gets through, at once.
	gets_through
}

@test "300,000 bytes of one connection, none in order" {
	flood holes 300000
	has_counted tcp.walk_limited
	gets_through
}

@test "150,000 acknowledgements, each of another of 40,000 segments" {
	start_bg giver on a "$PYTHON" -c 'import socketserver
class Giver(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            self.request.sendall(bytes(1 << 20))
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer.request_queue_size = 99
socketserver.ThreadingTCPServer(("", 70), Giver).serve_forever()'
	wait_listen a 70
	flood sacks 150000 70
	has_counted tcp.walk_limited
	gets_through
}

@test "500,000 bytes one by one, to a program that does not read" {
	local kept

	flood bytes 500000
	kept=$(memory)
	[ -n "$SAN" ] || [ "$kept" -lt 30000 ] || fail "$kept KiB for 500,000 bytes"
}

# What a host holds of fragments and for neighbours is some MiB.
@test "first fragments of 100,000 datagrams" {
	flood fragments 100000
	has_counted ip.fragments_full
	at_most 40000
}

@test "the same of fragments of IPv6" {
	flood fragments6 100000
	has_counted ip6.fragments_full
	at_most 40000
}

@test "30,000 large answers to neighbours that are not there" {
	flood neighbours 30000
	has_counted ip.neighbour_full
	at_most 40000
}

@test "the same to neighbours of IPv6" {
	flood neighbours6 30000
	has_counted ip.neighbour_full
	at_most 40000
}

@test "20,000 connections that nobody accepts" {
	flood accepted 20000
	has_counted tcp.listen_full
	comes_back
}

@test "the same where 4096 may wait" {
	flood accepted 20000 8
	has_counted tcp.listen_full
	at_most 60000
	comes_back
}

@test "60,000 segments out of order over 100 connections" {
	flood reorder 60000 8
	has_counted tcp.reass_full
	comes_back
}

@test "200,000 datagrams that nobody reads" {
	flood datagrams 200000
	has_counted udp.socket_full
	comes_back
}

@test "100,000 datagrams to closed ports" {
	flood datagrams 100000 1000
	has_counted udp.no_port
	has_counted icmp.rate_limited
}

@test "100,000 neighbours that ask" {
	flood arp 100000
	has_counted ip.neighbour_replaced
	flood solicit 100000
	has_counted ip6.neighbour_replaced
}

@test "100,000 paths whose size is told" {
	flood too_big 100000
	has_counted ip.path_mtu_replaced
	flood too_big6 100000
}

@test "100,000 routers that advertise a network each" {
	flood routers 100000
	has_counted ip6.advertised_full
}

@test "100,000 queries of IGMP and MLD" {
	flood queries 100000
}
