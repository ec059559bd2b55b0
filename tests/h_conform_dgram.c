/* h_conform_dgram.c: UDP: messages, their errors and what comes with them. */
#include "tests/h_conform.h"

#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

static union any_addr to_port(int port)
{
	return addr_of(fam, NULL, port);
}

static ssize_t send_to(int fd, const void *b, size_t n, int port)
{
	union any_addr a = to_port(port);

	return sendto(fd, b, n, 0, &a.sa, size_of(fam));
}

/* A connected pair. */
static void udp_pair(int *a, int *b)
{
	int pa, pb;

	*a = udp_bound(&pa);
	*b = udp_bound(&pb);
	NEED(connect_to(*a, fam, NULL, pb));
	NEED(connect_to(*b, fam, NULL, pa));
}

static void basics(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), n;
	union any_addr a;
	socklen_t len = sizeof(a);
	char b[64];

	show_ready("fresh", w);
	show_ready("bound", r);
	CALL("empty", recv(r, b, sizeof(b), MSG_DONTWAIT));
	CALL("send", send_to(w, "hello", 5, port));
	say("comes", "%d", wait_for(r, POLLIN));
	show_ready("readable", r);
	CALL("fionread", ioctl(r, FIONREAD, &n));
	say("first", "%d", n);
	CALL("peek", recv(r, b, 2, MSG_PEEK));
	CALL("peek whole", recv(r, b, 2, MSG_PEEK | MSG_TRUNC));
	CALL("recvfrom", recvfrom(r, b, sizeof(b), 0, &a.sa, &len));
	say("from", "%s", addr_text(&a, len));
	say("data", "%.5s", b);
	say("sender's name", "%s", name_text(w));
	CALL("empty datagram", send_to(w, "", 0, port));
	say("empty comes", "%d", wait_for(r, POLLIN));
	CALL("its fionread", ioctl(r, FIONREAD, &n));
	say("it has", "%d", n);
	CALL("recv empty", recv(r, b, sizeof(b), 0));
	CALL("then none", recv(r, b, sizeof(b), MSG_DONTWAIT));
	CALL("one", send_to(w, "12345", 5, port));
	CALL("two", send_to(w, "67", 2, port));
	wait_for(r, POLLIN);
	pause_ms(QUIET_MS);
	CALL("fionread is the first's", ioctl(r, FIONREAD, &n));
	say("not all", "%d", n);
	CALL("short", recv(r, b, 2, 0));
	CALL("the rest is lost", recv(r, b, 10, 0));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("trunc", recv(r, b, 2, MSG_TRUNC));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("zero room", recv(r, b, 0, 0));
	CALL("it is gone", recv(r, b, 10, MSG_DONTWAIT));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("read", read(r, b, 3));
	len = 4;
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("short name", recvfrom(r, b, 10, 0, &a.sa, &len));
	say("whole length", "%u", (unsigned)len);
	CALL("outq", ioctl(w, SIOCOUTQ, &n));
	CALL("atmark", ioctl(w, SIOCATMARK, &n));
	CALL("sendfile-like splice", splice(r, NULL, 1, NULL, 1, 0));
	CALL("waitall", recv(r, b, 10, MSG_WAITALL | MSG_DONTWAIT));
	CALL("oob", recv(r, b, 10, MSG_OOB | MSG_DONTWAIT));
	CALL("send oob", send(w, b, 1, MSG_OOB));
}

static void unconnected(void)
{
	int fd = sock(SOCK_DGRAM);
	union any_addr a = to_port(7);
	struct msghdr m = { 0 };
	struct iovec v = { "x", 1 };
	char b[4];

	CALL("send", send(fd, "x", 1, 0));
	CALL("write", write(fd, "x", 1));
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	CALL("sendmsg", sendmsg(fd, &m, 0));
	CALL("sendto null", sendto(fd, "x", 1, 0, NULL, 0));
	CALL("sendto, short", sendto(fd, "x", 1, 0, &a.sa, 4));
	CALL("sendto, 1 byte", sendto(fd, "x", 1, 0, &a.sa, 1));
	CALL("sendto, long", sendto(fd, "x", 1, 0, &a.sa, 200));
	CALL("sendto, bad", sendto(fd, "x", 1, 0, BAD, size_of(fam)));
	a.sa.sa_family = AF_UNIX;
	CALL("sendto, unix", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	a.sa.sa_family = AF_UNSPEC;
	CALL("sendto, unspec", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	a = addr_of(fam == AF_INET ? AF_INET6 : AF_INET, NULL, 7);
	CALL("sendto, other family", sendto(fd, "x", 1, 0, &a.sa,
	    sizeof(a.in6)));
	a = to_port(0);
	CALL("port 0", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	CALL("shutdown", shutdown(fd, SHUT_RD));
	CALL("recv after it", recv(fd, b, 1, MSG_DONTWAIT));
	say("so_error", "%s", so_error(fd));
	a = addr_of(fam, fam == AF_INET ? "192.0.2.1" : "2001:db8::1", 7);
	CALL("no route", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	say("no so_error", "%s", so_error(fd));
}

static void sizes(void)
{
	static const int v[] = { 1, 1472, 1473, 9000, 65487, 65507, 65508,
	    65527, 65528, 65535, 65536, 100000 };
	static char big[100001], got[100001];
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM);
	char name[32];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		ssize_t n = send_to(w, big, (size_t)v[i], port);

		snprintf(name, sizeof(name), "%d", v[i]);
		if (n < 0) {
			say(name, "%s", result(-1));
			continue;
		}
		wait_for(r, POLLIN);
		n = recv(r, got, sizeof(got), MSG_DONTWAIT);
		say(name, "comes %s %s", result(n), n > 0 && !memcmp(got, big,
		    (size_t)n) ? "same" : "other");
	}
}

/* Nobody is at the port. */
static void refused(void)
{
	int port = free_port(SOCK_DGRAM), fd = sock(SOCK_DGRAM), u;
	char b[8];

	NEED(connect_to(fd, fam, NULL, port));
	CALL("send", send(fd, "x", 1, 0));
	say("comes", "%d", wait_for(fd, POLLERR | POLLIN));
	show_ready("refused", fd);
	say("so_error", "%s", so_error(fd));
	say("so_error 2", "%s", so_error(fd));
	show_ready("after it", fd);
	CALL("send again", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("recv", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("recv 2", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("send 3", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("send 4", send(fd, "x", 1, 0));
	CALL("send 5", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("write", write(fd, "x", 1));
	CALL("peek", recv(fd, b, 8, MSG_PEEK | MSG_DONTWAIT));
	u = sock(SOCK_DGRAM);
	CALL("unconnected send", send_to(u, "x", 1, port));
	pause_ms(QUIET_MS);
	show_ready("unconnected", u);
	CALL("unconnected recv", recv(u, b, 8, MSG_DONTWAIT));
	CALL("unconnected again", send_to(u, "x", 1, port));
	/* A blocked reader gets it. */
	u = sock(SOCK_DGRAM);
	NEED(connect_to(u, fam, NULL, port));
	send(u, "x", 1, 0);
	CALL("blocking recv", recv(u, b, 8, 0));
}

static void errqueue(void)
{
	int port = free_port(SOCK_DGRAM), fd = sock(SOCK_DGRAM);
	char b[64], c[512];
	struct iovec v = { b, sizeof(b) };
	union any_addr a;
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a),
	    .msg_iov = &v, .msg_iovlen = 1, .msg_control = c,
	    .msg_controllen = sizeof(c) };
	struct cmsghdr *h;
	ssize_t n;

	set_int(fd, fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    fam == AF_INET ? IP_RECVERR : IPV6_RECVERR, 1);
	CALL("none", recvmsg(fd, &m, MSG_ERRQUEUE));
	CALL("unconnected send", send_to(fd, "hello", 5, port));
	say("comes", "%d", wait_for(fd, POLLERR | POLLIN));
	show_ready("waits", fd);
	m.msg_controllen = sizeof(c);
	m.msg_namelen = sizeof(a);
	memset(&a, 0, sizeof(a));
	n = recvmsg(fd, &m, MSG_ERRQUEUE);
	say("errqueue", "%s flags %s", result(n), bits((unsigned)m.msg_flags,
	    msg_names));
	say("payload", "%.*s", n > 0 ? (int)n : 0, b);
	say("name", "%s", addr_text(&a, m.msg_namelen));
	say("name's port is it", "%d", n >= 0 && ntohs(fam == AF_INET ?
	    a.in.sin_port : a.in6.sin6_port) == port);
	for (h = n < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		struct {
			struct sock_extended_err ee;
			union any_addr from;
		} e;

		memset(&e, 0, sizeof(e));
		memcpy(&e, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0) < sizeof(e)
		    ? h->cmsg_len - CMSG_LEN(0) : sizeof(e));
		say("cmsg", "level %d type %d length %zu", h->cmsg_level,
		    h->cmsg_type, (size_t)h->cmsg_len);
		say("error", "%s origin %d type %d code %d info %u",
		    strerrorname_np((int)e.ee.ee_errno), e.ee.ee_origin,
		    e.ee.ee_type, e.ee.ee_code, e.ee.ee_info);
		say("offender", "%s", addr_text(&e.from, size_of(fam)));
	}
	CALL("empty again", recvmsg(fd, &m, MSG_ERRQUEUE));
	say("so_error", "%s", so_error(fd));
	show_ready("after", fd);
	CALL("send again", send_to(fd, "x", 1, port));
	wait_for(fd, POLLERR | POLLIN);
	CALL("recv has it too", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("once", recv(fd, b, 8, MSG_DONTWAIT));
	m.msg_controllen = sizeof(c);
	CALL("still in the queue", recvmsg(fd, &m, MSG_ERRQUEUE));
}

static void shut(void)
{
	int a, b;
	char x[8];

	udp_pair(&a, &b);
	CALL("write", shutdown(a, SHUT_WR));
	CALL("send", send(a, "x", 1, MSG_NOSIGNAL));
	show_ready("shut for writing", a);
	CALL("other sends", send(b, "y", 1, 0));
	wait_for(a, POLLIN);
	CALL("recv", recv(a, x, 8, 0));
	CALL("read", shutdown(a, SHUT_RD));
	show_ready("shut for both", a);
	CALL("recv then", recv(a, x, 8, 0));
	CALL("other sends on", send(b, "y", 1, 0));
	pause_ms(QUIET_MS);
	CALL("other's so_error", send(b, "y", 1, 0));
}

/* What comes beside a datagram. */
static void show_cmsgs(const char *what, struct msghdr *m)
{
	struct cmsghdr *h;
	char name[64];

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		size_t n = h->cmsg_len - CMSG_LEN(0);
		int v = 0;

		snprintf(name, sizeof(name), "%s cmsg %d/%d", what,
		    h->cmsg_level, h->cmsg_type);
		if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo pi;
			char s1[20], s2[20];

			memcpy(&pi, CMSG_DATA(h), sizeof(pi));
			inet_ntop(AF_INET, &pi.ipi_addr, s1, sizeof(s1));
			inet_ntop(AF_INET, &pi.ipi_spec_dst, s2, sizeof(s2));
			say(name, "%zu bytes to %s spec %s index %d", n, s1,
			    s2, pi.ipi_ifindex > 0);
		} else if (h->cmsg_level == IPPROTO_IPV6 &&
		    h->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo pi;
			char s1[50];

			memcpy(&pi, CMSG_DATA(h), sizeof(pi));
			inet_ntop(AF_INET6, &pi.ipi6_addr, s1, sizeof(s1));
			say(name, "%zu bytes to %s index %d", n, s1,
			    pi.ipi6_ifindex > 0);
		} else if (h->cmsg_level == SOL_SOCKET) {
			struct timespec ts;
			long sec;

			memcpy(&ts, CMSG_DATA(h), sizeof(ts));
			sec = (long)(time(NULL) - ts.tv_sec);
			say(name, "%zu bytes, now %d", n, sec >= 0 && sec < 5);
		} else if (h->cmsg_type == IP_RECVORIGDSTADDR) {
			say(name, "%zu bytes %s", n, addr_text(CMSG_DATA(h),
			    (socklen_t)n));
		} else {
			memcpy(&v, CMSG_DATA(h), n < 4 ? n : 4);
			say(name, "%zu bytes %d", n, v);
		}
	}
}

static void recv_cmsg(const char *what, int fd, size_t room)
{
	char b[16], c[512];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = room };
	char name[64];
	ssize_t n;

	memset(c, 0, sizeof(c));
	wait_for(fd, POLLIN);
	n = recvmsg(fd, &m, MSG_DONTWAIT);
	snprintf(name, sizeof(name), "%s recvmsg", what);
	say(name, "%s flags %s room used %zu", result(n),
	    bits((unsigned)m.msg_flags, msg_names), (size_t)m.msg_controllen);
	show_cmsgs(what, &m);
}

static void cmsgs(void)
{
	static const struct { int level, name; const char *text; } o4[] = {
		{ IPPROTO_IP, IP_PKTINFO, "pktinfo" },
		{ IPPROTO_IP, IP_RECVTTL, "ttl" },
		{ IPPROTO_IP, IP_RECVTOS, "tos" },
		{ IPPROTO_IP, IP_RECVORIGDSTADDR, "origdst" },
		{ SOL_SOCKET, SO_TIMESTAMP, "timestamp" },
		{ SOL_SOCKET, SO_TIMESTAMPNS, "timestampns" },
	}, o6[] = {
		{ IPPROTO_IPV6, IPV6_RECVPKTINFO, "pktinfo" },
		{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "hoplimit" },
		{ IPPROTO_IPV6, IPV6_RECVTCLASS, "tclass" },
		{ SOL_SOCKET, SO_TIMESTAMP, "timestamp" },
	};
	int w = sock(SOCK_DGRAM), n = fam == AF_INET ? 6 : 4, all, port;

	set_int(w, IPPROTO_IP, IP_TTL, 33);
	set_int(w, IPPROTO_IP, IP_TOS, 0x28);
	if (fam == AF_INET6) {
		set_int(w, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44);
		set_int(w, IPPROTO_IPV6, IPV6_TCLASS, 0x30);
	}
	all = sock(SOCK_DGRAM);
	bind_to(all, fam, NULL, 0);
	for (int i = 0; i < n; i++) {
		int fd = udp_bound(&port);
		int level = fam == AF_INET ? o4[i].level : o6[i].level;
		int name = fam == AF_INET ? o4[i].name : o6[i].name;

		set_int(fd, level, name, 1);
		set_int(all, level, name, 1);
		send_to(w, "x", 1, port);
		recv_cmsg(fam == AF_INET ? o4[i].text : o6[i].text, fd, 512);
		close(fd);
	}
	port = port_of(all);
	send_to(w, "x", 1, port);
	recv_cmsg("all", all, 512);
	send_to(w, "x", 1, port);
	recv_cmsg("short", all, 20);
	send_to(w, "x", 1, port);
	recv_cmsg("none", all, 0);
}

/* An IPv6 socket that gets IPv4. */
static void cmsgs_mapped(void)
{
	int fd = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0)), w;
	union any_addr a;

	NEED(bind_to(fd, AF_INET6, "::", 0));
	set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
	w = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0));
	a = addr_of(AF_INET, NULL, port_of(fd));
	sendto(w, "x", 1, 0, &a.sa, sizeof(a.in));
	recv_cmsg("ipv4", fd, 512);
}

static ssize_t send_cmsg(int fd, int port, int level, int type,
    const void *data, size_t len, size_t cut)
{
	union { struct cmsghdr h; char room[256]; } c;
	struct iovec v = { "x", 1 };
	union any_addr a = to_port(port);
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
	    .msg_controllen = CMSG_SPACE(len) - cut, .msg_name = &a,
	    .msg_namelen = size_of(fam) };

	memset(&c, 0, sizeof(c));
	c.h.cmsg_level = level;
	c.h.cmsg_type = type;
	c.h.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&c.h), data, len);
	return sendmsg(fd, &m, 0);
}

static void send_cmsgs(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), v;
	bool six = fam == AF_INET6;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	int ttl = six ? IPV6_HOPLIMIT : IP_TTL;
	int tos = six ? IPV6_TCLASS : IP_TOS;
	struct in_pktinfo pi = { 0 };
	struct in6_pktinfo pi6;

	set_int(r, level, six ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	set_int(r, level, six ? IPV6_RECVTCLASS : IP_RECVTOS, 1);
	v = 17;
	CALL("ttl 17", send_cmsg(w, port, level, ttl, &v, 4, 0));
	recv_cmsg("ttl 17", r, 512);
	v = 0x20;
	CALL("tos 0x20", send_cmsg(w, port, level, tos, &v, 4, 0));
	recv_cmsg("tos 0x20", r, 512);
	v = 256;
	CALL("ttl 256", send_cmsg(w, port, level, ttl, &v, 4, 0));
	v = -1;
	CALL("ttl -1", send_cmsg(w, port, level, ttl, &v, 4, 0));
	v = 0;
	CALL("ttl 0", send_cmsg(w, port, level, ttl, &v, 4, 0));
	CALL("ttl, 2 bytes", send_cmsg(w, port, level, ttl, &v, 2, 0));
	v = 300;
	CALL("tos 300", send_cmsg(w, port, level, tos, &v, 4, 0));
	CALL("unknown type", send_cmsg(w, port, level, 199, &v, 4, 0));
	CALL("unknown level", send_cmsg(w, port, 77, 1, &v, 4, 0));
	CALL("too long for its room", send_cmsg(w, port, level, ttl, &v, 4,
	    8));
	CALL("rights", send_cmsg(w, port, SOL_SOCKET, SCM_RIGHTS, &w, 4, 0));
	if (!six) {
		inet_pton(AF_INET, "127.0.0.1", &pi.ipi_spec_dst);
		CALL("pktinfo", send_cmsg(w, port, level, IP_PKTINFO, &pi,
		    sizeof(pi), 0));
		pi.ipi_ifindex = 999;
		CALL("pktinfo, no such interface", send_cmsg(w, port, level,
		    IP_PKTINFO, &pi, sizeof(pi), 0));
		pi.ipi_ifindex = 0;
		inet_pton(AF_INET, "192.0.2.1", &pi.ipi_spec_dst);
		CALL("pktinfo, foreign", send_cmsg(w, port, level, IP_PKTINFO,
		    &pi, sizeof(pi), 0));
		return;
	}
	memset(&pi6, 0, sizeof(pi6));
	CALL("pktinfo", send_cmsg(w, port, level, IPV6_PKTINFO, &pi6,
	    sizeof(pi6), 0));
	pi6.ipi6_ifindex = 999;
	CALL("pktinfo, no such interface", send_cmsg(w, port, level,
	    IPV6_PKTINFO, &pi6, sizeof(pi6), 0));
	pi6.ipi6_ifindex = 0;
	inet_pton(AF_INET6, "2001:db8::1", &pi6.ipi6_addr);
	CALL("pktinfo, foreign", send_cmsg(w, port, level, IPV6_PKTINFO, &pi6,
	    sizeof(pi6), 0));
}

static void many(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM);
	struct timespec ts = { 0, 100000000 };
	struct mmsghdr v[4];
	struct iovec iov[4];
	char b[4][8];
	union any_addr a = to_port(port);

	memset(v, 0, sizeof(v));
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ b[i], (size_t)i + 1 };
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
		v[i].msg_hdr.msg_name = &a;
		v[i].msg_hdr.msg_namelen = size_of(fam);
	}
	CALL("sendmmsg", sendmmsg(w, v, 4, 0));
	say("lengths", "%u %u %u %u", v[0].msg_len, v[1].msg_len,
	    v[2].msg_len, v[3].msg_len);
	pause_ms(QUIET_MS);
	for (int i = 0; i < 4; i++) {
		iov[i].iov_len = 8;
		v[i].msg_hdr.msg_name = NULL;
		v[i].msg_hdr.msg_namelen = 0;
	}
	CALL("recvmmsg 2", recvmmsg(r, v, 2, 0, NULL));
	say("first lengths", "%u %u", v[0].msg_len, v[1].msg_len);
	CALL("wait for one", recvmmsg(r, v, 4, MSG_WAITFORONE, NULL));
	CALL("none", recvmmsg(r, v, 4, MSG_DONTWAIT, NULL));
	ts.tv_nsec = -1;
	CALL("bad time", recvmmsg(r, v, 4, 0, &ts));
	CALL("sendmmsg, no address", sendmmsg(w, v, 4, 0));
	CALL("sendmmsg 0", sendmmsg(w, v, 0, 0));
	CALL("sendmmsg bad", sendmmsg(w, BAD, 1, 0));
}

static void vectors(void)
{
	int a, b;
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	char x[4], y[8];
	struct iovec r[2] = { { x, 3 }, { y, 8 } };
	struct msghdr m = { .msg_iov = r, .msg_iovlen = 2 };

	udp_pair(&a, &b);
	CALL("writev", writev(a, v, 3));
	wait_for(b, POLLIN);
	CALL("readv", readv(b, r, 2));
	say("data", "%.3s %.2s", x, y);
	CALL("writev 0", writev(a, v, 0));
	pause_ms(QUIET_MS);
	CALL("comes", recv(b, x, 1, MSG_DONTWAIT));
	CALL("write 0", write(a, "", 0));
	pause_ms(QUIET_MS);
	CALL("write 0 comes", recv(b, x, 1, MSG_DONTWAIT));
	CALL("write", write(a, "0123456789abcdef", 16));
	wait_for(b, POLLIN);
	CALL("recvmsg", recvmsg(b, &m, 0));
	say("flags", "%s", bits((unsigned)m.msg_flags, msg_names));
	write(a, "0123456789abcdef", 16);
	wait_for(b, POLLIN);
	m.msg_flags = 0;
	CALL("recvmsg trunc", recvmsg(b, &m, MSG_TRUNC));
	CALL("msg_more", send(a, "ab", 2, MSG_MORE));
	CALL("rest", send(a, "cd", 2, 0));
	wait_for(b, POLLIN);
	CALL("as one", recv(b, y, 8, 0));
	CALL("bad", write(a, BAD, 3));
	CALL("bad readv", recv(b, BAD, 3, MSG_DONTWAIT));
}

/* Only the peer's datagrams come to a connected socket. */
static void filter(void)
{
	int port, r = udp_bound(&port), peer, other;
	int pp;
	char b[8];

	peer = udp_bound(&pp);
	other = sock(SOCK_DGRAM);
	NEED(connect_to(r, fam, NULL, pp));
	CALL("other sends", send_to(other, "no", 2, port));
	pause_ms(QUIET_MS);
	CALL("not here", recv(r, b, 8, MSG_DONTWAIT));
	CALL("peer sends", send_to(peer, "yes", 3, port));
	wait_for(r, POLLIN);
	CALL("comes", recv(r, b, 8, MSG_DONTWAIT));
	CALL("sendto another", send_to(r, "x", 1, port));
}

static void newest(void)
{
	int one = sock(SOCK_DGRAM), two = sock(SOCK_DGRAM), port;
	char b[8];

	set_int(one, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(two, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(one, fam, NULL, 0));
	port = port_of(one);
	NEED(bind_to(two, fam, NULL, port));
	send_to(sock(SOCK_DGRAM), "x", 1, port);
	pause_ms(QUIET_MS);
	CALL("first", recv(one, b, 8, MSG_DONTWAIT));
	CALL("second", recv(two, b, 8, MSG_DONTWAIT));
	NEED(connect_to(one, fam, NULL, port_of(two)));
}

static void broadcast(void)
{
	int r = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0)), w;
	union any_addr a;
	char b[8];

	NEED(bind_to(r, AF_INET, "0.0.0.0", 0));
	w = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0));
	a = addr_of(AF_INET, "10.0.0.255", port_of(r));
	CALL("not allowed", sendto(w, "x", 1, 0, &a.sa, sizeof(a.in)));
	CALL("connect not allowed", connect(w, &a.sa, sizeof(a.in)));
	set_int(w, SOL_SOCKET, SO_BROADCAST, 1);
	CALL("allowed", sendto(w, "x", 1, 0, &a.sa, sizeof(a.in)));
	say("own copy", "%d", wait_for(r, POLLIN));
	CALL("recv", recv(r, b, 8, MSG_DONTWAIT));
	a = addr_of(AF_INET, "127.255.255.255", port_of(r));
	CALL("loopback's", sendto(w, "x", 1, 0, &a.sa, sizeof(a.in)));
	say("comes", "%d", wait_for(r, POLLIN));
	CALL("connect", connect(w, &a.sa, sizeof(a.in)));
	CALL("send", send(w, "x", 1, 0));
}

static void multicast(void)
{
	int r = (int)NEED(socket(fam, SOCK_DGRAM, 0)), w, other, u;
	const char *group = fam == AF_INET ? "239.7.7.7" : "ff15::777";
	const char *any = fam == AF_INET ? "0.0.0.0" : "::";
	unsigned index = if_nametoindex("shmif0");
	struct group_req g;
	union any_addr a;
	char b[8];
	int level = fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, port;

	memset(&g, 0, sizeof(g));
	g.gr_interface = index;
	a = addr_of(fam, group, 0);
	memcpy(&g.gr_group, &a, sizeof(a));
	set_int(r, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(r, fam, any, 0));
	port = port_of(r);
	other = (int)NEED(socket(fam, SOCK_DGRAM, 0));
	set_int(other, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(other, fam, any, port));
	CALL("join", setsockopt(r, level, MCAST_JOIN_GROUP, &g, sizeof(g)));
	w = (int)NEED(socket(fam, SOCK_DGRAM, 0));
	if (fam == AF_INET) {
		struct ip_mreqn m = { .imr_ifindex = (int)index };

		CALL("interface", setsockopt(w, level, IP_MULTICAST_IF, &m,
		    sizeof(m)));
	} else {
		CALL("interface", set_int(w, level, IPV6_MULTICAST_IF,
		    (int)index));
	}
	a = addr_of(fam, group, port);
	CALL("send", sendto(w, "m", 1, 0, &a.sa, size_of(fam)));
	say("own copy", "%d", wait_for(r, POLLIN));
	CALL("recv", recv(r, b, 8, MSG_DONTWAIT));
	pause_ms(QUIET_MS);
	CALL("who has not joined", recv(other, b, 8, MSG_DONTWAIT));
	set_int(other, level, fam == AF_INET ? IP_MULTICAST_ALL : 29, 0);
	set_int(w, level, fam == AF_INET ? IP_MULTICAST_LOOP :
	    IPV6_MULTICAST_LOOP, 0);
	CALL("without loop", sendto(w, "m", 1, 0, &a.sa, size_of(fam)));
	pause_ms(QUIET_MS);
	CALL("recv, without loop", recv(r, b, 8, MSG_DONTWAIT));
	set_int(w, level, fam == AF_INET ? IP_MULTICAST_LOOP :
	    IPV6_MULTICAST_LOOP, 1);
	CALL("send 2", sendto(w, "m", 1, 0, &a.sa, size_of(fam)));
	wait_for(r, POLLIN);
	pause_ms(QUIET_MS);
	CALL("recv 2", recv(r, b, 8, MSG_DONTWAIT));
	CALL("multicast_all off", recv(other, b, 8, MSG_DONTWAIT));
	CALL("leave", setsockopt(r, level, MCAST_LEAVE_GROUP, &g, sizeof(g)));
	sendto(w, "m", 1, 0, &a.sa, size_of(fam));
	pause_ms(QUIET_MS);
	CALL("after it", recv(r, b, 8, MSG_DONTWAIT));
	u = (int)NEED(socket(fam, SOCK_DGRAM, 0));
	set_int(u, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL("bind to the group", bind_to(u, fam, group, port));
	setsockopt(u, level, MCAST_JOIN_GROUP, &g, sizeof(g));
	sendto(w, "m", 1, 0, &a.sa, size_of(fam));
	say("bound to the group, comes", "%d", wait_for(u, POLLIN));
	CALL("connect to the group", connect(w, &a.sa, size_of(fam)));
	CALL("send connected", send(w, "m", 1, 0));
}

static void blocked(void)
{
	struct timeval tv = { 0, 150000 };
	struct itimerval it = { .it_value.tv_usec = 100000 };
	int port, fd = udp_bound(&port);
	char b[4];
	long t;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	t = now_ms();
	CALL("time-out", recv(fd, b, 4, 0));
	say("it lasts", "%d", now_ms() - t >= 140);
	memset(&tv, 0, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	handle(SIGALRM, 0);
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal", recv(fd, b, 4, 0));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, recvfrom", recvfrom(fd, b, 4, 0, NULL, NULL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, recvmmsg", recvmmsg(fd, &(struct mmsghdr){
	    .msg_hdr.msg_iov = &(struct iovec){ b, 4 },
	    .msg_hdr.msg_iovlen = 1 }, 1, 0, NULL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, read", read(fd, b, 4));
}

/* A receiver that does not read: what does not fit is lost, senders go on. */
static void overflow(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), n = 0, got = 0;
	char b[1000] = "";

	set_int(r, SOL_SOCKET, SO_RCVBUF, 20000);
	for (int i = 0; i < 2000; i++)
		n += send_to(w, b, sizeof(b), port) == sizeof(b);
	say("sent", "%d", n);
	pause_ms(QUIET_MS);
	while (recv(r, b, sizeof(b), MSG_DONTWAIT) > 0)
		got++;
	say("some are lost", "%d", got > 0 && got < 2000);
	CALL("goes on", send_to(w, b, 10, port));
	say("comes", "%d", wait_for(r, POLLIN));
}

static const struct conform_case cases[] = {
	{ "basics", basics, false },
	{ "unconnected", unconnected, false },
	{ "sizes", sizes, false },
	{ "refused", refused, false },
	{ "errqueue", errqueue, false },
	{ "shut", shut, false },
	{ "cmsgs", cmsgs, false },
	{ "cmsgs-mapped", cmsgs_mapped, true },
	{ "send-cmsgs", send_cmsgs, false },
	{ "many", many, false },
	{ "vectors", vectors, false },
	{ "filter", filter, false },
	{ "newest", newest, false },
	{ "broadcast", broadcast, true },
	{ "multicast", multicast, false },
	{ "blocked", blocked, true },
	{ "overflow", overflow, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
