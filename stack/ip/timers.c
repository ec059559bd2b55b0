/*
 * timers.c: lwIP's periodic jobs, none of which wakes an idle host up.
 *
 * lwIP keeps its tables of ARP's and of fragments to itself; so those jobs
 * go on as long after the last use as an entry may live.
 */
#include "stack/ip/timers.h"

#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/nd6_priv.h"
#include "stack/core/core.h"

#define ARP_LIFE	((ARP_MAXAGE + 1) * CLOCK_NS_S)
#define FRAGMENT_LIFE	((IPV6_REASS_MAXAGE + 1) * CLOCK_NS_S)	/* IPv4: less */

static uint64_t last_neighbour, last_fragment;	/* ns, 0: none yet */
static bool used_nd6;		/* there may be something in its tables */

void timers_fragment(void)
{
	last_fragment = clock_ns();
}

void timers_neighbour(void)
{
	last_neighbour = clock_ns();
}

void timers_neighbour6(void)
{
	used_nd6 = true;
}

static bool since(uint64_t when, uint64_t life)
{
	return when && clock_ns() - when < life;
}

static bool need_arp(void)
{
	return since(last_neighbour, ARP_LIFE);
}

static bool need_reass(void)
{
	return since(last_fragment, FRAGMENT_LIFE);
}

/* A group whose report is not yet due to be sent again needs the fast timer. */
static bool need_igmp(void)
{
	struct netif *nif;
	struct igmp_group *g;

	NETIF_FOREACH(nif) {
		for (g = netif_igmp_data(nif); g; g = g->next)
			if (g->timer > 0)
				return true;
	}
	return false;
}

static bool need_mld(void)
{
	struct netif *nif;
	struct mld_group *g;

	NETIF_FOREACH(nif) {
		for (g = netif_mld6_data(nif); g; g = g->next)
			if (g->timer > 0)
				return true;
	}
	return false;
}

/* Solicitations to send, or addresses that do not stay for ever. */
static bool need_nd6_of(struct netif *nif)
{
	if (nif->rs_count > 0 && nif->hwaddr_len && netif_is_up(nif))
		return true;
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (ip6_addr_istentative(netif_ip6_addr_state(nif, i)) ||
		    (ip6_addr_isvalid(netif_ip6_addr_state(nif, i)) &&
		    !netif_ip6_addr_isstatic(nif, i)))
			return true;
	return false;
}

static bool has_nd6(void)
{
	for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
		if (neighbor_cache[i].state != ND6_NO_ENTRY)
			return true;
	for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++)
		if (default_router_list[i].neighbor_entry)
			return true;
	for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++)
		if (prefix_list[i].netif)
			return true;
	return false;
}

/* Asked at the end of each turn, where tables that large are not walked. */
static bool need_nd6(void)
{
	struct netif *nif;

	NETIF_FOREACH(nif) {
		if (need_nd6_of(nif))
			return true;
	}
	used_nd6 = used_nd6 && has_nd6();
	return used_nd6;
}

/* There are no routers on lo; and lwIP would tell a MAC address of 0 bytes. */
static void nd6_tick(void)
{
	struct netif *nif;

	NETIF_FOREACH(nif) {
		if (!nif->hwaddr_len)
			nif->rs_count = 0;
	}
	nd6_tmr();
}

void timers_init(void)
{
	static struct core_timer timers[] = {
		{ igmp_tmr, need_igmp, IGMP_TMR_INTERVAL, 0, NULL },
		{ mld6_tmr, need_mld, MLD6_TMR_INTERVAL, 0, NULL },
		{ etharp_tmr, need_arp, ARP_TMR_INTERVAL, 0, NULL },
		{ nd6_tick, need_nd6, ND6_TMR_INTERVAL, 0, NULL },
		{ ip_reass_tmr, need_reass, IP_TMR_INTERVAL, 0, NULL },
		{ ip6_reass_tmr, need_reass, IP6_REASS_TMR_INTERVAL, 0, NULL },
	};

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		core_timer_add(&timers[i]);
}
