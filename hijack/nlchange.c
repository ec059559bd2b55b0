/* nlchange.c: netlink requests that change interfaces and tables. */
#include "hijack/nltable.h"

#include <linux/if.h>
#include <linux/neighbour.h>
#include <string.h>

#include "hijack/dump.h"
#include "hijack/linkflags.h"
#include "hijack/nlqdisc.h"
#include "hijack/rpc.h"

static int ask(enum wire_op op, int what, const void *data, size_t len)
{
	struct wire_req req = {
		.op = (uint16_t)op, .a = what, .len = (uint16_t)len,
	};
	struct wire_rep rep;

	memcpy(req.data, data, len);
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

static int ask_if(enum wire_if_op op, const struct wire_ifreq *r)
{
	return ask(WIRE_IF, op, r, sizeof(*r));
}

static int name_of(unsigned index, char name[static WIRE_NAMELEN])
{
	struct wire_link l;
	int err = dump_link(NULL, index, &l);

	if (!err)
		memcpy(name, l.name, WIRE_NAMELEN);
	return err;
}

/* The interface that a request is about: by its number, else by its name. */
static int name_in(const struct nlmsghdr *h, char name[static WIRE_NAMELEN])
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const void *p;
	size_t n;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return -EINVAL;
	if (i->ifi_index)
		return name_of((unsigned)i->ifi_index, name);
	p = nlmsg_find(h, sizeof(*i), IFLA_IFNAME, 1, &n);
	if (!p)
		return -EINVAL;
	memcpy(name, p, n < WIRE_NAMELEN ? n : WIRE_NAMELEN - 1);
	return 0;
}

/* A new link, another name, bridge or namespace for it: not here. */
static int check_link(const struct nlmsghdr *h, const char *name)
{
	static const int none[] = {
		IFLA_MASTER, IFLA_NET_NS_PID, IFLA_NET_NS_FD, IFLA_XDP,
	};
	const struct ifinfomsg *i = NLMSG_DATA(h);
	struct wire_link l;
	size_t n;
	int err = dump_link(name, 0, &l);
	const char *s = nlmsg_find(h, sizeof(*i), IFLA_IFNAME, 1, &n);

	if (!err && h->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (err)
		return err == -ENODEV && h->nlmsg_flags & NLM_F_CREATE ?
		    -EOPNOTSUPP : err;
	for (size_t j = 0; j < sizeof(none) / sizeof(none[0]); j++)
		if (nlmsg_find(h, sizeof(*i), none[j], 0, NULL))
			return -EOPNOTSUPP;
	return s && i->ifi_index && strncmp(s, l.name, n) ? -EOPNOTSUPP : 0;
}

/* ip link set: mtu, address, flags. */
static int change_link(const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	struct wire_ifreq r = { 0 };
	int err = name_in(h, r.name);
	const void *p;

	/* The kernel finds a name for a new one that comes without. */
	if (err == -EINVAL && h->nlmsg_type == RTM_NEWLINK)
		err = h->nlmsg_flags & NLM_F_CREATE ? -EOPNOTSUPP : -ENODEV;
	if (!err)
		err = check_link(h, r.name);
	if (err)
		return err;
	p = nlmsg_find(h, sizeof(*i), IFLA_MTU, sizeof(r.mtu), NULL);
	if (p) {
		memcpy(&r.mtu, p, sizeof(r.mtu));
		err = ask_if(WIRE_IF_MTU, &r);
	}
	p = nlmsg_find(h, sizeof(*i), IFLA_ADDRESS, sizeof(r.mac), NULL);
	if (!err && p) {
		memcpy(r.mac, p, sizeof(r.mac));
		err = ask_if(WIRE_IF_LLADDR, &r);
	}
	return err ? err : linkflags_change(r.name, i->ifi_flags,
	    i->ifi_change);
}

/* ip link delete DEV */
static int delete_link(const struct nlmsghdr *h)
{
	struct wire_ifreq r = { 0 };
	int err = name_in(h, r.name);

	return err ? err : ask_if(WIRE_IF_DESTROY, &r);
}

static int change_addr(const struct nlmsghdr *h, bool add)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct wire_ifreq r = { 0 };
	const void *p;
	size_t n;
	int err;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EINVAL;
	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return -EAFNOSUPPORT;
	n = nlmsg_addr_len(m->ifa_family);
	p = nlmsg_find(h, sizeof(*m), IFA_LOCAL, n, NULL);
	if (!p)
		p = nlmsg_find(h, sizeof(*m), IFA_ADDRESS, n, NULL);
	if (!p)
		return -EINVAL;
	err = name_of(m->ifa_index, r.name);
	if (err)
		return err;
	r.addr.ifindex = m->ifa_index;
	r.addr.family = m->ifa_family;
	r.addr.plen = m->ifa_prefixlen;
	/* Beside those there are; Linux knows of no others' addresses. */
	r.addr.flags = WIRE_ADDR_ALIAS | WIRE_ADDR_ANYHOW;
	memcpy(r.addr.ip, p, n);
	p = nlmsg_find(h, sizeof(*m), IFA_BROADCAST, n, NULL);
	if (p)
		memcpy(r.addr.bcast, p, n);
	p = nlmsg_find(h, sizeof(*m), IFA_LABEL, 1, &n);
	if (p)
		memcpy(r.addr.ifname, p, n < sizeof(r.addr.ifname) ? n :
		    sizeof(r.addr.ifname) - 1);
	err = ask_if(add ? WIRE_IF_ADDR_ADD : WIRE_IF_ADDR_DEL, &r);
	return err == -EEXIST && h->nlmsg_flags & NLM_F_REPLACE ? 0 : err;
}

/* As `ip neigh add`, change and replace say by flags. Return: 0 or -errno. */
static int may_be_there(const struct nlmsghdr *h, const struct wire_neigh *w)
{
	struct wire_neigh old = *w;
	int err = dump_neigh(&old);

	if (!err)
		return h->nlmsg_flags & NLM_F_EXCL ? -EEXIST : 0;
	return err == -ENOENT && h->nlmsg_flags & NLM_F_CREATE ? 0 : err;
}

static int add_neigh(const struct nlmsghdr *h, struct wire_neigh *w)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	const void *mac = nlmsg_find(h, sizeof(*m), NDA_LLADDR,
	    sizeof(w->mac), NULL);
	struct wire_neigh old = *w;
	int err = may_be_there(h, w);

	if (err)
		return err;
	if (m->ndm_flags & NTF_USE)
		return ask(WIRE_NEIGH, WIRE_TABLE_USE, w, sizeof(*w));
	if (!(w->state & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE |
	    NUD_STALE | NUD_DELAY | NUD_PROBE))) {
		/* Not valid: as if nothing were known of it. */
		err = ask(WIRE_NEIGH, WIRE_TABLE_DEL, w, sizeof(*w));
		return err == -ENXIO ? 0 : err;
	}
	if (mac)
		memcpy(w->mac, mac, sizeof(w->mac));
	else if (dump_neigh(&old) || old.state & (NUD_INCOMPLETE | NUD_FAILED))
		return -EINVAL;
	else
		memcpy(w->mac, old.mac, sizeof(w->mac));
	return ask(WIRE_NEIGH, WIRE_TABLE_ADD, w, sizeof(*w));
}

static int change_neigh(const struct nlmsghdr *h, bool add)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	struct wire_neigh w = { 0 };
	const void *p;
	size_t n;
	int err;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EINVAL;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return -EAFNOSUPPORT;
	n = nlmsg_addr_len(m->ndm_family);
	p = nlmsg_find(h, sizeof(*m), NDA_DST, n, NULL);
	if (!p)
		return -EINVAL;
	w.family = m->ndm_family;
	w.ifindex = (uint32_t)m->ndm_ifindex;
	w.state = (uint8_t)m->ndm_state;
	memcpy(w.ip, p, n);
	if (!w.ifindex)
		return -EINVAL;
	if (name_of(w.ifindex, w.ifname))
		return -ENODEV;
	if (m->ndm_flags & NTF_PROXY)
		return -EOPNOTSUPP;
	if (add)
		return add_neigh(h, &w);
	err = ask(WIRE_NEIGH, WIRE_TABLE_DEL, &w, sizeof(w));
	return err == -ENXIO ? -ENOENT : err;
}

int nltable_change(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_SETLINK:
		return change_link(h);
	case RTM_DELLINK:
		return delete_link(h);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return change_addr(h, h->nlmsg_type == RTM_NEWADDR);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return nlroute_change(o, h, h->nlmsg_type == RTM_NEWROUTE);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return change_neigh(h, h->nlmsg_type == RTM_NEWNEIGH);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		return nlqdisc_change(o, h);
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
		return -ENOENT;		/* of no qdisc that has any */
	default:
		return -EOPNOTSUPP;
	}
}
