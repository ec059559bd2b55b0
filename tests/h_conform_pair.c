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
	settle();
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

static uint16_t sum16(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t s = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)(b[i] << 8 | b[i + 1]);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

/* Raw sockets: an echo of one's own, and what comes of it. */
static void raw(void)
{
	bool six = fam == AF_INET6;
	int fd = (int)NEED(socket(fam, SOCK_RAW, six ? IPPROTO_ICMPV6 :
	    IPPROTO_ICMP));
	union any_addr a = addr_of(fam, there(), 0), from;
	socklen_t len = sizeof(from);
	uint8_t p[16] = { six ? ICMP6_ECHO_REQUEST : ICMP_ECHO, 0, 0, 0,
	    0x47, 0x11, 0, 1 }, b[128];
	int at = six ? 0 : 20;
	uint16_t sum;
	ssize_t n = -1;

	close(reach('e'));
	if (!six) {
		sum = sum16(p, sizeof(p));
		memcpy(p + 2, &sum, 2);
	}
	CALL("send", sendto(fd, p, sizeof(p), 0, &a.sa, size_of(fam)));
	/* Neighbours have things to say, too. */
	while (wait_for(fd, POLLIN)) {
		n = recvfrom(fd, b, sizeof(b), 0, &from.sa, &len);
		if (b[at] == (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
			break;
	}
	say("reply", "%zd bytes from %s", n, addr_text(&from, len));
	say("identifier", "%x", b[at + 4] << 8 | b[at + 5]);
	CALL("connect", connect_to(fd, fam, there(), 0));
	say("name", "%s", name_text(fd));
	CALL("send connected", send(fd, p, sizeof(p), 0));
	say("comes", "%d", wait_for(fd, POLLIN));
}

/* A packet of IP header, UDP header and payload, all the program's own. */
static void own_header(void)
{
	bool six = fam == AF_INET6;
	int port, u = sock(SOCK_DGRAM), fd;
	uint8_t p[64] = { 0 }, *udp = p + (six ? 40 : 20), b[64];
	union any_addr a = addr_of(fam, there(), PORT), from;
	socklen_t len = sizeof(from);
	uint32_t sum = 0;

	close(reach('e'));
	NEED(connect_to(u, fam, there(), PORT));
	port = port_of(u);
	fd = (int)NEED(socket(fam, SOCK_RAW, IPPROTO_RAW));
	p[0] = six ? 0x60 : 0x45;
	p[six ? 6 : 9] = IPPROTO_UDP;
	p[six ? 7 : 8] = 64;
	if (six) {
		p[5] = 12;
		inet_pton(fam, "fd00::1", p + 8);
		memcpy(p + 24, &a.in6.sin6_addr, 16);
	} else {
		memcpy(p + 16, &a.in.sin_addr, 4);
	}
	memcpy(udp, (uint8_t[]){ (uint8_t)(port >> 8), (uint8_t)port,
	    PORT >> 8, PORT & 255, 0, 12, 0, 0, 'r', 'a', 'w', '!' }, 12);
	if (six) {		/* which must have a checksum */
		memcpy(b, p + 8, 32);
		sum = (uint16_t)~ntohs(sum16(b, 32)) + IPPROTO_UDP + 12u +
		    (uint16_t)~ntohs(sum16(udp, 12));
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		udp[6] = (uint8_t)(~sum >> 8);
		udp[7] = (uint8_t)~sum;
	}
	a = addr_of(fam, there(), 0);
	CALL("send", sendto(fd, p, (size_t)(udp + 12 - p), 0, &a.sa,
	    size_of(fam)));
	say("comes back", "%d", wait_for(u, POLLIN));
	CALL("recv", recvfrom(u, b, sizeof(b), MSG_DONTWAIT, &from.sa, &len));
	say("data", "%.4s", (char *)b);
}

/* What each size gives, and where it begins to be too much. */
static void sizes(void)
{
	static char big[65536], got[65536];
	static const int n[] = { 0, 1, 1472, 1473, 9000, 35320, 35321, 65000,
	    65480, 65507, 65536 };
	int fd = sock(SOCK_DGRAM);
	char name[32];
	ssize_t r;
	bool in;

	close(reach('e'));
	NEED(connect_to(fd, fam, there(), PORT));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++) {
		/* Listed in h_conform_dgram: IPv6 has 40 bytes less. */
		if (fam == AF_INET6 && n[i] == 65507)
			continue;
		snprintf(name, sizeof(name), "%d bytes", n[i]);
		memset(got, 0, sizeof(got));
		CALL(name, send(fd, big, (size_t)n[i], 0));
		if (n[i] > 65507)
			break;
		in = wait_for(fd, POLLIN);
		r = recv(fd, got, sizeof(got), MSG_DONTWAIT);
		snprintf(name, sizeof(name), "%d come back", n[i]);
		say(name, "%d as %s, same %d", in, result(r),
		    !memcmp(big, got, (size_t)n[i]));
	}
}

/* An ICMP error of another host, with what it is about. */
static void details(void)
{
	int fd = sock(SOCK_DGRAM);
	char b[64], c[512];
	struct iovec v = { b, sizeof(b) };
	union any_addr a = addr_of(fam, there(), NOBODY);
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a),
	    .msg_iov = &v, .msg_iovlen = 1, .msg_control = c,
	    .msg_controllen = sizeof(c) };
	struct { struct sock_extended_err ee; union any_addr from; } e;
	struct cmsghdr *h;
	ssize_t n;

	close(reach('e'));
	set_int(fd, fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    fam == AF_INET ? IP_RECVERR : IPV6_RECVERR, 1);
	CALL("send", sendto(fd, "hello", 5, 0, &a.sa, size_of(fam)));
	wait_for(fd, POLLERR | POLLIN);
	n = recvmsg(fd, &m, MSG_ERRQUEUE);
	say("errqueue", "%s flags %s", result(n), bits((unsigned)m.msg_flags,
	    msg_names));
	say("name", "%s", addr_text(&a, m.msg_namelen));
	h = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	if (!h)
		return;
	memset(&e, 0, sizeof(e));
	memcpy(&e, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0) < sizeof(e) ?
	    h->cmsg_len - CMSG_LEN(0) : sizeof(e));
	say("error", "%s origin %d type %d code %d info %u",
	    strerrorname_np((int)e.ee.ee_errno), e.ee.ee_origin,
	    e.ee.ee_type, e.ee.ee_code, e.ee.ee_info);
	say("offender", "%s", addr_text(&e.from, size_of(fam)));
	CALL("another socket has none", recvmsg(sock(SOCK_DGRAM), &m,
	    MSG_ERRQUEUE));
}

/* What goes beside a datagram from another host. */
static void beside(void)
{
	bool six = fam == AF_INET6;
	int fd = sock(SOCK_DGRAM), level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	char b[64], c[512], name[64];
	struct iovec v = { b, sizeof(b) };
	union any_addr a = addr_of(fam, there(), PORT);
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = sizeof(c) };

	close(reach('e'));
	set_int(fd, level, six ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
	set_int(fd, level, six ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	set_int(fd, level, six ? IPV6_RECVTCLASS : IP_RECVTOS, 1);
	CALL("send", sendto(fd, "hello", 5, 0, &a.sa, size_of(fam)));
	wait_for(fd, POLLIN);
	CALL("recv", recvmsg(fd, &m, MSG_DONTWAIT));
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		int n = 0;

		memcpy(&n, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0) < 4 ?
		    h->cmsg_len - CMSG_LEN(0) : 4);
		snprintf(name, sizeof(name), "cmsg %d/%d", h->cmsg_level,
		    h->cmsg_type);
		if (h->cmsg_len <= CMSG_LEN(4))
			say(name, "%zu bytes %d", (size_t)h->cmsg_len, n);
		else
			say(name, "%zu bytes", (size_t)h->cmsg_len);
	}
}

static const struct conform_case cases[] = {
	{ "streams", streams, false },
	{ "states", states, false },
	{ "datagrams", datagrams, false },
	{ "ping", ping, false },
	{ "raw", raw, false },
	{ "own-header", own_header, false },
	{ "sizes", sizes, false },
	{ "details", details, false },
	{ "beside", beside, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "peer"))
		return peer_main();
	return conform_main(argc, argv, cases);
}
