/*
 * autoconf.c: the routers and prefixes that lwIP has learned, kept in the
 * routing table, where programs see them and where the next hop is found.
 */
#include "stack/ip/autoconf.h"

#include <netinet/in.h>
#include <string.h>

#include "lwip/priv/nd6_priv.h"
#include "stack/core/core.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"

#define PREFIX_METRIC	256	/* as Linux has them */
#define ROUTER_METRIC	1024

int autoconf_accept = 1;

static bool router_at(int i, struct wire_route *r)
{
	const struct nd6_router_list_entry *e = &default_router_list[i];

	if (!e->neighbor_entry || !e->neighbor_entry->netif ||
	    !e->invalidation_timer)
		return false;
	*r = (struct wire_route){
		.family = AF_INET6, .flags = WIRE_RT_GATEWAY | WIRE_RT_AUTO,
		.ifindex = iface_index(e->neighbor_entry->netif),
		.metric = ROUTER_METRIC,
	};
	memcpy(r->gw, e->neighbor_entry->next_hop_address.addr, 16);
	return true;
}

static bool prefix_at(int i, struct wire_route *r)
{
	const struct nd6_prefix_list_entry *e = &prefix_list[i];

	if (!e->netif || !e->invalidation_timer)
		return false;
	*r = (struct wire_route){
		.family = AF_INET6, .plen = 64,
		.flags = WIRE_RT_CONNECTED | WIRE_RT_AUTO,
		.ifindex = iface_index(e->netif), .metric = PREFIX_METRIC,
	};
	memcpy(r->dst, e->prefix.addr, 8);
	return true;
}

static bool same(const struct wire_route *a, const struct wire_route *b)
{
	return a->plen == b->plen && a->ifindex == b->ifindex &&
	    a->flags == b->flags && !memcmp(a->dst, b->dst, 16) &&
	    !memcmp(a->gw, b->gw, 16);
}

static bool is_current(const struct wire_route *r)
{
	struct wire_route now;

	for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++)
		if (router_at(i, &now) && same(&now, r))
			return true;
	for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++)
		if (prefix_at(i, &now) && same(&now, r))
			return true;
	return false;
}

static bool is_there(const struct wire_route *r)
{
	const struct wire_route *have;

	for (size_t i = 0; (have = route_entry(i)); i++)
		if (have->family == AF_INET6 && same(have, r))
			return true;
	return false;
}

static void follow(void)
{
	const struct wire_route *have;
	struct wire_route r;
	size_t i = 0;

	while ((have = route_entry(i))) {
		if (have->flags & WIRE_RT_AUTO && !is_current(have)) {
			r = *have;
			route_del(&r);
		} else {
			i++;
		}
	}
	/* -EEXIST: another router's is as good. */
	for (int k = 0; k < LWIP_ND6_NUM_ROUTERS; k++)
		if (router_at(k, &r) && !is_there(&r))
			route_add(&r);
	for (int k = 0; k < LWIP_ND6_NUM_PREFIXES; k++)
		if (prefix_at(k, &r) && !is_there(&r))
			route_add(&r);
}

static void learn(struct core_work *w)
{
	struct iface *f;

	(void)w;
	follow();
	for (f = iface_next(NULL); f; f = iface_next(f))
		if (f->driver->addrs_changed)
			f->driver->addrs_changed(f);
}

bool autoconf_advertised(const struct pbuf *p, struct netif *in)
{
	static struct core_work work = { .fn = learn };

	(void)p;
	(void)in;
	if (!autoconf_accept || route_forward6)
		return false;	/* a router goes by its own table */
	core_defer(&work);
	return true;
}

/* Routes that were learned, until lwIP has forgotten the last of them. */
static bool needed(void)
{
	const struct wire_route *r;

	for (size_t i = 0; (r = route_entry(i)); i++)
		if (r->flags & WIRE_RT_AUTO)
			return true;
	return false;
}

void autoconf_init(void)
{
	static struct core_timer timer = {
		.fn = follow, .needed = needed, .period = 1000,
	};

	core_timer_add(&timer);
}
