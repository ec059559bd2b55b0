/*
 * rtadv.c: a router advertises itself: the prefixes of its own addresses, so
 * that hosts give themselves addresses and a default route.
 */
#include "stack/ip/rtadv.h"

#include <netinet/in.h>
#include <string.h>

#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip6.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"
#include "stack/core/core.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"

#define LINK_HOPS	255	/* proves that it came from the link */
#define INTERVAL	60	/* s between two that nobody asked for */
#define EAGER		4	/* s between the first ones */
#define EAGER_COUNT	3
#define LIFETIME	1800	/* s, of a default router */
#define VALID		86400	/* s, of a prefix */
#define PREFERRED	14400

int rtadv_send;

struct advert {
	uint8_t type, code;
	uint16_t chksum;
	uint8_t hop_limit, flags;
	uint16_t lifetime;
	uint32_t reachable, retransmit;	/* ms; 0: not said */
	/* Options. */
	uint8_t mac_type, mac_len, mac[6];
	uint8_t mtu_type, mtu_len;
	uint16_t spare;
	uint32_t mtu;
};

struct prefix {
	uint8_t type, len, plen, flags;
	uint32_t valid, preferred, spare;
	uint8_t prefix[16];
};

static_assert(sizeof(struct advert) == 32 && sizeof(struct prefix) == 32,
    "as on the wire");

/* The networks of our own addresses. */
static int prefixes(struct iface *f, struct prefix *out)
{
	struct wire_ifaddr a;
	int n = 0;

	for (unsigned i = 0; n < LWIP_IPV6_NUM_ADDRESSES &&
	    iface_addr_at(f, i, &a); i++) {
		if (a.family != AF_INET6 || a.plen != 64 || a.scope ||
		    a.flags & WIRE_ADDR_AUTO)
			continue;
		out[n] = (struct prefix){
			.type = ND6_OPTION_TYPE_PREFIX_INFO, .len = 4,
			.plen = 64, .flags = ND6_PREFIX_FLAG_ON_LINK |
			    ND6_PREFIX_FLAG_AUTONOMOUS,
			.valid = lwip_htonl(VALID),
			.preferred = lwip_htonl(PREFERRED),
		};
		memcpy(out[n++].prefix, a.ip, 8);
	}
	return n;
}

static void fill(const struct iface *f, struct advert *ra, uint16_t lifetime)
{
	*ra = (struct advert){
		.type = ICMP6_TYPE_RA, .hop_limit = 64,
		.lifetime = lwip_htons(lifetime),
		.mac_type = ND6_OPTION_TYPE_SOURCE_LLADDR, .mac_len = 1,
		.mtu_type = ND6_OPTION_TYPE_MTU, .mtu_len = 1,
		.mtu = lwip_htonl(netif_mtu6(&f->nif)),
	};
	memcpy(ra->mac, f->nif.hwaddr, 6);
}

static void send_advert(struct iface *f, const ip6_addr_t *to,
    uint16_t lifetime)
{
	struct prefix pre[LWIP_IPV6_NUM_ADDRESSES];
	const ip6_addr_t *from = netif_ip6_addr(&f->nif, 0);
	size_t n = (size_t)prefixes(f, pre) * sizeof(pre[0]);
	struct advert *ra;
	struct pbuf *p;

	if (!n || !ip6_addr_isvalid(netif_ip6_addr_state(&f->nif, 0)))
		return;
	p = pbuf_alloc(PBUF_IP, (u16_t)(sizeof(*ra) + n), PBUF_RAM);
	if (!p)
		return;
	ra = p->payload;
	fill(f, ra, lifetime);
	memcpy(ra + 1, pre, n);
	ra->chksum = ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len, from,
	    to);
	ip6_output_if_src(p, from, to, LINK_HOPS, 0, IP6_NEXTH_ICMP6,
	    &f->nif);
	pbuf_free(p);
}

static void send_all_nodes(struct iface *f, uint16_t lifetime)
{
	ip6_addr_t all;

	memset(&all, 0, sizeof(all));
	ip6_addr_set_allnodes_linklocal(&all);
	ip6_addr_set_zone(&all, netif_get_index(&f->nif));
	send_advert(f, &all, lifetime);
}

static bool active(const struct iface *f)
{
	return rtadv_send && route_forward6 && !iface_is_loopback(f) &&
	    netif_is_up(&f->nif) && netif_is_link_up(&f->nif);
}

void rtadv_solicited(const struct pbuf *p, struct netif *in)
{
	const struct ip6_hdr *ip = p->payload;
	struct iface *f = in->state;
	ip6_addr_t from;

	if (!active(f) || IP6H_HOPLIM(ip) != LINK_HOPS)
		return;
	memset(&from, 0, sizeof(from));
	memcpy(from.addr, &ip->src, 16);
	ip6_addr_assign_zone(&from, IP6_UNICAST, in);
	if (ip6_addr_isany(&from) || ip6_addr_ismulticast(&from))
		f->ra_wait = 0;		/* to all, at the next second */
	else
		send_advert(f, &from, LIFETIME);
}

static void advance(struct iface *f)
{
	if (!active(f)) {
		if (f->ra_count)
			send_all_nodes(f, 0);	/* do not use us any more */
		f->ra_count = f->ra_wait = 0;
		return;
	}
	if (f->ra_wait) {
		f->ra_wait--;
		return;
	}
	send_all_nodes(f, LIFETIME);
	f->ra_wait = f->ra_count < EAGER_COUNT ? EAGER - 1 : INTERVAL - 1;
	f->ra_count++;
}

static void second(void)
{
	struct iface *f;

	for (f = iface_next(NULL); f; f = iface_next(f))
		advance(f);
}

static bool needed(void)
{
	struct iface *f;

	if (rtadv_send)
		return true;
	for (f = iface_next(NULL); f; f = iface_next(f))
		if (f->ra_count)
			return true;	/* to be taken back */
	return false;
}

void rtadv_init(void)
{
	static struct core_timer timer = {
		.fn = second, .needed = needed, .period = 1000,
	};

	core_timer_add(&timer);
}
