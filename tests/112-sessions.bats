#!/usr/bin/env bats
# shellcheck disable=SC2016	# for shells started from here
# Servers that clear the environment before they start a session or a service:
# what these do is on the server's virtual host.

load helpers.programs

# A service that tells where it is: the links it sees, and what it gets from a
# web server on host b.
write_service() {
	cat >service <<-EOF
	#!/bin/bash
	read -r word
	echo "\$word: \$(env | grep -c '^LD_PRELOAD=.*libshmhijack')"
	tail -n +3 /proc/net/dev | cut -d : -f 1
	exec 3<>/dev/tcp/$B4/80
	printf 'GET /file HTTP/1.0\r\n\r\n' >&3
	grep . <&3 | tail -n 1
	EOF
	chmod 755 service
	echo 'from b' >file
	start_http web b 80
}

expect_service() {
	expect '^hello: 1$'
	expect '^ *shmif0$'
	expect '^from b$'
	in_no_line out '^ *eth'
}

INETD=$B/unpacked/openbsd-inetd/usr/sbin/inetd

@test "openbsd-inetd: stream and datagram services" {
	requires root "$INETD"
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	start_both
	write_service
	cat >dgram.py <<-'EOF'
	import socket, sys
	s = socket.socket(fileno=0)
	while True:
	    s.settimeout(2)
	    try:
	        data, who = s.recvfrom(2000)
	    except TimeoutError:
	        break
	    peer = who[0].rpartition(":")[2]
	    s.sendto(b"%s %s" % (peer.encode(), data), who)
	    # A socket of its own, to the same peer.
	    t = socket.socket(type=socket.SOCK_DGRAM)
	    t.connect((peer, 9))
	    t.send(b"own %s" % data)
	EOF
	cat >inetd.conf <<-EOF
	discard stream tcp nowait root $DIR/service service
	time stream tcp6 nowait root $DIR/service service
	echo dgram udp wait root $PYTHON python3 $DIR/dgram.py
	daytime stream tcp nowait root internal
	EOF
	start_bg inetd on a "$INETD" -d "$DIR/inetd.conf"
	wait_listen a 9
	wait_listen a 37
	wait_udp a 7
	not_on_the_host 9
	echo hello >words
	INPUT=words run_cmd on b nc -N "$A4" 9
	expect_service
	INPUT=words run_cmd on b nc -N "$A6" 37
	expect_service
	start_bg own on b nc -u -l 9
	wait_udp b 9
	for i in 1 2 3; do
		run_cmd on b bash -c 'exec 5<>/dev/udp/$1/7; echo "word$2" >&5
			exec dd bs=4096 count=1 status=none <&5' - "$A4" "$i"
		[ "$output" = "$B4 word$i" ]
	done
	wait_for in_file own.log '^own word1'
}

@test "openbsd-inetd: a service that the library cannot reach" {
	requires root "$INETD"
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	start_both
	cat >static.c <<-'EOF'
	#include <unistd.h>
	int main(void)
	{
		char c;

		while (read(0, &c, 1) == 1)
			if (write(1, &c, 1) != 1)
				return 1;
		return 0;
	}
	EOF
	"${CC:-cc}" -static -o static static.c
	cat >waits.c <<-'EOF'
	#include <poll.h>
	#include <sys/socket.h>
	int main(void)
	{
		struct pollfd p = { .fd = 0, .events = POLLIN };
		char buf[2000];

		while (poll(&p, 1, 1000) > 0) {
			struct sockaddr_storage from;
			socklen_t len = sizeof(from);
			ssize_t n = recvfrom(0, buf, sizeof(buf), 0,
			    (void *)&from, &len);

			if (n < 0 || sendto(0, buf, n, 0, (void *)&from,
			    len) != n)
				return 1;
		}
		return 0;
	}
	EOF
	"${CC:-cc}" -static -o waits waits.c
	cat >inetd.conf <<-EOF
	discard stream tcp nowait root $DIR/static static
	echo dgram udp wait root $DIR/waits waits
	EOF
	start_bg inetd on a "$INETD" -d "$DIR/inetd.conf"
	wait_listen a 9
	wait_udp a 7
	seq 100 >lines
	# Its connection works, and has nothing in it but what it says.
	INPUT=lines run_cmd on b nc -N "$A4" 9
	same_file out lines
	# Each message is answered to who sent it, by this process and the next.
	for addr in "$A4" "$A6" "$A4"; do
		for i in 1 2 3; do
			run_cmd on b bash -c 'exec 5<>/dev/udp/$1/7
				echo "word$2" >&5
				exec dd bs=4096 count=1 status=none <&5' - \
				"$addr" "$i"
			[ "$output" = "word$i" ]
		done
		wait_for eval '[ -z "$(pgrep -f "^waits\$")" ]'
	done
	# Many at once, and none gets another's answer.
	for i in {1..8}; do
		start_bg "ask$i" on b bash -c 'exec 5<>/dev/udp/$1/7
			until echo "ask $2" >&5 && timeout 2 dd bs=4096 \
				count=1 status=none <&5; do :; done' - \
			"$A4" "$i"
	done
	for i in {1..8}; do
		wait_for gone "${PID[ask$i]}"
		[ "$(cat "ask$i.log")" = "ask $i" ]
	done
}

@test "dovecot: logins and mail processes, IPv4 and IPv6" {
	requires root dovecot nc
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	start_both
	mkdir -p mail/new mail/cur mail/tmp dovecot
	printf 'Subject: over the bus\n\nhello\n' >mail/new/1.host
	chown -R nobody mail
	chmod 755 .
	cat >dovecot.conf <<-EOF
	base_dir = $DIR/dovecot
	state_dir = $DIR/dovecot
	log_path = $DIR/dovecot.log
	protocols = imap
	ssl = no
	disable_plaintext_auth = no
	mail_location = maildir:$DIR/mail
	first_valid_uid = 1
	passdb {
	  driver = static
	  args = password=secret
	}
	userdb {
	  driver = static
	  args = uid=nobody gid=nogroup home=$DIR/mail
	}
	mail_plugins =
	service imap {
	  executable = $DIR/imap
	}
	EOF
	# What the last one of the chain of processes is in.
	cat >imap <<-EOF
	#!/bin/bash
	tail -n +3 /proc/net/dev >>$DIR/mail/links
	exec /usr/lib/dovecot/imap
	EOF
	chmod 755 imap
	start_bg dovecot on a dovecot -F -c "$DIR/dovecot.conf"
	wait_listen a 143
	not_on_the_host 143
	for addr in $A4 $A6; do
		run_cmd on b "$PYTHON" -c 'import imaplib, sys
m = imaplib.IMAP4(sys.argv[1])
m.login("user", "secret")
print(m.select(), m.fetch("1", "BODY[HEADER]"), m.logout())' "$addr"
		expect 'over the bus'
	done
	in_file mail/links 'shmif0:'
	in_no_line mail/links eth
	stop dovecot
	rm -rf dovecot	# with sockets of its own
}
