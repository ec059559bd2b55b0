/* ifset.c: changing interfaces and routes by ioctl(2); see ifset.h. */
#include "hijack/ifset.h"

#include <linux/neighbour.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>

#include "hijack/dump.h"
#include "hijack/linkflags.h"
#include "hijack/rpc.h"
#include "stack/wire/sys.h"

static int change(enum wire_if_op op, const struct wire_ifreq *ifr)
{
	struct wire_req req = {
		.op = WIRE_IF, .a = op, .len = sizeof(*ifr),
	};
	struct wire_rep rep;

	memcpy(req.data, ifr, sizeof(*ifr));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

static unsigned plen_of(const uint8_t mask[4])
{
	unsigned n = 0;

	while (n < 32 && mask[n / 8] & 0x80 >> n % 8)
		n++;
	return n;
}

/* What SIOCSIFADDR takes where no mask was given: the address's old class. */
static unsigned class_plen(uint8_t first)
{
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* The address an ioctl replaces. false: there is none. */
static bool old_addr(const char *ifname, struct wire_ifaddr *out)
{
	bool found = false;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count);

	if (fd < 0)
		return false;
	for (unsigned i = 0; !found && i < count &&
	    dump_get(fd, i, out, sizeof(*out)); i++)
		found = out->family == AF_INET &&
		    !strncmp(out->ifname, ifname, sizeof(out->ifname));
	sys_close(fd);
	return found;
}

/* Replace the first IPv4 address or an alias, or only its prefix length. */
static int set_addr(struct wire_ifreq *r, const struct ifreq *ifr, bool mask)
{
	const struct sockaddr_in *in = (const void *)&ifr->ifr_addr;
	struct wire_ifreq old = *r;
	uint8_t ip[4];
	bool had = old_addr(r->addr.ifname, &old.addr);
	int err;

	if (!mask && in->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	memcpy(ip, &in->sin_addr, 4);
	if (mask && !had)
		return -EADDRNOTAVAIL;
	r->addr.family = AF_INET;
	memcpy(r->addr.ip, mask ? old.addr.ip : ip, 4);
	r->addr.plen = (uint8_t)(mask ? plen_of(ip) : class_plen(ip[0]));
	if (had) {
		err = change(WIRE_IF_ADDR_DEL, &old);
		if (err)
			return err;
	}
	if (!r->addr.ip[0] && !mask)
		return 0;
	err = change(WIRE_IF_ADDR_ADD, r);
	if (err && had)
		change(WIRE_IF_ADDR_ADD, &old);
	return err;
}

/* An alias goes when it is put down. */
static int set_flags(struct wire_ifreq *r, unsigned flags, bool alias)
{
	struct wire_ifreq old = *r;

	if (!alias)
		return linkflags_change(r->name, flags, UINT16_MAX);
	if (!old_addr(r->addr.ifname, &old.addr))
		return -EADDRNOTAVAIL;
	return flags & IFF_UP ? 0 : change(WIRE_IF_ADDR_DEL, &old);
}

/* The interface that a request names, which may be an alias of it. */
static bool name_it(struct wire_ifreq *r, const struct ifreq *ifr)
{
	size_t n = strnlen(ifr->ifr_name, sizeof(r->name) - 1);
	bool alias = memchr(ifr->ifr_name, ':', n);

	memset(r, 0, sizeof(*r));
	memcpy(r->addr.ifname, ifr->ifr_name, n);
	memcpy(r->name, ifr->ifr_name, strcspn(r->addr.ifname, ":"));
	r->addr.flags = WIRE_ADDR_ANYHOW;	/* Linux does not know either */
	if (alias)
		r->addr.flags |= WIRE_ADDR_ALIAS;
	return alias;
}

static int set_property(unsigned long req, const struct ifreq *ifr)
{
	struct wire_ifreq r;
	bool alias = name_it(&r, ifr);

	switch (req) {
	case SIOCSIFADDR:
		return set_addr(&r, ifr, false);
	case SIOCSIFNETMASK:
		return set_addr(&r, ifr, true);
	case SIOCSIFBRDADDR:
	case SIOCSIFTXQLEN:
	case SIOCSIFMETRIC:
		return 0;	/* follow from the address, or have no effect */
	case SIOCSIFFLAGS:
		return set_flags(&r, (uint16_t)ifr->ifr_flags, alias);
	case SIOCSIFMTU:
		r.mtu = (uint32_t)ifr->ifr_mtu;
		return ifr->ifr_mtu < 0 ? -EINVAL : change(WIRE_IF_MTU, &r);
	case SIOCSIFHWADDR:
		memcpy(r.mac, ifr->ifr_hwaddr.sa_data, 6);
		return change(WIRE_IF_LLADDR, &r);
	default:
		return -ENOTTY;
	}
}

int ifset_ioctl(unsigned long req, const struct ifreq *ifr)
{
	int err = set_property(req, ifr);
	struct wire_link l;

	/* ENXIO is also said of one that has no bus. */
	return err == -ENXIO && dump_link(ifr->ifr_name, 0, &l) ? -ENODEV :
	    err;
}

int ifset_addr6(bool add, const void *user)
{
	struct wire_ifreq r = { .addr.family = AF_INET6 };
	struct in6_ifreq_ {	/* of linux/ipv6.h, which libc's forbid */
		uint8_t addr[16];
		uint32_t plen;
		int ifindex;
	} req;
	struct wire_link l;
	int err = hj_copy_in(&req, user, sizeof(req));

	if (!err && req.plen > 128)
		err = -EINVAL;
	if (!err)
		err = dump_link(NULL, (unsigned)req.ifindex, &l);
	if (err)
		return err;
	memcpy(r.name, l.name, sizeof(r.name));
	memcpy(r.addr.ip, req.addr, 16);
	r.addr.plen = (uint8_t)req.plen;
	r.addr.flags = WIRE_ADDR_ALIAS | WIRE_ADDR_ANYHOW;
	return change(add ? WIRE_IF_ADDR_ADD : WIRE_IF_ADDR_DEL, &r);
}

static void in_of(uint8_t ip[4], const struct sockaddr *sa)
{
	memcpy(ip, &((const struct sockaddr_in *)sa)->sin_addr, 4);
}

int ifset_route(bool add, const void *user)
{
	struct wire_req req = {
		.op = WIRE_ROUTE, .a = add ? WIRE_TABLE_ADD : WIRE_TABLE_DEL,
		.len = sizeof(struct wire_route),
	};
	struct wire_route r = { .family = AF_INET };
	struct wire_rep rep;
	struct rtentry rt;
	uint8_t mask[4];
	int err = hj_copy_in(&rt, user, sizeof(rt));

	if (err)
		return err;
	if (rt.rt_dst.sa_family != AF_INET)
		return -EAFNOSUPPORT;
	in_of(r.dst, &rt.rt_dst);
	in_of(mask, &rt.rt_genmask);
	r.plen = (uint8_t)(rt.rt_flags & RTF_HOST ? 32 : plen_of(mask));
	r.metric = rt.rt_metric > 0 ? (uint32_t)rt.rt_metric - 1 : 0;
	if (rt.rt_flags & RTF_GATEWAY) {
		r.flags |= WIRE_RT_GATEWAY;
		in_of(r.gw, &rt.rt_gateway);
	}
	if (rt.rt_flags & RTF_REJECT)
		r.flags |= WIRE_RT_REJECT;
	/* net-tools names "lo" for those. */
	if (rt.rt_dev && !(rt.rt_flags & RTF_REJECT)) {
		err = hj_copy_in(r.ifname, rt.rt_dev, sizeof(r.ifname) - 1);
		if (err)
			return err;
	}
	memcpy(req.data, &r, sizeof(r));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

int ifset_route6(bool add, const void *user)
{
	struct wire_req req = {
		.op = WIRE_ROUTE, .a = add ? WIRE_TABLE_ADD : WIRE_TABLE_DEL,
		.len = sizeof(struct wire_route),
	};
	struct wire_route r = { .family = AF_INET6 };
	struct in6_rtmsg rt;
	struct wire_rep rep;
	struct wire_link l;
	int err = hj_copy_in(&rt, user, sizeof(rt));

	if (err)
		return err;
	memcpy(r.dst, &rt.rtmsg_dst, 16);
	r.plen = (uint8_t)(rt.rtmsg_flags & RTF_HOST ? 128 :
	    rt.rtmsg_dst_len);
	/* The tool's own default metric means none here. */
	r.metric = rt.rtmsg_metric > 1 ? rt.rtmsg_metric : 0;
	if (rt.rtmsg_flags & RTF_GATEWAY) {
		r.flags |= WIRE_RT_GATEWAY;
		memcpy(r.gw, &rt.rtmsg_gateway, 16);
	}
	if (rt.rtmsg_flags & RTF_REJECT)
		r.flags |= WIRE_RT_REJECT;
	if (rt.rtmsg_ifindex && !(rt.rtmsg_flags & RTF_REJECT)) {
		err = dump_link(NULL, (unsigned)rt.rtmsg_ifindex, &l);
		if (err)
			return err;
		r.ifindex = l.ifindex;
	}
	memcpy(req.data, &r, sizeof(r));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

/* What is known of ip; with dev only there. Return: 0 or -ENXIO. */
static int find_neigh(const struct wire_neigh *want, struct wire_neigh *n)
{
	unsigned count;
	int fd = dump_open(WIRE_DUMP_NEIGH, &count), err = -ENXIO;

	if (fd < 0)
		return fd;
	for (unsigned i = 0; err && i < count &&
	    dump_get(fd, i, n, sizeof(*n)); i++)
		if (n->family == AF_INET && !memcmp(n->ip, want->ip, 4) &&
		    (!want->ifname[0] || !strcmp(n->ifname, want->ifname)))
			err = 0;
	sys_close(fd);
	return err;
}

int ifset_arp(unsigned long op, void *user)
{
	struct wire_req req = {
		.op = WIRE_NEIGH, .len = sizeof(struct wire_neigh),
		.a = op == SIOCSARP ? WIRE_TABLE_ADD : WIRE_TABLE_DEL,
	};
	struct wire_neigh n = { .family = AF_INET }, found;
	struct wire_rep rep;
	struct arpreq a;
	int err = hj_copy_in(&a, user, sizeof(a));

	if (err)
		return err;
	if (a.arp_pa.sa_family != AF_INET)
		return -EPFNOSUPPORT;
	in_of(n.ip, &a.arp_pa);
	memcpy(n.mac, a.arp_ha.sa_data, sizeof(n.mac));
	memcpy(n.ifname, a.arp_dev, sizeof(n.ifname) - 1);
	if (op == SIOCGARP) {
		err = find_neigh(&n, &found);
		if (err)
			return err;
		a.arp_ha.sa_family = ARPHRD_ETHER;
		memcpy(a.arp_ha.sa_data, found.mac, sizeof(found.mac));
		a.arp_flags = ATF_COM | (found.state & NUD_PERMANENT ?
		    ATF_PERM : 0);
		return hj_copy_out(user, &a, sizeof(a));
	}
	memcpy(req.data, &n, sizeof(n));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}
