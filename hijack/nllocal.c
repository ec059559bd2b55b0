/* nllocal.c: routes made of a host's addresses; see nllocal.h. */
#include "hijack/nllocal.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/in_route.h>
#include <string.h>

#include "hijack/dump.h"
#include "stack/wire/sys.h"

#define LO_INDEX	1	/* of the loopback, always */
#define HOST_METRIC	0u
#define LINK_METRIC	256u

#define LINK_SCOPE	253	/* wire_ifaddr.scope of fe80::/10 */

static const uint8_t none[16];

/*
 * One for each address or link, with the links that are up at hand, and who
 * wants them.
 */
struct maker {
	int links;		/* a dump, WIRE_DUMP_LINK */
	unsigned count;
	int family;
	void (*each)(void *arg, const struct nllocal *r);
	void *arg;
};

static void make(const struct maker *m, struct nllocal *r,
    const uint8_t dst[static 16], unsigned plen)
{
	memcpy(r->dst, dst, sizeof(r->dst));
	r->plen = (uint8_t)plen;
	m->each(m->arg, r);
}

static bool is_up(const struct maker *m, uint32_t ifindex)
{
	struct wire_link l;

	for (unsigned i = 0; i < m->count &&
	    dump_get(m->links, i, &l, sizeof(l)); i++)
		if (l.ifindex == ifindex)
			return l.flags & IFF_UP;
	return false;
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

static void of_address(const struct maker *m, const struct wire_ifaddr *a)
{
	static const uint8_t linklocal[16] = { 0xfe, 0x80 };
	bool v4 = a->family == AF_INET;
	struct nllocal r = {
		.family = a->family, .type = RTN_LOCAL, .oif = a->ifindex,
		.table = RT_TABLE_LOCAL, .metric = HOST_METRIC,
	};
	uint8_t net[16] = { a->ip[0] }, last[16] = { 0 };
	bool up = is_up(m, a->ifindex);

	if (!up && !v4)
		return;
	memcpy(r.ifname, a->ifname, sizeof(r.ifname) - 1);
	if (v4)
		memcpy(r.src, a->ip, 4);
	if (up && is_loopback(a))
		make(m, &r, net, a->plen);
	make(m, &r, a->ip, v4 ? 32 : 128);
	if (up && broadcast_of(a, last)) {
		r.type = RTN_BROADCAST;
		make(m, &r, last, 32);
	}
	if (!v4 && a->scope == LINK_SCOPE) {
		r.type = RTN_UNICAST;
		r.table = RT_TABLE_MAIN;
		r.metric = LINK_METRIC;
		make(m, &r, linklocal, 64);
	}
}

/* Of IPv6: ff00::/8 on each interface that has more than itself to reach. */
static void of_link(const struct maker *m, const struct wire_link *l)
{
	static const uint8_t group[16] = { 0xff };
	struct nllocal r = {
		.family = AF_INET6, .type = RTN_MULTICAST, .oif = l->ifindex,
		.table = RT_TABLE_LOCAL, .metric = LINK_METRIC,
	};

	memcpy(r.ifname, l->name, sizeof(r.ifname) - 1);
	if (l->flags & IFF_UP && !(l->flags & IFF_LOOPBACK))
		make(m, &r, group, 8);
}

static int make_all(const struct maker *m)
{
	struct wire_ifaddr a;
	struct wire_link l;
	unsigned n;
	int fd = dump_open(WIRE_DUMP_ADDR, &n);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < n && dump_get(fd, i, &a, sizeof(a)); i++)
		if (m->family == AF_UNSPEC || m->family == a.family)
			of_address(m, &a);
	sys_close(fd);
	for (unsigned i = 0; m->family != AF_INET && i < m->count &&
	    dump_get(m->links, i, &l, sizeof(l)); i++)
		of_link(m, &l);
	return 0;
}

int nllocal_each(int family, void (*each)(void *arg, const struct nllocal *r),
    void *arg)
{
	struct maker m = { .family = family, .each = each, .arg = arg };
	int err;

	m.links = dump_open(WIRE_DUMP_LINK, &m.count);
	if (m.links < 0)
		return m.links;
	err = make_all(&m);
	sys_close(m.links);
	return err;
}

static uint32_t cache_flags(uint8_t type)
{
	switch (type) {
	case RTN_LOCAL:
		return RTCF_LOCAL;
	case RTN_BROADCAST:
		return (uint32_t)RTCF_LOCAL | RTCF_BROADCAST;
	default:
		return RTCF_MULTICAST;
	}
}

static void fill(struct rtmsg *m, const struct nllocal *r, bool asked)
{
	bool v4 = r->family == AF_INET;

	m->rtm_family = r->family;
	m->rtm_dst_len = asked ? (v4 ? 32 : 128) : r->plen;
	m->rtm_table = r->table;
	m->rtm_protocol = RTPROT_KERNEL;
	m->rtm_type = r->type;
	if (!v4)
		return;
	m->rtm_scope = r->type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	if (!asked)
		return;
	/* As if out of a cache of table main. */
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_UNSPEC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_flags = (uint32_t)RTM_F_CLONED | cache_flags(r->type);
}

/* asked: NULL, or the address that it is the way to. */
static void put(struct nlmsg_out *o, const struct nllocal *r,
    const void *asked)
{
	struct rtmsg *m = nlmsg_begin(o, RTM_NEWROUTE, asked ? 0 :
	    NLM_F_MULTI, sizeof(*m));
	struct rta_cacheinfo cache = { 0 };
	size_t n = nlmsg_addr_len(r->family);
	uint8_t pref = 0;	/* "medium" of RFC 4191 */

	fill(m, r, asked != NULL);
	nlmsg_attr_u32(o, RTA_TABLE, m->rtm_table);
	nlmsg_attr(o, RTA_DST, asked ? asked : r->dst, n);
	if (memcmp(r->src, none, n))
		nlmsg_attr(o, RTA_PREFSRC, r->src, n);
	nlmsg_attr_u32(o, RTA_OIF, r->oif);
	if (r->family == AF_INET6) {
		nlmsg_attr_u32(o, RTA_PRIORITY, r->metric);
		nlmsg_attr(o, RTA_PREF, &pref, sizeof(pref));
	} else if (asked) {
		nlmsg_attr_u32(o, RTA_UID, (uint32_t)SYS0(SYS_getuid));
	}
	if (asked)
		nlmsg_attr(o, RTA_CACHEINFO, &cache, sizeof(cache));
	nlmsg_end(o);
}

struct list {
	struct nlmsg_out *o;
	uint32_t table;
};

static void list_one(void *arg, const struct nllocal *r)
{
	const struct list *l = arg;

	if (!l->table || l->table == r->table)
		put(l->o, r, NULL);
}

int nllocal_list(struct nlmsg_out *o, int family, uint32_t table)
{
	struct list l = { o, table };

	return nllocal_each(family, list_one, &l);
}

/* The longest prefix that dst has, and the first of those. */
struct search {
	const uint8_t *dst;
	uint32_t oif;
	struct nllocal best;
};

static bool has_prefix(const uint8_t *ip, const uint8_t *net, unsigned plen)
{
	unsigned bytes = plen / 8, bits = plen % 8;

	return !memcmp(ip, net, bytes) && (!bits ||
	    !((ip[bytes] ^ net[bytes]) >> (8 - bits)));
}

static void search_one(void *arg, const struct nllocal *r)
{
	struct search *s = arg;

	/* One's own address is reached by any interface. */
	if (has_prefix(s->dst, r->dst, r->plen) &&
	    (!s->oif || s->oif == r->oif || r->type == RTN_LOCAL) &&
	    (!s->best.family || r->plen > s->best.plen))
		s->best = *r;
}

/* The source for what leaves by that interface: of like scope if possible. */
static void find_source(struct nllocal *r, bool link)
{
	struct wire_ifaddr a;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count);
	bool alike = false;

	for (unsigned i = 0; fd >= 0 && !alike && i < count &&
	    dump_get(fd, i, &a, sizeof(a)); i++)
		if (a.family == r->family && a.ifindex == r->oif) {
			alike = link == (a.scope == LINK_SCOPE);
			if (alike || !memcmp(r->src, none, 16))
				memcpy(r->src, a.ip, nlmsg_addr_len(a.family));
		}
	if (fd >= 0)
		sys_close(fd);
}

/* Of IPv4 what has no entry, and goes where it is told to. */
static bool goes_by(const uint8_t *dst, uint32_t oif, struct nllocal *r)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	r->type = !memcmp(dst, all, 4) ? RTN_BROADCAST :
	    dst[0] >> 4 == 14 ? RTN_MULTICAST : RTN_UNSPEC;
	r->family = AF_INET;
	r->oif = oif;
	return oif && r->type;
}

int nllocal_to(struct nlmsg_out *o, int family, const void *dst, uint32_t oif)
{
	struct search s = { .dst = dst, .oif = oif };
	struct nllocal *r = &s.best;
	int err = nllocal_each(family, search_one, &s);

	if (err)
		return err;
	if (!r->family && (family != AF_INET || !goes_by(dst, oif, r)))
		return -ENOENT;
	if (r->type == RTN_LOCAL) {
		r->oif = LO_INDEX;
		if (family == AF_INET6)
			memcpy(r->src, dst, 16);
	} else if (!memcmp(r->src, none, 16)) {
		find_source(r, r->plen == 64 || (s.dst[1] & 15) <= 2);
	}
	put(o, r, dst);
	return 0;
}
