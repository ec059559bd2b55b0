/* output.c: an IP packet leaves by an interface, to its next hop. */
#include "stack/ip/output.h"

#include <netinet/in.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"
#include "stack/core/counter.h"
#include "stack/ip/held.h"
#include "stack/ip/hooks.h"
#include "stack/ip/iface.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/route.h"
#include "stack/ip/static6.h"
#include "stack/ip/timers.h"

bool output_whole;

/*
 * Not where each frame has its own fate, nor to ourselves, nor once the MTU
 * has become less than it was.  The frames that a driver makes of it have
 * numbers that others may have too (RFC 6864), so no router may cut them.
 */
bool output_large(struct netif *nif, const ip_addr_t *dst, u16_t mss)
{
	const struct iface *f = nif->state;

	if (!iface_tso || !f->driver->large || f->faults)
		return false;
	if (IP_IS_V6(dst))
		return mss + 60 <= netif_mtu6(nif) &&
		    netif_get_ip6_addr_match(nif, ip_2_ip6(dst)) < 0;
	return mss + 40 <= nif->mtu && pmtu_discover &&
	    !ip4_addr_eq(ip_2_ip4(dst), netif_ip4_addr(nif));
}

/*
 * The next hop is found here and not by lwIP's hooks for gateways, which are
 * not asked about what lies within an interface's own prefix.
 * NULL: there is none.
 */
static const ip4_addr_t *next_hop4(struct netif *nif, const ip4_addr_t *dst)
{
	static ip4_addr_t hop;	/* under the core lock; used at once */
	const struct wire_route *rt;

	if (ip4_addr_ismulticast(dst) || ip4_addr_isbroadcast(dst, nif))
		return dst;
	rt = route_find(AF_INET, (const uint8_t *)&dst->addr,
	    (int)iface_index(nif));
	if (route_refusal(rt))
		return NULL;
	if (!rt || !(rt->flags & WIRE_RT_GATEWAY))
		return dst;
	memcpy(&hop.addr, rt->gw, 4);
	return &hop;
}

err_t output_send_ip4(struct netif *nif, struct pbuf *p, const ip4_addr_t *dst)
{
	const ip4_addr_t *hop = next_hop4(nif, dst);

	err_t err;

	timers_neighbour();
	if (!hop) {
		counter_inc("ip.rejected");
		return ERR_RTE;
	}
	held_packet(p);
	err = etharp_output(nif, p, hop);
	return err == ERR_MEM && held_refused() ? ERR_OK : err;
}

/* Ours: routers are to tell us when it is too long for them. */
static void dont_fragment(struct ip_hdr *ip)
{
	uint32_t sum;

	if (IPH_OFFSET(ip) || (!output_whole &&
	    (IPH_PROTO(ip) != IP_PROTO_TCP || !pmtu_discover)))
		return;
	IPH_OFFSET_SET(ip, PP_HTONS(IP_DF));
	sum = lwip_ntohs(IPH_CHKSUM(ip)) + 0xffffu - IP_DF;
	IPH_CHKSUM_SET(ip, lwip_htons((u16_t)((sum & 0xffff) + (sum >> 16))));
}

err_t output_ip4(struct netif *nif, struct pbuf *p, const ip4_addr_t *dst)
{
	dont_fragment(p->payload);
	return output_send_ip4(nif, p, dst);
}

err_t output_long4(struct pbuf *p, struct netif *nif, const ip4_addr_t *dst)
{
	return p->seg_size ? nif->output(nif, p, dst) :
	    ip4_frag(p, nif, dst);
}

static const ip6_addr_t *next_hop6(struct netif *nif, const ip6_addr_t *dst)
{
	static ip6_addr_t hop;
	const struct wire_route *rt;

	if (ip6_addr_ismulticast(dst) || ip6_addr_islinklocal(dst))
		return dst;
	rt = route_find(AF_INET6, (const uint8_t *)dst->addr,
	    (int)iface_index(nif));
	if (route_refusal(rt))
		return NULL;
	if (!rt || !(rt->flags & WIRE_RT_GATEWAY))
		return dst;
	memset(&hop, 0, sizeof(hop));
	memcpy(hop.addr, rt->gw, 16);
	if (ip6_addr_islinklocal(&hop))
		ip6_addr_set_zone(&hop, netif_get_index(nif));
	return &hop;
}

static err_t to_mac(struct netif *nif, struct pbuf *p, const uint8_t *mac)
{
	struct eth_addr dst;

	memcpy(dst.addr, mac, sizeof(dst.addr));
	return ethernet_output(nif, p, (struct eth_addr *)nif->hwaddr, &dst,
	    ETHTYPE_IPV6);
}

err_t output_send_ip6(struct netif *nif, struct pbuf *p, const ip6_addr_t *dst)
{
	const ip6_addr_t *hop = next_hop6(nif, dst);
	const struct static6 *s;
	err_t err;

	if (!hop) {
		counter_inc("ip6.rejected");
		return ERR_RTE;
	}
	s = static6_find(iface_index(nif), (const uint8_t *)hop->addr);
	if (s)
		return to_mac(nif, p, s->mac);
	timers_neighbour6();
	held_packet(p);
	err = ethip6_output(nif, p, hop);
	return err == ERR_MEM && held_refused() ? ERR_OK : err;
}

err_t output_long6(struct pbuf *p, struct netif *nif, const ip6_addr_t *dst)
{
	return p->seg_size ? nif->output_ip6(nif, p, dst) :
	    ip6_frag(p, nif, dst);
}

/* lwIP cuts to the interface's MTU: where the path's is less, that is it. */
err_t output_ip6(struct netif *nif, struct pbuf *p, const ip6_addr_t *dst)
{
	const struct ip6_hdr *ip = p->payload;
	struct wire_addr peer = { .family = AF_INET6 };
	u16_t mtu = netif_mtu6(nif), path;
	err_t err;

	if (p->tot_len <= IP6_MIN_MTU_LENGTH || p->seg_size ||
	    IP6H_NEXTH(ip) == IP6_NEXTH_FRAGMENT)
		return output_send_ip6(nif, p, dst);
	memcpy(peer.ip, dst->addr, 16);
	path = (u16_t)pmtu_get(&peer);
	if (!path || p->tot_len <= path || path >= mtu)
		return output_send_ip6(nif, p, dst);
	nif->mtu6 = path;
	err = ip6_frag(p, nif, dst);
	nif->mtu6 = mtu;
	return err;
}
