/*
 * forward6.c: the first look at each IPv6 packet: what is not for this host
 * is forwarded or dropped here (RFC 8200, RFC 4443), and router discovery is
 * told.
 *
 * Not left to lwIP: that forwards whether the host is a router or not, and
 * answers no ICMP message that is too big or has come too far.
 */
#include "stack/ip/forward.h"

#include <netinet/in.h>
#include <string.h>

#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/icmp6.h"
#include "stack/ip/autoconf.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/ip/rtadv.h"

#define MAX_HEADERS	8	/* extension headers; more are a trick */

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

/* No errors about errors, nor to what is no single host (RFC 4443 2.4). */
static bool may_answer(struct pbuf *p, const struct ip6_hdr *ip,
    const ip6_addr_t *src)
{
	u8_t type;

	if (ip6_addr_isany(src) || ip6_addr_ismulticast(src) ||
	    ip6_addr_isloopback(src))
		return false;
	if (IP6H_NEXTH(ip) != IP6_NEXTH_ICMP6)
		return true;
	return pbuf_copy_partial(p, &type, 1, IP6_HLEN) == 1 && type >= 128 &&
	    type != ICMP6_TYPE_RD;
}

/* data: the MTU, for ICMP6_TYPE_PTB; else 0. */
static void answer(struct pbuf *p, struct netif *in, u8_t type, u8_t code,
    u32_t data)
{
	u16_t n = p->tot_len < FORWARD_QUOTE6 ? p->tot_len : FORWARD_QUOTE6;
	const struct ip6_hdr *ip = p->payload;
	const ip_addr_t *from;
	struct icmp6_hdr *icmp;
	struct netif *out;
	ip6_addr_t to;
	struct pbuf *q;

	addr_of(&to, &ip->src, in);
	if (!may_answer(p, ip, &to) || forward_too_many())
		return;
	out = ip6_addr_has_zone(&to) ? in : route_ip6(NULL, &to);
	from = ip6_select_source_address(in, &to);
	if (!out || !from)
		return;
	q = pbuf_alloc(PBUF_IP, (u16_t)(sizeof(*icmp) + n), PBUF_RAM);
	if (!q)
		return;
	icmp = q->payload;
	icmp->type = type;
	icmp->code = code;
	icmp->chksum = 0;
	icmp->data = lwip_htonl(data);
	pbuf_copy_partial(p, icmp + 1, n, 0);
	icmp->chksum = ip6_chksum_pseudo(q, IP6_NEXTH_ICMP6, q->tot_len,
	    ip_2_ip6(from), &to);
	ICMP6_STATS_INC(icmp6.xmit);
	ip6_output_if_src(q, ip_2_ip6(from), &to, LWIP_ICMP6_HL, 0,
	    IP6_NEXTH_ICMP6, out);
	pbuf_free(q);
}

void forward_silent6(struct pbuf *q, struct netif *in)
{
	answer(q, in, ICMP6_TYPE_DUR, ICMP6_DUR_ADDRESS, 0);
}

static void forward(struct pbuf *p, struct netif *in, const ip6_addr_t *dst)
{
	struct wire_addr peer = { .family = AF_INET6 };
	struct ip6_hdr *ip = p->payload;
	struct netif *out = route_ip6(NULL, dst);
	ip6_addr_t src;

	addr_of(&src, &ip->src, in);
	memcpy(peer.ip, dst->addr, 16);
	if (!out || !netif_is_up(out) || !netif_is_link_up(out)) {
		answer(p, in, ICMP6_TYPE_DUR, route_is_rejected(&peer) ?
		    ICMP6_DUR_PROHIBITED : ICMP6_DUR_NO_ROUTE, 0);
		return;
	}
	if (ip6_addr_has_zone(&src) && !ip6_addr_test_zone(&src, out)) {
		answer(p, in, ICMP6_TYPE_DUR, ICMP6_DUR_SCOPE, 0);
		return;
	}
	if (IP6H_HOPLIM(ip) <= 1) {
		answer(p, in, ICMP6_TYPE_TE, ICMP6_TE_HL, 0);
		return;
	}
	if (p->tot_len > netif_mtu6(out)) {
		answer(p, in, ICMP6_TYPE_PTB, 0, netif_mtu6(out));
		return;
	}
	if (!route_resolved(&peer, 0))
		forward_watch(&peer, in, p);
	IP6H_HOPLIM_SET(ip, (u8_t)(IP6H_HOPLIM(ip) - 1));
	IP6_STATS_INC(ip6.fw);
	route_send_ip6(out, p, dst);
}

static bool may_forward(const struct pbuf *p, const struct ip6_hdr *ip,
    const ip6_addr_t *dst)
{
	ip6_addr_t src;

	memset(&src, 0, sizeof(src));
	memcpy(src.addr, &ip->src, 16);
	return route_forward6 && !(p->flags & (PBUF_FLAG_LLBCAST |
	    PBUF_FLAG_LLMCAST)) && !ip6_addr_islinklocal(dst) &&
	    !ip6_addr_isloopback(dst) && !ip6_addr_isany(dst) &&
	    !ip6_addr_isany(&src) && !ip6_addr_ismulticast(&src) &&
	    !ip6_addr_isloopback(&src);
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
			icmp_ip6_input(p);
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
int forward_ip6(struct pbuf *p, struct netif *in)
{
	struct ip6_hdr *ip = p->payload;
	ip6_addr_t dst;
	bool ours;

	if (p->len < IP6_HLEN || IP6H_PLEN(ip) > p->tot_len - IP6_HLEN)
		return 0;	/* it counts them */
	addr_of(&dst, &ip->dest, in);
	ours = is_ours(in, &dst);
	if (ours && !intercept(p, in))
		return 0;
	IP6_STATS_INC(ip6.recv);
	if (!ours && may_forward(p, ip, &dst)) {
		pbuf_realloc(p, (u16_t)(IP6_HLEN + IP6H_PLEN(ip)));
		forward(p, in, &dst);
	}
	pbuf_free(p);
	return 1;
}
