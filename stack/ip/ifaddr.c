/* ifaddr.c: the addresses of network interfaces, and which one to use. */
#include "stack/ip/ifaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "netif/ethernet.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

void ifaddr_alias_remove(struct iface *f, struct iface_alias *a)
{
	struct iface_alias **p;

	for (p = &f->aliases; *p != a; p = &(*p)->next)
		;
	*p = a->next;
	netif_remove(&a->nif);
	free(a);
}

static void mask_of(unsigned plen, ip4_addr_t *m)
{
	m->addr = plen ? htonl(0xffffffffu << (32 - plen)) : 0;
}

static unsigned plen_of(const ip4_addr_t *m)
{
	return (unsigned)__builtin_popcount(m->addr);
}

static void fill4(struct iface *f, struct netif *nif, struct wire_ifaddr *a)
{
	uint32_t bcast = netif_ip4_addr(nif)->addr |
	    ~netif_ip4_netmask(nif)->addr;

	memset(a, 0, sizeof(*a));
	a->ifindex = netif_get_index(&f->nif);
	a->family = AF_INET;
	a->plen = (uint8_t)plen_of(netif_ip4_netmask(nif));
	a->flags = nif == &f->nif ? 0 : WIRE_ADDR_ALIAS;
	a->scope = iface_is_loopback(f) ? 254 : 0;
	memcpy(a->ip, &netif_ip4_addr(nif)->addr, 4);
	if (!iface_is_loopback(f) && a->plen < 31)
		memcpy(a->bcast, &bcast, 4);
	memcpy(a->ifname, f->name, sizeof(a->ifname));
}

static void fill6(struct iface *f, int i, struct wire_ifaddr *a)
{
	const ip6_addr_t *ip = netif_ip6_addr(&f->nif, i);

	memset(a, 0, sizeof(*a));
	a->ifindex = netif_get_index(&f->nif);
	a->family = AF_INET6;
	a->plen = f->plen6[i] ? f->plen6[i] : 64;
	a->scope = ip6_addr_islinklocal(ip) ? 253 :
	    ip6_addr_isloopback(ip) ? 254 : 0;
	if (!netif_ip6_addr_isstatic(&f->nif, i) && a->scope == 0)
		a->flags |= WIRE_ADDR_AUTO;
	memcpy(a->ip, ip->addr, 16);
	memcpy(a->ifname, f->name, sizeof(a->ifname));
}

bool iface_addr_at(struct iface *f, unsigned n, struct wire_ifaddr *a)
{
	struct iface_alias *al;

	if (!ip4_addr_isany_val(*netif_ip4_addr(&f->nif)) && n-- == 0) {
		fill4(f, &f->nif, a);
		return true;
	}
	for (al = f->aliases; al; al = al->next) {
		if (n-- == 0) {
			fill4(f, &al->nif, a);
			if (al->label[0])
				memcpy(a->ifname, al->label,
				    sizeof(a->ifname));
			return true;
		}
	}
	for (int i = LWIP_IPV6_NUM_ADDRESSES - 1; i >= 0; i--) {
		if (ip6_addr_isvalid(netif_ip6_addr_state(&f->nif, i)) &&
		    n-- == 0) {
			fill6(f, i, a);
			return true;
		}
	}
	return false;
}

/* 127.0.0.0/8 is lo0's as a whole. */
struct iface *iface_of_addr(const struct wire_addr *want)
{
	struct iface *f;
	struct wire_ifaddr a;

	if (want->family == AF_INET && want->ip[0] == 127)
		return iface_next(NULL);
	for (f = iface_next(NULL); f; f = iface_next(f)) {
		for (unsigned i = 0; iface_addr_at(f, i, &a); i++) {
			if (a.family == want->family && !memcmp(a.ip, want->ip,
			    a.family == AF_INET ? 4 : 16) &&
			    (a.scope != 253 || !want->scope ||
			    want->scope == a.ifindex))
				return f;
		}
	}
	return NULL;
}

bool iface_has_addr(const struct wire_addr *a)
{
	return iface_of_addr(a) != NULL;
}

struct netif *iface_netif_for(struct iface *f, const struct wire_addr *hop)
{
	ip4_addr_t ip;
	struct iface_alias *a;

	if (hop->family != AF_INET)
		return &f->nif;
	memcpy(&ip.addr, hop->ip, 4);
	for (a = f->aliases; a; a = a->next)
		if (ip4_addr_eq(&ip, netif_ip4_addr(&a->nif)))
			return &a->nif;
	if (ip4_addr_net_eq(&ip, netif_ip4_addr(&f->nif),
	    netif_ip4_netmask(&f->nif)))
		return &f->nif;
	for (a = f->aliases; a; a = a->next)
		if (ip4_addr_net_eq(&ip, netif_ip4_addr(&a->nif),
		    netif_ip4_netmask(&a->nif)))
			return &a->nif;
	return &f->nif;
}

int iface_source(struct iface *f, struct netif *nif,
    const struct wire_addr *peer, struct wire_addr *src)
{
	uint16_t port = src->port;
	const ip_addr_t *ip;
	ip_addr_t to;

	/* From an own address to an own address: the same on both sides. */
	if (iface_of_addr(peer)) {
		*src = *peer;
		if (peer->family == AF_INET && peer->ip[0] == 127)
			memcpy(src->ip, "\x7f\0\0\1", 4);
		src->port = port;
		return 0;
	}
	if (peer->family == AF_INET &&
	    ip4_addr_isany_val(*netif_ip4_addr(nif))) {
		/* An unnumbered interface borrows another's address. */
		for (f = iface_next(iface_next(NULL)); f; f = iface_next(f))
			if (!ip4_addr_isany_val(*netif_ip4_addr(&f->nif)))
				break;
		if (!f)
			return -EADDRNOTAVAIL;
		nif = &f->nif;
	}
	addr_to_lwip(&to, peer);
	ip = ip_netif_get_local_ip(nif, &to);
	if (!ip)
		return -EADDRNOTAVAIL;
	addr_from_lwip(src, ip, ntohs(port));
	return 0;
}

static void connected_route(struct iface *f, const struct wire_ifaddr *a,
    bool add)
{
	struct wire_route r = {
		.family = a->family, .plen = a->plen,
		.flags = WIRE_RT_CONNECTED,
		.ifindex = netif_get_index(&f->nif),
	};

	memcpy(r.dst, a->ip, sizeof(r.dst));
	if (add)
		route_add(&r);	/* -EEXIST: two addresses on one network */
	else
		route_del(&r);
}

/* The name that ifconfig(8) gives an alias: the interface's, and more. */
static void set_label(struct iface *f, struct iface_alias *al,
    const char *label)
{
	size_t n = strlen(f->name);

	if (!strncmp(label, f->name, n) && label[n] == ':')
		memcpy(al->label, label, strnlen(label, sizeof(al->label) - 1));
}

static int add4(struct iface *f, struct wire_ifaddr *a)
{
	struct iface_alias *al;
	ip4_addr_t ip, m, none = { 0 };
	struct wire_ifaddr old;

	memcpy(&ip.addr, a->ip, 4);
	mask_of(a->plen, &m);
	if (!(a->flags & WIRE_ADDR_ALIAS) ||
	    ip4_addr_isany_val(*netif_ip4_addr(&f->nif))) {
		if (!ip4_addr_isany_val(*netif_ip4_addr(&f->nif))) {
			fill4(f, &f->nif, &old);
			connected_route(f, &old, false);
		}
		netif_set_addr(&f->nif, &ip, &m, &none);
		return 0;
	}
	al = calloc(1, sizeof(*al));
	if (!al)
		return -ENOBUFS;
	if (!netif_add(&al->nif, &ip, &m, &none, f, iface_nif_init,
	    ethernet_input)) {
		free(al);
		return -ENOBUFS;
	}
	al->nif.linkoutput = f->nif.linkoutput;
	al->nif.output = f->nif.output;
	al->nif.output_ip6 = f->nif.output_ip6;
	al->nif.mtu = f->nif.mtu;
	al->nif.flags = f->nif.flags & (u8_t)~NETIF_FLAG_UP;
	al->nif.hwaddr_len = f->nif.hwaddr_len;
	memcpy(al->nif.hwaddr, f->nif.hwaddr, 6);
	set_label(f, al, a->ifname);
	al->next = f->aliases;
	f->aliases = al;
	if (netif_is_up(&f->nif))
		netif_set_up(&al->nif);
	return 0;
}

static int add6(struct iface *f, struct wire_ifaddr *a)
{
	ip6_addr_t ip;
	s8_t i = -1;

	memset(&ip, 0, sizeof(ip));
	memcpy(ip.addr, a->ip, 16);
	if (ip6_addr_islinklocal(&ip))
		ip6_addr_set_zone(&ip, netif_get_index(&f->nif));
	if (netif_get_ip6_addr_match(&f->nif, &ip) >= 0)
		return -EEXIST;
	if (netif_add_ip6_address(&f->nif, &ip, &i) != ERR_OK || i < 0)
		return -ENOBUFS;
	netif_ip6_addr_set_state(&f->nif, i, IP6_ADDR_PREFERRED);
	f->plen6[i] = a->plen;
	return 0;
}

static void changed(struct iface *f)
{
	if (f->driver->addrs_changed)
		f->driver->addrs_changed(f);
}

int iface_addr_add(struct iface *f, struct wire_ifaddr *a,
    char err[static IFACE_ERRLEN])
{
	struct wire_addr as = { .family = a->family };
	int e = iface_need_link(f, err);

	if (e)
		return e;
	if (a->flags & WIRE_ADDR_SLOT) {
		if (!f->driver->auto_addr || f->driver->auto_addr(f, a))
			return -EADDRNOTAVAIL;
	}
	if ((a->family != AF_INET && a->family != AF_INET6) ||
	    a->plen > (a->family == AF_INET ? 32 : 128))
		return -EINVAL;
	memcpy(as.ip, a->ip, sizeof(as.ip));
	as.family = a->family;
	if (addr_is_any(&as) || addr_is_multicast(&as)) {
		snprintf(err, IFACE_ERRLEN, "not an address for an "
		    "interface; take a unicast one");
		return -EINVAL;
	}
	if (iface_of_addr(&as) && as.ip[0] != 127) {
		snprintf(err, IFACE_ERRLEN, "the host has that address "
		    "already; take another");
		return -EEXIST;
	}
	e = f->driver->check_addr ? f->driver->check_addr(f, a, err) : 0;
	if (!e)
		e = a->family == AF_INET ? add4(f, a) : add6(f, a);
	if (e)
		return e;
	connected_route(f, a, true);
	iface_set_up(f, true, err);
	changed(f);
	return 0;
}

static int del4(struct iface *f, const struct wire_ifaddr *a)
{
	static const ip4_addr_t none;
	struct iface_alias *al;

	if (!memcmp(&netif_ip4_addr(&f->nif)->addr, a->ip, 4)) {
		netif_set_addr(&f->nif, &none, &none, &none);
		return 0;
	}
	for (al = f->aliases; al; al = al->next) {
		if (!memcmp(&netif_ip4_addr(&al->nif)->addr, a->ip, 4)) {
			ifaddr_alias_remove(f, al);
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

static int del6(struct iface *f, const struct wire_ifaddr *a)
{
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		if (netif_ip6_addr_state(&f->nif, i) == IP6_ADDR_INVALID ||
		    memcmp(netif_ip6_addr(&f->nif, i)->addr, a->ip, 16))
			continue;
		netif_ip6_addr_set_state(&f->nif, i, IP6_ADDR_INVALID);
		f->plen6[i] = 0;
		return 0;
	}
	return -EADDRNOTAVAIL;
}

int iface_addr_del(struct iface *f, const struct wire_ifaddr *want)
{
	struct wire_ifaddr a, other;
	unsigned i;
	int e;

	for (i = 0; iface_addr_at(f, i, &a); i++)
		if (a.family == want->family && !memcmp(a.ip, want->ip,
		    a.family == AF_INET ? 4 : 16))
			break;
	if (!iface_addr_at(f, i, &a))
		return -EADDRNOTAVAIL;
	e = a.family == AF_INET ? del4(f, &a) : del6(f, &a);
	if (e)
		return e;
	/* The network stays reachable by another address on it. */
	connected_route(f, &a, false);
	for (i = 0; iface_addr_at(f, i, &other); i++)
		connected_route(f, &other, true);
	changed(f);
	return 0;
}
