#!/usr/bin/env bats
# iperf3: streams and datagrams, one and many, either way, both ways.

load helpers.programs

# usage: iperf BYTES OPTION...: that many bytes at least must have arrived
iperf() {
	local want=$1

	shift
	run_cmd on b iperf3 -J "$@"
	mv out report
	run_cmd "$PYTHON" -c 'import json, sys
end = json.load(open("report"))["end"]
sums = [end[k] for k in ("sum_received", "sum_received_bidir_reverse", "sum")
        if k in end]
for s in sums:
    print("%d bytes, %.2f Gbit/s, %s lost" % (
        s["bytes"], s["bits_per_second"] / 1e9, s.get("lost_packets")))
    assert s["bytes"] >= int(sys.argv[1])
    # A busy machine loses some, over its own loopback as well.
    assert s.get("lost_percent", 0) < 60' "$want"
}

start_iperf() {
	start_bg server on a iperf3 -s
	wait_listen a 5201
	not_on_the_host 5201
}

@test "iperf3: TCP, there, back and both ways, IPv4 and IPv6" {
	requires iperf3 nosan
	start_both
	start_iperf
	for addr in $A4 $A6; do
		iperf 20000000 -c "$addr" -t 1
		iperf 20000000 -c "$addr" -t 1 -R
		iperf 10000000 -c "$addr" -t 1 --bidir
	done
}

@test "iperf3: TCP, eight streams at once, and a given amount" {
	requires iperf3 nosan
	start_both
	start_iperf
	iperf 20000000 -c "$A4" -t 1 -P 8
	iperf 20000000 -c "$A6" -t 1 -P 8 -R
	iperf 15000000 -c "$A4" -n 30000000
	iperf 2000000 -c "$A4" -n 5000000 -w 64K -M 1000 -N
}

@test "iperf3: UDP, there, back and in parallel, IPv4 and IPv6" {
	requires iperf3 nosan
	start_both
	start_iperf
	for addr in $A4 $A6; do
		iperf 1000000 -c "$addr" -t 1 -u -b 20M
		iperf 1000000 -c "$addr" -t 1 -u -b 20M -R
		iperf 1000000 -c "$addr" -t 1 -u -b 5M -P 4
		iperf 1000000 -c "$addr" -t 1 -u -b 20M -l 1200
	done
}
