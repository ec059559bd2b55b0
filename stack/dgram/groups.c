/*
 * groups.c: what IGMP and MLD know of; see groups.h.
 *
 * Nobody joins all nodes, of IPv6, in lwIP: every interface is in them.
 */
#include "stack/dgram/groups.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "stack/ip/iface.h"
#include "stack/wire/wire.h"

struct visit {
	void (*each)(void *arg, const struct wire_group *g);
	void *arg;
	struct wire_group base;		/* what all of an interface share */
};

static void tell(const struct visit *v, int family, const void *ip,
    uint32_t users, uint32_t timer, unsigned flags)
{
	struct wire_group r = v->base;

	r.family = (uint8_t)family;
	memcpy(r.ip, ip, family == AF_INET ? 4 : 16);
	r.users = users;
	r.timer = timer;
	r.flags |= (uint8_t)flags;
	v->each(v->arg, &r);
}

static void of_ip4(const struct visit *v, const struct netif *nif)
{
	static const uint8_t hosts[4] = { 224, 0, 0, 1 };
	const struct igmp_group *g = netif_igmp_data(nif);

	for (; g; g = g->next)
		if (memcmp(&g->group_address, hosts, 4))
			tell(v, AF_INET, &g->group_address, g->use,
			    (uint32_t)g->timer * IGMP_TMR_INTERVAL,
			    g->last_reporter_flag ? WIRE_GROUP_REPORTED : 0);
	if (v->base.flags & WIRE_GROUP_UP)
		tell(v, AF_INET, hosts, 1, 0, WIRE_GROUP_SILENT);
}

/* That by which neighbours ask for an address: lo has none. */
static bool is_solicited(const struct mld_group *g)
{
	static const uint8_t net[13] = { 0xff, 2, [11] = 1, 0xff };

	return !memcmp(&g->group_address, net, sizeof(net));
}

static void of_ip6(const struct visit *v, const struct netif *nif)
{
	static const uint8_t nodes[2][16] = {
		{ 0xff, 2, [15] = 1 }, { 0xff, 1, [15] = 1 },
	};
	const struct mld_group *g = netif_mld6_data(nif);

	for (; g; g = g->next)
		if (!(v->base.flags & WIRE_GROUP_LOOP && is_solicited(g)))
			tell(v, AF_INET6, &g->group_address, g->use,
			    (uint32_t)g->timer * MLD6_TMR_INTERVAL,
			    g->last_reporter_flag ? WIRE_GROUP_REPORTED : 0);
	for (int i = 0; i < 2; i++)
		tell(v, AF_INET6, nodes[i], 1, 0, WIRE_GROUP_SILENT);
}

void groups_each(void (*each)(void *arg, const struct wire_group *g),
    void *arg)
{
	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		struct visit v = { .each = each, .arg = arg };
		struct wire_link l;

		iface_fill_link(f, &l);
		v.base.ifindex = l.ifindex;
		v.base.flags = (l.flags & IFF_UP ? WIRE_GROUP_UP : 0) |
		    (l.flags & IFF_LOOPBACK ? WIRE_GROUP_LOOP : 0);
		memcpy(v.base.ifname, l.name, sizeof(v.base.ifname));
		of_ip4(&v, &f->nif);
		of_ip6(&v, &f->nif);
	}
}
