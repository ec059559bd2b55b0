/* ifconfig_addr.c: the addresses of interfaces are given and taken. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "netif/ethernet.h"
#include "stack/core/log.h"
#include "stack/ip/addr.h"
#include "stack/ip/ifconfig.h"
#include "stack/ip/route.h"

void ifconfig_alias_remove(struct iface *f, struct iface_alias *a)
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
			iface_addr_at(f, 0, &old);
			connected_route(f, &old, false);
		}
		netif_set_addr(&f->nif, &ip, &m, &none);
		return 0;
	}
	al = calloc(1, sizeof(*al));
	if (!al)
		return -ENOBUFS;
	if (!netif_add(&al->nif, &ip, &m, &none, f, ifconfig_nif_init,
	    ethernet_input)) {
		free(al);
		return -ENOBUFS;
	}
	al->nif.input = f->nif.input;
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

static void changed(struct iface *f, const struct wire_ifaddr *a,
    const char *how)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->ip, ip, sizeof(ip));
	log_event("interface", "%s %s %s/%u", f->name, how, ip, a->plen);
	if (f->driver->addrs_changed)
		f->driver->addrs_changed(f);
}

static bool has_already(struct iface *f, const struct wire_ifaddr *want)
{
	struct wire_ifaddr a;

	for (unsigned i = 0; iface_addr_at(f, i, &a); i++)
		if (a.family == want->family && a.plen == want->plen &&
		    !memcmp(a.ip, want->ip, addr_len(a.family)))
			return true;
	return false;
}

int ifconfig_addr_add(struct iface *f, struct wire_ifaddr *a,
    char err[static IFACE_ERRLEN])
{
	struct wire_addr as = { .family = a->family };
	int e = ifconfig_need_link(f, err);

	if (e)
		return e;
	if (a->flags & WIRE_ADDR_SLOT) {
		if (!f->driver->auto_addr || f->driver->auto_addr(f, a)) {
			snprintf(err, IFACE_ERRLEN, "%s: there is no network "
			    "to take an address from; give one", f->linkstr);
			return -EADDRNOTAVAIL;
		}
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
	if (iface_is_loopback(f) && has_already(f, a))
		return 0;	/* a sandbox takes it for a new one */
	if (iface_of_addr(&as) && !(a->family == AF_INET && as.ip[0] == 127)) {
		snprintf(err, IFACE_ERRLEN, "the host has that address "
		    "already; take another");
		return -EEXIST;
	}
	e = f->driver->check_addr && !(a->flags & WIRE_ADDR_ANYHOW) ?
	    f->driver->check_addr(f, a, err) : 0;
	if (!e)
		e = a->family == AF_INET ? add4(f, a) : add6(f, a);
	if (e)
		return e;
	connected_route(f, a, true);
	ifconfig_up(f, true, err);
	changed(f, a, "address");
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
			ifconfig_alias_remove(f, al);
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

int ifconfig_addr_del(struct iface *f, const struct wire_ifaddr *want)
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
	changed(f, &a, "no address");
	return 0;
}
