/* nltable.c: the virtual host's tables as netlink messages; see nltable.h. */
#include "hijack/nltable.h"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <string.h>

#include "hijack/dump.h"
#include "hijack/nlinfo.h"
#include "hijack/nllocal.h"
#include "hijack/nlqdisc.h"
#include "hijack/rpc.h"
#include "stack/wire/nlput.h"
#include "stack/wire/sys.h"

/* One by index or name, or all. */
static int get_links(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct ifinfomsg *want = NLMSG_DATA(h);
	char name[IFNAMSIZ] = "";
	struct wire_link l;
	const char *s;
	unsigned count;
	size_t n;
	int fd, err;

	if (h->nlmsg_flags & NLM_F_DUMP) {
		if (want->ifi_family == AF_BRIDGE)
			return 1;	/* bridges: there are none */
		fd = dump_open(WIRE_DUMP_LINK, &count);
		if (fd < 0)
			return fd;
		for (unsigned i = 0; i < count &&
		    dump_get(fd, i, &l, sizeof(l)); i++) {
			l.name[sizeof(l.name) - 1] = '\0';
			nlput_link(o, RTM_NEWLINK, &l, NLM_F_MULTI);
		}
		sys_close(fd);
		return 1;
	}
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*want)))
		return -EINVAL;
	s = nlmsg_find(h, sizeof(*want), IFLA_IFNAME, 1, &n);
	if (!s)
		s = nlmsg_find(h, sizeof(*want), IFLA_ALT_IFNAME, 1, &n);
	if (s)
		memcpy(name, s, n < sizeof(name) ? n : sizeof(name) - 1);
	err = dump_link(s && !want->ifi_index ? name : NULL,
	    (unsigned)want->ifi_index, &l);
	if (!err)
		nlput_link(o, RTM_NEWLINK, &l, 0);
	return err;
}

/* One that has no lists of its own stands for all, as 255 of pyroute2's. */
static int family_of(int family)
{
	switch (family) {
	case AF_INET:
	case AF_INET6:
	case AF_BRIDGE:
	case AF_MPLS:
		return family;
	default:
		return AF_UNSPEC;
	}
}

static int get_addrs(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *want = NLMSG_DATA(h);
	unsigned count, index = 0;
	struct wire_ifaddr a;
	int fd, family = family_of(want->ifa_family);

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*want)))
		index = want->ifa_index;
	fd = dump_open(WIRE_DUMP_ADDR, &count);
	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &a, sizeof(a)); i++) {
		a.ifname[sizeof(a.ifname) - 1] = '\0';
		if ((family == AF_UNSPEC || family == a.family) &&
		    (!index || index == a.ifindex))
			nlput_addr(o, RTM_NEWADDR, &a, NLM_F_MULTI);
	}
	sys_close(fd);
	return 1;
}

/*
 * The groups that interfaces are in.  They come with the number of the request,
 * as Linux has always had it.
 */
static int get_groups(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct rtgenmsg *want = NLMSG_DATA(h);
	struct ifa_cacheinfo forever = { 0xffffffffu, 0xffffffffu, 0, 0 };
	struct wire_group g;
	unsigned count;
	int fd;

	if (!(h->nlmsg_flags & NLM_F_DUMP) || (want->rtgen_family != AF_INET &&
	    want->rtgen_family != AF_INET6))
		return -EOPNOTSUPP;
	fd = dump_open(WIRE_DUMP_GROUP, &count);
	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &g, sizeof(g)); i++) {
		size_t n = nlmsg_addr_len(g.family);
		struct ifaddrmsg *m;

		if (g.family != want->rtgen_family)
			continue;
		m = nlmsg_begin(o, RTM_GETMULTICAST, NLM_F_MULTI, sizeof(*m));
		m->ifa_family = g.family;
		m->ifa_prefixlen = (uint8_t)(8 * n);
		m->ifa_flags = IFA_F_PERMANENT;
		if (g.family == AF_INET6 && (g.ip[1] & 15) == 5)
			m->ifa_scope = RT_SCOPE_SITE;
		m->ifa_index = g.ifindex;
		nlmsg_attr(o, IFA_MULTICAST, g.ip, n);
		nlmsg_attr(o, IFA_CACHEINFO, &forever, sizeof(forever));
		nlmsg_end(o);
	}
	sys_close(fd);
	return 1;
}

/* The address this host has in a route's network, for "src". */
static bool source_for(const struct wire_route *r, uint8_t ip[16])
{
	struct wire_ifaddr a;
	bool found = false;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count);

	if (fd < 0)
		return false;
	for (unsigned i = 0; !found && i < count &&
	    dump_get(fd, i, &a, sizeof(a)); i++)
		if (a.family == r->family && a.ifindex == r->ifindex &&
		    (a.family == AF_INET || !a.scope)) {
			memcpy(ip, a.ip, 16);
			found = true;
		}
	sys_close(fd);
	return found;
}

static void put_route(struct nlmsg_out *o, const struct wire_route *r,
    const void *asked, int flags)
{
	bool connected = r->flags & WIRE_RT_CONNECTED;
	uint8_t src[16];

	if (r->flags & WIRE_RT_SRC)
		nlput_route(o, RTM_NEWROUTE, r, asked, r->src, flags);
	else
		nlput_route(o, RTM_NEWROUTE, r, asked, (asked || (connected &&
		    r->family == AF_INET)) && source_for(r, src) ? src : NULL,
		    flags);
}

/* ip route get: which one would be taken. */
static int route_to(struct nlmsg_out *o, const struct nlmsghdr *h, int family)
{
	struct wire_req req = {
		.op = WIRE_ROUTE, .a = WIRE_TABLE_GET,
		.len = sizeof(struct wire_route),
	};
	struct wire_route r = { .family = (uint8_t)family };
	size_t n = nlmsg_addr_len(family);
	const void *dst = nlmsg_find(h, sizeof(struct rtmsg), RTA_DST, n, NULL);
	const void *dev = nlmsg_find(h, sizeof(struct rtmsg), RTA_OIF, 4, NULL);
	uint32_t oif = 0;
	struct wire_rep rep;
	int err;

	if (!dst)
		return -EINVAL;
	if (dev)
		memcpy(&oif, dev, sizeof(oif));
	err = nllocal_to(o, family, dst, oif);
	if (err != -ENOENT)
		return err;
	memcpy(r.dst, dst, n);
	r.plen = (uint8_t)(n * 8);
	memcpy(req.data, &r, sizeof(r));
	err = rpc_call(&req, NULL, 0, &rep, NULL);
	if (err || rep.len < sizeof(r))
		return err ? err : -ENETUNREACH;
	memcpy(&r, rep.data, sizeof(r));
	switch (nlput_route_type(&r)) {
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -ENETUNREACH;
	}
	put_route(o, &r, dst, 0);
	return 0;
}

/*
 * The ways of one route, which follow each other, as one message.
 * Return: the number of the last.
 */
static unsigned put_ways(struct nlmsg_out *o, int fd, unsigned i,
    const struct wire_route *first)
{
	struct wire_route ways[32];
	unsigned n = 0;

	ways[n++] = *first;
	while (n < sizeof(ways) / sizeof(ways[0]) &&
	    dump_get(fd, i + 1, &ways[n], sizeof(ways[n])) &&
	    ways[n].flags & WIRE_RT_MULTI && ways[n].plen == first->plen &&
	    ways[n].family == first->family &&
	    ways[n].metric == first->metric &&
	    !memcmp(ways[n].dst, first->dst, sizeof(first->dst))) {
		n++;
		i++;
	}
	nlput_ways(o, RTM_NEWROUTE, ways, n, NLM_F_MULTI);
	return i;
}

static int put_main(struct nlmsg_out *o, int family)
{
	struct wire_route r;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ROUTE, &count);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &r, sizeof(r)); i++)
		if (family != AF_UNSPEC && family != r.family)
			continue;
		else if (r.flags & WIRE_RT_MULTI)
			i = put_ways(o, fd, i, &r);
		else
			put_route(o, &r, NULL, NLM_F_MULTI);
	sys_close(fd);
	return 0;
}

/* There is none but main and local. */
static int no_table(struct nlmsg_out *o, int family, uint32_t table)
{
	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL ||
	    family == AF_UNSPEC)
		return 0;
	o->why = family == AF_INET ? "ipv4: FIB table does not exist" :
	    "ipv6: FIB table does not exist";
	return -ENOENT;
}

/* Of one table, or of all. */
static int get_routes(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct rtmsg *want = NLMSG_DATA(h);
	bool whole = h->nlmsg_len >= NLMSG_LENGTH(sizeof(*want));
	int family = family_of(want->rtm_family), err = 0;
	const void *table = NULL;
	uint32_t t = RT_TABLE_UNSPEC;

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return whole ? route_to(o, h, want->rtm_family) : -EINVAL;
	if (whole) {
		t = want->rtm_table;
		table = nlmsg_find(h, sizeof(*want), RTA_TABLE, 4, NULL);
	}
	if (table) {
		memcpy(&t, table, sizeof(t));
		err = no_table(o, family, t);
	}
	if (err)
		return err;
	if (t == RT_TABLE_UNSPEC || t == RT_TABLE_MAIN)
		err = put_main(o, family);
	if (!err)
		err = nllocal_list(o, family, t);
	return err ? err : 1;
}

/* ip neigh get: one of them. */
static int get_neighbour(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct ndmsg *want = NLMSG_DATA(h);
	struct wire_neigh n = { 0 };
	const void *ip;
	int err;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*want)))
		return -EINVAL;
	ip = nlmsg_find(h, sizeof(*want), NDA_DST,
	    nlmsg_addr_len(want->ndm_family), NULL);
	if (!ip || !want->ndm_ifindex)
		return -EINVAL;
	n.family = want->ndm_family;
	n.ifindex = (uint32_t)want->ndm_ifindex;
	memcpy(n.ip, ip, nlmsg_addr_len(n.family));
	err = dump_neigh(&n);
	if (!err)
		nlput_neigh(o, RTM_NEWNEIGH, &n, 0);
	return err;
}

static int get_neighbours(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct ndmsg *want = NLMSG_DATA(h);
	struct wire_neigh n;
	unsigned count;
	int fd;

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return get_neighbour(o, h);
	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*want)) &&
	    want->ndm_flags & NTF_PROXY)
		return 1;	/* proxies: there are none */
	fd = dump_open(WIRE_DUMP_NEIGH, &count);
	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &n, sizeof(n)); i++)
		if (want->ndm_family == AF_UNSPEC ||
		    want->ndm_family == n.family)
			nlput_neigh(o, RTM_NEWNEIGH, &n, NLM_F_MULTI);
	sys_close(fd);
	return 1;
}

static void put_rule(struct nlmsg_out *o, int family, uint32_t table,
    uint32_t priority)
{
	struct fib_rule_hdr *r = nlmsg_begin(o, RTM_NEWRULE, NLM_F_MULTI,
	    sizeof(*r));

	r->family = (uint8_t)family;
	r->table = (uint8_t)table;
	r->action = FR_ACT_TO_TBL;
	nlmsg_attr_u32(o, FRA_TABLE, table);
	nlmsg_attr_u32(o, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	if (priority)
		nlmsg_attr_u32(o, FRA_PRIORITY, priority);
	nlmsg_end(o);
}

/*
 * Those that Linux begins with, which is how a way is looked up here, too.
 * They can't be changed, as in a kernel without policy routing; but that one
 * lists none, and there are programs that wait until they have heard of some.
 */
static int get_rules(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct rtmsg *want = NLMSG_DATA(h);

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	if (want->rtm_family && want->rtm_family != AF_INET &&
	    want->rtm_family != AF_INET6)
		return -EAFNOSUPPORT;	/* those of multicast routing */
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		if (want->rtm_family && want->rtm_family != family)
			continue;
		put_rule(o, family, RT_TABLE_LOCAL, 0);
		put_rule(o, family, RT_TABLE_MAIN, 32766);
		if (family == AF_INET)
			put_rule(o, family, RT_TABLE_DEFAULT, 32767);
	}
	return 1;
}

/* Of the namespaces of the machine none has a number. */
static int get_nsid(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	if (h->nlmsg_flags & NLM_F_DUMP)
		return 1;
	nlmsg_begin(o, RTM_NEWNSID, 0, sizeof(struct rtgenmsg));
	nlmsg_attr_u32(o, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	nlmsg_end(o);
	return 0;
}

int nltable_get(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_GETLINK:
		return get_links(o, h);
	case RTM_GETADDR:
		return get_addrs(o, h);
	case RTM_GETROUTE:
		return get_routes(o, h);
	case RTM_GETNEIGH:
		return get_neighbours(o, h);
	case RTM_GETRULE:
		return get_rules(o, h);
	case RTM_GETQDISC:
		return nlqdisc_get(o, h);
	case RTM_GETTCLASS:
		return h->nlmsg_flags & NLM_F_DUMP ? 1 : -ENOENT;
	case RTM_GETNSID:
		return get_nsid(o, h);
	case RTM_GETMULTICAST:
		return get_groups(o, h);
	case RTM_GETANYCAST:
		return h->nlmsg_flags & NLM_F_DUMP &&
		    ((const struct rtgenmsg *)NLMSG_DATA(h))->rtgen_family ==
		    AF_INET6 ? 1 : -EOPNOTSUPP;
	case RTM_GETNETCONF:
		return nlinfo_conf(o, h);
	case RTM_GETNEIGHTBL:
		return nlinfo_tables(o, h);
	case RTM_GETADDRLABEL:
		return nlinfo_labels(o, h);
	default:
		/* An empty list would say that the feature is there. */
		return -EOPNOTSUPP;
	}
}
