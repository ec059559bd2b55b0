/*
 * ifaddrs.c: getifaddrs and the if_name functions, about the virtual host.
 *
 * What is handed out is allocated as glibc does it, so that its freeifaddrs
 * and if_freenameindex fit.
 */
#include "hijack/hijack.h"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>

#include "hijack/debug.h"
#include "hijack/dump.h"
#include "stack/wire/sys.h"

struct entry {
	struct ifaddrs ifa;
	union {
		struct sockaddr_storage ss;
		struct sockaddr_ll ll;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr, mask, bcast;
	struct rtnl_link_stats stats;
	char name[WIRE_NAMELEN];
};

static void fill_link(struct entry *e, const struct wire_link *l)
{
	struct sockaddr_ll *ll = &e->addr.ll;

	memcpy(e->name, l->name, sizeof(e->name) - 1);
	e->ifa.ifa_name = e->name;
	e->ifa.ifa_flags = l->flags;
	ll->sll_family = AF_PACKET;
	ll->sll_ifindex = (int)l->ifindex;
	ll->sll_hatype = l->hatype;
	ll->sll_halen = 6;
	memcpy(ll->sll_addr, l->mac, 6);
	e->bcast.ll = *ll;
	memset(e->bcast.ll.sll_addr, l->flags & IFF_LOOPBACK ? 0 : 0xff, 6);
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	e->ifa.ifa_broadaddr = (struct sockaddr *)&e->bcast;
	e->stats.rx_packets = (uint32_t)l->rx_packets;
	e->stats.tx_packets = (uint32_t)l->tx_packets;
	e->stats.rx_bytes = (uint32_t)l->rx_bytes;
	e->stats.tx_bytes = (uint32_t)l->tx_bytes;
	e->stats.rx_errors = (uint32_t)l->rx_errors;
	e->stats.tx_errors = (uint32_t)l->tx_errors;
	e->stats.rx_dropped = (uint32_t)l->rx_dropped;
	e->stats.tx_dropped = (uint32_t)l->tx_dropped;
	e->stats.multicast = (uint32_t)l->rx_multicast;
	e->ifa.ifa_data = &e->stats;
}

static void set_bits(uint8_t *p, unsigned n)
{
	for (; n >= 8; n -= 8)
		*p++ = 0xff;
	if (n)
		*p = (uint8_t)(0xff00 >> n);
}

static void fill_in6(struct entry *e, const struct wire_ifaddr *a)
{
	struct sockaddr_in6 *in6 = &e->addr.in6;

	in6->sin6_family = e->mask.in6.sin6_family = AF_INET6;
	memcpy(&in6->sin6_addr, a->ip, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		in6->sin6_scope_id = a->ifindex;
	set_bits(e->mask.in6.sin6_addr.s6_addr, a->plen > 128 ? 128 : a->plen);
}

static void fill_in(struct entry *e, const struct wire_ifaddr *a)
{
	e->addr.in.sin_family = e->mask.in.sin_family = AF_INET;
	e->bcast.in.sin_family = AF_INET;
	memcpy(&e->addr.in.sin_addr, a->ip, 4);
	memcpy(&e->bcast.in.sin_addr, a->bcast, 4);
	set_bits((uint8_t *)&e->mask.in.sin_addr, a->plen > 32 ? 32 : a->plen);
	if (e->ifa.ifa_flags & IFF_BROADCAST)
		e->ifa.ifa_broadaddr = (struct sockaddr *)&e->bcast;
	else if (e->ifa.ifa_flags & IFF_LOOPBACK)
		e->ifa.ifa_broadaddr = (struct sockaddr *)&e->addr;
}

/* links: the entries made before, to take the flags from. */
static void fill_addr(struct entry *e, const struct wire_ifaddr *a,
    const struct entry *links, unsigned nlinks)
{
	memcpy(e->name, a->ifname, sizeof(e->name) - 1);
	e->ifa.ifa_name = e->name;
	for (unsigned i = 0; i < nlinks; i++)
		if (links[i].addr.ll.sll_ifindex == (int)a->ifindex)
			e->ifa.ifa_flags = links[i].ifa.ifa_flags;
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	e->ifa.ifa_netmask = (struct sockaddr *)&e->mask;
	if (a->family == AF_INET6)
		fill_in6(e, a);
	else
		fill_in(e, a);
}

/* Both tables into v; addresses after links. Return: the number of entries. */
static unsigned fill(struct entry *v, int links, unsigned nl, int addrs,
    unsigned na)
{
	struct wire_ifaddr a;
	struct wire_link l;
	unsigned n = 0, nlinks;

	for (unsigned i = 0; i < nl && dump_get(links, i, &l, sizeof(l)); i++)
		fill_link(&v[n++], &l);
	nlinks = n;
	/* IPv4 first, as the kernel's lists have it. */
	for (int family = AF_INET; family; family = family == AF_INET ?
	    AF_INET6 : 0)
		for (unsigned i = 0; i < na &&
		    dump_get(addrs, i, &a, sizeof(a)); i++)
			if (a.family == family && n < nl + na)
				fill_addr(&v[n++], &a, v, nlinks);
	return n;
}

static int get_ifaddrs(struct ifaddrs **out)
{
	unsigned nl, na, n;
	struct entry *v;
	int links, addrs;

	links = dump_open(WIRE_DUMP_LINK, &nl);
	if (links < 0)
		return links;
	addrs = dump_open(WIRE_DUMP_ADDR, &na);
	if (addrs < 0) {
		sys_close(links);
		return addrs;
	}
	v = calloc(nl + na + 1, sizeof(*v));
	n = v ? fill(v, links, nl, addrs, na) : 0;
	sys_close(links);
	sys_close(addrs);
	if (!v)
		return -ENOMEM;
	if (!n) {
		free(v);
		v = NULL;
	}
	for (unsigned i = 0; i + 1 < n; i++)
		v[i].ifa.ifa_next = &v[i + 1].ifa;
	*out = (struct ifaddrs *)v;
	return 0;
}

CALL(int, getifaddrs, "i:", (struct ifaddrs **out), out)
{
	int (*libc)(struct ifaddrs **);

	if (hj_wants(AF_INET) && !hj_sandboxed)
		return (int)hj_ret(get_ifaddrs(out));
	*(void **)&libc = hj_libc("getifaddrs");
	return libc ? libc(out) : (int)hj_ret(-ENOSYS);
}

CALL(unsigned, if_nametoindex, "u:s", (const char *name), name)
{
	unsigned (*libc)(const char *);
	struct wire_link l;
	int err;

	if (!hj_wants(AF_INET) || hj_sandboxed) {
		*(void **)&libc = hj_libc("if_nametoindex");
		return libc ? libc(name) : 0;
	}
	err = strlen(name) < IFNAMSIZ ? dump_link(name, 0, &l) : -ENODEV;
	if (!err)
		return l.ifindex;
	errno = -err;
	return 0;
}

CALL(char *, if_indextoname, "p:u", (unsigned index, char *name), index, name)
{
	char *(*libc)(unsigned, char *);
	struct wire_link l;
	int err;

	if (!hj_wants(AF_INET) || hj_sandboxed) {
		*(void **)&libc = hj_libc("if_indextoname");
		return libc ? libc(index, name) : NULL;
	}
	err = dump_link(NULL, index, &l);
	if (!err)
		return memcpy(name, l.name, IFNAMSIZ);
	errno = err == -ENODEV ? ENXIO : -err;
	return NULL;
}

CALL(struct if_nameindex *, if_nameindex, "p:", (void))
{
	struct if_nameindex *(*libc)(void), *v;
	struct wire_link l;
	unsigned count, n = 0;
	int fd;

	if (!hj_wants(AF_INET) || hj_sandboxed) {
		*(void **)&libc = hj_libc("if_nameindex");
		return libc ? libc() : NULL;
	}
	fd = dump_open(WIRE_DUMP_LINK, &count);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	v = calloc(count + 1, sizeof(*v));
	for (unsigned i = 0; v && i < count &&
	    dump_get(fd, i, &l, sizeof(l)); i++) {
		l.name[sizeof(l.name) - 1] = '\0';
		v[n].if_name = strdup(l.name);
		if (!v[n].if_name)
			break;
		v[n++].if_index = l.ifindex;
	}
	sys_close(fd);
	return v;
}
