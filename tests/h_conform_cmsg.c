/* h_conform_cmsg.c: what goes beside datagrams, and to many at once. */
#include "tests/h_conform.h"

#include <net/if.h>

static union any_addr to_port(int port)
{
	return addr_of(fam, NULL, port);
}

static ssize_t send_to(int fd, const void *b, size_t n, int port)
{
	union any_addr a = to_port(port);

	return sendto(fd, b, n, 0, &a.sa, size_of(fam));
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
			struct timespec ts, now;
			long sec;

			/* time(2) may be a tick behind the stamp. */
			memcpy(&ts, CMSG_DATA(h), sizeof(ts));
			clock_gettime(CLOCK_REALTIME, &now);
			sec = (long)(now.tv_sec - ts.tv_sec);
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

/* g: the group, which w sends to. */
static void bound_to_group(int w, const char *group, int port,
    const struct group_req *g)
{
	int level = fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int u = (int)NEED(socket(fam, SOCK_DGRAM, 0));
	union any_addr a = addr_of(fam, group, port);

	set_int(u, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL("bind to the group", bind_to(u, fam, group, port));
	setsockopt(u, level, MCAST_JOIN_GROUP, g, sizeof(*g));
	sendto(w, "m", 1, 0, &a.sa, size_of(fam));
	say("bound to the group, comes", "%d", wait_for(u, POLLIN));
	CALL("connect to the group", connect(w, &a.sa, size_of(fam)));
	CALL("send connected", send(w, "m", 1, 0));
}

static void multicast(void)
{
	int r = (int)NEED(socket(fam, SOCK_DGRAM, 0)), w, other;
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
	settle();
	CALL("who has not joined", recv(other, b, 8, MSG_DONTWAIT));
	set_int(other, level, fam == AF_INET ? IP_MULTICAST_ALL : 29, 0);
	set_int(w, level, fam == AF_INET ? IP_MULTICAST_LOOP :
	    IPV6_MULTICAST_LOOP, 0);
	CALL("without loop", sendto(w, "m", 1, 0, &a.sa, size_of(fam)));
	settle();
	CALL("recv, without loop", recv(r, b, 8, MSG_DONTWAIT));
	set_int(w, level, fam == AF_INET ? IP_MULTICAST_LOOP :
	    IPV6_MULTICAST_LOOP, 1);
	CALL("send 2", sendto(w, "m", 1, 0, &a.sa, size_of(fam)));
	wait_for(r, POLLIN);
	settle();
	CALL("recv 2", recv(r, b, 8, MSG_DONTWAIT));
	CALL("multicast_all off", recv(other, b, 8, MSG_DONTWAIT));
	CALL("leave", setsockopt(r, level, MCAST_LEAVE_GROUP, &g, sizeof(g)));
	sendto(w, "m", 1, 0, &a.sa, size_of(fam));
	settle();
	CALL("after it", recv(r, b, 8, MSG_DONTWAIT));
	bound_to_group(w, group, port, &g);
}

static const struct conform_case cases[] = {
	{ "cmsgs", cmsgs, false },
	{ "cmsgs-mapped", cmsgs_mapped, true },
	{ "send-cmsgs", send_cmsgs, false },
	{ "broadcast", broadcast, true },
	{ "multicast", multicast, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
