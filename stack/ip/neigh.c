/* neigh.c: the ARP table and the neighbour cache, shown and edited. */
#include "stack/ip/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/prot/iana.h"
#include "lwip/priv/nd6_priv.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/ip/static6.h"
#include "stack/ip/timers.h"

/* lwIP does not tell which are static. */
#define STATICS	128
static uint32_t statics[STATICS];

static uint32_t *find_static(uint32_t ip)
{
	for (int i = 0; i < STATICS; i++)
		if (statics[i] == ip)
			return &statics[i];
	return NULL;
}

static bool arp_at(unsigned i, struct wire_neigh *n)
{
	struct eth_addr *mac;
	struct netif *nif;
	ip4_addr_t *ip;

	if (i >= ARP_TABLE_SIZE)
		return false;
	if (!etharp_get_entry(i, &ip, &nif, &mac))
		return true;
	n->family = AF_INET;
	n->state = find_static(ip->addr) ? NUD_PERMANENT : NUD_REACHABLE;
	n->ifindex = iface_index(nif);
	memcpy(n->ip, &ip->addr, 4);
	memcpy(n->mac, mac->addr, 6);
	iface_name(nif, n->ifname);
	return true;
}

static uint8_t nud_of(uint8_t state)
{
	switch (state) {
	case ND6_INCOMPLETE:	return NUD_INCOMPLETE;
	case ND6_REACHABLE:	return NUD_REACHABLE;
	case ND6_STALE:		return NUD_STALE;
	case ND6_DELAY:		return NUD_DELAY;
	case ND6_PROBE:		return NUD_PROBE;
	default:		return NUD_NONE;
	}
}

static bool nd_at(unsigned i, struct wire_neigh *n)
{
	struct nd6_neighbor_cache_entry *e = &neighbor_cache[i];

	if (i >= LWIP_ND6_NUM_NEIGHBORS)
		return false;
	if (e->state == ND6_NO_ENTRY || !e->netif ||
	    static6_find(iface_index(e->netif),
	    (const uint8_t *)e->next_hop_address.addr))
		return true;
	n->family = AF_INET6;
	n->state = nud_of(e->state);
	n->ifindex = iface_index(e->netif);
	memcpy(n->ip, e->next_hop_address.addr, 16);
	memcpy(n->mac, e->lladdr, 6);
	iface_name(e->netif, n->ifname);
	return true;
}

static bool fixed_at(unsigned i, struct wire_neigh *n)
{
	const struct static6 *s = static6_at(i);
	struct iface *f;

	if (!s)
		return false;
	f = s->ifindex ? iface_by_index(s->ifindex) : NULL;
	if (!f)
		return true;
	n->family = AF_INET6;
	n->state = NUD_PERMANENT;
	n->ifindex = s->ifindex;
	memcpy(n->ip, s->ip, 16);
	memcpy(n->mac, s->mac, 6);
	memcpy(n->ifname, f->name, sizeof(n->ifname));
	return true;
}

bool neigh_at(unsigned i, struct wire_neigh *n)
{
	memset(n, 0, sizeof(*n));
	return arp_at(i, n) || nd_at(i - ARP_TABLE_SIZE, n) ||
	    fixed_at(i - ARP_TABLE_SIZE - LWIP_ND6_NUM_NEIGHBORS, n);
}

/* By its index or name, or on the network of the address; NULL: none. */
static struct iface *iface_of(const struct wire_neigh *n)
{
	struct wire_addr peer = { .family = AF_INET6 };
	const struct wire_route *rt;

	if (n->ifindex)
		return iface_by_index(n->ifindex);
	if (n->ifname[0])
		return iface_find(n->ifname);
	memcpy(peer.ip, n->ip, 16);
	rt = route_find(AF_INET6, peer.ip, 0);
	return rt && !(rt->flags & (WIRE_RT_GATEWAY | WIRE_RT_REJECT)) ?
	    iface_by_index(rt->ifindex) : NULL;
}

/* What a neighbour is to become is not for ever. */
static bool is_dynamic(const struct wire_neigh *n)
{
	return n->state && !(n->state & (NUD_PERMANENT | NUD_NOARP));
}

/* lwIP learns it as from an answer. */
static int learn4(const struct wire_neigh *n)
{
	struct wire_addr a = { .family = AF_INET };
	struct iface *f = iface_by_index(n->ifindex);
	struct etharp_hdr *h;
	struct netif *nif;
	struct pbuf *p;

	if (!f || iface_is_loopback(f))
		return f ? -EINVAL : -ENODEV;
	memcpy(a.ip, n->ip, 4);
	nif = iface_netif_for(f, &a);
	p = pbuf_alloc(PBUF_RAW, SIZEOF_ETHARP_HDR, PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	h = p->payload;
	memset(h, 0, sizeof(*h));
	h->hwtype = PP_HTONS(LWIP_IANA_HWTYPE_ETHERNET);
	h->proto = PP_HTONS(ETHTYPE_IP);
	h->hwlen = ETH_HWADDR_LEN;
	h->protolen = sizeof(ip4_addr_t);
	h->opcode = PP_HTONS(ARP_REPLY);
	memcpy(&h->shwaddr, n->mac, 6);
	memcpy(&h->sipaddr, n->ip, 4);
	memcpy(&h->dipaddr, netif_ip4_addr(nif), 4);
	etharp_input(p, nif);
	return 0;
}

static int learn6(const struct wire_neigh *n)
{
	struct iface *f = iface_by_index(n->ifindex);
	struct nd6_neighbor_cache_entry *e = NULL;

	if (!f || iface_is_loopback(f))
		return f ? -EINVAL : -ENODEV;
	for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
		struct nd6_neighbor_cache_entry *c = &neighbor_cache[i];

		if (c->state == ND6_NO_ENTRY && !e)
			e = c;
		if (c->state != ND6_NO_ENTRY &&
		    !memcmp(c->next_hop_address.addr, n->ip, 16)) {
			e = c;
			break;
		}
	}
	if (!e)
		return -ENOBUFS;
	if (e->q)
		return 0;	/* being asked for: the answer is better */
	memcpy(e->next_hop_address.addr, n->ip, 16);
	ip6_addr_assign_zone(&e->next_hop_address, IP6_UNICAST, &f->nif);
	memcpy(e->lladdr, n->mac, 6);
	e->netif = &f->nif;
	e->state = ND6_STALE;
	e->counter.reachable_time = 0;
	timers_neighbour6();
	return 0;
}

static int add6(const struct wire_neigh *n)
{
	struct wire_addr a = { .family = AF_INET6 };
	struct iface *f = iface_of(n);
	struct static6 s;

	memcpy(a.ip, n->ip, 16);
	if (!f)
		return n->ifindex || n->ifname[0] ? -ENODEV : -ENETUNREACH;
	if (addr_is_any(&a) || addr_is_multicast(&a) || iface_is_loopback(f))
		return -EINVAL;
	s.ifindex = iface_index(&f->nif);
	memcpy(s.ip, n->ip, 16);
	memcpy(s.mac, n->mac, 6);
	return static6_add(&s);
}

int neigh_add(const struct wire_neigh *n)
{
	struct eth_addr mac;
	uint32_t *slot;
	ip4_addr_t ip;
	err_t err;

	if (n->family != AF_INET && n->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (is_dynamic(n)) {
		neigh_del(n);	/* if it was static */
		return n->family == AF_INET6 ? learn6(n) : learn4(n);
	}
	if (n->family == AF_INET6)
		return add6(n);
	memcpy(&ip.addr, n->ip, 4);
	memcpy(mac.addr, n->mac, 6);
	slot = find_static(ip.addr);
	if (!slot)
		slot = find_static(0);
	if (!slot || !ip.addr)
		return slot ? -EINVAL : -ENOBUFS;
	err = etharp_add_static_entry(&ip, &mac);
	if (err == ERR_OK)
		*slot = ip.addr;
	return err == ERR_OK ? 0 : err == ERR_RTE ? -ENETUNREACH : -ENOBUFS;
}

static int nd_del(const struct wire_neigh *n)
{
	for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
		struct nd6_neighbor_cache_entry *e = &neighbor_cache[i];

		if (e->state == ND6_NO_ENTRY ||
		    memcmp(e->next_hop_address.addr, n->ip, 16))
			continue;
		if (e->isrouter || e->q) {
			/* Referred to: asked for anew, then forgotten. */
			e->state = ND6_STALE;
			return 0;
		}
		e->state = ND6_NO_ENTRY;
		e->netif = NULL;
		e->counter.reachable_time = 0;
		ip6_addr_set_zero(&e->next_hop_address);
		return 0;
	}
	return -ENXIO;
}

int neigh_del(const struct wire_neigh *n)
{
	const ip4_addr_t *found;
	struct eth_addr *mac, saved;
	struct iface *f;
	ip4_addr_t ip;

	if (n->family == AF_INET6) {
		bool was = static6_del(n->ifindex, n->ip);
		int err = nd_del(n);	/* learned before it was static */

		return was ? 0 : err;
	}
	memcpy(&ip.addr, n->ip, 4);
	for (f = iface_next(NULL); f; f = iface_next(f)) {
		if (etharp_find_addr(&f->nif, &ip, &mac, &found) < 0)
			continue;
		/* lwIP removes static entries only: make it one. */
		saved = *mac;
		etharp_add_static_entry(&ip, &saved);
		etharp_remove_static_entry(&ip);
		if (ip.addr && find_static(ip.addr))
			*find_static(ip.addr) = 0;
		return 0;
	}
	return -ENXIO;
}

int neigh_use(const struct wire_neigh *n)
{
	struct wire_addr a = { .family = AF_INET };
	struct iface *f = iface_by_index(n->ifindex);
	ip4_addr_t ip;

	if (!f)
		return -ENODEV;
	if (n->family != AF_INET || iface_is_loopback(f))
		return 0;	/* IPv6's are asked when there is a packet */
	memcpy(a.ip, n->ip, 4);
	memcpy(&ip.addr, n->ip, 4);
	etharp_query(iface_netif_for(f, &a), &ip, NULL);
	return 0;
}
