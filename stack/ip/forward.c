/*
 * forward.c: IPv4 packets for others, when the host is a router (RFC 1812).
 *
 * Done here and not by lwIP: that empties the checksums of what it forwards,
 * tells no MTU when a packet is too big, answers no echo request whose TTL
 * ran out, and says nothing of a last hop that is silent.  No redirects are
 * sent.
 */
#include "stack/ip/forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/ip4_frag.h"
#include "lwip/prot/icmp.h"
#include "stack/core/counter.h"
#include "stack/ip/icmprate.h"
#include "stack/ip/output.h"
#include "stack/ip/route.h"
#include "stack/wire/clock.h"
#include "stack/ip/unresolved.h"

#define WAITING_PER_S	(8u << 20)	/* bytes */
#define ICMP_DUR_PROHIBITED 13	/* RFC 1812 */

/* No errors about errors, nor about later fragments (RFC 1812 4.3.2.7). */
static bool may_answer(struct pbuf *p, const struct ip_hdr *ip)
{
	ip4_addr_t from;
	u8_t type;

	ip4_addr_copy(from, ip->src);
	if (ip4_addr_isany_val(from) || ip4_addr_ismulticast(&from) ||
	    ip4_addr_isloopback(&from) || from.addr == IPADDR_BROADCAST)
		return false;
	if (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK))
		return false;
	if (IPH_PROTO(ip) != IP_PROTO_ICMP)
		return true;
	if (pbuf_copy_partial(p, &type, 1, IPH_HL_BYTES(ip)) != 1)
		return false;
	return type != ICMP_DUR && type != ICMP_SQ && type != ICMP_RD &&
	    type != ICMP_TE && type != ICMP_PP;
}

/* mtu: of the next hop, for ICMP_DUR_FRAG; else 0. */
static void answer(struct pbuf *p, struct netif *in, u8_t type, u8_t code,
    u16_t mtu)
{
	const struct ip_hdr *ip = p->payload;
	u16_t n = p->tot_len < FORWARD_QUOTE4 ? p->tot_len : FORWARD_QUOTE4;
	struct icmp_hdr *icmp;
	struct netif *out;
	ip4_addr_t to;
	struct pbuf *q;

	if (!may_answer(p, ip) || icmprate_exceeded())
		return;
	ip4_addr_copy(to, ip->src);
	out = route_ip4(NULL, &to);
	q = out ? pbuf_alloc(PBUF_IP, (u16_t)(sizeof(*icmp) + n), PBUF_RAM) :
	    NULL;
	if (!q)
		return;
	icmp = q->payload;
	memset(icmp, 0, sizeof(*icmp));
	icmp->type = type;
	icmp->code = code;
	icmp->data = lwip_htonl(mtu);
	pbuf_copy_partial(p, icmp + 1, n, 0);
	icmp->chksum = inet_chksum(icmp, q->len);
	/* From where the packet came in, as traceroute(8) wants to see. */
	if (!in || ip4_addr_isany_val(*netif_ip4_addr(in)))
		in = out;
	ICMP_STATS_INC(icmp.xmit);
	ip4_output_if(q, netif_ip4_addr(in), &to, ICMP_TTL, 0, IP_PROTO_ICMP,
	    out);
	pbuf_free(q);
}

/* One hop less, and the checksum's share of that. */
static void count_hop(struct ip_hdr *ip)
{
	uint32_t sum = lwip_ntohs(IPH_CHKSUM(ip)) + 0x100u;

	IPH_TTL_SET(ip, (u8_t)(IPH_TTL(ip) - 1));
	IPH_CHKSUM_SET(ip, lwip_htons((u16_t)((sum & 0xffff) + (sum >> 16))));
}

/* Down, or without a bus. */
static bool usable(const struct netif *out)
{
	return out && netif_is_up(out) && netif_is_link_up(out);
}

/* A blackhole says nothing. */
static void refuse(struct pbuf *p, struct netif *in, int why)
{
	if (why != -EINVAL)
		answer(p, in, ICMP_DUR, why == -EACCES ? ICMP_DUR_PROHIBITED :
		    why == -EHOSTUNREACH ? ICMP_DUR_HOST : ICMP_DUR_NET, 0);
}

static void forward(struct pbuf *p, struct netif *in)
{
	const ip4_addr_t *dst = ip4_current_dest_addr();
	struct wire_addr peer = { .family = AF_INET };
	struct ip_hdr *ip = p->payload;
	struct netif *out = route_ip4(ip4_current_src_addr(), dst);

	memcpy(peer.ip, &dst->addr, 4);
	if (!usable(out)) {
		counter_inc("ip.forward_no_route");
		refuse(p, in, route_refused(&peer));
		return;
	}
	if (ip4_addr_isbroadcast(dst, out)) {
		counter_inc("ip.forward_broadcast");
		return;		/* RFC 2644 */
	}
	if (IPH_TTL(ip) <= 1) {
		counter_inc("ip.forward_ttl");
		answer(p, in, ICMP_TE, ICMP_TE_TTL, 0);
		return;
	}
	if (p->tot_len > out->mtu && IPH_OFFSET(ip) & PP_HTONS(IP_DF)) {
		counter_inc("ip.forward_too_big");
		answer(p, in, ICMP_DUR, ICMP_DUR_FRAG, out->mtu);
		return;
	}
	if (!forward_watch(&peer, in, p))
		return;
	count_hop(ip);
	IP_STATS_INC(ip.fw);
	if (p->tot_len > out->mtu)
		ip4_frag(p, out, dst);
	else
		output_send_ip4(out, p, dst);
}

/* lwIP asks whether it may; what may be done has been done then. */
int forward_ip4(struct pbuf *p, u32_t dst)
{
	/* The interface is not yet among lwIP's ip_current_*. */
	struct netif *in = netif_get_by_index(p->if_idx);

	if (in && route_ip4_may_forward(p, dst))
		forward(p, in);
	else if (!route_forward4)
		counter_inc("ip.forward_off");
	else
		counter_inc("ip.forward_never");
	return 0;
}

void forward_silent4(struct pbuf *q, struct netif *in)
{
	answer(q, in, ICMP_DUR, ICMP_DUR_HOST, 0);
}

/* A next hop that does not answer. */
static void silent(const struct unresolved *u)
{
	struct netif *in = netif_get_by_index((u8_t)u->id);
	struct pbuf *q;

	if (!in)
		return;
	q = pbuf_alloc(PBUF_RAW, u->len, PBUF_RAM);
	if (!q)
		return;
	pbuf_take(q, u->quote, u->len);
	if (u->peer.family == AF_INET)
		forward_silent4(q, in);
	else
		forward_silent6(q, in);
	pbuf_free(q);
}

/* What strangers may make us keep for neighbours that do not answer. */
static bool may_wait(size_t len)
{
	static uint64_t second;
	static size_t bytes;
	uint64_t now = clock_ns() / CLOCK_NS_S;

	if (now != second) {
		second = now;
		bytes = 0;
	}
	bytes += len;
	return bytes <= WAITING_PER_S;
}

bool forward_watch(const struct wire_addr *dst, struct netif *in,
    const struct pbuf *p)
{
	if (route_resolved(dst, 0))
		return true;
	if (!may_wait(p->tot_len)) {
		counter_inc("ip.forward_waiting");
		return false;
	}
	unresolved_watch(dst, silent, netif_get_index(in), p);
	return true;
}
