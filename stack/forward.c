/*
 * forward.c: IPv4 packets for others, when the host is a router (RFC 1812).
 *
 * Done here and not by lwIP: that empties the checksums of what it forwards,
 * tells no MTU when a packet is too big, and answers no echo request whose
 * TTL ran out.  No redirects are sent.
 */
#include "stack/hooks.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/ip4_frag.h"
#include "lwip/prot/icmp.h"
#include "stack/core.h"

#define QUOTE		548	/* bytes; with headers 576, RFC 1812 4.3.2.3 */
#define ERRORS_PER_S	1000

static bool too_many(void)
{
	static uint64_t second;
	static unsigned count;
	uint64_t now = core_now_ns() / 1000000000u;

	if (now != second) {
		second = now;
		count = 0;
	}
	return ++count > ERRORS_PER_S;
}

/* No errors about errors, nor about later fragments (RFC 1812 4.3.2.7). */
static bool may_answer(struct pbuf *p, const struct ip_hdr *ip)
{
	u8_t type;

	if (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK) ||
	    ip->src.addr == PP_HTONL(IPADDR_ANY))
		return false;
	if (IPH_PROTO(ip) != IP_PROTO_ICMP)
		return true;
	if (pbuf_copy_partial(p, &type, 1, IPH_HL_BYTES(ip)) != 1)
		return false;
	return type != ICMP_DUR && type != ICMP_SQ && type != ICMP_RD &&
	    type != ICMP_TE && type != ICMP_PP;
}

/* mtu: of the next hop, for ICMP_DUR_FRAG; else 0. */
static void answer(struct pbuf *p, const struct ip_hdr *ip, u8_t type,
    u8_t code, u16_t mtu)
{
	/* lwIP has not yet noted it as the current input netif. */
	struct netif *in = netif_get_by_index(p->if_idx), *out;
	u16_t n = p->tot_len < QUOTE ? p->tot_len : QUOTE;
	struct icmp_hdr *icmp;
	ip4_addr_t to;
	struct pbuf *q;

	if (!may_answer(p, ip) || too_many())
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
	ip4_output_if(q, in && !ip4_addr_isany_val(*netif_ip4_addr(in)) ?
	    netif_ip4_addr(in) : NULL, &to, ICMP_TTL, 0, IP_PROTO_ICMP, out);
	pbuf_free(q);
}

/* One hop less, and the checksum's share of that. */
static void count_hop(struct ip_hdr *ip)
{
	uint32_t sum = lwip_ntohs(IPH_CHKSUM(ip)) + 0x100u;

	IPH_TTL_SET(ip, (u8_t)(IPH_TTL(ip) - 1));
	IPH_CHKSUM_SET(ip, lwip_htons((u16_t)((sum & 0xffff) + (sum >> 16))));
}

static void forward(struct pbuf *p)
{
	const ip4_addr_t *dst = ip4_current_dest_addr();
	struct ip_hdr *ip = p->payload;
	struct netif *out = route_ip4(ip4_current_src_addr(), dst);

	if (!out || !netif_is_up(out)) {
		answer(p, ip, ICMP_DUR, ICMP_DUR_NET, 0);
		return;
	}
	if (ip4_addr_isbroadcast(dst, out))
		return;		/* RFC 2644 */
	if (IPH_TTL(ip) <= 1) {
		answer(p, ip, ICMP_TE, ICMP_TE_TTL, 0);
		return;
	}
	if (p->tot_len > out->mtu && IPH_OFFSET(ip) & PP_HTONS(IP_DF)) {
		answer(p, ip, ICMP_DUR, ICMP_DUR_FRAG, out->mtu);
		return;
	}
	count_hop(ip);
	IP_STATS_INC(ip.fw);
	if (p->tot_len > out->mtu)
		ip4_frag(p, out, dst);
	else
		out->output(out, p, dst);
}

/* lwIP asks whether it may; what may be done has been done then. */
int forward_ip4(struct pbuf *p, u32_t dst)
{
	if (route_ip4_may_forward(p, dst))
		forward(p);
	return 0;
}
