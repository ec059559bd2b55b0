/* nlroute.c: netlink requests that change routes. */
#include <string.h>

#include "hijack/dump.h"
#include "hijack/nltable.h"
#include "hijack/rpc.h"

#define MAX_WAYS	32

static int ask(int what, const struct wire_route *r)
{
	struct wire_req req = {
		.op = WIRE_ROUTE, .a = what, .len = sizeof(*r),
	};
	struct wire_rep rep;

	memcpy(req.data, r, sizeof(*r));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

/* The kinds of route that take no packet. */
static int refusal_of(unsigned type, uint16_t *flags)
{
	switch (type) {
	case RTN_UNSPEC:
	case RTN_UNICAST:
		return 0;
	case RTN_UNREACHABLE:
		*flags |= WIRE_RT_REJECT;
		return 0;
	case RTN_BLACKHOLE:
		*flags |= WIRE_RT_REJECT | WIRE_RT_BLACKHOLE;
		return 0;
	case RTN_PROHIBIT:
		*flags |= WIRE_RT_REJECT | WIRE_RT_PROHIBIT;
		return 0;
	case RTN_THROW:
		*flags |= WIRE_RT_REJECT | WIRE_RT_THROW;
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * There is one table, and a route of another would be taken by packets that it
 * is not for.
 */
static int check_table(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	const void *p = nlmsg_find(h, sizeof(*m), RTA_TABLE, 4, NULL);
	uint32_t table = m->rtm_table;

	if (p)
		memcpy(&table, p, sizeof(table));
	if (table == RT_TABLE_UNSPEC || table == RT_TABLE_MAIN)
		return 0;
	o->why = "A virtual host has no routing table but \"main\"";
	return -EOPNOTSUPP;
}

/* What is understood of a route, and nothing else may decide its way. */
static int check_attrs(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	static const struct { int type; const char *what; } none[] = {
		{ RTA_SRC, "Routes by source are not supported" },
		{ RTA_NH_ID, "Nexthop objects are not supported" },
		{ RTA_ENCAP, "Encapsulation is not supported" },
		{ RTA_VIA, "A gateway of another family is not supported" },
	};
	const struct rtmsg *m = NLMSG_DATA(h);

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (nlmsg_find(h, sizeof(*m), none[i].type, 0, NULL)) {
			o->why = none[i].what;
			return -EOPNOTSUPP;
		}
	if (m->rtm_tos) {
		o->why = "Routes by type of service are not supported";
		return -EOPNOTSUPP;
	}
	return check_table(o, h);
}

static int put_oif(struct wire_route *r, unsigned ifindex)
{
	struct wire_link l;

	if (dump_link(NULL, ifindex, &l))
		return -ENODEV;
	r->ifindex = ifindex;
	memcpy(r->ifname, l.name, sizeof(r->ifname));
	return 0;
}

static void put_gateway(struct wire_route *r, const void *gw)
{
	memcpy(r->gw, gw, nlmsg_addr_len(r->family));
	r->flags |= WIRE_RT_GATEWAY;
}

/* All but the ways of a route of several. */
static int parse(const struct nlmsghdr *h, struct wire_route *r)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	size_t n = nlmsg_addr_len(m->rtm_family);
	unsigned oif;
	const void *p;

	r->family = m->rtm_family;
	r->plen = m->rtm_dst_len;
	r->proto = m->rtm_protocol;
	p = nlmsg_find(h, sizeof(*m), RTA_DST, n, NULL);
	if (p)
		memcpy(r->dst, p, n);
	p = nlmsg_find(h, sizeof(*m), RTA_GATEWAY, n, NULL);
	if (p)
		put_gateway(r, p);
	p = nlmsg_find(h, sizeof(*m), RTA_PREFSRC, n, NULL);
	if (p) {
		memcpy(r->src, p, n);
		r->flags |= WIRE_RT_SRC;
	}
	p = nlmsg_find(h, sizeof(*m), RTA_PRIORITY, sizeof(r->metric), NULL);
	if (p)
		memcpy(&r->metric, p, sizeof(r->metric));
	/* As none is shown (nltable.c). */
	if (r->family == AF_INET6 && (r->metric == 1024 ||
	    (r->metric == 256 && r->proto == RTPROT_KERNEL)))
		r->metric = 0;
	p = nlmsg_find(h, sizeof(*m), RTA_OIF, sizeof(oif), NULL);
	if (p)
		memcpy(&oif, p, sizeof(oif));
	return p && put_oif(r, oif) ? -ENODEV :
	    refusal_of(m->rtm_type, &r->flags);
}

/*
 * The ways of RTA_MULTIPATH, each a copy of base.
 * Return: how many, 0 if there is none of it, or -errno.
 */
static int parse_ways(const struct nlmsghdr *h, const struct wire_route *base,
    struct wire_route *ways)
{
	size_t left, step, n = nlmsg_addr_len(base->family);
	const char *p = nlmsg_find(h, sizeof(struct rtmsg), RTA_MULTIPATH,
	    0, &left);
	int num = 0, err;

	for (; p && left >= sizeof(struct rtnexthop); num++) {
		const struct rtnexthop *hop = (const struct rtnexthop *)p;
		const struct rtattr *a = (const struct rtattr *)(hop + 1);
		int len = hop->rtnh_len - (int)sizeof(*hop);

		if (len < 0 || hop->rtnh_len > left || num == MAX_WAYS)
			return -EINVAL;
		ways[num] = *base;
		ways[num].weight = hop->rtnh_hops;
		err = hop->rtnh_ifindex ? put_oif(&ways[num],
		    (unsigned)hop->rtnh_ifindex) : 0;
		if (err)
			return err;
		for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
			if (a->rta_type == RTA_GATEWAY &&
			    RTA_PAYLOAD(a) >= n)
				put_gateway(&ways[num], RTA_DATA(a));
			else if (a->rta_type == RTA_VIA ||
			    a->rta_type == RTA_ENCAP)
				return -EOPNOTSUPP;
		step = (size_t)RTNH_ALIGN(hop->rtnh_len);
		left -= step < left ? step : left;
		p += step;
	}
	return p && !num ? -EINVAL : num;
}

/* By what it goes to, not by its gateway: all of its ways. */
static int delete_all(const struct wire_route *r)
{
	struct wire_route old = *r;

	old.flags = 0;
	old.ifindex = 0;
	return ask(WIRE_TABLE_DEL, &old);
}

static int add_ways(const struct nlmsghdr *h, struct wire_route *ways, int n)
{
	struct wire_route any = ways[0];
	int err = ask(WIRE_TABLE_ADD, &ways[0]);

	if (err == -EEXIST && h->nlmsg_flags & NLM_F_REPLACE) {
		any.proto = 0;
		delete_all(&any);
		err = ask(WIRE_TABLE_ADD, &ways[0]);
	}
	if (err)
		return err;
	for (int i = 1; i < n && !err; i++) {
		ways[i].flags |= WIRE_RT_MULTI;
		err = ask(WIRE_TABLE_ADD, &ways[i]);
	}
	if (err)
		delete_all(&ways[0]);
	return err;
}

int nlroute_change(struct nlmsg_out *o, const struct nlmsghdr *h, bool add)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	struct wire_route r = { 0 }, ways[MAX_WAYS];
	int err, n;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EINVAL;
	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return -EAFNOSUPPORT;
	err = check_attrs(o, h);
	if (!err)
		err = parse(h, &r);
	if (err)
		return err;
	n = parse_ways(h, &r, ways);
	if (n < 0)
		return n;
	if (add)
		return n ? add_ways(h, ways, n) : add_ways(h, &r, 1);
	return n > 1 ? delete_all(&r) : ask(WIRE_TABLE_DEL, n ? ways : &r);
}
