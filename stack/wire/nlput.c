/* nlput.c: what a host has, as netlink messages; see nlput.h. */
#include "stack/wire/nlput.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <stdbool.h>
#include <string.h>

#include "stack/wire/sys.h"

#define FOREVER	0xffffffffu	/* lifetime of an address, seconds */

static void put_stats(struct nlmsg_out *o, const struct wire_link *l)
{
	struct rtnl_link_stats64 s = {
		.rx_packets = l->rx_packets, .tx_packets = l->tx_packets,
		.rx_bytes = l->rx_bytes, .tx_bytes = l->tx_bytes,
		.rx_errors = l->rx_errors, .tx_errors = l->tx_errors,
		.rx_dropped = l->rx_dropped, .tx_dropped = l->tx_dropped,
		.multicast = l->rx_multicast,
	};

	nlmsg_attr(o, IFLA_STATS64, &s, sizeof(s));
}

void nlput_link(struct nlmsg_out *o, int type, const struct wire_link *l,
    int flags)
{
	struct ifinfomsg *i = nlmsg_begin(o, type, flags, sizeof(*i));
	bool loop = l->flags & IFF_LOOPBACK;
	uint8_t state = l->flags & IFF_UP ? loop ? IF_OPER_UNKNOWN :
	    IF_OPER_UP : IF_OPER_DOWN;
	uint8_t bcast[6], mode = IF_LINK_MODE_DEFAULT;

	i->ifi_type = l->hatype;
	i->ifi_index = (int)l->ifindex;
	i->ifi_flags = l->flags | (l->flags & IFF_UP ? IFF_LOWER_UP : 0);
	memset(bcast, loop ? 0 : 0xff, sizeof(bcast));
	nlmsg_attr_str(o, IFLA_IFNAME, l->name);
	nlmsg_attr_u32(o, IFLA_TXQLEN, 1000);
	nlmsg_attr(o, IFLA_OPERSTATE, &state, 1);
	nlmsg_attr(o, IFLA_LINKMODE, &mode, 1);
	nlmsg_attr_u32(o, IFLA_MTU, l->mtu);
	nlmsg_attr_u32(o, IFLA_GROUP, 0);
	nlmsg_attr_str(o, IFLA_QDISC, l->netem ? "netem" : "noqueue");
	nlmsg_attr(o, IFLA_ADDRESS, l->mac, 6);
	nlmsg_attr(o, IFLA_BROADCAST, bcast, 6);
	put_stats(o, l);
	nlmsg_end(o);
}

void nlput_addr(struct nlmsg_out *o, int type, const struct wire_ifaddr *a,
    int flags)
{
	struct ifa_cacheinfo forever = { FOREVER, FOREVER, 0, 0 };
	struct ifaddrmsg *m = nlmsg_begin(o, type, flags, sizeof(*m));
	static const uint8_t none[4];
	size_t n = nlmsg_addr_len(a->family);
	uint32_t state = 0;

	if (!(a->flags & WIRE_ADDR_AUTO))
		state |= IFA_F_PERMANENT;
	if (a->flags & WIRE_ADDR_TENTATIVE)
		state |= IFA_F_TENTATIVE;
	m->ifa_family = a->family;
	m->ifa_prefixlen = a->plen;
	m->ifa_flags = (uint8_t)state;
	m->ifa_scope = a->scope;
	m->ifa_index = a->ifindex;
	nlmsg_attr(o, IFA_ADDRESS, a->ip, n);
	if (a->family == AF_INET) {
		nlmsg_attr(o, IFA_LOCAL, a->ip, n);
		if (memcmp(a->bcast, none, n))
			nlmsg_attr(o, IFA_BROADCAST, a->bcast, n);
		nlmsg_attr_str(o, IFA_LABEL, a->ifname);
	}
	nlmsg_attr(o, IFA_CACHEINFO, &forever, sizeof(forever));
	nlmsg_attr_u32(o, IFA_FLAGS, state);
	nlmsg_end(o);
}

uint8_t nlput_route_type(const struct wire_route *r)
{
	unsigned flags = r->flags;

	return flags & WIRE_RT_BLACKHOLE ? RTN_BLACKHOLE :
	    flags & WIRE_RT_PROHIBIT ? RTN_PROHIBIT :
	    flags & WIRE_RT_THROW ? RTN_THROW :
	    flags & WIRE_RT_REJECT ? RTN_UNREACHABLE : RTN_UNICAST;
}

/* What is the same for all ways; asked as in nlput_route(). */
static void begin_route(struct nlmsg_out *o, int type,
    const struct wire_route *r, const void *asked, int flags)
{
	struct rtmsg *m = nlmsg_begin(o, type, flags, sizeof(*m));
	size_t n = nlmsg_addr_len(r->family);

	m->rtm_family = r->family;
	m->rtm_dst_len = asked ? (uint8_t)(n * 8) : r->plen;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = asked && r->family == AF_INET ? RTPROT_UNSPEC :
	    r->proto;
	m->rtm_scope = r->flags & (WIRE_RT_GATEWAY | WIRE_RT_REJECT) ||
	    r->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	m->rtm_type = nlput_route_type(r);
	m->rtm_flags = asked && r->family == AF_INET ? RTM_F_CLONED : 0;
	nlmsg_attr_u32(o, RTA_TABLE, RT_TABLE_MAIN);
	if (asked || r->plen)
		nlmsg_attr(o, RTA_DST, asked ? asked : r->dst, n);
}

static void put_metric(struct nlmsg_out *o, const struct wire_route *r)
{
	uint8_t pref = 0;	/* "medium" of RFC 4191 */

	if (r->family == AF_INET6)
		nlmsg_attr(o, RTA_PREF, &pref, sizeof(pref));
	if (r->metric || r->family == AF_INET6)
		nlmsg_attr_u32(o, RTA_PRIORITY, r->metric ? r->metric :
		    r->flags & WIRE_RT_CONNECTED ? 256 : 1024);
}

void nlput_ways(struct nlmsg_out *o, int type, const struct wire_route *r,
    unsigned n, int flags)
{
	char buf[32 * (sizeof(struct rtnexthop) + RTA_SPACE(16))] = { 0 };
	size_t used = 0, len = nlmsg_addr_len(r->family);

	begin_route(o, type, r, NULL, flags);
	for (unsigned i = 0; i < n && i < 32; i++) {
		struct rtnexthop *h = (struct rtnexthop *)(buf + used);
		struct rtattr *a = RTNH_DATA(h);

		h->rtnh_ifindex = (int)r[i].ifindex;
		h->rtnh_hops = r[i].weight;
		h->rtnh_len = sizeof(*h);
		if (r[i].flags & WIRE_RT_GATEWAY) {
			a->rta_type = RTA_GATEWAY;
			a->rta_len = (unsigned short)RTA_LENGTH(len);
			memcpy(RTA_DATA(a), r[i].gw, len);
			h->rtnh_len += (unsigned short)RTA_SPACE(len);
		}
		used += RTNH_ALIGN(h->rtnh_len);
	}
	nlmsg_attr(o, RTA_MULTIPATH, buf, used);
	put_metric(o, r);
	if (r->flags & WIRE_RT_SRC)
		nlmsg_attr(o, RTA_PREFSRC, r->src, len);
	nlmsg_end(o);
}

void nlput_route(struct nlmsg_out *o, int type, const struct wire_route *r,
    const void *asked, const void *src, int flags)
{
	size_t n = nlmsg_addr_len(r->family);
	struct rta_cacheinfo cache = { .rta_clntref = 2 };

	begin_route(o, type, r, asked, flags);
	if (r->flags & WIRE_RT_GATEWAY)
		nlmsg_attr(o, RTA_GATEWAY, r->gw, n);
	if (!(r->flags & WIRE_RT_REJECT))
		nlmsg_attr_u32(o, RTA_OIF, r->ifindex);
	put_metric(o, r);
	if (src)
		nlmsg_attr(o, RTA_PREFSRC, src, n);
	/* The kernel's last one; nmap overlooks what is last. */
	if (asked && r->family == AF_INET)
		nlmsg_attr_u32(o, RTA_UID, (uint32_t)SYS0(SYS_getuid));
	if (asked)
		nlmsg_attr(o, RTA_CACHEINFO, &cache, sizeof(cache));
	nlmsg_end(o);
}

void nlput_neigh(struct nlmsg_out *o, int type, const struct wire_neigh *n,
    int flags)
{
	struct ndmsg *m = nlmsg_begin(o, type, flags, sizeof(*m));
	struct nda_cacheinfo c = { n->age, n->age, n->age, 0 };

	m->ndm_family = n->family;
	m->ndm_ifindex = (int)n->ifindex;
	m->ndm_state = n->state;
	m->ndm_type = RTN_UNICAST;
	nlmsg_attr(o, NDA_DST, n->ip, nlmsg_addr_len(n->family));
	if (!(n->state & (NUD_INCOMPLETE | NUD_FAILED)))
		nlmsg_attr(o, NDA_LLADDR, n->mac, 6);
	nlmsg_attr(o, NDA_CACHEINFO, &c, sizeof(c));
	nlmsg_attr_u32(o, NDA_PROBES, 0);
	nlmsg_end(o);
}
