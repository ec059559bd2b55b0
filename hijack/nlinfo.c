/* nlinfo.c: how the virtual host is set up, as netlink tells; see nlinfo.h. */
#include "hijack/nlinfo.h"

#include <linux/if_addrlabel.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <string.h>

#include "hijack/dump.h"
#include "stack/wire/sys.h"

/* Call each for every interface. Return: 0 or -errno. */
static int each_link(struct nlmsg_out *o, void (*each)(struct nlmsg_out *o,
    int index, const void *arg), const void *arg)
{
	struct wire_link l;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_LINK, &count);

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &l, sizeof(l)); i++)
		each(o, (int)l.ifindex, arg);
	sys_close(fd);
	return 0;
}

/* Netconf: of all that it can tell a virtual host has only forwarding. */

struct conf {
	int family;
	int flags;		/* of the message */
	uint32_t forwarding;
};

static void put_conf(struct nlmsg_out *o, int index, const void *arg)
{
	const struct conf *c = arg;
	struct netconfmsg *m = nlmsg_begin(o, RTM_NEWNETCONF, c->flags,
	    sizeof(*m));

	m->ncm_family = (uint8_t)c->family;
	nlmsg_attr_u32(o, NETCONFA_IFINDEX, (uint32_t)index);
	nlmsg_attr_u32(o, NETCONFA_FORWARDING, c->forwarding);
	if (c->family == AF_INET)
		nlmsg_attr_u32(o, NETCONFA_RP_FILTER, 0);
	nlmsg_attr_u32(o, NETCONFA_MC_FORWARDING, 0);
	if (c->family == AF_INET)
		nlmsg_attr_u32(o, NETCONFA_BC_FORWARDING, 0);
	nlmsg_attr_u32(o, NETCONFA_PROXY_NEIGH, 0);
	nlmsg_attr_u32(o, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, 0);
	nlmsg_end(o);
}

static struct conf conf_of(int family, int flags)
{
	return (struct conf){ family, flags, (uint32_t)dump_setting(
	    family == AF_INET ? "net.inet.ip.forwarding" :
	    "net.inet6.ip6.forwarding") };
}

static int list_conf(struct nlmsg_out *o, int family)
{
	struct conf c = conf_of(family, NLM_F_MULTI);
	int err = each_link(o, put_conf, &c);

	if (err)
		return err;
	put_conf(o, NETCONFA_IFINDEX_ALL, &c);
	put_conf(o, NETCONFA_IFINDEX_DEFAULT, &c);
	return 0;
}

static int one_conf(struct nlmsg_out *o, const struct nlmsghdr *h, int family)
{
	const void *p = nlmsg_find(h, sizeof(struct netconfmsg),
	    NETCONFA_IFINDEX, sizeof(int), NULL);
	struct conf c = conf_of(family, 0);
	struct wire_link l;
	int index;

	if (!p || (family != AF_INET && family != AF_INET6))
		return p ? -EOPNOTSUPP : -EINVAL;
	memcpy(&index, p, sizeof(index));
	if (index != NETCONFA_IFINDEX_ALL &&
	    index != NETCONFA_IFINDEX_DEFAULT &&
	    dump_link(NULL, (unsigned)index, &l))
		return -ENODEV;
	put_conf(o, index, &c);
	return 0;
}

int nlinfo_conf(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct netconfmsg *want = NLMSG_DATA(h);
	int err = 0;

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return one_conf(o, h, want->ncm_family);
	if (want->ncm_family != AF_INET6)
		err = list_conf(o, AF_INET);
	if (!err && want->ncm_family != AF_INET)
		err = list_conf(o, AF_INET6);
	return err ? err : 1;
}

/* Neighbour tables: what the host's ARP and ND go by, and cannot be changed. */

static const struct param {
	int attr;		/* NDTPA_ */
	const char *name;	/* the setting of the host that has it */
	unsigned unit;		/* ms of it for one that is a time, else 0 */
} params4[] = {
	{ NDTPA_REACHABLE_TIME, "net.inet.arp.keep", 1000 },
	{ NDTPA_BASE_REACHABLE_TIME, "net.inet.arp.keep", 1000 },
}, params6[] = {
	{ NDTPA_UCAST_PROBES, "net.inet6.icmp6.nd6_umaxtries", 0 },
	{ NDTPA_MCAST_PROBES, "net.inet6.icmp6.nd6_mmaxtries", 0 },
	{ NDTPA_REACHABLE_TIME, "net.inet6.icmp6.nd6_reachable", 1 },
	{ NDTPA_BASE_REACHABLE_TIME, "net.inet6.icmp6.nd6_reachable", 1 },
	{ NDTPA_DELAY_PROBE_TIME, "net.inet6.icmp6.nd6_delay", 1000 },
	{ NDTPA_RETRANS_TIME, "net.inet6.icmp6.nd6_retrans", 1 },
};
#define COUNT(v)	(sizeof(v) / sizeof((v)[0]))

static void put_params(struct nlmsg_out *o, int index, int family)
{
	const struct param *p = family == AF_INET ? params4 : params6;
	size_t n = family == AF_INET ? COUNT(params4) : COUNT(params6);
	struct nlmsg_nest nest = nlmsg_nest(o, NDTA_PARMS);
	uint64_t val;

	if (index)
		nlmsg_attr_u32(o, NDTPA_IFINDEX, (uint32_t)index);
	for (; n--; p++) {
		val = (uint64_t)dump_setting(p->name);
		if (p->unit) {
			val *= p->unit;
			nlmsg_attr(o, p->attr, &val, sizeof(val));
		} else {
			nlmsg_attr_u32(o, p->attr, (uint32_t)val);
		}
	}
	nlmsg_nest_end(o, nest);
}

/* arg: the family, an int. */
static void put_table(struct nlmsg_out *o, int index, const void *arg)
{
	int family = *(const int *)arg;
	struct ndtmsg *m = nlmsg_begin(o, RTM_NEWNEIGHTBL, NLM_F_MULTI,
	    sizeof(*m));

	m->ndtm_family = (uint8_t)family;
	nlmsg_attr_str(o, NDTA_NAME, family == AF_INET ? "arp_cache" :
	    "ndisc_cache");
	if (!index)
		nlmsg_attr_u32(o, NDTA_THRESH3, (uint32_t)dump_setting(
		    family == AF_INET ? "net.inet.arp.max" :
		    "net.inet6.ip6.neighborgcthresh"));
	put_params(o, index, family);
	nlmsg_end(o);
}

int nlinfo_tables(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const struct rtgenmsg *want = NLMSG_DATA(h);
	int err = 0;

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	for (size_t i = 0; !err && i < COUNT(families); i++) {
		if (want->rtgen_family && want->rtgen_family != families[i])
			continue;
		put_table(o, 0, &families[i]);
		err = each_link(o, put_table, &families[i]);
	}
	return err ? err : 1;
}

/* The table of RFC 6724, with the further ones that Linux begins with. */
static const struct label {
	uint8_t prefix[16];
	uint8_t plen;
	uint8_t label;
} labels[] = {
	{ { [15] = 1 }, 128, 0 },			/* ::1 */
	{ { 0 }, 96, 3 },
	{ { [10] = 0xff, 0xff }, 96, 4 },		/* ::ffff:0:0 */
	{ { 0x20, 0x01 }, 32, 6 },
	{ { 0x20, 0x01, 0x00, 0x10 }, 28, 7 },
	{ { 0x3f, 0xfe }, 16, 12 },
	{ { 0x20, 0x02 }, 16, 2 },
	{ { 0xfe, 0xc0 }, 10, 11 },
	{ { 0xfc }, 7, 5 },
	{ { 0 }, 0, 1 },
};

int nlinfo_labels(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct rtgenmsg *want = NLMSG_DATA(h);

	if (!(h->nlmsg_flags & NLM_F_DUMP) || want->rtgen_family != AF_INET6)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < COUNT(labels); i++) {
		struct ifaddrlblmsg *m = nlmsg_begin(o, RTM_NEWADDRLABEL,
		    NLM_F_MULTI, sizeof(*m));

		m->ifal_family = AF_INET6;
		m->ifal_prefixlen = labels[i].plen;
		m->ifal_seq = COUNT(labels);
		nlmsg_attr(o, IFAL_ADDRESS, labels[i].prefix, 16);
		nlmsg_attr_u32(o, IFAL_LABEL, labels[i].label);
		nlmsg_end(o);
	}
	return 1;
}
