/* h_conform_optval.c: options that are more than a number. */
#include "tests/h_conform.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/icmp6.h>

static void buffers_of(const char *what, int fd)
{
	static const int v[] = { 0, 1, 1000, 2304, 10000, 50000, 100000 };
	char name[64];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		snprintf(name, sizeof(name), "%s SO_SNDBUF %d", what, v[i]);
		CALL(name, set_int(fd, SOL_SOCKET, SO_SNDBUF, v[i]));
		snprintf(name, sizeof(name), "%s SO_SNDBUF %d, then", what,
		    v[i]);
		say(name, "%d", get_int(fd, SOL_SOCKET, SO_SNDBUF));
		snprintf(name, sizeof(name), "%s SO_RCVBUF %d", what, v[i]);
		CALL(name, set_int(fd, SOL_SOCKET, SO_RCVBUF, v[i]));
		snprintf(name, sizeof(name), "%s SO_RCVBUF %d, then", what,
		    v[i]);
		say(name, "%d", get_int(fd, SOL_SOCKET, SO_RCVBUF));
	}
	snprintf(name, sizeof(name), "%s negative", what);
	CALL(name, set_int(fd, SOL_SOCKET, SO_SNDBUF, -1));
	snprintf(name, sizeof(name), "%s negative, at the limit", what);
	say(name, "%d", get_int(fd, SOL_SOCKET, SO_SNDBUF) >= 200000);
	snprintf(name, sizeof(name), "%s huge", what);
	CALL(name, set_int(fd, SOL_SOCKET, SO_RCVBUF, INT_MAX));
	snprintf(name, sizeof(name), "%s huge, at the limit", what);
	say(name, "%d", get_int(fd, SOL_SOCKET, SO_RCVBUF) >= 200000);
	snprintf(name, sizeof(name), "%s short", what);
	CALL(name, setsockopt(fd, SOL_SOCKET, SO_SNDBUF, "x", 1));
}

static void buffers(void)
{
	int t = sock(SOCK_STREAM), u = sock(SOCK_DGRAM);

	say("defaults", "%d %d", get_int(t, SOL_SOCKET, SO_SNDBUF) >= 4096,
	    get_int(u, SOL_SOCKET, SO_RCVBUF) >= 4096);
	buffers_of("tcp", t);
	buffers_of("udp", u);
}

static void show_linger(const char *name, int fd)
{
	struct linger l = { 9, 9 };
	socklen_t len = sizeof(l);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) < 0)
		say(name, "%s", result(-1));
	else
		say(name, "%d %d (%u bytes)", l.l_onoff, l.l_linger,
		    (unsigned)len);
}

static void linger_opt(void)
{
	static const struct linger v[] = { { 1, 0 }, { 1, 5 }, { 5, 7 },
	    { 0, 9 }, { 1, -1 } };
	int fd = sock(SOCK_STREAM);
	char name[64];

	show_linger("default", fd);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%d %d", v[i].l_onoff,
		    v[i].l_linger);
		CALL(name, setsockopt(fd, SOL_SOCKET, SO_LINGER, &v[i],
		    sizeof(v[i])));
		snprintf(name, sizeof(name), "%d %d, then", v[i].l_onoff,
		    v[i].l_linger);
		show_linger(name, fd);
	}
	CALL("short", setsockopt(fd, SOL_SOCKET, SO_LINGER, v, 4));
	CALL("null", setsockopt(fd, SOL_SOCKET, SO_LINGER, NULL, 8));
	show_linger("udp", sock(SOCK_DGRAM));
}

static void show_time(const char *name, int fd, int opt)
{
	struct timeval tv = { 99, 99 };
	socklen_t len = sizeof(tv);

	if (getsockopt(fd, SOL_SOCKET, opt, &tv, &len) < 0)
		say(name, "%s", result(-1));
	else
		say(name, "%ld s, about %ld ms (%u bytes)", (long)tv.tv_sec,
		    (long)(tv.tv_usec + 3999) / 4000 * 4, (unsigned)len);
}

static void timeouts(void)
{
	static const struct timeval v[] = { { 1, 500000 }, { 0, 1 },
	    { 0, 1000000 }, { 0, -1 }, { -1, 0 }, { 100000, 0 }, { 0, 0 } };
	static const int opts[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	int fd = sock(SOCK_STREAM);
	char name[64];

	for (int k = 0; k < 2; k++) {
		const char *o = k ? "send" : "receive";

		snprintf(name, sizeof(name), "%s default", o);
		show_time(name, fd, opts[k]);
		for (int i = 0; i < 7; i++) {
			snprintf(name, sizeof(name), "%s %ld %ld", o,
			    (long)v[i].tv_sec, (long)v[i].tv_usec);
			CALL(name, setsockopt(fd, SOL_SOCKET, opts[k], &v[i],
			    sizeof(v[i])));
			snprintf(name, sizeof(name), "%s %ld %ld, then", o,
			    (long)v[i].tv_sec, (long)v[i].tv_usec);
			show_time(name, fd, opts[k]);
		}
		snprintf(name, sizeof(name), "%s short", o);
		CALL(name, setsockopt(fd, SOL_SOCKET, opts[k], v, 8));
	}
}

static void device(void)
{
	int fd = sock(SOCK_DGRAM);
	char got[32];
	socklen_t len = sizeof(got);

	CALL("default", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got,
	    &len));
	say("default length", "%u", (unsigned)len);
	CALL("none such", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nix0",
	    5));
	CALL("null", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, NULL, 4));
	CALL("empty", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	CALL("an interface", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
	    "shmif0", 7));
	len = sizeof(got);
	CALL("get", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, &len));
	say("length", "%u", (unsigned)len);
	say("name", "%.*s", (int)len, got);
	len = 4;
	CALL("get, short", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got,
	    &len));
	CALL("no final zero", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
	    "shmif0", 6));
	say("bound to it, no way to loopback", "%s", result(connect_to(fd,
	    fam, NULL, 7)));
	CALL("off", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "\0", 1));
	CALL("by index", set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
	    (int)if_nametoindex("shmif0")));
	say("its index", "%d", get_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX) ==
	    (int)if_nametoindex("shmif0"));
	len = sizeof(got);
	getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, &len);
	say("its name", "%.*s", (int)len, got);
	CALL("negative index", set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, -1));
	CALL("index off", set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0));
	CALL("and back", connect_to(fd, fam, NULL, 7));
}

static void congestion(void)
{
	int fd = sock(SOCK_STREAM);
	char name[32];
	socklen_t len = sizeof(name);

	OKAY("get", getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	say("length", "%u", (unsigned)len);
	CALL("reno", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	len = sizeof(name);
	getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len);
	say("now", "%.16s", name);
	CALL("none such", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nix",
	    3));
	CALL("empty", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0));
	len = 2;
	CALL("get, short", getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
	    &len));
	say("short length", "%u", (unsigned)len);
}

static void show_info(const char *what, int fd)
{
	struct tcp_info ti;
	socklen_t len = sizeof(ti);
	char name[64];

	memset(&ti, 0, sizeof(ti));
	errno = 0;
	snprintf(name, sizeof(name), "%s", what);
	CALL(name, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len));
	snprintf(name, sizeof(name), "%s state", what);
	say(name, "%d", ti.tcpi_state);
	snprintf(name, sizeof(name), "%s numbers are there", what);
	say(name, "rto %d snd_mss %d rcv_mss %d cwnd %d", ti.tcpi_rto > 0,
	    ti.tcpi_snd_mss > 0, ti.tcpi_rcv_mss > 0, ti.tcpi_snd_cwnd > 0);
}

static void info(void)
{
	int fd = sock(SOCK_STREAM), c, s, port;
	struct tcp_info ti;
	socklen_t len = 8;

	show_info("fresh", fd);
	show_info("listening", tcp_listener(&port));
	tcp_pair(&c, &s);
	show_info("connected", c);
	show_info("accepted", s);
	CALL("short", getsockopt(c, IPPROTO_TCP, TCP_INFO, &ti, &len));
	say("short length", "%u", (unsigned)len);
	CALL("set", setsockopt(c, IPPROTO_TCP, TCP_INFO, &ti, sizeof(ti)));
	say("maxseg of a connection", "%d",
	    get_int(c, IPPROTO_TCP, TCP_MAXSEG) >= 536);
	shutdown(c, SHUT_WR);
	wait_for(s, POLLIN);
	settle();
	show_info("half closed here", c);
	show_info("half closed there", s);
	close(s);
	wait_for(c, POLLHUP);
	settle();
	show_info("closed", c);
}

/* What an accepted connection has from its listener. */
static void inherited(void)
{
	static const struct { int level, name, v; const char *text; } o[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1, "keepalive" },
		{ SOL_SOCKET, SO_REUSEADDR, 1, "reuseaddr" },
		{ SOL_SOCKET, SO_REUSEPORT, 1, "reuseport" },
		{ SOL_SOCKET, SO_OOBINLINE, 1, "oobinline" },
		{ SOL_SOCKET, SO_RCVLOWAT, 5, "rcvlowat" },
		{ SOL_SOCKET, SO_RCVBUF, 20000, "rcvbuf" },
		{ IPPROTO_TCP, TCP_NODELAY, 1, "nodelay" },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 77, "keepidle" },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 777, "user_timeout" },
		{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, "defer_accept" },
		{ IPPROTO_IP, IP_TTL, 33, "ttl" },
		{ IPPROTO_IP, IP_TOS, 0x10, "tos" },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33, "hops" },
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1, "v6only" },
	};
	int l = sock(SOCK_STREAM), c = sock(SOCK_STREAM), s;
	struct linger lin = { 1, 3 };

	for (size_t i = 0; i < sizeof(o) / sizeof(*o); i++)
		set_int(l, o[i].level, o[i].name, o[i].v);
	setsockopt(l, SOL_SOCKET, SO_LINGER, &lin, sizeof(lin));
	NEED(bind_to(l, fam, NULL, 0));
	NEED(listen(l, 1));
	NEED(connect_to(c, fam, NULL, port_of(l)));
	send(c, "x", 1, 0);
	NEED(s = accept(l, NULL, NULL));
	for (size_t i = 0; i < sizeof(o) / sizeof(*o); i++)
		if (o[i].level != IPPROTO_IPV6 || fam == AF_INET6)
			say(o[i].text, "%d", get_int(s, o[i].level,
			    o[i].name));
	show_linger("linger", s);
	say("acceptconn of the listener", "%d", get_int(l, SOL_SOCKET,
	    SO_ACCEPTCONN));
}

static void odd(void)
{
	int fd = sock(SOCK_STREAM), u = sock(SOCK_DGRAM), v;
	socklen_t len = sizeof(v);

	CALL("null length", getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, NULL));
	CALL("null value", getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &len));
	CALL("bad value", getsockopt(fd, SOL_SOCKET, SO_TYPE, BAD, &len));
	CALL("bad length", getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, BAD));
	len = (socklen_t)-1;
	CALL("negative length", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &v,
	    &len));
	CALL("negative length, tcp", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
	    &v, &len));
	CALL("negative length, ip", getsockopt(fd, IPPROTO_IP, IP_TTL, &v,
	    &len));
	len = sizeof(v);
	CALL("peercred", getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &v, &len));
	say("type", "%d %d", get_int(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM,
	    get_int(u, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM);
	say("domain", "%d", get_int(fd, SOL_SOCKET, SO_DOMAIN) == fam);
	say("protocol", "%d %d", get_int(fd, SOL_SOCKET, SO_PROTOCOL),
	    get_int(u, SOL_SOCKET, SO_PROTOCOL));
	say("tcp option, udp socket", "%s", result(set_int(u, IPPROTO_TCP,
	    TCP_NODELAY, 1)));
	say("ipv6 option", "%s", result(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY,
	    1)));
	CALL("fastopen", set_int(fd, IPPROTO_TCP, TCP_FASTOPEN, 1));
	CALL("fastopen connect", set_int(fd, IPPROTO_TCP,
	    TCP_FASTOPEN_CONNECT, 1));
	CALL("md5", setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &v, 4));
	CALL("ulp", setsockopt(fd, IPPROTO_TCP, TCP_ULP, "nix", 4));
	CALL("repair", set_int(fd, IPPROTO_TCP, TCP_REPAIR, 0));
	CALL("ip options, none", setsockopt(fd, IPPROTO_IP, IP_OPTIONS, NULL,
	    0));
	len = sizeof(v);
	CALL("get ip options", getsockopt(fd, IPPROTO_IP, IP_OPTIONS, &v,
	    &len));
	say("their length", "%u", (unsigned)len);
	CALL("ip_mtu, unconnected", getsockopt(u, IPPROTO_IP, IP_MTU, &v,
	    &len));
	len = sizeof(v);
	connect_to(u, fam, NULL, 7);
	CALL("ip_mtu, connected", getsockopt(u, IPPROTO_IP, IP_MTU, &v,
	    &len));
	len = sizeof(v);
	CALL("ipv6_mtu, connected", getsockopt(u, IPPROTO_IPV6, IPV6_MTU, &v,
	    &len));
}

static void member4(int fd)
{
	struct ip_mreqn m;

	memset(&m, 0, sizeof(m));
	inet_pton(AF_INET, "239.1.2.3", &m.imr_multiaddr);
	inet_pton(AF_INET, "127.0.0.1", &m.imr_address);
	CALL("join", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m,
	    sizeof(m)));
	CALL("again", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m,
	    sizeof(m)));
	CALL("leave", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m,
	    sizeof(m)));
	CALL("leave again", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m,
	    sizeof(m)));
	CALL("short", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 4));
	CALL("8 bytes", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 8));
	m.imr_ifindex = 999;
	CALL("no such interface", setsockopt(fd, IPPROTO_IP,
	    IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	m.imr_ifindex = 0;
	inet_pton(AF_INET, "192.0.2.1", &m.imr_address);
	CALL("foreign interface address", setsockopt(fd, IPPROTO_IP,
	    IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	inet_pton(AF_INET, "127.0.0.1", &m.imr_multiaddr);
	CALL("not multicast", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP,
	    &m, sizeof(m)));
	CALL("leave, not multicast", setsockopt(fd, IPPROTO_IP,
	    IP_DROP_MEMBERSHIP, &m, sizeof(m)));
}

static void member_group(int fd)
{
	struct group_req g;

	memset(&g, 0, sizeof(g));
	g.gr_interface = if_nametoindex("shmif0");
	memcpy(&g.gr_group, &(union any_addr){ 0 }, sizeof(g.gr_group));
	*(union any_addr *)&g.gr_group = addr_of(AF_INET, "239.4.5.6", 0);
	CALL("group join", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g,
	    sizeof(g)));
	CALL("group join again", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP,
	    &g, sizeof(g)));
	CALL("group leave", setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &g,
	    sizeof(g)));
	CALL("group short", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g,
	    8));
}

static void multicast_if(int fd)
{
	struct in_addr any = { 0 }, got;
	socklen_t len = sizeof(got);

	CALL("get IP_MULTICAST_IF", getsockopt(fd, IPPROTO_IP,
	    IP_MULTICAST_IF, &got, &len));
	say("it", "%s", inet_ntoa(got));
	inet_pton(AF_INET, "10.0.0.1", &got);
	CALL("set it", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &got, 4));
	len = sizeof(got);
	getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &got, &len);
	say("now", "%s", inet_ntoa(got));
	inet_pton(AF_INET, "192.0.2.1", &got);
	CALL("foreign", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &got, 4));
	CALL("none", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &any, 4));
	CALL("short if", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &any, 2));
}

static void member6(int six)
{
	struct ipv6_mreq m6;

	memset(&m6, 0, sizeof(m6));
	inet_pton(AF_INET6, "ff02::1234", &m6.ipv6mr_multiaddr);
	m6.ipv6mr_interface = if_nametoindex("shmif0");
	CALL("join6", setsockopt(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6,
	    sizeof(m6)));
	CALL("again6", setsockopt(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6,
	    sizeof(m6)));
	CALL("leave6", setsockopt(six, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m6,
	    sizeof(m6)));
	CALL("leave6 again", setsockopt(six, IPPROTO_IPV6, IPV6_LEAVE_GROUP,
	    &m6, sizeof(m6)));
	m6.ipv6mr_interface = 999;
	CALL("no such interface6", setsockopt(six, IPPROTO_IPV6,
	    IPV6_JOIN_GROUP, &m6, sizeof(m6)));
	inet_pton(AF_INET6, "::1", &m6.ipv6mr_multiaddr);
	CALL("not multicast6", setsockopt(six, IPPROTO_IPV6, IPV6_JOIN_GROUP,
	    &m6, sizeof(m6)));
	CALL("short6", setsockopt(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6,
	    8));
	CALL("if6 999", set_int(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 999));
	say("if6", "%d", get_int(six, IPPROTO_IPV6, IPV6_MULTICAST_IF));
	CALL("if6 0", set_int(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 0));
}

static void member_odd(int fd, int six)
{
	int t = (int)NEED(socket(AF_INET, SOCK_STREAM, 0));
	struct ip_mreqn m;

	memset(&m, 0, sizeof(m));
	inet_pton(AF_INET, "239.1.2.3", &m.imr_multiaddr);
	inet_pton(AF_INET, "127.0.0.1", &m.imr_address);
	CALL("tcp join", setsockopt(t, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m,
	    sizeof(m)));
	CALL("ipv4 join, ipv6 socket", setsockopt(six, IPPROTO_IP,
	    IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	for (int i = 0; i < 25; i++) {
		m.imr_multiaddr.s_addr = htonl(0xef030000u + (unsigned)i);
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m,
		    sizeof(m)) < 0) {
			say("too many at", "%d %s", i, result(-1));
			break;
		}
	}
}

static void membership(void)
{
	int fd = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0)), six;

	member4(fd);
	member_group(fd);
	multicast_if(fd);
	six = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0));
	member6(six);
	member_odd(fd, six);
}

static void filters(void)
{
	int fd = (int)NEED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), six;
	struct icmp6_filter f, g;
	uint32_t v = 0x55;
	socklen_t len = sizeof(v);

	CALL("set", setsockopt(fd, SOL_RAW, 1, &v, sizeof(v)));
	v = 0;
	CALL("get", getsockopt(fd, SOL_RAW, 1, &v, &len));
	say("it", "%#x (%u)", v, (unsigned)len);
	CALL("short", setsockopt(fd, SOL_RAW, 1, "\3", 1));
	CALL("long", setsockopt(fd, SOL_RAW, 1, "\1\2\3\4\5\6\7\10", 8));
	len = 2;
	CALL("get short", getsockopt(fd, SOL_RAW, 1, &v, &len));
	say("short length", "%u", (unsigned)len);
	CALL("unknown", setsockopt(fd, SOL_RAW, 99, &v, 4));
	CALL("unknown get", getsockopt(fd, SOL_RAW, 99, &v, &len));
	fd = (int)NEED(socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
	CALL("udp", setsockopt(fd, SOL_RAW, 1, &v, sizeof(v)));
	six = (int)NEED(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	ICMP6_FILTER_SETBLOCKALL(&f);
	CALL("six", setsockopt(six, IPPROTO_ICMPV6, ICMP6_FILTER, &f,
	    sizeof(f)));
	len = sizeof(g);
	CALL("six get", getsockopt(six, IPPROTO_ICMPV6, ICMP6_FILTER, &g,
	    &len));
	say("six same", "%d (%u)", !memcmp(&f, &g, sizeof(f)), (unsigned)len);
	CALL("six unknown", setsockopt(six, IPPROTO_ICMPV6, 99, &f, 4));
	fd = (int)NEED(socket(AF_INET, SOCK_STREAM, 0));
	CALL("tcp", setsockopt(fd, SOL_RAW, 1, &v, sizeof(v)));
	CALL("tcp six", setsockopt(fd, IPPROTO_ICMPV6, 1, &v, sizeof(v)));
}

static const struct conform_case cases[] = {
	{ "buffers", buffers, false },
	{ "linger", linger_opt, false },
	{ "timeouts", timeouts, false },
	{ "device", device, false },
	{ "congestion", congestion, false },
	{ "info", info, false },
	{ "inherited", inherited, false },
	{ "odd", odd, false },
	{ "membership", membership, true },
	{ "filters", filters, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
