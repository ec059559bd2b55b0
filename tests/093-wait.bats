#!/usr/bin/env bats
# shmhijack -w and shmif wait: started too early, and still in time.

load helpers
load helpers.net

# Who connects is told, with how many bytes came before the end.
listener='import socket, sys
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", int(sys.argv[1])))
s.listen()
print("listening")
while True:
    c, peer = s.accept()
    print("accepted", peer[0])
    c.close()'

@test "wait: a port is waited for, and accept sees nothing of it" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	run_bad 1 '^shmif wait: b:80: .*nothing listened on port 80 .*0\.3 s' . \
		shmif -s unix://a.sock wait -t 0.3 b:80
	start_bg early shmif -s unix://a.sock wait b:80 10.0.0.2:80
	start_bg listen on b "$PYTHON" -c "$listener" 80
	wait_for gone "${PID[early]}"
	in_file listen.log listening
	addr=$(tool b ifconfig shmif0 | sed -n 's/.*inet6 \(fe80[^%]*\)%.*/\1/p')
	run_cmd shmif -s unix://a.sock wait b:80 "[$addr%shmif0]:80"
	run_cmd shmif -s unix://b.sock wait localhost:80 '[::1]:80' b:80
	run_cmd on a nc -z 10.0.0.2 80
	wait_for in_file listen.log accepted
	[ "$(grep -c accepted listen.log)" -eq 1 ]
	# Nothing is left half open, on either side.
	! tool b netstat -an | grep -E 'SYN|ESTAB' || fail "half open"
	! tool a netstat -an | grep -E '^tcp' || fail "a socket is left"
}

@test "wait: a host without a port, by ARP, neighbour discovery or echo" {
	start_host a 10.0.0.1
	run_bad 1 '^shmif wait: b: no host b within 0\.2 s' . \
		shmif -s unix://a.sock wait -t 0.2 b
	run_bad 1 '10\.0\.0\.2: no answer within 0\.2 s' . \
		shmif -s unix://a.sock wait -t 0.2 10.0.0.2
	start_bg early shmif -s unix://a.sock wait b 10.0.0.2 fd00::2
	start_host b 10.0.0.2
	run_cmd tool a ifconfig shmif0 inet6 fd00::1/64
	run_cmd tool b ifconfig shmif0 inet6 fd00::2/64
	wait_for gone "${PID[early]}"
	[ ! -s early.log ]
	# Gone again: what is remembered of it does not count.
	kill -STOP "${PID[b]}"
	run_bad 1 '10\.0\.0\.2: no answer' . \
		shmif -s unix://a.sock wait -t 0.4 10.0.0.2
	kill -CONT "${PID[b]}"
	run_cmd tool a wait 10.0.0.2 a 127.0.0.1
}

@test "wait: through a router" {
	BUS=net start_host a 10.0.0.1 -r 10.1.0.0/16=10.0.0.254
	start_host r 10.0.0.254 -i shmif1=far,10.1.0.254/24
	tool r sysctl net.inet.ip.forwarding=1
	start_bg early shmif -s unix://a.sock wait 10.1.0.2:80 10.1.0.2
	BUS=far start_host b 10.1.0.2 -r default=10.1.0.254
	start_bg listen on b "$PYTHON" -c "$listener" 80
	wait_for gone "${PID[early]}"
	[ ! -s early.log ]
	run ! in_file listen.log accepted
}

@test "shmhijack -w: from the program's own host, which stays the same" {
	start_bg client shmhijack -b net -n me -w web:80 -w 10.0.0.9 nc -d web 80
	wait_for has_members net 1
	start_host web 10.0.0.9
	start_bg listen on web "$PYTHON" -c "$listener" 80
	wait_for gone "${PID[client]}"
	[ ! -s client.log ]
	in_file listen.log 'accepted ::ffff:10\.0\.0\.1$'
	[ "$(grep -c accepted listen.log)" -eq 1 ]
	run_bad 125 '^shmhijack: web:81: ' 'port 81' \
		shmhijack -b net -w web:81 -t 3 true
	run_bad 125 '^shmhijack: unix:///.*/no\.sock: no server' 'start one' \
		shmhijack -s "unix://$DIR/no.sock" -w web:80 true
	run_cmd -7 shmhijack -b net -w web:80 sh -c 'exit 7'
}

@test "wait: what it does not understand" {
	start_host a 10.0.0.1
	for bad in '[::1' '[::1]80' a:0 a:65536 a:x : ''; do
		run_bad 2 "^shmif wait: ${bad//[/\\[}: " . \
			shmif -s unix://a.sock wait "$bad"
		run_bad 2 "^shmhijack: ${bad//[/\\[}: " . \
			shmhijack -b net -w "$bad" true
	done
	run_bad 2 '-t x: ' 'seconds' shmif -s unix://a.sock wait -t x a
	run_bad 2 '-t x: ' 'seconds' shmhijack -b net -w a -t x true
	run_bad 2 'which host' 'usage' shmif -s unix://a.sock wait
}
