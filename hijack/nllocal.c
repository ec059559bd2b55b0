/* nllocal.c: the routing table "local"; see nllocal.h. */
#include "hijack/nllocal.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/in_route.h>
#include <stdbool.h>
#include <string.h>

#include "hijack/dump.h"
#include "stack/wire/nlput.h"
#include "stack/wire/sys.h"

#define LO_INDEX	1	/* of the loopback, always */
#define HOST_METRIC	0u
#define LINK_METRIC	256u

/* An entry; of IPv6 without a sender. */
struct entry {
	int family;
	uint8_t type;		/* RTN_ */
	uint8_t plen;
	uint32_t oif;
	const void *dst, *src;
};

static void put(struct nlmsg_out *o, const struct entry *e, int flags)
{
	struct rtmsg *m = nlmsg_begin(o, RTM_NEWROUTE, flags, sizeof(*m));
	size_t n = nlmsg_addr_len(e->family);
	uint8_t pref = 0;	/* "medium" of RFC 4191 */

	m->rtm_family = (uint8_t)e->family;
	m->rtm_dst_len = e->plen;
	m->rtm_table = RT_TABLE_LOCAL;
	m->rtm_protocol = RTPROT_KERNEL;
	m->rtm_type = e->type;
	if (e->family == AF_INET)
		m->rtm_scope = e->type == RTN_LOCAL ? RT_SCOPE_HOST :
		    RT_SCOPE_LINK;
	nlmsg_attr_u32(o, RTA_TABLE, RT_TABLE_LOCAL);
	nlmsg_attr(o, RTA_DST, e->dst, n);
	if (e->family == AF_INET6)
		nlmsg_attr_u32(o, RTA_PRIORITY, e->type == RTN_MULTICAST ?
		    LINK_METRIC : HOST_METRIC);
	if (e->src)
		nlmsg_attr(o, RTA_PREFSRC, e->src, n);
	nlmsg_attr_u32(o, RTA_OIF, e->oif);
	if (e->family == AF_INET6)
		nlmsg_attr(o, RTA_PREF, &pref, sizeof(pref));
	nlmsg_end(o);
}

static bool is_loopback(const struct wire_ifaddr *a)
{
	return a->family == AF_INET && a->ip[0] == 127;
}

/* The last address of the network: nobody has it. */
static bool broadcast_of(const struct wire_ifaddr *a, uint8_t ip[4])
{
	if (a->family != AF_INET || a->plen > 30)
		return false;
	for (int i = 0; i < 4; i++) {
		int host = 8 * (i + 1) - a->plen;

		ip[i] = a->ip[i] | (uint8_t)(host <= 0 ? 0 :
		    host >= 8 ? 0xff : (1 << host) - 1);
	}
	return true;
}

static void put_address(struct nlmsg_out *o, const struct wire_ifaddr *a)
{
	bool v4 = a->family == AF_INET;
	uint8_t net[16], last[4];
	struct entry e = {
		.family = a->family, .type = RTN_LOCAL, .oif = a->ifindex,
		.src = v4 ? a->ip : NULL,
	};

	if (is_loopback(a)) {
		memset(net, 0, sizeof(net));
		net[0] = a->ip[0];
		e.dst = net;
		e.plen = a->plen;
		put(o, &e, NLM_F_MULTI);
	}
	e.dst = a->ip;
	e.plen = v4 ? 32 : 128;
	put(o, &e, NLM_F_MULTI);
	if (broadcast_of(a, last)) {
		e.type = RTN_BROADCAST;
		e.dst = last;
		put(o, &e, NLM_F_MULTI);
	}
}

/* Of IPv6: ff00::/8 on each interface that has more than itself to reach. */
static int put_multicast(struct nlmsg_out *o)
{
	static const uint8_t group[16] = { 0xff };
	struct wire_link l;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_LINK, &count);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &l, sizeof(l)); i++) {
		struct entry e = {
			.family = AF_INET6, .type = RTN_MULTICAST, .plen = 8,
			.oif = l.ifindex, .dst = group,
		};

		if (l.flags & IFF_UP && !(l.flags & IFF_LOOPBACK))
			put(o, &e, NLM_F_MULTI);
	}
	sys_close(fd);
	return 0;
}

int nllocal_list(struct nlmsg_out *o, int family)
{
	struct wire_ifaddr a;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &a, sizeof(a)); i++)
		if (family == AF_UNSPEC || family == a.family)
			put_address(o, &a);
	sys_close(fd);
	return family == AF_INET ? 0 : put_multicast(o);
}

/* As Linux answers: by lo, and of IPv4 as if out of a cache of table main. */
static void put_way(struct nlmsg_out *o, const struct wire_ifaddr *a,
    const void *dst, uint8_t type)
{
	bool v4 = a->family == AF_INET, local = type == RTN_LOCAL;
	struct rtmsg *m = nlmsg_begin(o, RTM_NEWROUTE, 0, sizeof(*m));
	size_t n = nlmsg_addr_len(a->family);
	struct rta_cacheinfo cache = { 0 };
	uint8_t pref = 0;

	m->rtm_family = a->family;
	m->rtm_dst_len = v4 ? 32 : 128;
	m->rtm_table = v4 ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
	m->rtm_type = type;
	if (v4)
		m->rtm_flags = (unsigned)RTM_F_CLONED | (unsigned)RTCF_LOCAL |
		    (local ? 0 : RTCF_BROADCAST);
	else
		m->rtm_protocol = RTPROT_KERNEL;
	nlmsg_attr_u32(o, RTA_TABLE, m->rtm_table);
	nlmsg_attr(o, RTA_DST, dst, n);
	nlmsg_attr_u32(o, RTA_OIF, local ? LO_INDEX : a->ifindex);
	nlmsg_attr(o, RTA_PREFSRC, a->ip, n);
	if (v4) {
		nlmsg_attr_u32(o, RTA_UID, (uint32_t)SYS0(SYS_getuid));
	} else {
		nlmsg_attr_u32(o, RTA_PRIORITY, HOST_METRIC);
		nlmsg_attr(o, RTA_PREF, &pref, sizeof(pref));
	}
	nlmsg_attr(o, RTA_CACHEINFO, &cache, sizeof(cache));
	nlmsg_end(o);
}

int nllocal_to(struct nlmsg_out *o, int family, const void *dst)
{
	size_t n = nlmsg_addr_len(family);
	struct wire_ifaddr a;
	uint8_t last[4], type = RTN_UNSPEC;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; !type && i < count &&
	    dump_get(fd, i, &a, sizeof(a)); i++) {
		if (a.family != family)
			continue;
		if (broadcast_of(&a, last) && !memcmp(dst, last, n))
			type = RTN_BROADCAST;
		else if (!memcmp(dst, a.ip, n) || (is_loopback(&a) &&
		    *(const uint8_t *)dst == a.ip[0]))
			type = RTN_LOCAL;
	}
	sys_close(fd);
	if (!type)
		return -ENOENT;
	put_way(o, &a, dst, type);
	return 0;
}
