#!/usr/bin/env bats
# nginx: a master, four workers that give up root, sendfile, epoll, TLS.

load helpers.programs

write_config() {
	mkdir -p www/up temp
	chmod 777 www/up
	cat >nginx.conf <<-EOF
	daemon ${DAEMON:-off};
	pid $DIR/nginx.pid;
	worker_processes 4;
	error_log $DIR/error.log info;
	events { worker_connections 512; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		keepalive_requests 1000000;
		client_max_body_size 100m;
		client_body_temp_path $DIR/www/up;
		proxy_temp_path $DIR/temp/proxy;
		fastcgi_temp_path $DIR/temp/fastcgi;
		uwsgi_temp_path $DIR/temp/uwsgi;
		scgi_temp_path $DIR/temp/scgi;
		root $DIR/www;
		server {
			listen 80 $1;
			listen [::]:80 $1;
			listen 443 ssl $1;
			listen [::]:443 ssl $1;
			ssl_certificate $DIR/cert.pem;
			ssl_certificate_key $DIR/key.pem;
			location /who {
				return 200 "\$pid \$remote_addr \$server_addr\n";
			}
			location /up {
				dav_methods PUT;
			}
			location /proxy/ {
				proxy_pass http://$B4:81/;
			}
		}
	}
	EOF
	make_certificate
}

# usage: start_nginx [PARAMETER OF listen]
start_nginx() {
	write_config "$@"
	start_bg nginx on a nginx -e "$DIR/error.log" -c "$DIR/nginx.conf"
	wait_for workers_started 4
	wait_listen a 443
	not_on_the_host 443
}

workers_started() {
	lines_are error.log 'start worker process ' "$1"
}

@test "nginx: files with sendfile, plain and TLS, IPv4 and IPv6" {
	requires nginx openssl
	start_both
	start_nginx
	random_file www/big 20000000
	for url in "http://$A4" "http://[$A6]" "https://$A4" "https://[$A6]"
	do
		run_cmd on b curl -sS --cacert cert.pem -o got "$url/big"
		same_file got www/big
		run_cmd on b curl -sS --cacert cert.pem -T www/big "$url/up/got"
		same_file www/up/got www/big
		rm www/up/got
	done
	run_cmd on b curl -sS "http://$A4/who"
	expect "^[0-9]+ $B4 $A4\$"
	run_cmd on b curl -sS "http://[$A6]/who"
	expect "^[0-9]+ $B6 $A6\$"
	run_cmd on b curl -sS -r 1000000-1999999 -o got "http://$A4/big"
	head -c 2000000 www/big | tail -c 1000000 >part
	same_file got part
}

@test "nginx: keep-alive, pipes full of connections, all workers" {
	requires nginx openssl wrk
	start_both
	start_nginx reuseport
	random_file www/file 5000
	run_cmd on b curl -sS -o /dev/null -w '%{num_connects}\n' \
		"http://$A4/file?[1-100]"
	[ "$(grep -c '^0$' out)" -eq 99 ]
	for i in {1..30}; do
		run_cmd on b curl -sS "http://$A4/who?$i"
		echo "$output" >>answers
	done
	[ "$(cut -d ' ' -f 1 answers | sort -u | wc -l)" -ge 2 ] ||
		fail "one worker did it all"
	for url in "http://$A4" "http://[$A6]" "https://$A4"; do
		run_cmd on b wrk -t 2 -c 40 -d 1 "$url/file"
		expect '^Requests/sec: +[1-9]'
		[[ $output != *'Socket errors'* ]]
		[[ $output != *'Non-2xx'* ]]
	done
	in_no_line error.log '\[(alert|crit|emerg)\]'
}

@test "nginx: a reload and an upgrade under load lose no request" {
	requires nginx openssl wrk
	start_both
	# Upgrades are for daemons: nginx wants its parent gone.
	DAEMON=on write_config
	random_file www/file 5000
	run_cmd on a "$(command -v nginx)" -e "$DIR/error.log" -c "$DIR/nginx.conf"
	wait_for test -s nginx.pid
	adopt nginx "$(cat nginx.pid)"
	wait_for workers_started 4
	start_bg load on b wrk -t 1 -c 10 -d 3 -H 'Connection: close' \
		"http://$A4/file"
	wait_for has_socket a '[.]80 .*ESTAB'
	kill -HUP "$(cat nginx.pid)"
	wait_for workers_started 8
	# The new binary finds the listening sockets by its environment, of
	# which nginx keeps only what its "env" lines name.
	kill -USR2 "$(cat nginx.pid)"
	wait_for test -s nginx.pid.oldbin
	wait_for test -s nginx.pid
	wait_for workers_started 12
	kill -QUIT "$(cat nginx.pid.oldbin)"
	wait_for gone "${PID[load]}"
	in_file load.log '^Requests/sec: +[1-9]'
	in_no_line load.log 'Socket errors|Non-2xx'
	run_cmd on b curl -sS -o got "http://$A4/file"
	same_file got www/file
	not_on_the_host 80
	kill "$(cat nginx.pid)"
	wait_for no_socket a '[.]80 .*LISTEN'
}

@test "nginx: a proxy for a server of another host" {
	requires nginx openssl
	start_both
	start_nginx
	random_file big 3000000
	start_http backend b 81
	for i in 1 2 3; do
		run_cmd on b curl -sS -o got "http://$A4/proxy/big?$i"
		same_file got big
	done
}
