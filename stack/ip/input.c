/*
 * input.c: the first look at each packet that comes in, of both families:
 * ICMP errors, which lwIP ignores (RFC 1122 4.1.3.3, 4.2.3.9), router
 * discovery, and IPv6 packets that are for others.
 */
#include "stack/ip/input.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "lwip/pbuf.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/tcp.h"
#include "stack/core/counter.h"
#include "stack/ip/addr.h"
#include "stack/ip/autoconf.h"
#include "stack/ip/forward.h"
#include "stack/ip/hooks.h"
#include "stack/ip/iface.h"
#include "stack/ip/loopback.h"
#include "stack/ip/route.h"
#include "stack/ip/rtadv.h"
#include "stack/ip/timers.h"

#define MAX_HEADERS	8	/* extension headers; more are a trick */

static void (*on_error)(struct ip_error *e);

void input_on_error(void (*fn)(struct ip_error *e))
{
	on_error = fn;
}

static void report(struct ip_error *e)
{
	if (on_error)
		on_error(e);
}

/* What Linux makes of each code of "destination unreachable". */
static const struct {
	uint8_t err;
	bool fatal;	/* also for a socket that did not ask for errors */
} unreach4[] = {
	{ ENETUNREACH, false }, { EHOSTUNREACH, false },
	{ ENOPROTOOPT, true }, { ECONNREFUSED, true }, { EMSGSIZE, false },
	{ EOPNOTSUPP, false }, { ENETUNREACH, true }, { EHOSTDOWN, true },
	{ ENONET, true }, { ENETUNREACH, true }, { EHOSTUNREACH, true },
	{ ENETUNREACH, false }, { EHOSTUNREACH, false },
	{ EHOSTUNREACH, true }, { EHOSTUNREACH, true }, { EHOSTUNREACH, true },
}, unreach6[] = {
	{ ENETUNREACH, false }, { EACCES, true }, { EHOSTUNREACH, false },
	{ EHOSTUNREACH, false }, { ECONNREFUSED, true }, { EACCES, true },
	{ EACCES, true },
};

/* Ports or echo identifier of the packet that is quoted. */
static bool quoted(struct ip_error *e, const uint8_t *p, size_t len)
{
	if (len < 8)
		return false;
	switch (e->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		memcpy(&e->local.port, p, 2);
		memcpy(&e->peer.port, p + 2, 2);
		memcpy(&e->seq, p + 4, 4);
		e->seq = ntohl(e->seq);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		memcpy(&e->ident, p + 4, 2);
		break;
	}
	/* A ping or raw socket's payload begins with its own header. */
	e->payload = e->proto == IPPROTO_UDP ? p + 8 : p;
	e->len = e->proto == IPPROTO_UDP ? len - 8 : len;
	return true;
}

/*
 * The whole packet in one piece, and its length as it says itself; under the
 * core lock.  0: too short.
 */
static const uint8_t *flat(const struct pbuf *p, size_t len)
{
	static uint8_t whole[UINT16_MAX];

	if (len > p->tot_len)
		return NULL;
	pbuf_copy_partial(p, whole, (u16_t)len, 0);
	return whole;
}

/* Only what we sent ourselves, and what came to us and to nobody else. */
static bool is_for_us(const struct ip_error *e, const struct wire_addr *to)
{
	return !addr_is_multicast(to) && iface_has_addr(to) &&
	    iface_has_addr(&e->local);
}

/*
 * lwIP has not looked yet.  All lengths are checked here, and all that tells
 * a message to this host from one that is damaged, in pieces, or on its way to
 * another.
 */
static void icmp4_look(const struct pbuf *pb)
{
	const struct ip_hdr *ip = pb->payload;
	struct wire_addr to = { .family = AF_INET };
	struct ip_error e = { 0 };
	const uint8_t *b, *icmp, *in;
	size_t n = lwip_ntohs(IPH_LEN(ip)), hl = IPH_HL_BYTES(ip), ihl;

	if (IPH_V(ip) != 4 || IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF))
		return;
	if (hl < 20 || n < hl + 8 + 20 + 8 || !(b = flat(pb, n)))
		return;
	icmp = b + hl;
	if (icmp[0] != 3 && icmp[0] != 11)
		return;
	if (icmp[0] == 3 && icmp[1] >= sizeof(unreach4) / sizeof(unreach4[0]))
		return;
	if (inet_chksum(b, (u16_t)hl) || inet_chksum(icmp, (u16_t)(n - hl)))
		return;
	in = icmp + 8;
	ihl = (size_t)(in[0] & 15) * 4;
	if (in[0] >> 4 != 4 || ihl < 20 || n < hl + 8 + ihl + 8)
		return;
	if (in[6] & 0x1f || in[7])
		return;		/* what would be ports is data */
	e.proto = in[9];
	e.type = icmp[0];
	e.code = icmp[1];
	e.err = icmp[0] == 11 ? EHOSTUNREACH : unreach4[icmp[1]].err;
	e.fatal = icmp[0] == 3 && unreach4[icmp[1]].fatal;
	e.too_big = icmp[0] == 3 && icmp[1] == 4;
	e.mtu = (unsigned)icmp[6] << 8 | icmp[7];
	e.whole = (unsigned)in[2] << 8 | in[3];
	e.local.family = e.peer.family = e.reporter.family = AF_INET;
	memcpy(e.local.ip, in + 12, 4);
	memcpy(e.peer.ip, in + 16, 4);
	memcpy(e.reporter.ip, b + 12, 4);
	memcpy(to.ip, b + 16, 4);
	if (is_for_us(&e, &to) && quoted(&e, in + ihl, n - hl - 8 - ihl))
		report(&e);
}

static bool (*too_many)(const struct wire_addr *from);

void input_on_syn(bool (*excess)(const struct wire_addr *from))
{
	too_many = excess;
}

/* The TCP header begins at `at`: does it begin a connection? */
static bool is_syn(const struct pbuf *p, size_t at)
{
	const uint8_t *tcp = (const uint8_t *)p->payload + at;

	return at + TCP_HLEN <= p->len &&
	    (tcp[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static bool syn_excess4(const struct pbuf *p)
{
	const struct ip_hdr *ip = p->payload;
	struct wire_addr from = { .family = AF_INET }, to = from;

	if (IPH_PROTO(ip) != IPPROTO_TCP || !too_many ||
	    !is_syn(p, IPH_HL_BYTES(ip)))
		return false;
	memcpy(from.ip, &ip->src, 4);
	memcpy(to.ip, &ip->dest, 4);
	return (!route_forward4 || iface_has_addr(&to)) && too_many(&from);
}

static bool syn_excess6(const struct pbuf *p)
{
	const struct ip6_hdr *ip = p->payload;
	struct wire_addr from = { .family = AF_INET6 };

	if (IP6H_NEXTH(ip) != IP6_NEXTH_TCP || !too_many ||
	    !is_syn(p, IP6_HLEN))
		return false;
	memcpy(from.ip, &ip->src, 16);
	return too_many(&from);
}

/* A frame that is neither IP nor ARP; packet sockets have seen it. */
err_t input_other(struct pbuf *p, struct netif *in)
{
	(void)in;
	counter_inc("if.unknown_type");
	pbuf_free(p);
	return ERR_OK;
}

/* 1: the packet is done with and freed; 0: lwIP goes on with it. */
int input_ip4(struct pbuf *p, struct netif *in)
{
	const struct ip_hdr *ip = p->payload;

	if (p->len < IP_HLEN)
		return 0;	/* it counts them */
	if (syn_excess4(p)) {
		pbuf_free(p);
		return 1;
	}
	loopback_input(p, in);
	if (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF))
		timers_fragment();
	if (IPH_PROTO(ip) == IPPROTO_ICMP)
		icmp4_look(p);
	return 0;
}

/*
 * Behind the extension headers of a quoted packet of n bytes.  Return: where
 * the upper layer begins, 0 if that is not in it.
 */
static size_t quoted_layer(const uint8_t *in, size_t n, uint8_t *next)
{
	size_t at = IP6_HLEN;

	*next = in[6];
	for (int i = 0; i < MAX_HEADERS && at + 8 <= n; i++) {
		const uint8_t *h = in + at;

		if (*next != IP6_NEXTH_HOPBYHOP &&
		    *next != IP6_NEXTH_ROUTING &&
		    *next != IP6_NEXTH_FRAGMENT && *next != IP6_NEXTH_DESTOPTS)
			return at;
		if (*next == IP6_NEXTH_FRAGMENT && (h[2] || h[3] & 0xf8))
			return 0;
		at += *next == IP6_NEXTH_FRAGMENT ? 8 : 8 + 8u * h[1];
		*next = h[0];
	}
	return 0;
}

static bool sum6_ok(const uint8_t *b, size_t n)
{
	ip6_addr_t src = { 0 }, dst = { 0 };
	struct pbuf p = { .payload = (void *)(uintptr_t)(b + IP6_HLEN) };

	p.len = p.tot_len = (u16_t)(n - IP6_HLEN);
	memcpy(src.addr, b + 8, 16);
	memcpy(dst.addr, b + 24, 16);
	return !ip6_chksum_pseudo(&p, IP6_NEXTH_ICMP6, p.tot_len, &src, &dst);
}

/* The packet is known to be for us, and whole. */
static void icmp6_look(const struct pbuf *pb)
{
	const struct ip6_hdr *ip = pb->payload;
	struct wire_addr to = { .family = AF_INET6 };
	struct ip_error e = { 0 };
	const uint8_t *b, *icmp, *in;
	size_t n = IP6_HLEN + IP6H_PLEN(ip), at;

	if (n < 40 + 8 + 40 + 8 || !(b = flat(pb, n)))
		return;
	icmp = b + 40;
	in = b + 48;
	if (icmp[0] < 1 || icmp[0] > 3 || in[0] >> 4 != 6 || !sum6_ok(b, n))
		return;
	if (icmp[0] == 1 && icmp[1] >= sizeof(unreach6) / sizeof(unreach6[0]))
		return;
	at = quoted_layer(in, n - 48, &e.proto);
	e.type = icmp[0];
	e.code = icmp[1];
	e.err = icmp[0] == 3 ? EHOSTUNREACH : icmp[0] == 2 ? EMSGSIZE :
	    unreach6[icmp[1]].err;
	e.too_big = icmp[0] == 2;
	memcpy(&e.mtu, icmp + 4, 4);
	e.mtu = ntohl(e.mtu);
	e.whole = 40 + ((unsigned)in[4] << 8 | in[5]);
	e.fatal = icmp[0] == 1 && unreach6[icmp[1]].fatal;
	e.local.family = e.peer.family = e.reporter.family = AF_INET6;
	memcpy(e.local.ip, in + 8, 16);
	memcpy(e.peer.ip, in + 24, 16);
	memcpy(e.reporter.ip, b + 8, 16);
	memcpy(to.ip, b + 24, 16);
	if (at && is_for_us(&e, &to) && quoted(&e, in + at, n - 48 - at))
		report(&e);
}

static void addr_of(ip6_addr_t *a, const ip6_addr_p_t *raw, struct netif *in)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->addr, raw, 16);
	ip6_addr_assign_zone(a, IP6_UNKNOWN, in);
}

static bool has_addr(struct netif *nif, const ip6_addr_t *a)
{
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(nif, i)) &&
		    ip6_addr_eq(a, netif_ip6_addr(nif, i)))
			return true;
	return false;
}

static bool is_ours(struct netif *in, const ip6_addr_t *dst)
{
	struct netif *nif;

	if (ip6_addr_ismulticast(dst) || has_addr(in, dst))
		return true;
	NETIF_FOREACH(nif) {
		if (has_addr(nif, dst))
			return true;
	}
	return false;
}

/*
 * Behind the extension headers.  Return: where the upper layer begins, 0 in a
 * fragment that is not the first, -1 if it cannot be told (RFC 7112).
 */
static int upper_layer(const struct pbuf *p, u8_t *next)
{
	u16_t at = IP6_HLEN;
	u8_t h[8];

	*next = IP6H_NEXTH((const struct ip6_hdr *)p->payload);
	for (int i = 0; i < MAX_HEADERS; i++) {
		if (*next != IP6_NEXTH_HOPBYHOP &&
		    *next != IP6_NEXTH_ROUTING &&
		    *next != IP6_NEXTH_FRAGMENT && *next != IP6_NEXTH_DESTOPTS)
			return at;
		if (pbuf_copy_partial(p, h, sizeof(h), at) != sizeof(h))
			return -1;
		if (*next == IP6_NEXTH_FRAGMENT)
			timers_fragment();
		if (*next != IP6_NEXTH_FRAGMENT)
			at = (u16_t)(at + 8 * h[1]);
		else if (h[2] || h[3] & 0xf8)
			return 0;
		at = (u16_t)(at + 8);
		*next = h[0];
	}
	return -1;
}

/* Of ICMP's messages to us, those lwIP is not to see: true. */
static bool intercept(struct pbuf *p, struct netif *in)
{
	u8_t next, type;
	int at = upper_layer(p, &next);

	if (at <= 0 || next != IP6_NEXTH_ICMP6)
		return at < 0;
	if (pbuf_copy_partial(p, &type, 1, (u16_t)at) != 1)
		return true;
	switch (type) {
	case ICMP6_TYPE_DUR:
	case ICMP6_TYPE_PTB:
	case ICMP6_TYPE_TE:
		if (at == IP6_HLEN)
			icmp6_look(p);
		/* lwIP would believe any number. */
		return type == ICMP6_TYPE_PTB;
	case ICMP6_TYPE_RS:
		rtadv_solicited(p, in);
		return true;
	case ICMP6_TYPE_RA:
		return !autoconf_advertised(p, in);
	case ICMP6_TYPE_RD:
		return true;	/* routes are not for neighbours to change */
	}
	return false;
}

/* 1: the packet is done with and freed; 0: lwIP goes on with it. */
int input_ip6(struct pbuf *p, struct netif *in)
{
	struct ip6_hdr *ip = p->payload;
	ip6_addr_t dst;
	bool ours;

	if (p->len < IP6_HLEN || IP6H_PLEN(ip) > p->tot_len - IP6_HLEN)
		return 0;	/* it counts them */
	timers_neighbour6();
	addr_of(&dst, &ip->dest, in);
	ours = is_ours(in, &dst);
	if (ours && !syn_excess6(p) && !intercept(p, in))
		return 0;
	IP6_STATS_INC(ip6.recv);
	if (!ours)
		forward_ip6(p, in);
	pbuf_free(p);
	return 1;
}
