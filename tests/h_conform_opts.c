/* h_conform_opts.c: every socket option: default, values, lengths. */
#include "tests/h_conform.h"

#include <limits.h>
#include <netinet/udp.h>

struct opt_name {
	int level, name;
	const char *text;
};

#define O(level, name) { level, name, #name }
#define N(level, num) { level, num, #level " " #num }
static const struct opt_name sol_opts[] = {
	O(SOL_SOCKET, SO_DEBUG), O(SOL_SOCKET, SO_REUSEADDR),
	O(SOL_SOCKET, SO_TYPE), O(SOL_SOCKET, SO_ERROR),
	O(SOL_SOCKET, SO_DONTROUTE), O(SOL_SOCKET, SO_BROADCAST),
	O(SOL_SOCKET, SO_KEEPALIVE), O(SOL_SOCKET, SO_OOBINLINE),
	O(SOL_SOCKET, SO_NO_CHECK), O(SOL_SOCKET, SO_PRIORITY),
	O(SOL_SOCKET, SO_BSDCOMPAT), O(SOL_SOCKET, SO_REUSEPORT),
	O(SOL_SOCKET, SO_RCVLOWAT), O(SOL_SOCKET, SO_PROTOCOL),
	O(SOL_SOCKET, SO_SNDLOWAT), O(SOL_SOCKET, SO_TIMESTAMP),
	O(SOL_SOCKET, SO_ACCEPTCONN), O(SOL_SOCKET, SO_TIMESTAMPNS),
	O(SOL_SOCKET, SO_MARK),
	O(SOL_SOCKET, SO_DOMAIN), O(SOL_SOCKET, SO_RXQ_OVFL),
	O(SOL_SOCKET, SO_WIFI_STATUS), O(SOL_SOCKET, SO_PEEK_OFF),
	O(SOL_SOCKET, SO_NOFCS), O(SOL_SOCKET, SO_LOCK_FILTER),
	O(SOL_SOCKET, SO_SELECT_ERR_QUEUE), O(SOL_SOCKET, SO_BUSY_POLL),
	O(SOL_SOCKET, SO_INCOMING_CPU), O(SOL_SOCKET, SO_CNX_ADVICE),
	O(SOL_SOCKET, SO_INCOMING_NAPI_ID), O(SOL_SOCKET, SO_ZEROCOPY),
	N(SOL_SOCKET, 200),
};

static const struct opt_name tcp_opts[] = {
	O(IPPROTO_TCP, TCP_NODELAY), O(IPPROTO_TCP, TCP_MAXSEG),
	O(IPPROTO_TCP, TCP_CORK), O(IPPROTO_TCP, TCP_KEEPIDLE),
	O(IPPROTO_TCP, TCP_KEEPINTVL), O(IPPROTO_TCP, TCP_KEEPCNT),
	O(IPPROTO_TCP, TCP_SYNCNT), O(IPPROTO_TCP, TCP_LINGER2),
	O(IPPROTO_TCP, TCP_DEFER_ACCEPT), O(IPPROTO_TCP, TCP_WINDOW_CLAMP),
	O(IPPROTO_TCP, TCP_QUICKACK), O(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
	O(IPPROTO_TCP, TCP_THIN_DUPACK), O(IPPROTO_TCP, TCP_USER_TIMEOUT),
	O(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	O(IPPROTO_TCP, TCP_SAVE_SYN), O(IPPROTO_TCP, TCP_INQ),
	O(IPPROTO_TCP, TCP_TX_DELAY), N(IPPROTO_TCP, 0), N(IPPROTO_TCP, 200),
	O(IPPROTO_UDP, UDP_CORK), O(IPPROTO_UDP, UDP_SEGMENT),
	O(IPPROTO_UDP, UDP_GRO), O(IPPROTO_UDP, UDP_NO_CHECK6_TX),
	O(IPPROTO_UDP, UDP_NO_CHECK6_RX), N(IPPROTO_UDP, 0),
	N(IPPROTO_UDP, 200), N(132, 1), N(999, 1), N(-1, 1),
};

static const struct opt_name ip_opts[] = {
	O(IPPROTO_IP, IP_TOS), O(IPPROTO_IP, IP_TTL),
	O(IPPROTO_IP, IP_HDRINCL), O(IPPROTO_IP, IP_ROUTER_ALERT),
	O(IPPROTO_IP, IP_RECVOPTS), O(IPPROTO_IP, IP_RETOPTS),
	O(IPPROTO_IP, IP_PKTINFO), O(IPPROTO_IP, IP_MTU_DISCOVER),
	O(IPPROTO_IP, IP_RECVERR), O(IPPROTO_IP, IP_RECVTTL),
	O(IPPROTO_IP, IP_RECVTOS), O(IPPROTO_IP, IP_MTU),
	O(IPPROTO_IP, IP_FREEBIND), O(IPPROTO_IP, IP_PASSSEC),
	O(IPPROTO_IP, IP_TRANSPARENT), O(IPPROTO_IP, IP_RECVORIGDSTADDR),
	O(IPPROTO_IP, IP_MINTTL), O(IPPROTO_IP, IP_NODEFRAG),
	O(IPPROTO_IP, IP_CHECKSUM), O(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	O(IPPROTO_IP, IP_RECVFRAGSIZE), O(IPPROTO_IP, IP_MULTICAST_TTL),
	O(IPPROTO_IP, IP_MULTICAST_LOOP), O(IPPROTO_IP, IP_MULTICAST_ALL),
	O(IPPROTO_IP, IP_UNICAST_IF), N(IPPROTO_IP, 0), N(IPPROTO_IP, 150),
};

static const struct opt_name ipv6_opts[] = {
	O(IPPROTO_IPV6, IPV6_UNICAST_HOPS), O(IPPROTO_IPV6, IPV6_CHECKSUM),
	O(IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
	O(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
	O(IPPROTO_IPV6, IPV6_MTU_DISCOVER), O(IPPROTO_IPV6, IPV6_MTU),
	O(IPPROTO_IPV6, IPV6_RECVERR), O(IPPROTO_IPV6, IPV6_V6ONLY),
	O(IPPROTO_IPV6, IPV6_MULTICAST_ALL),
	O(IPPROTO_IPV6, IPV6_RECVPKTINFO), O(IPPROTO_IPV6, IPV6_PKTINFO),
	O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT), O(IPPROTO_IPV6, IPV6_HOPLIMIT),
	O(IPPROTO_IPV6, IPV6_RECVHOPOPTS), O(IPPROTO_IPV6, IPV6_RECVRTHDR),
	O(IPPROTO_IPV6, IPV6_RECVDSTOPTS), O(IPPROTO_IPV6, IPV6_RECVPATHMTU),
	O(IPPROTO_IPV6, IPV6_DONTFRAG), O(IPPROTO_IPV6, IPV6_RECVTCLASS),
	O(IPPROTO_IPV6, IPV6_TCLASS), O(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
	O(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES),
	O(IPPROTO_IPV6, IPV6_MINHOPCOUNT),
	O(IPPROTO_IPV6, IPV6_UNICAST_IF), O(IPPROTO_IPV6, IPV6_TRANSPARENT),
	O(IPPROTO_IPV6, IPV6_FREEBIND), O(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
	N(IPPROTO_IPV6, 0),
	N(IPPROTO_IPV6, 150),
};
#undef O
#undef N

static const char *get_text(int fd, const struct opt_name *o)
{
	static char buf[2][48];
	static int i;
	unsigned char v[64];
	socklen_t len = sizeof(v);
	int n = 0;

	i = !i;
	memset(v, 0, sizeof(v));
	if (getsockopt(fd, o->level, o->name, v, &len) < 0)
		return result(-1);
	memcpy(&n, v, sizeof(n));
	if (len == sizeof(int))
		snprintf(buf[i], sizeof(buf[i]), "%d", n);
	else
		snprintf(buf[i], sizeof(buf[i]), "%d(%u bytes)", n,
		    (unsigned)len);
	return buf[i];
}

/* Set each, read it back. */
static void values(int fd, const struct opt_name *o)
{
	static const int v[] = { 0, 1, 2, 3, 5, 7, 63, 87, 88, 127, 128, 255,
	    256, 32767, 32768, 65535, INT_MAX, -1, -2, INT_MIN };
	char text[900] = "", name[64], one[64], all[64] = "";
	bool same = true;

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		size_t n = strlen(text);

		if (set_int(fd, o->level, o->name, v[i]) < 0)
			snprintf(one, sizeof(one), "%s", result(-1));
		else
			snprintf(one, sizeof(one), "gives %s",
			    get_text(fd, o));
		snprintf(text + n, sizeof(text) - n, "%s%d %s", i ? ", " : "",
		    v[i], one);
		same &= !i || !strcmp(one, all);
		strcpy(all, one);
	}
	snprintf(name, sizeof(name), "%s values", o->text);
	say(name, "%s", same ? all : text);
}

static void lengths(int fd, const struct opt_name *o)
{
	static const int lens[] = { -1, 0, 1, 2, 3, 4, 8, 64 };
	char text[600] = "", name[64];
	unsigned char v[64] = { 1 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%d %s, ", lens[i], result(setsockopt(fd, o->level,
		    o->name, v, (socklen_t)lens[i])));
	/* Which errno comes first, of several, is nobody's business. */
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    "null %s, bad %s",
	    setsockopt(fd, o->level, o->name, NULL, 4) < 0 ? "no" : "yes",
	    setsockopt(fd, o->level, o->name, BAD, 4) < 0 ? "no" : "yes");
	snprintf(name, sizeof(name), "%s set lengths", o->text);
	say(name, "%s", text);

	text[0] = '\0';
	set_int(fd, o->level, o->name, 1);
	for (size_t i = 1; i < sizeof(lens) / sizeof(*lens); i++) {
		socklen_t len = (socklen_t)lens[i];
		int first = 0;
		long r;

		memset(v, 0xee, sizeof(v));
		r = getsockopt(fd, o->level, o->name, v, &len);
		if (r < 0) {
			snprintf(text + strlen(text), sizeof(text) -
			    strlen(text), "%d %s, ", lens[i], result(-1));
			continue;
		}
		memcpy(&first, v, len < 4 ? len : 4);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%d %d(%u), ", lens[i], first, (unsigned)len);
	}
	snprintf(name, sizeof(name), "%s get lengths", o->text);
	say(name, "%s", text);
}

static void sweep(int type, int protocol, const struct opt_name *o, size_t n)
{
	char name[64];

	for (; n--; o++) {
		int fd = (int)NEED(socket(fam, type, protocol));

		snprintf(name, sizeof(name), "%s default", o->text);
		say(name, "%s", get_text(fd, o));
		values(fd, o);
		close(fd);
		fd = (int)NEED(socket(fam, type, protocol));
		lengths(fd, o);
		close(fd);
	}
}

#define SWEEP(fn, type, proto, list)					\
	static void fn(void)						\
	{								\
		sweep(type, proto, list, sizeof(list) / sizeof(*list));	\
	}
#define ECHO_PROTO (fam == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)
SWEEP(tcp_sol, SOCK_STREAM, 0, sol_opts)
SWEEP(tcp_tcp, SOCK_STREAM, 0, tcp_opts)
SWEEP(tcp_ip, SOCK_STREAM, 0, ip_opts)
SWEEP(tcp_ipv6, SOCK_STREAM, 0, ipv6_opts)
SWEEP(udp_sol, SOCK_DGRAM, 0, sol_opts)
SWEEP(udp_tcp, SOCK_DGRAM, 0, tcp_opts)
SWEEP(udp_ip, SOCK_DGRAM, 0, ip_opts)
SWEEP(udp_ipv6, SOCK_DGRAM, 0, ipv6_opts)
SWEEP(raw_sol, SOCK_RAW, ECHO_PROTO, sol_opts)
SWEEP(raw_tcp, SOCK_RAW, ECHO_PROTO, tcp_opts)
SWEEP(raw_ip, SOCK_RAW, ECHO_PROTO, ip_opts)
SWEEP(raw_ipv6, SOCK_RAW, ECHO_PROTO, ipv6_opts)
SWEEP(ping_sol, SOCK_DGRAM, ECHO_PROTO, sol_opts)
SWEEP(ping_ip, SOCK_DGRAM, ECHO_PROTO, ip_opts)
SWEEP(ping_ipv6, SOCK_DGRAM, ECHO_PROTO, ipv6_opts)

static const struct conform_case cases[] = {
	{ "tcp-sol", tcp_sol, false },
	{ "tcp-tcp", tcp_tcp, false },
	{ "tcp-ip", tcp_ip, false },
	{ "tcp-ipv6", tcp_ipv6, false },
	{ "udp-sol", udp_sol, false },
	{ "udp-tcp", udp_tcp, false },
	{ "udp-ip", udp_ip, false },
	{ "udp-ipv6", udp_ipv6, false },
	{ "raw-sol", raw_sol, false },
	{ "raw-tcp", raw_tcp, false },
	{ "raw-ip", raw_ip, false },
	{ "raw-ipv6", raw_ipv6, false },
	{ "ping-sol", ping_sol, false },
	{ "ping-ip", ping_ip, false },
	{ "ping-ipv6", ping_ipv6, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
