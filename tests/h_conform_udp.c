/* h_conform_udp.c: UDP: many messages at once, segments, corks, ECN. */
#include "tests/h_conform.h"

#include <netinet/udp.h>

#define MANY 40

static char data[70000], room[70000];

static ssize_t send_to(int fd, const void *b, size_t n, int flags, int port)
{
	union any_addr a = addr_of(fam, NULL, port);

	return sendto(fd, b, n, flags, &a.sa, size_of(fam));
}

/* With a control message, of which `len` is what it says; to a port or 0. */
static ssize_t send_beside(int fd, size_t n, int port, int level, int type,
    const void *val, size_t len)
{
	union { struct cmsghdr h; char room[64]; } c;
	struct iovec v = { data, n };
	union any_addr a = addr_of(fam, NULL, port);
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
	    .msg_controllen = CMSG_SPACE(len) };

	if (port) {
		m.msg_name = &a;
		m.msg_namelen = size_of(fam);
	}
	memset(&c, 0, sizeof(c));
	c.h.cmsg_level = level;
	c.h.cmsg_type = type;
	c.h.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&c.h), val, len);
	return sendmsg(fd, &m, 0);
}

static ssize_t send_cut(int fd, size_t n, int port, unsigned segment)
{
	uint16_t s = (uint16_t)segment;

	return send_beside(fd, n, port, IPPROTO_UDP, UDP_SEGMENT, &s,
	    sizeof(s));
}

/* The next message; its size in *segment, 0: none was told. */
static ssize_t next_message(int fd, int *segment)
{
	char c[256];
	struct iovec v = { room, sizeof(room) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = sizeof(c) };
	struct cmsghdr *h;
	ssize_t n;

	*segment = 0;
	if (!wait_for(fd, POLLIN))
		return -1;
	n = recvmsg(fd, &m, MSG_DONTWAIT);
	for (h = n < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == IPPROTO_UDP && h->cmsg_type == UDP_GRO &&
		    h->cmsg_len == CMSG_LEN(sizeof(*segment)))
			memcpy(segment, CMSG_DATA(h), sizeof(*segment));
	return n;
}

/*
 * `want` bytes of data: into how many datagrams they are cut, and how long
 * these are.  How many come together is nobody's business.
 */
static void comes(const char *what, int fd, size_t want)
{
	size_t got = 0, first = 0, last = 0, n = 0;
	bool same = true, even = true, joined = false;
	int segment;

	while (got < want) {
		ssize_t r = next_message(fd, &segment), part;

		if (r < 0)
			break;
		same &= got + (size_t)r <= sizeof(data) &&
		    !memcmp(room, data + got, (size_t)r);
		joined |= segment != 0;
		for (ssize_t at = 0; at < r || (!r && !at); at += part) {
			part = segment && segment < r - at ? segment : r - at;
			even &= !n || last == first;
			first = n ? first : (size_t)part;
			last = (size_t)part;
			n++;
			if (!r)
				break;
		}
		got += (size_t)r;
	}
	say(what, "%zu of %zu in %zu, %zu and at last %zu%s%s%s", got, want, n,
	    first, last, same ? "" : ", other", even ? "" : ", uneven",
	    joined ? ", joined" : "");
}

static void fill(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31 + i / 251);
}

static const struct { int name; const char *text; } opts[] = {
	{ UDP_CORK, "cork" }, { UDP_SEGMENT, "segment" }, { UDP_GRO, "gro" },
};

static void options(void)
{
	static const int vals[] = { 0, 1, 2, -1, 65535, 65536, 1 << 30 };
	char name[64];

	for (size_t i = 0; i < sizeof(opts) / sizeof(*opts); i++) {
		int fd = sock(SOCK_DGRAM), v = -1;
		socklen_t len = sizeof(v);

		getsockopt(fd, IPPROTO_UDP, opts[i].name, &v, &len);
		say(opts[i].text, "%d, %u bytes", v, (unsigned)len);
		for (size_t k = 0; k < sizeof(vals) / sizeof(*vals); k++) {
			snprintf(name, sizeof(name), "%s %d", opts[i].text,
			    vals[k]);
			CALL(name, set_int(fd, IPPROTO_UDP, opts[i].name,
			    vals[k]));
			len = sizeof(v);
			getsockopt(fd, IPPROTO_UDP, opts[i].name, &v, &len);
			strcat(name, " then");
			say(name, "%d", v);
		}
		len = 2;
		v = 1;
		snprintf(name, sizeof(name), "%s short", opts[i].text);
		CALL(name, setsockopt(fd, IPPROTO_UDP, opts[i].name, &v, 2));
		strcat(name, " get");
		CALL(name, getsockopt(fd, IPPROTO_UDP, opts[i].name, &v, &len));
		snprintf(name, sizeof(name), "%s bad", opts[i].text);
		CALL(name, setsockopt(fd, IPPROTO_UDP, opts[i].name, BAD, 4));
		snprintf(name, sizeof(name), "%s of tcp", opts[i].text);
		CALL(name, set_int(sock(SOCK_STREAM), IPPROTO_UDP,
		    opts[i].name, 1));
		close(fd);
	}
}

static void segments(void)
{
	static const struct { unsigned n, segment; } v[] = {
		{ 1000, 1000 }, { 1000, 100 }, { 1001, 100 }, { 99, 100 },
		{ 100, 1 }, { 128, 1 }, { 129, 1 }, { 12800, 100 },
		{ 12801, 100 }, { 0, 100 }, { 1000, 0 }, { 60000, 1400 },
		{ 65400, 1200 }, { 65507, 60000 }, { 65508, 1400 },
	};
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), val = 7;
	uint16_t segment = 100;
	char name[64];
	ssize_t n;

	fill();
	set_int(r, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	for (int gro = 0; gro < 2; gro++) {
		set_int(r, IPPROTO_UDP, UDP_GRO, gro);
		for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
			snprintf(name, sizeof(name), "%u by %u, gro %d",
			    v[i].n, v[i].segment, gro);
			/* IPv6 takes some more, see "sizes" of h_conform_dgram. */
			if (fam == AF_INET6 && v[i].n > 65487)
				continue;
			n = send_cut(w, v[i].n, port, v[i].segment);
			say(name, "%s", result(n));
			strcat(name, ", comes");
			if (n >= 0)
				comes(name, r, (size_t)n);
		}
	}
	CALL("an int", send_beside(w, 300, port, IPPROTO_UDP, UDP_SEGMENT,
	    &val, sizeof(val)));
	CALL("a byte", send_beside(w, 300, port, IPPROTO_UDP, UDP_SEGMENT,
	    &val, 1));
	CALL("another type", send_beside(w, 300, port, IPPROTO_UDP, UDP_GRO,
	    &segment, 2));
	CALL("nobody", send_cut(w, 300, 0, 100));
}

/* As an option of the socket. */
static void segment_option(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM);

	fill();
	CALL("set", set_int(w, IPPROTO_UDP, UDP_SEGMENT, 100));
	CALL("send", send_to(w, data, 950, 0, port));
	comes("comes", r, 950);
	CALL("send less", send_to(w, data, 50, 0, port));
	comes("less comes", r, 50);
	CALL("too many", send_to(w, data, 12801, 0, port));
	CALL("beside it", send_cut(w, 950, port, 200));
	comes("200 comes", r, 950);
	CALL("none beside it", send_cut(w, 950, port, 0));
	comes("whole", r, 950);
	NEED(connect_to(w, fam, NULL, port));
	CALL("connected", send(w, data, 350, 0));
	comes("connected comes", r, 350);
	CALL("write", write(w, data, 350));
	comes("write comes", r, 350);
	CALL("off", set_int(w, IPPROTO_UDP, UDP_SEGMENT, 0));
	CALL("send then", send(w, data, 350, 0));
	comes("one", r, 350);
	CALL("accept", accept(w, NULL, NULL));
}

static void corks(void)
{
	int port, other, r = udp_bound(&port), x = udp_bound(&other);
	int w = sock(SOCK_DGRAM), n = 0;

	fill();
	CALL("more", send_to(w, data, 10, MSG_MORE, port));
	CALL("no more, no address", send(w, data + 10, 5, 0));
	comes("as one", r, 15);
	CALL("not begun", send(w, data, 5, 0));
	CALL("more 2", send_to(w, data, 10, MSG_MORE, port));
	CALL("to another", send_to(w, data + 10, 5, 0, other));
	comes("where it began", r, 15);
	say("another", "%d", wait_for(x, 0));
	CALL("more 3", send_to(w, data, 10, MSG_MORE, port));
	CALL("nothing more", send_to(w, data, 0, 0, port));
	comes("10", r, 10);
	CALL("cork", set_int(w, IPPROTO_UDP, UDP_CORK, 1));
	CALL("corked", send_to(w, data, 10, 0, port));
	CALL("corked 2", send(w, data + 10, 10, 0));
	settle();
	CALL("nothing comes", recv(r, room, 10, MSG_DONTWAIT));
	CALL("uncork", set_int(w, IPPROTO_UDP, UDP_CORK, 0));
	comes("at once", r, 20);
	CALL("uncork again", set_int(w, IPPROTO_UDP, UDP_CORK, 0));
	CALL("after it", send(w, data, 10, 0));
	CALL("cork 2", set_int(w, IPPROTO_UDP, UDP_CORK, 1));
	CALL("40000", send_to(w, data, 40000, 0, port));
	CALL("40000 more", send_to(w, data + 40000, 30000, 0, port));
	CALL("it is dropped", send(w, data, 5, 0));
	CALL("uncork 2", set_int(w, IPPROTO_UDP, UDP_CORK, 0));
	settle();
	CALL("nothing is left", recv(r, room, 10, MSG_DONTWAIT));
	CALL("cut and more", send_to(w, data, 100, MSG_MORE, port));
	CALL("segment", set_int(w, IPPROTO_UDP, UDP_SEGMENT, 30));
	CALL("rest", send_to(w, data + 100, 100, 0, port));
	comes("begun without", r, 200);
	CALL("cut and more 2", send_to(w, data, 100, MSG_MORE, port));
	CALL("segment off", set_int(w, IPPROTO_UDP, UDP_SEGMENT, 0));
	CALL("rest 2", send_to(w, data + 100, 100, 0, port));
	comes("begun with", r, 200);
	CALL("more, closed", send_to(w, data, 10, MSG_MORE, port));
	CALL("outq", ioctl(w, TIOCOUTQ, &n));
	close(w);
	settle();
	CALL("gone", recv(r, room, 10, MSG_DONTWAIT));
}

static void set_many(struct mmsghdr *v, struct iovec *iov, union any_addr *a)
{
	memset(v, 0, MANY * sizeof(*v));
	for (int i = 0; i < MANY; i++) {
		iov[i] = (struct iovec){ data + i, 10 + (size_t)i };
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
		v[i].msg_hdr.msg_name = a;
		v[i].msg_hdr.msg_namelen = a ? size_of(fam) : 0;
	}
}

static void recv_many(const char *what, int fd, struct mmsghdr *v, int want)
{
	static char buf[MANY][64];
	struct iovec iov[MANY];
	union any_addr from[MANY];
	struct timespec ts = { 3, 0 };
	bool right = true;
	int n;

	set_many(v, iov, NULL);
	for (int i = 0; i < MANY; i++) {
		iov[i] = (struct iovec){ buf[i], i == 3 ? 5 : 64 };
		v[i].msg_hdr.msg_name = &from[i];
		v[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	errno = 0;
	n = recvmmsg(fd, v, (unsigned)want, 0, &ts);
	for (int i = 0; i < n; i++)
		right &= v[i].msg_len == (i == 3 ? 5u : 10u + (unsigned)i) &&
		    !memcmp(buf[i], data + i, v[i].msg_len) &&
		    v[i].msg_hdr.msg_namelen == size_of(fam) &&
		    from[i].sa.sa_family == fam &&
		    v[i].msg_hdr.msg_flags == (i == 3 ? MSG_TRUNC : 0);
	say(what, "%s%s", result(n), right ? "" : ", wrong");
}

static void many(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), gone;
	struct mmsghdr v[MANY];
	struct iovec iov[MANY];
	union any_addr a = addr_of(fam, NULL, port);
	unsigned sum = 0;

	fill();
	set_many(v, iov, &a);
	CALL("send", sendmmsg(w, v, MANY, 0));
	for (int i = 0; i < MANY; i++)
		sum += v[i].msg_len;
	say("lengths", "%u", sum);
	recv_many("recv", r, v, MANY);
	CALL("none", recvmmsg(r, v, MANY, MSG_DONTWAIT, NULL));
	set_many(v, iov, &a);
	v[20].msg_hdr.msg_namelen = 3;
	CALL("one without address", sendmmsg(w, v, MANY, 0));
	recv_many("those before", r, v, 20);
	set_many(v, iov, &a);
	iov[20].iov_base = BAD;
	CALL("one without memory", sendmmsg(w, v, MANY, 0));
	recv_many("those before it", r, v, 20);
	set_many(v, iov, &a);
	CALL("more in between", sendmmsg(w, v, 20, MSG_MORE));
	CALL("end it", send(w, "", 0, 0));
	say("one", "%s", result(wait_for(r, POLLIN) ? recv(r, room,
	    sizeof(room), 0) : -1));
	NEED(connect_to(w, fam, NULL, port));
	set_many(v, iov, NULL);
	CALL("connected", sendmmsg(w, v, MANY, 0));
	recv_many("from one", r, v, MANY);
	/* What comes after an error. */
	gone = free_port(SOCK_DGRAM);
	w = sock(SOCK_DGRAM);
	NEED(connect_to(w, fam, NULL, gone));
	send(w, "x", 1, 0);
	wait_for(w, POLLERR | POLLIN);
	CALL("refused", sendmmsg(w, v, MANY, 0));
	CALL("bad vector", recvmmsg(r, BAD, 4, MSG_DONTWAIT, NULL));
}

static void ecn_to(int r, int w, int port, const char *what, int level,
    int type, int val, size_t len)
{
	char c[256], b[8], name[64];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = sizeof(c) };
	struct cmsghdr *h;
	ssize_t n;
	int tos = 0;

	snprintf(name, sizeof(name), "%s %#x, %zu bytes", what,
	    (unsigned)val, len);
	n = send_beside(w, 1, port, level, type, &val, len);
	if (n < 0 || !wait_for(r, POLLIN)) {
		say(name, "%s", result(n));
		return;
	}
	n = recvmsg(r, &m, 0);
	for (h = n < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		memcpy(&tos, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0) <
		    sizeof(tos) ? h->cmsg_len - CMSG_LEN(0) : sizeof(tos));
		say(name, "level %d type %d %zu bytes %#x", h->cmsg_level,
		    h->cmsg_type, (size_t)(h->cmsg_len - CMSG_LEN(0)),
		    (unsigned)tos);
	}
	if (!m.msg_controllen)
		say(name, "nothing beside it");
}

/* Explicit congestion notification, as QUIC sets and reads it. */
static void ecn(void)
{
	static const int v[] = { 0, 1, 2, 3, 0xb9, 256, -1 };
	int level = fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, port;
	int type = fam == AF_INET ? IP_TOS : IPV6_TCLASS;
	int r = udp_bound(&port), w = sock(SOCK_DGRAM);

	ecn_to(r, w, port, "not wanted", level, type, 2, 4);
	set_int(r, level, fam == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS, 1);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		ecn_to(r, w, port, "beside", level, type, v[i], 4);
		ecn_to(r, w, port, "beside", level, type, v[i], 1);
	}
	ecn_to(r, w, port, "of the other family", fam == AF_INET ?
	    IPPROTO_IPV6 : IPPROTO_IP, fam == AF_INET ? IPV6_TCLASS : IP_TOS,
	    2, 4);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		char name[32];

		snprintf(name, sizeof(name), "option %#x", (unsigned)v[i]);
		CALL(name, set_int(w, level, type, v[i]));
		snprintf(name, sizeof(name), "after option %#x",
		    (unsigned)v[i]);
		ecn_to(r, w, port, name, IPPROTO_TCP, 1, 0, 4);
	}
}

/* A control message more in `c`, of which n bytes are used. */
static size_t put_beside(char *c, size_t n, int level, int type,
    const void *val, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)(void *)(c + n);

	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(h), val, len);
	return n + CMSG_SPACE(len);
}

/* 300 bytes by 100, with a TOS and a source: what is told of each read. */
static void send_all_beside(const char *what, int fd, int port, int tos,
    const char *source)
{
	char c[256] __attribute__((aligned(8))) = { 0 };
	union any_addr a = addr_of(fam, NULL, port);
	struct in_pktinfo info4 = { 0 };
	struct in6_pktinfo info6 = { .ipi6_ifindex = 0 };
	struct iovec v = { data, 300 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = &a,
	    .msg_namelen = size_of(fam), .msg_control = c };
	uint16_t segment = 100;
	size_t n;

	n = put_beside(c, 0, IPPROTO_UDP, UDP_SEGMENT, &segment, 2);
	inet_pton(AF_INET, source, &info4.ipi_spec_dst);
	inet_pton(AF_INET6, "::1", &info6.ipi6_addr);
	if (fam == AF_INET) {
		n = put_beside(c, n, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
		n = put_beside(c, n, IPPROTO_IP, IP_PKTINFO, &info4,
		    sizeof(info4));
	} else {
		n = put_beside(c, n, IPPROTO_IPV6, IPV6_TCLASS, &tos,
		    sizeof(tos));
		n = put_beside(c, n, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
		    sizeof(info6));
	}
	m.msg_controllen = n;
	CALL(what, sendmsg(fd, &m, 0));
}

/* What stands beside a read; how many come together is nobody's business. */
static ssize_t read_all_beside(const char *what, int fd, size_t at)
{
	char c[256], from[64] = "", addr[64] = "", name[64];
	struct iovec v = { room, sizeof(room) };
	union any_addr a;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = &a,
	    .msg_namelen = sizeof(a), .msg_control = c,
	    .msg_controllen = sizeof(c) };
	int tos = -1, index = -1;
	struct cmsghdr *h;
	ssize_t n;

	n = wait_for(fd, POLLIN) ? recvmsg(fd, &m, 0) : -1;
	for (h = n < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_type == (fam == AF_INET ? IP_TOS : IPV6_TCLASS))
			tos = *CMSG_DATA(h);
		if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *i = (void *)CMSG_DATA(h);

			index = i->ipi_ifindex;
			inet_ntop(AF_INET, &i->ipi_addr, addr, sizeof(addr));
		}
		if (h->cmsg_level == IPPROTO_IPV6 &&
		    h->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *i = (void *)CMSG_DATA(h);

			index = (int)i->ipi6_ifindex;
			inet_ntop(AF_INET6, &i->ipi6_addr, addr, sizeof(addr));
		}
	}
	if (n > 0)
		inet_ntop(fam, fam == AF_INET ? (void *)&a.in.sin_addr :
		    (void *)&a.in6.sin6_addr, from, sizeof(from));
	snprintf(name, sizeof(name), "%s, from byte %zu", what, at);
	say(name, "TOS %d, interface %d, %s to %s", tos, index, from, addr);
	return n;
}

/* TOS and addresses of a batch, in both directions, cut and whole. */
static void beside_batch(void)
{
	int level = fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, port;
	int r = udp_bound(&port), w = sock(SOCK_DGRAM);
	static const int tos[] = { 0, 1, 2, 3, 0xb8 | 2 };
	char what[32];

	fill();
	set_int(r, level, fam == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS, 1);
	set_int(r, level, fam == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
	for (int gro = 0; gro < 2; gro++) {
		set_int(r, IPPROTO_UDP, UDP_GRO, gro);
		for (size_t i = 0; i < sizeof(tos) / sizeof(*tos); i++) {
			ssize_t at, n;
			int segment;

			snprintf(what, sizeof(what), "TOS %d, gro %d", tos[i],
			    gro);
			send_all_beside(what, w, port, tos[i], "127.0.0.9");
			at = read_all_beside(what, r, 0);
			for (n = 1; at > 0 && at < 300 && n > 0; at += n)
				n = gro ? next_message(r, &segment) :
				    read_all_beside(what, r, (size_t)at);
		}
	}
}

/* An IPv6 socket that speaks IPv4, as QUIC servers have it. */
static void mapped(void)
{
	int r = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0)), w, port;

	fam = AF_INET6;
	given6 = "::ffff:127.0.0.1";
	NEED(bind_to(r, AF_INET6, "::", 0));
	port = port_of(r);
	set_int(r, IPPROTO_IP, IP_RECVTOS, 1);
	set_int(r, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	w = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0));
	ecn_to(r, w, port, "ip", IPPROTO_IP, IP_TOS, 2, 4);
	ecn_to(r, w, port, "ip", IPPROTO_IP, IP_TOS, 2, 1);
	ecn_to(r, w, port, "ipv6", IPPROTO_IPV6, IPV6_TCLASS, 2, 4);
	fill();
	set_int(r, IPPROTO_UDP, UDP_GRO, 1);
	CALL("cut", send_cut(w, 1000, port, 300));
	comes("cut comes", r, 1000);
}

static const struct conform_case cases[] = {
	{ "options", options, false },
	{ "segments", segments, false },
	{ "segment-option", segment_option, false },
	{ "corks", corks, false },
	{ "many", many, false },
	{ "ecn", ecn, false },
	{ "beside-batch", beside_batch, false },
	{ "mapped", mapped, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
