/*
 * h_conform_pair.c: what another host does, and how it is seen here.  Run as
 * "h_conform_pair peer" there, at 10.0.0.2 and fd00::2.
 */
#include "tests/h_conform.h"

#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#define PORT	4001	/* TCP: obeys one letter; UDP: sends back */
#define NOBODY	4002
#define BULK	(8 << 20)

static const char *there(void)
{
	return fam == AF_INET ? "10.0.0.2" : "fd00::2";
}

static uint32_t next_word(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return *x;
}

static void bulk(int fd, bool send_it, bool *same)
{
	static uint32_t b[16384], want[16384];
	uint32_t x = 1;

	*same = true;
	for (size_t done = 0; done < BULK; done += sizeof(b)) {
		for (size_t i = 0; i < 16384; i++)
			want[i] = next_word(&x);
		if (send_it) {
			*same &= send(fd, want, sizeof(want), 0) ==
			    sizeof(want);
			continue;
		}
		*same &= recv(fd, b, sizeof(b), MSG_WAITALL) == sizeof(b) &&
		    !memcmp(b, want, sizeof(b));
	}
}

static void obey(int fd)
{
	static const struct linger hard = { 1, 0 };
	char what, b[64];
	bool same;
	ssize_t n;

	if (read(fd, &what, 1) != 1)
		_exit(1);
	switch (what) {
	case 'e':		/* echo until the end, then end */
		while ((n = read(fd, b, sizeof(b))) > 0)
			write(fd, b, (size_t)n);
		break;
	case 'r':		/* reset */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		break;
	case 'h':		/* half close, then tell how many came */
		shutdown(fd, SHUT_WR);
		while ((n = read(fd, b, sizeof(b))) > 0)
			;
		break;
	case 'd':
		bulk(fd, true, &same);
		break;
	case 'u':
		bulk(fd, false, &same);
		write(fd, same ? "1" : "0", 1);
		break;
	}
	close(fd);
	_exit(0);
}

static int peer_main(void)
{
	int l = socket(AF_INET6, SOCK_STREAM, 0);
	int u = socket(AF_INET6, SOCK_DGRAM, 0), fd;
	struct pollfd p[2] = { { l, POLLIN, 0 }, { u, POLLIN, 0 } };
	union any_addr a;
	socklen_t len;
	char b[65536];
	ssize_t n;

	signal(SIGCHLD, SIG_IGN);
	fam = AF_INET6;
	set_int(l, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(u, AF_INET6, "::", PORT));
	NEED(bind_to(l, AF_INET6, "::", PORT));
	NEED(listen(l, 64));
	alarm(150);
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents) {
			fd = accept(l, NULL, NULL);
			if (fork() == 0)
				obey(fd);
			close(fd);
		}
		len = sizeof(a);
		if (p[1].revents && (n = recvfrom(u, b, sizeof(b), 0, &a.sa,
		    &len)) >= 0)
			sendto(u, b, (size_t)n, 0, &a.sa, len);
	}
	return 0;
}

/* The other side may have to start first. */
static int reach(char what)
{
	for (int i = 0; i < 100; i++) {
		int fd = sock(SOCK_STREAM);

		if (connect_to(fd, fam, there(), PORT) == 0) {
			write(fd, &what, 1);
			return fd;
		}
		close(fd);
		pause_ms(50);
	}
	return -1;
}

static void streams(void)
{
	int fd = reach('e');
	char b[64];
	bool same;

	say("name", "%s", name_text(fd));
	say("peer", "%s", peer_text(fd));
	CALL("write", write(fd, "hello", 5));
	say("echo", "%zu", read_all(fd, b, 5));
	CALL("shutdown", shutdown(fd, SHUT_WR));
	say("end", "%d", wait_for(fd, POLLRDHUP));
	CALL("read", read(fd, b, 8));
	close(fd);
	fd = reach('r');
	wait_for(fd, POLLIN);
	CALL("reset", read(fd, b, 8));
	CALL("after it", send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	fd = reach('h');
	say("half closed", "%d", wait_for(fd, POLLRDHUP));
	CALL("end of one way", read(fd, b, 8));
	CALL("the other way works", write(fd, "x", 1));
	show_ready("half", fd);
	close(fd);
	fd = reach('d');
	bulk(fd, false, &same);
	say("eight megabytes here", "%d", same);
	CALL("and the end", read(fd, b, 1));
	fd = reach('u');
	bulk(fd, true, &same);
	say("eight megabytes there", "%d %zu", same, read_all(fd, b, 1));
	say("arrived", "%c", b[0]);
}

static void states(void)
{
	int fd = sock(SOCK_STREAM);

	close(reach('e'));
	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, there(), PORT));
	say("comes", "%d", wait_for(fd, POLLOUT));
	show_ready("connected", fd);
	say("so_error", "%s", so_error(fd));
	fd = sock(SOCK_STREAM);
	CALL("to nobody", connect_to(fd, fam, there(), NOBODY));
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	CALL("refused later", connect_to(fd, fam, there(), NOBODY));
	wait_for(fd, POLLOUT);
	pause_ms(QUIET_MS);
	show_ready("refused", fd);
	say("its so_error", "%s", so_error(fd));
	say("mtu is known", "%d", get_int(reach('e'), IPPROTO_TCP,
	    TCP_MAXSEG) > 500);
}

static void datagrams(void)
{
	static char big[60000], got[60000];
	int fd = sock(SOCK_DGRAM), v = 5;
	union any_addr a = addr_of(fam, there(), PORT), from;
	socklen_t len = sizeof(from);
	char b[64], c[512];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = sizeof(c) };

	close(reach('e'));
	CALL("send", sendto(fd, "hello", 5, 0, &a.sa, size_of(fam)));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("recv", recvfrom(fd, b, sizeof(b), 0, &from.sa, &len));
	say("from", "%s", addr_text(&from, len));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 13);
	CALL("in fragments", sendto(fd, big, sizeof(big), 0, &a.sa,
	    size_of(fam)));
	wait_for(fd, POLLIN);
	CALL("all of them", recv(fd, got, sizeof(got), MSG_DONTWAIT));
	say("same", "%d", !memcmp(big, got, sizeof(big)));
	NEED(connect_to(fd, fam, there(), NOBODY));
	say("name", "%s", name_text(fd));
	CALL("to nobody", send(fd, "x", 1, 0));
	wait_for(fd, POLLIN | POLLERR);
	CALL("refused", recv(fd, b, 1, MSG_DONTWAIT));
	set_int(fd, fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    fam == AF_INET ? IP_RECVERR : IPV6_RECVERR, 1);
	CALL("with details", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	OKAY("errqueue", recvmsg(fd, &m, MSG_ERRQUEUE));
	say("control data", "%d", m.msg_controllen > 16);
	set_int(fd, fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    fam == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS, v);
	say("ttl", "%d", get_int(fd, fam == AF_INET ? IPPROTO_IP :
	    IPPROTO_IPV6, fam == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS));
}

static void ping(void)
{
	bool six = fam == AF_INET6;
	int fd = (int)NEED(socket(fam, SOCK_DGRAM, six ? IPPROTO_ICMPV6 :
	    IPPROTO_ICMP));
	union any_addr a = addr_of(fam, there(), 0), from;
	socklen_t len = sizeof(from);
	uint8_t p[16] = { six ? ICMP6_ECHO_REQUEST : ICMP_ECHO }, b[64];

	close(reach('e'));
	CALL("send", sendto(fd, p, sizeof(p), 0, &a.sa, size_of(fam)));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("recv", recvfrom(fd, b, sizeof(b), MSG_DONTWAIT, &from.sa, &len));
	say("from", "%s", addr_text(&from, len));
}

static const struct conform_case cases[] = {
	{ "streams", streams, false },
	{ "states", states, false },
	{ "datagrams", datagrams, false },
	{ "ping", ping, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "peer"))
		return peer_main();
	return conform_main(argc, argv, cases);
}
