#!/usr/bin/env bats
# Redis: many small requests, snapshots by fork, and a replica elsewhere.

load helpers.programs

# usage: start_redis NAME HOST [OPTION]...
start_redis() {
	mkdir "$1.d"
	start_bg "$1" on "$2" redis-server --dir "$DIR/$1.d" --save '' \
		--bind '*' '-::*' --protected-mode no --daemonize no \
		--enable-debug-command yes "${@:3}"
	wait_listen "$2" 6379
}

redis() {
	run_cmd on b redis-cli -h "$@"
}

replica_is_up() {
	redis "$B4" info replication && [[ $output == *master_link_status:up* ]]
}

@test "redis: 50 clients of redis-benchmark, IPv4 and IPv6" {
	requires redis-server redis-benchmark
	start_both
	start_redis server a
	for addr in $A4 $A6; do
		run_cmd on b redis-benchmark -h "$addr" -n 10000 -c 50 --csv \
			-t ping_mbulk,set,get,lpush,lpop,mset
		[ "$(grep -cE '^"[A-Z].*","[1-9][0-9]{2}' out)" -ge 6 ]
		run_cmd on b redis-benchmark -h "$addr" -n 50000 -c 20 -P 32 \
			-r 1000 -d 1000 --csv -t set,get
		[ "$(grep -cE '^"(SET|GET)","[1-9][0-9]{2}' out)" -eq 2 ]
	done
	redis "$A6" dbsize
	[ "${output##* }" -ge 900 ]
	not_on_the_host 6379
}

@test "redis: large values there and back, and a subscription" {
	requires redis-server redis-cli
	start_both
	start_redis server a
	random_file value 5000000
	INPUT=value redis "$A4" -x set key
	expect '^OK$'
	run_cmd on b redis-cli --raw -h "$A6" get key
	truncate -s -1 out
	same_file out value
	start_bg listener on b redis-cli -h "$A4" subscribe news
	wait_for in_file listener.log '^subscribe'
	redis "$A6" publish news 'over the bus'
	expect '1$'
	wait_for in_file listener.log '^over the bus$'
}

@test "redis: a replica on another host catches up and keeps up" {
	requires redis-server redis-benchmark
	start_both
	start_redis server a --repl-diskless-sync-delay 0
	run_cmd on b redis-benchmark -q -h "$A4" -n 20000 -P 32 -r 5000 -d 500 \
		-t set
	start_redis replica b --replicaof "$A6" 6379
	wait_for replica_is_up
	run_cmd on b redis-benchmark -q -h "$A4" -n 20000 -P 32 -r 5000 -d 500 \
		-t set
	redis "$A4" set last word
	redis "$A4" wait 1 5000
	expect '1$'
	redis "$A4" debug digest
	want=$output
	redis "$B4" debug digest
	[ "$output" = "$want" ]
	redis "$B4" get last
	expect 'word'
	# A child writes the snapshot; the clients notice nothing.
	redis "$A4" bgsave
	redis "$A4" set another word
	wait_for test -s server.d/dump.rdb
}
