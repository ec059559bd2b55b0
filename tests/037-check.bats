#!/usr/bin/env bats
# shmhijack --check: what it says is what happens.

load helpers

# usage: says STATUS REGEXP PROGRAM: the last line, and what the status says
says() {
	run_cmd "-$1" shmhijack --check "$3"
	tail -n 1 out | grep -qE "^  $2" || fail "not its verdict: $2"
	[ ! -s err ] || fail "something on stderr"
}

@test "calls are listed as covered that are" {
	cat >calls.c <<-'EOC'
	#include <netdb.h>
	#include <stdlib.h>
	#include <sys/socket.h>
	#include <unistd.h>
	int main(int argc, char **argv)
	{
		struct sockaddr sa = { 0 };
		char host[64];

		getnameinfo(&sa, sizeof(sa), host, sizeof(host), NULL, 0, 0);
		gethostbyaddr(host, 4, AF_INET);
		socket(AF_INET, SOCK_STREAM, 0);
		system("true");
		return argc > 1 ? execvp(argv[1], argv + 1) : 0;
	}
	EOC
	"${CC:-cc}" -o calls calls.c
	says 0 works ./calls
	for call in getnameinfo gethostbyaddr socket system execvp; do
		expect "^  covered:.* $call( |\$)"
	done
	! grep 'not covered' out || fail "what is left?"
}

@test "--json: the same, and errors" {
	requires nft
	run_cmd shmhijack --check curl
	cp out text
	run_cmd shmhijack --check --json curl
	"$PYTHON" -c 'import json
c = json.load(open("out"))
text = {l.split(":")[0].strip(): l.split(":", 1)[1].split()
        for l in open("text") if ":" in l}
assert c["works"] is True and "reason" not in c, c
assert c["dynamic"] and c["libc"] == "glibc" and c["path"].endswith("/curl")
assert c["calls"]["covered"] == text["covered"], text
assert [p.split("/")[-1] for p in c["libraries"]] == text["libraries"]'
	run_cmd -3 shmhijack --check --json nft
	"$PYTHON" -c 'import json
c = json.load(open("out"))
assert c["works"] is None and "packet filter" in c["reason"], c'
	run_cmd -127 shmhijack --check --json nosuch
	[ ! -s out ]
	"$PYTHON" -c 'import json
e = json.load(open("err"))
assert e["command"] == "shmhijack" and "nosuch" in e["error"], e'
	run_bad 2 '--json' '--check' shmhijack --json true
}

@test "a script is what reads it, and for a shell it cannot be told" {
	printf '#!%s\nimport socket\n' "$PYTHON" >python_script
	printf '#!/bin/sh -e\nexec ./static\n' >shell_script
	printf '#!/usr/bin/env bash\nexec ./static\n' >env_script
	echo 'exec ./static' >plain_text
	chmod +x python_script shell_script env_script plain_text
	says 0 works ./python_script
	for script in shell_script env_script plain_text; do
		says 3 'cannot be told: ' "./$script"
		expect "^./$script: a script, read by /"
	done
}

@test "what does not work, and of what it cannot be told" {
	echo 'int main(void) { return 0; }' >static.c
	"${CC:-cc}" -static -o static static.c
	says 0 'works by the second entry' ./static
	expect '^./static: static ELF'
	expect '^  statically linked: no library can be preloaded$'
	run_cmd shmhijack --check --json ./static
	python3 -c 'import json, sys
c = json.load(open("out"))
assert c["works"] is True and c["second_entry"] is True, c'
	cp static foreign
	printf '\363' | dd of=foreign bs=1 seek=18 conv=notrunc status=none
	says 1 'does not work: statically linked.*another machine' ./foreign
	if command -v nft >/dev/null; then
		says 3 "cannot be told: .* packet filter" nft
	fi
	says 0 works tcpdump
	run_cmd -127 shmhijack --check nosuch
	: >nothing
	chmod +x nothing
	says 3 'cannot be told' ./nothing
	chmod -x nothing
	run_cmd -126 shmhijack --check ./nothing
}
