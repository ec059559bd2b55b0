#!/usr/bin/env bats
# Wireshark captures from buses, by a plug-in in the user's folder.

load helpers
load helpers.net

setup() {
	common_setup
	requires tshark
	for dir in .config .local/lib; do	# before version 4.2, and since
		mkdir -p $dir/wireshark/extcap
		ln -s "$B/shmif" $dir/wireshark/extcap
	done
	start_host a 10.0.0.1
	start_host b 10.0.0.2
}

@test "extcap: what Wireshark asks" {
	run_cmd shmif bus create 'a{b}'
	run_cmd shmif bus create lab
	run_cmd shmif --extcap-interfaces --extcap-version=4.0
	expect '^extcap \{version=[0-9.]+\}'
	expect '^interface \{value=shmif:net\}\{display=bus net: a, b\}$'
	expect '^interface \{value=shmif:lab\}\{display=bus lab, nobody on it\}$'
	[ "$(wc -l <out)" -eq 3 ]
	run_cmd shmif --extcap-interface shmif:net --extcap-dlts
	[ "$output" = 'dlt {number=1}{name=EN10MB}{display=Ethernet}' ]
	run_cmd shmif --extcap-interface shmif:net --extcap-config
	expect '\{call=--filter\}\{type=string\}'
	expect '\{call=--all\}\{type=boolflag\}'
	# Output means that it is not valid.
	run_cmd shmif --extcap-capture-filter='host a and tcp' \
		--extcap-interface=shmif:net
	[ ! -s out ]
	run_cmd shmif --extcap-capture-filter='tcp and' \
		--extcap-interface=shmif:net
	expect 'syntax error'
	run_cmd shmif --extcap-capture-filter='tcp) or (udp' \
		--extcap-interface=shmif:net
	expect 'syntax error'
	run_bad 1 'none: ' . shmif --capture --fifo f \
		--extcap-interface shmif:none
	run_bad 2 '--fifo' . shmif --capture --extcap-interface shmif:net
	run_bad 2 '--extcap-interface' 'lists' shmif --capture --fifo f \
		--extcap-interface eth0
}

@test "extcap: tshark lists the buses and captures, by a filter" {
	LIMIT=60 run_cmd tshark -D
	expect '^[0-9]+\. shmif:net \(bus net: a, b\)$'
	start_bg ping tool a ping -i 0.1 10.0.0.2
	LIMIT=60 run_cmd tshark -n -i shmif:net -f icmp -a packets:8 \
		-T fields -e frame.interface_name -e ip.src
	[ "$(grep -c '^a	10\.0\.0\.1' out)" -ge 3 ]
	[ "$(grep -c '^b	10\.0\.0\.2' out)" -ge 3 ]
	[ "$(wc -l <out)" -eq 8 ]
}

@test "extcap: what is there already, and names in the filter" {
	run_cmd tool a ping -c 3 -i 0.1 10.0.0.2
	LIMIT=60 run_cmd tshark -n -i shmif:net -a packets:3 \
		-o extcap.shmif_net.all:true \
		-o 'extcap.shmif_net.filter:src host b and icmp'
	[ "$(grep -c '10\.0\.0\.2 . 10\.0\.0\.1 .*reply' out)" -eq 3 ]
}
