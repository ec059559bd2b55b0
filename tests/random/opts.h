/*
 * opts.h: steps that ask for and set options.
 */
#ifndef TESTS_RANDOM_OPTS_H
#define TESTS_RANDOM_OPTS_H

#include "tests/random/differ.h"

#define OPT(level, name)	{ level, name, #name }
static const struct { int level, name; const char *text; } options[] = {
	OPT(SOL_SOCKET, SO_DEBUG), OPT(SOL_SOCKET, SO_REUSEADDR),
	OPT(SOL_SOCKET, SO_TYPE), OPT(SOL_SOCKET, SO_ERROR),
	OPT(SOL_SOCKET, SO_DONTROUTE), OPT(SOL_SOCKET, SO_BROADCAST),
	OPT(SOL_SOCKET, SO_KEEPALIVE), OPT(SOL_SOCKET, SO_OOBINLINE),
	OPT(SOL_SOCKET, SO_NO_CHECK), OPT(SOL_SOCKET, SO_PRIORITY),
	OPT(SOL_SOCKET, SO_LINGER), OPT(SOL_SOCKET, SO_ACCEPTCONN),
	OPT(SOL_SOCKET, SO_PROTOCOL), OPT(SOL_SOCKET, SO_DOMAIN),
	OPT(SOL_SOCKET, SO_TIMESTAMP), OPT(SOL_SOCKET, SO_TIMESTAMPNS),
	OPT(SOL_SOCKET, SO_RXQ_OVFL), OPT(SOL_SOCKET, SO_MARK),
	OPT(SOL_SOCKET, SO_BINDTODEVICE), OPT(SOL_SOCKET, SO_INCOMING_CPU),
	OPT(IPPROTO_IP, IP_TOS), OPT(IPPROTO_IP, IP_TTL),
	OPT(IPPROTO_IP, IP_PKTINFO), OPT(IPPROTO_IP, IP_RECVTTL),
	OPT(IPPROTO_IP, IP_RECVTOS), OPT(IPPROTO_IP, IP_MTU_DISCOVER),
	OPT(IPPROTO_IP, IP_FREEBIND),
	OPT(IPPROTO_IP, IP_TRANSPARENT), OPT(IPPROTO_IP, IP_RECVERR),
	OPT(IPPROTO_IP, IP_MULTICAST_LOOP),
	OPT(IPPROTO_IP, IP_MULTICAST_IF), OPT(IPPROTO_IP, IP_HDRINCL),
	OPT(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	OPT(IPPROTO_IP, IP_RECVORIGDSTADDR), OPT(IPPROTO_IP, IP_UNICAST_IF),
	OPT(IPPROTO_IPV6, IPV6_V6ONLY), OPT(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	OPT(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
	OPT(IPPROTO_IPV6, IPV6_RECVPKTINFO), OPT(IPPROTO_IPV6, IPV6_TCLASS),
	OPT(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
	OPT(IPPROTO_IPV6, IPV6_RECVTCLASS), OPT(IPPROTO_IPV6, IPV6_RECVERR),
	OPT(IPPROTO_IPV6, IPV6_MTU_DISCOVER), OPT(IPPROTO_IPV6, IPV6_DONTFRAG),
	OPT(IPPROTO_IPV6, IPV6_FREEBIND), OPT(IPPROTO_IPV6, IPV6_UNICAST_IF),
	OPT(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES),
	OPT(IPPROTO_TCP, TCP_NODELAY), OPT(IPPROTO_TCP, TCP_MAXSEG),
	OPT(IPPROTO_TCP, TCP_KEEPIDLE), OPT(IPPROTO_TCP, TCP_KEEPINTVL),
	OPT(IPPROTO_TCP, TCP_KEEPCNT), OPT(IPPROTO_TCP, TCP_SYNCNT),
	OPT(IPPROTO_TCP, TCP_LINGER2), OPT(IPPROTO_TCP, TCP_QUICKACK),
	OPT(IPPROTO_TCP, TCP_DEFER_ACCEPT), OPT(IPPROTO_TCP, TCP_USER_TIMEOUT),
	OPT(IPPROTO_TCP, TCP_CORK), OPT(IPPROTO_TCP, TCP_WINDOW_CLAMP),
	OPT(IPPROTO_TCP, TCP_CONGESTION), OPT(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	OPT(IPPROTO_UDP, UDP_CORK), OPT(IPPROTO_UDP, UDP_SEGMENT),
	OPT(IPPROTO_UDP, UDP_GRO),
	OPT(IPPROTO_ICMP, 1), OPT(77, 1), OPT(SOL_SOCKET, 7777),
	OPT(IPPROTO_IP, 7777), OPT(IPPROTO_IPV6, 7777), OPT(IPPROTO_TCP, 7777),
	OPT(IPPROTO_UDP, 7777),
};

static void do_get(struct slot *s)
{
	unsigned i = pick(COUNT(options));
	socklen_t size = (socklen_t)ONE_OF(4, 4, 4, 0, 1, 2, 3, 5, 8, 16, 64,
	    -1), len = size;
	uint8_t v[80];
	void *p = (void *)(uintptr_t)maybe_bad(v, 30);
	char hex[80] = "";
	long r;

	memset(v, 0xee, sizeof(v));
	tell(" %s %d bytes", options[i].text, (int)size);
	r = getsockopt(s->fd, options[i].level, options[i].name, p, &len);
	for (unsigned k = 0; k < 16 && k < len; k++)
		snprintf(hex + 2 * k, 3, "%02x", v[k]);
	if (differs_get(options[i].level, options[i].name))
		hex[0] = '\0';
	if (r < 0)
		gives("%s", result(r));
	else
		gives("%s %d %s", result(r), (int)len, hex);
}

static void do_set(struct slot *s)
{
	unsigned i = pick(COUNT(options));
	socklen_t len = (socklen_t)ONE_OF(4, 4, 4, 0, 1, 2, 3, 5, 8, 16, 64,
	    -1);
	int v[20] = { ONE_OF(0, 1, -1, 2, 3, 255, 256, 65536, 0x7fffffff,
	    -2147483647 - 1, 64, 128) };
	const void *p = maybe_bad(v, 30);

	if (differs_set(s, options[i].level, options[i].name))
		return;
	tell(" %s %d (%d bytes)", options[i].text, v[0], (int)len);
	gives("%s", result(setsockopt(s->fd, options[i].level,
	    options[i].name, p, len)));
}

static void do_ioctl(struct slot *s)
{
	static const struct { unsigned long name; const char *text; } all[] = {
		{ FIONREAD, "FIONREAD" }, { SIOCATMARK, "SIOCATMARK" },
		{ FIONBIO, "FIONBIO" }, { FIOASYNC, "FIOASYNC" },
		{ SIOCOUTQNSD, "SIOCOUTQNSD" }, { SIOCGPGRP, "SIOCGPGRP" },
		{ FIOCLEX, "FIOCLEX" }, { 0x5401, "TCGETS" },
		{ 0x12345, "0x12345" },
	};
	unsigned i = pick(COUNT(all));
	uint8_t buf[64] = { (uint8_t)pick(2) };
	int v = -1;
	long r;

	if (differs_ioctl(s, all[i].name))
		return;
	tell(" %s", all[i].text);
	r = ioctl(s->fd, all[i].name, all[i].name == SIOCATMARK ? buf :
	    maybe_bad(buf, 30));
	memcpy(&v, buf, sizeof(v));
	gives("%s %d", result(r), v);
}

static void do_fcntl(struct slot *s)
{
	int fl = fcntl(s->fd, F_GETFL);
	int toggle = ONE_OF(0, O_NONBLOCK, O_ASYNC, O_APPEND);

	tell(" %#x", toggle);
	gives("%#x %s", fl, result(fcntl(s->fd, F_SETFL, fl ^ toggle)));
}

#endif
