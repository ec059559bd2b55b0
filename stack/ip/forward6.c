/*
 * forward6.c: IPv6 packets for others, when the host is a router (RFC 8200,
 * RFC 4443).
 *
 * Not left to lwIP: that forwards whether the host is a router or not, and
 * answers no ICMP message that is too big or has come too far.
 */
#include "stack/ip/forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/icmp6.h"
#include "stack/core/counter.h"
#include "stack/ip/icmprate.h"
#include "stack/ip/output.h"
#include "stack/ip/route.h"

static void addr_of(ip6_addr_t *a, const ip6_addr_p_t *raw, struct netif *in)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->addr, raw, 16);
	ip6_addr_assign_zone(a, IP6_UNKNOWN, in);
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
	if (!may_answer(p, ip, &to) || icmprate_exceeded())
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
	int why;

	addr_of(&src, &ip->src, in);
	memcpy(peer.ip, dst->addr, 16);
	if (!out || !netif_is_up(out) || !netif_is_link_up(out)) {
		counter_inc("ip6.forward_no_route");
		why = route_refused(&peer);
		if (why != -EINVAL)	/* a blackhole says nothing */
			answer(p, in, ICMP6_TYPE_DUR, why == -EACCES ?
			    ICMP6_DUR_PROHIBITED : ICMP6_DUR_NO_ROUTE, 0);
		return;
	}
	if (ip6_addr_has_zone(&src) && !ip6_addr_test_zone(&src, out)) {
		counter_inc("ip6.forward_scope");
		answer(p, in, ICMP6_TYPE_DUR, ICMP6_DUR_SCOPE, 0);
		return;
	}
	if (IP6H_HOPLIM(ip) <= 1) {
		counter_inc("ip6.forward_ttl");
		answer(p, in, ICMP6_TYPE_TE, ICMP6_TE_HL, 0);
		return;
	}
	if (p->tot_len > netif_mtu6(out)) {
		counter_inc("ip6.forward_too_big");
		answer(p, in, ICMP6_TYPE_PTB, 0, netif_mtu6(out));
		return;
	}
	if (!forward_watch(&peer, in, p))
		return;
	IP6H_HOPLIM_SET(ip, (u8_t)(IP6H_HOPLIM(ip) - 1));
	IP6_STATS_INC(ip6.fw);
	output_send_ip6(out, p, dst);
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

void forward_ip6(struct pbuf *p, struct netif *in)
{
	struct ip6_hdr *ip = p->payload;
	ip6_addr_t dst;

	addr_of(&dst, &ip->dest, in);
	if (!may_forward(p, ip, &dst)) {
		if (!route_forward6)
			counter_inc("ip6.forward_off");
		else
			counter_inc("ip6.forward_never");
		return;
	}
	pbuf_realloc(p, (u16_t)(IP6_HLEN + IP6H_PLEN(ip)));
	forward(p, in, &dst);
}
