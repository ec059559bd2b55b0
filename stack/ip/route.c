/* route.c: the routing table, longest prefix first, then metric. */
#include "stack/ip/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/nd6_priv.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/static6.h"

static struct wire_route *table;
static size_t ntable, cap;

int route_forward4, route_forward6;
void (*route_listener)(const struct wire_route *r, bool gone);

static bool prefix_match(const uint8_t *a, const uint8_t *b, unsigned plen)
{
	unsigned bytes = plen / 8, bits = plen % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !bits || !((a[bytes] ^ b[bytes]) >> (8 - bits));
}

static void mask(uint8_t *a, size_t len, unsigned plen)
{
	for (size_t i = 0; i < len; i++) {
		unsigned keep = plen > i * 8 ? plen - (unsigned)i * 8 : 0;

		if (keep < 8)
			a[i] &= (uint8_t)(0xff00 >> keep);
	}
}

static bool usable(const struct wire_route *r, int oif)
{
	struct iface *f = !oif || r->ifindex == (uint32_t)oif ?
	    iface_by_index(r->ifindex) : NULL;

	return f && netif_is_up(&f->nif);
}

static bool same(const struct wire_route *a, const struct wire_route *b)
{
	return a->family == b->family && a->plen == b->plen &&
	    !memcmp(a->dst, b->dst, addr_len(a->family));
}

/* Ways of one route. */
static bool together(const struct wire_route *a, const struct wire_route *b)
{
	return a->flags & b->flags & WIRE_RT_MULTI && same(a, b) &&
	    a->metric == b->metric;
}

/*
 * One of several ways, the same for each destination: so the packets of a
 * connection stay in order.
 */
static const struct wire_route *spread(const struct wire_route *first,
    const uint8_t *ip, int oif)
{
	uint32_t h = 0x811c9dc5u, n = 0;

	for (size_t i = 0; i < ntable; i++)
		if (together(&table[i], first) && usable(&table[i], oif))
			n += table[i].weight + 1u;
	for (size_t i = 0; i < addr_len(first->family); i++)
		h = (h ^ ip[i]) * 0x01000193u;
	n = (h ^ h >> 16) % n;
	for (size_t i = 0; i < ntable; i++) {
		if (!together(&table[i], first) || !usable(&table[i], oif))
			continue;
		if (n <= table[i].weight)
			return &table[i];
		n -= table[i].weight + 1u;
	}
	return first;
}

const struct wire_route *route_find(int family, const uint8_t *ip, int oif)
{
	const struct wire_route *best = NULL;

	for (size_t i = 0; i < ntable; i++) {
		const struct wire_route *r = &table[i];

		if (r->family != family || !prefix_match(ip, r->dst, r->plen) ||
		    !usable(r, oif))
			continue;
		if (!best || r->plen > best->plen ||
		    (r->plen == best->plen && r->metric < best->metric))
			best = r;
	}
	return best && best->flags & WIRE_RT_MULTI ? spread(best, ip, oif) :
	    best;
}

/* Why not, in one way only; and what takes no packet has no gateway. */
static int check_refusal(struct wire_route *r)
{
	uint16_t how = r->flags & (WIRE_RT_BLACKHOLE | WIRE_RT_PROHIBIT |
	    WIRE_RT_THROW);

	if (how & (how - 1) || (how && !(r->flags & WIRE_RT_REJECT)))
		return -EINVAL;
	if ((r->flags & WIRE_RT_REJECT) && !r->ifindex) {
		r->ifindex = iface_index(&iface_next(NULL)->nif);
		r->flags &= (uint16_t)~WIRE_RT_GATEWAY;
	}
	return 0;
}

static int check(struct wire_route *r)
{
	const struct wire_route *via;
	struct wire_addr gw = { 0 };
	struct iface *f;

	if (r->family != AF_INET && r->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (r->plen > addr_len(r->family) * 8)
		return -EINVAL;
	mask(r->dst, addr_len(r->family), r->plen);
	if (check_refusal(r))
		return -EINVAL;
	if (r->flags & WIRE_RT_GATEWAY) {
		memcpy(gw.ip, r->gw, sizeof(gw.ip));
		gw.family = r->family;
		if (addr_is_any(&gw) || addr_is_multicast(&gw) ||
		    iface_of_addr(&gw))
			return -EINVAL;
	}
	if ((r->flags & WIRE_RT_GATEWAY) && !r->ifindex) {
		via = route_find(r->family, r->gw, 0);
		if (!via || (via->flags & (WIRE_RT_GATEWAY | WIRE_RT_REJECT)))
			return -ENETUNREACH;
		r->ifindex = via->ifindex;
	}
	if (r->flags & WIRE_RT_SRC) {
		memcpy(gw.ip, r->src, sizeof(gw.ip));
		gw.family = r->family;
		if (!iface_of_addr(&gw))
			return -EINVAL;
	}
	f = iface_by_index(r->ifindex);
	if (!f)
		return -ENODEV;
	memcpy(r->ifname, f->name, sizeof(r->ifname));
	if (!r->proto)
		r->proto = r->flags & WIRE_RT_CONNECTED ? RTPROT_KERNEL :
		    r->flags & WIRE_RT_AUTO ? RTPROT_RA : RTPROT_BOOT;
	return 0;
}

static void log_route(const char *what, const struct wire_route *r)
{
	char dst[INET6_ADDRSTRLEN], gw[INET6_ADDRSTRLEN] = "direct";

	inet_ntop(r->family, r->dst, dst, sizeof(dst));
	if (r->flags & WIRE_RT_GATEWAY)
		inet_ntop(r->family, r->gw, gw, sizeof(gw));
	log_event("route", "%s %s/%u %s %s%s", what, dst, r->plen, gw,
	    r->ifname, r->flags & WIRE_RT_BLACKHOLE ? " blackhole" :
	    r->flags & WIRE_RT_PROHIBIT ? " prohibit" :
	    r->flags & WIRE_RT_THROW ? " throw" :
	    r->flags & WIRE_RT_REJECT ? " reject" : "");
}

static void remove_at(size_t i)
{
	log_route("delete", &table[i]);
	if (route_listener)
		route_listener(&table[i], true);
	memmove(&table[i], &table[i + 1], (ntable - i - 1) * sizeof(*table));
	ntable--;
	nd6_clear_destination_cache();
}

/*
 * Where it goes: one more way (WIRE_RT_MULTI) behind those that there are, of
 * which the first was added as a route by itself.  Return: -errno, or the place.
 */
static long place_of(const struct wire_route *r)
{
	bool multi = r->flags & WIRE_RT_MULTI;
	long at = -ESRCH;

	/* What waits for its interface is not in the way. */
	for (size_t i = ntable; !multi && i-- > 0;)
		if (same(&table[i], r) && table[i].metric == r->metric &&
		    !((table[i].flags | r->flags) & WIRE_RT_CONNECTED) &&
		    !usable(&table[i], 0) && usable(r, 0))
			remove_at(i);
	for (size_t i = 0; i < ntable; i++) {
		struct wire_route *t = &table[i];

		if (!same(t, r) || t->metric != r->metric ||
		    (r->flags ^ t->flags) & WIRE_RT_CONNECTED)
			continue;
		if (!multi || (t->ifindex == r->ifindex &&
		    !memcmp(t->gw, r->gw, addr_len(r->family))))
			return -EEXIST;
		at = (long)i + 1;
	}
	if (multi && at > 0)
		table[at - 1].flags |= WIRE_RT_MULTI;
	return multi ? at : (long)ntable;
}

int route_add(struct wire_route *r)
{
	int err = check(r);
	long at = err ? err : place_of(r);

	if (at < 0)
		return (int)at;
	if (ntable == cap) {
		size_t n = cap ? cap * 2 : 16;
		struct wire_route *t = realloc(table, n * sizeof(*t));

		if (!t)
			return -ENOBUFS;
		table = t;
		cap = n;
	}
	memmove(&table[at + 1], &table[at], (ntable - (size_t)at) *
	    sizeof(*table));
	table[at] = *r;
	ntable++;
	log_route("add", r);
	if (route_listener)
		route_listener(r, false);
	nd6_clear_destination_cache();
	return 0;
}

/* Its other ways go, too, or one that is left is a route by itself. */
static void remove_ways(const struct wire_route *r, bool all)
{
	struct wire_route *left = NULL;
	unsigned n = 0;

	for (size_t i = ntable; i-- > 0;) {
		if (!together(&table[i], r))
			continue;
		if (all) {
			remove_at(i);
		} else {
			left = &table[i];
			n++;
		}
	}
	if (n == 1)
		left->flags &= (uint16_t)~WIRE_RT_MULTI;
}

/* Of those that fit, the one that is used. */
int route_del(const struct wire_route *want)
{
	struct wire_route r = *want, gone;
	size_t best = ntable;

	if (r.plen > addr_len(r.family) * 8)
		return -EINVAL;
	mask(r.dst, addr_len(r.family), r.plen);
	for (size_t i = 0; i < ntable; i++) {
		if (!same(&table[i], &r) ||
		    (r.ifindex && table[i].ifindex != r.ifindex) ||
		    (r.metric && table[i].metric != r.metric) ||
		    (r.proto && table[i].proto != r.proto) ||
		    ((r.flags & WIRE_RT_GATEWAY) &&
		    memcmp(r.gw, table[i].gw, addr_len(r.family))))
			continue;
		if (best == ntable || table[i].metric < table[best].metric)
			best = i;
	}
	if (best == ntable)
		return -ESRCH;
	gone = table[best];
	remove_at(best);
	if (gone.flags & WIRE_RT_MULTI)
		remove_ways(&gone, !(r.flags & WIRE_RT_GATEWAY) && !r.ifindex);
	return 0;
}

int route_get(struct wire_route *r)
{
	const struct wire_route *hit;
	struct wire_addr dst = { .family = r->family };
	struct iface *own;

	if (r->family != AF_INET && r->family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(dst.ip, r->dst, sizeof(dst.ip));
	own = iface_of_addr(&dst);
	if (own) {
		/* To ourselves; it takes no entry of the table. */
		r->flags = WIRE_RT_HOST | WIRE_RT_CONNECTED;
		r->plen = (uint8_t)(addr_len(r->family) * 8);
		r->ifindex = iface_index(&iface_next(NULL)->nif);
		memcpy(r->ifname, iface_next(NULL)->name, sizeof(r->ifname));
		return 0;
	}
	hit = route_find(r->family, r->dst, (int)r->ifindex);
	if (!hit)
		return -ENETUNREACH;
	*r = *hit;
	r->mtu = (uint32_t)route_mtu(&dst);
	return 0;
}

const struct wire_route *route_entry(size_t i)
{
	return i < ntable ? &table[i] : NULL;
}

/*
 * Linux forgets all routes of an interface that goes down, which daemons rely
 * on.  What was made by hand, and what the interface brings, waits for it.
 */
void route_iface_down(uint32_t ifindex)
{
	for (size_t i = ntable; i-- > 0;)
		if (table[i].ifindex == ifindex &&
		    table[i].proto > RTPROT_BOOT &&
		    !(table[i].flags & (WIRE_RT_CONNECTED | WIRE_RT_AUTO)))
			remove_at(i);
}

void route_flush_iface(uint32_t ifindex)
{
	for (size_t i = ntable; i-- > 0;)
		if (table[i].ifindex == ifindex)
			remove_at(i);
}

bool route_is_broadcast(const uint8_t ip4[static 4])
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	ip4_addr_t ip;
	struct netif *nif;

	if (!memcmp(ip4, all, 4))
		return true;
	memcpy(&ip.addr, ip4, 4);
	NETIF_FOREACH(nif) {
		if ((nif->flags & NETIF_FLAG_BROADCAST) &&
		    ip4_addr_isbroadcast(&ip, nif))
			return true;
	}
	return false;
}

/* Interface for destinations that need no route of their own. */
static struct iface *implicit(const struct wire_addr *peer, int oif)
{
	bool wide = addr_is_multicast(peer) || (peer->family == AF_INET &&
	    route_is_broadcast(peer->ip));
	struct iface *f;

	if (oif)
		return wide || peer->family == AF_INET6 ?
		    iface_by_index((uint32_t)oif) : NULL;
	if (!wide)
		return NULL;
	for (f = iface_next(NULL); f; f = iface_next(f))
		if (!iface_is_loopback(f) && netif_is_up(&f->nif))
			return f;
	return NULL;
}

static struct iface *lookup(const struct wire_addr *peer, int oif,
    const struct wire_route **rt)
{
	struct iface *f = iface_of_addr(peer);	/* our own */

	*rt = NULL;
	if (f && (!oif || oif == (int)netif_get_index(&f->nif)))
		return f;
	/* The limited broadcast matches a default route: not that way. */
	if (peer->family == AF_INET && route_is_broadcast(peer->ip)) {
		*rt = route_find(peer->family, peer->ip, oif);
		if (*rt && (*rt)->plen)
			return iface_by_index((*rt)->ifindex);
		*rt = NULL;
		return implicit(peer, oif);
	}
	*rt = route_find(peer->family, peer->ip, oif);
	return *rt ? iface_by_index((*rt)->ifindex) : implicit(peer, oif);
}

/* The source that the route names, as long as it is ours. */
static bool route_prefers(const struct wire_route *rt, struct wire_addr *own)
{
	if (!rt || !(rt->flags & WIRE_RT_SRC))
		return false;
	memset(own, 0, sizeof(*own));
	own->family = rt->family;
	memcpy(own->ip, rt->src, sizeof(own->ip));
	return iface_has_addr(own);
}

int route_try(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src, struct netif **nif)
{
	const struct wire_route *rt;
	struct wire_addr hop = *peer, own;
	struct iface *f;

	if (oif && !iface_by_index((uint32_t)oif))
		return -ENODEV;
	f = lookup(peer, oif, &rt);
	if (!f || !netif_is_up(&f->nif))
		return -ENETUNREACH;
	if (route_refusal(rt))
		return route_refusal(rt);
	if (rt && (rt->flags & WIRE_RT_GATEWAY))
		memcpy(hop.ip, rt->gw, sizeof(hop.ip));
	*nif = iface_netif_for(f, &hop);
	if (want || route_prefers(rt, &own)) {
		uint16_t port = src->port;

		*src = want ? *want : own;
		src->port = port;
		return 0;
	}
	return iface_source(f, *nif, peer, src);
}

static bool is_refusal(int err)
{
	return err == -EHOSTUNREACH || err == -EINVAL || err == -EACCES;
}

int route_output(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src, struct netif **nif)
{
	int err = route_try(peer, oif, want, src, nif);
	bool v4 = peer->family == AF_INET;

	if (err == -ENETUNREACH && v4)
		counter_inc("ip.no_route");
	else if (err == -ENETUNREACH)
		counter_inc("ip6.no_route");
	else if (is_refusal(err) && v4)
		counter_inc("ip.rejected");
	else if (is_refusal(err))
		counter_inc("ip6.rejected");
	return err;
}

int route_source(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src)
{
	struct netif *nif;

	return route_output(peer, oif, want, src, &nif);
}

/* lwIP's hooks. */

static struct netif *hook(const struct wire_addr *peer, int oif,
    const struct wire_route **rt)
{
	struct wire_addr hop = *peer;
	struct iface *f = lookup(peer, oif, rt);

	if (!f || route_refusal(*rt))
		return NULL;
	if (*rt && ((*rt)->flags & WIRE_RT_GATEWAY))
		memcpy(hop.ip, (*rt)->gw, sizeof(hop.ip));
	return iface_netif_for(f, &hop);
}

struct netif *route_ip4(const ip4_addr_t *src, const ip4_addr_t *dst)
{
	struct wire_addr peer = { .family = AF_INET };
	const struct wire_route *rt;

	(void)src;
	memcpy(peer.ip, &dst->addr, 4);
	return hook(&peer, 0, &rt);
}

/* etharp.c asks about a hop outside of the prefix: it is on the link. */
const ip4_addr_t *route_ip4_gw(struct netif *nif, const ip4_addr_t *dst)
{
	(void)nif;
	return dst;
}

int route_ip4_may_forward(struct pbuf *p, u32_t dst)
{
	ip4_addr_t ip;

	if (!route_forward4 || (p->flags & (PBUF_FLAG_LLBCAST |
	    PBUF_FLAG_LLMCAST)))
		return 0;
	ip.addr = htonl(dst);
	return !ip4_addr_ismulticast(&ip) && !ip4_addr_isloopback(&ip) &&
	    ip.addr != IPADDR_BROADCAST && ip4_addr1(&ip) != 0 &&
	    ip4_addr1(&ip) < 240;
}

struct netif *route_ip6(const ip6_addr_t *src, const ip6_addr_t *dst)
{
	struct wire_addr peer = { .family = AF_INET6 };
	const struct wire_route *rt;
	int oif = ip6_addr_zone(dst);

	if (!oif && src && ip6_addr_islinklocal(dst))
		oif = ip6_addr_zone(src);
	memcpy(peer.ip, dst->addr, 16);
	return hook(&peer, oif, &rt);
}

/* nd6.c asks about a hop outside of the prefixes: it is on the link. */
const ip6_addr_t *route_ip6_gw(struct netif *nif, const ip6_addr_t *dst)
{
	static ip6_addr_t hop;	/* dst is in the cache that it goes into */

	if (!route_find(AF_INET6, (const uint8_t *)dst->addr,
	    (int)iface_index(nif)))
		return NULL;
	hop = *dst;
	return &hop;
}

int route_refusal(const struct wire_route *rt)
{
	if (!rt || !(rt->flags & WIRE_RT_REJECT))
		return 0;
	return rt->flags & WIRE_RT_BLACKHOLE ? -EINVAL :
	    rt->flags & WIRE_RT_PROHIBIT ? -EACCES :
	    rt->flags & WIRE_RT_THROW ? -ENETUNREACH : -EHOSTUNREACH;
}

int route_refused(const struct wire_addr *peer)
{
	const struct wire_route *rt = route_find(peer->family, peer->ip, 0);

	return rt ? route_refusal(rt) : -ENETUNREACH;
}

static bool nd_known(uint32_t ifindex, const uint8_t *ip)
{
	if (static6_find(ifindex, ip))
		return true;
	for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
		if (neighbor_cache[i].state >= ND6_REACHABLE &&
		    !memcmp(neighbor_cache[i].next_hop_address.addr, ip, 16))
			return true;
	return false;
}

bool route_resolved(const struct wire_addr *peer, int oif)
{
	const struct wire_route *rt;
	struct iface *f = lookup(peer, oif, &rt);
	const uint8_t *hop;
	const ip4_addr_t *found;
	struct eth_addr *mac;
	ip4_addr_t ip;

	if (!f || iface_is_loopback(f) || iface_of_addr(peer))
		return true;
	hop = rt && (rt->flags & WIRE_RT_GATEWAY) ? rt->gw : peer->ip;
	if (peer->family == AF_INET6)
		return nd_known(iface_index(&f->nif), hop);
	memcpy(&ip.addr, hop, 4);
	return etharp_find_addr(&f->nif, &ip, &mac, &found) >= 0;
}

int route_mtu(const struct wire_addr *peer)
{
	const struct wire_route *rt;
	struct iface *f = lookup(peer, 0, &rt);
	unsigned mtu = 1500, known = pmtu_get(peer);

	if (f)
		mtu = peer->family == AF_INET ? f->nif.mtu : netif_mtu6(&f->nif);
	if (rt && rt->mtu && rt->mtu < mtu)
		mtu = rt->mtu;
	return (int)(known && known < mtu ? known : mtu);
}
