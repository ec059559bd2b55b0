/* iface.c: network interfaces: made, named, addressed, destroyed. */
#include "stack/iface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/igmp.h"
#include "lwip/ip.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/prot/etharp.h"
#include "netif/ethernet.h"
#include "stack/loopback.h"
#include "stack/route.h"
#include "stack/sock.h"

static struct iface *all;	/* by ifindex */

char iface_hostname[64];

static const struct iface_driver *const drivers[] = {
	&shmif_driver, &virt_driver,
};

/* Finding. */

struct iface *iface_next(struct iface *f)
{
	return f ? f->next : all;
}

struct iface *iface_find(const char *name)
{
	struct iface *f;

	for (f = all; f; f = f->next)
		if (!strncmp(f->name, name, sizeof(f->name)))
			return f;
	return NULL;
}

uint32_t iface_index(const struct netif *nif)
{
	const struct iface *f = nif->state;

	return netif_get_index(&f->nif);
}

struct iface *iface_by_index(uint32_t ifindex)
{
	struct iface *f;

	for (f = all; f; f = f->next)
		if (netif_get_index(&f->nif) == ifindex)
			return f;
	return NULL;
}

struct netif *iface_by_name(const char *name)
{
	struct iface *f = iface_find(name);

	return f ? &f->nif : NULL;
}

void iface_name(const struct netif *nif, char name[static WIRE_NAMELEN])
{
	const struct iface *f = nif->state;

	memcpy(name, f->name, WIRE_NAMELEN);
}

bool iface_is_loopback(const struct iface *f)
{
	return f->driver == &loopback_driver;
}

/* Creating and destroying. */

static const struct iface_driver *parse_name(const char *name,
    unsigned *unit, bool *numbered)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(drivers[i]->kind);
		char *end;
		unsigned long u;

		if (strncmp(name, drivers[i]->kind, n))
			continue;
		*numbered = name[n] != '\0';
		if (!*numbered)
			return drivers[i];
		if (name[n] < '0' || name[n] > '9')
			continue;
		u = strtoul(name + n, &end, 10);
		if (*end || u > 9999 || (name[n] == '0' && name[n + 1]))
			continue;
		*unit = (unsigned)u;
		return drivers[i];
	}
	return NULL;
}

static void insert(struct iface *f)
{
	struct iface **p = &all;

	while (*p && netif_get_index(&(*p)->nif) < netif_get_index(&f->nif))
		p = &(*p)->next;
	f->next = *p;
	*p = f;
}

static err_t nif_init(struct netif *nif)
{
	/* Before netif_add() returns: it then joins "all systems". */
	nif->flags |= NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	nif->output = route_output_ip4;
	nif->output_ip6 = route_output_ip6;
	netif_set_ip6_autoconfig_enabled(nif, 1);
	return ERR_OK;
}

static int make(const struct iface_driver *d, unsigned unit,
    struct iface **out, char err[static IFACE_ERRLEN])
{
	struct iface *f = calloc(1, sizeof(*f));
	int e;

	if (!f)
		return -ENOBUFS;
	f->driver = d;
	f->unit = unit;
	snprintf(f->name, sizeof(f->name), "%s%u", d->kind, unit);
	if (!netif_add_noaddr(&f->nif, f, nif_init, ethernet_input)) {
		free(f);
		snprintf(err, IFACE_ERRLEN, "no room for another interface");
		return -ENOBUFS;
	}
	f->nif.name[0] = d->kind[0];
	f->nif.name[1] = d->kind[1];
	e = d->attach(f, err);
	if (e) {
		netif_remove(&f->nif);
		free(f);
		return e;
	}
	insert(f);
	*out = f;
	return 0;
}

int iface_create(const char *name, struct iface **out,
    char err[static IFACE_ERRLEN])
{
	const struct iface_driver *d;
	char try[WIRE_NAMELEN];
	bool numbered;
	unsigned unit = 0;

	err[0] = '\0';
	d = parse_name(name, &unit, &numbered);
	if (!d) {
		snprintf(err, IFACE_ERRLEN, "%s: no such kind of interface; "
		    "there are shmifN and virtN", name);
		return -EINVAL;
	}
	for (;; unit++) {
		snprintf(try, sizeof(try), "%s%u", d->kind, unit);
		if (!iface_find(try))
			break;
		if (numbered) {
			snprintf(err, IFACE_ERRLEN, "%s exists already; "
			    "use it, or destroy it first", name);
			return -EEXIST;
		}
	}
	return make(d, unit, out, err);
}

int iface_init(void)
{
	char err[IFACE_ERRLEN];
	struct iface *f;

	return make(&loopback_driver, 0, &f, err);
}

static void alias_remove(struct iface *f, struct iface_alias *a)
{
	struct iface_alias **p;

	for (p = &f->aliases; *p != a; p = &(*p)->next)
		;
	*p = a->next;
	netif_remove(&a->nif);
	free(a);
}

int iface_destroy(struct iface *f, char err[static IFACE_ERRLEN])
{
	struct iface **p;

	if (iface_is_loopback(f)) {
		snprintf(err, IFACE_ERRLEN, "%s stays; only shmifN and "
		    "virtN can be destroyed", f->name);
		return -EPERM;
	}
	for (p = &all; *p != f; p = &(*p)->next)
		;
	*p = f->next;
	route_flush_iface(netif_get_index(&f->nif));
	netif_set_link_down(&f->nif);
	f->driver->detach(f);
	while (f->aliases)
		alias_remove(f, f->aliases);
	netif_remove(&f->nif);
	free(f);
	return 0;
}

void iface_stop_all(void)
{
	char err[IFACE_ERRLEN];
	struct iface *f, *next;

	for (f = all; f; f = next) {
		next = f->next;
		iface_destroy(f, err);	/* lo0 says no */
	}
}

/* Linking to a bus. */

/* The server leaves the directory it was started in. */
static int absolute(char full[static sizeof(((struct iface *)0)->linkstr)],
    const char *path)
{
	size_t size = sizeof(((struct iface *)0)->linkstr), n = 0;

	if (path[0] != '/') {
		if (!getcwd(full, size))
			return errno == ERANGE ? -E2BIG : -errno;
		n = strlen(full);
		full[n++] = '/';
		while (path[0] == '.' && path[1] == '/')
			path += 2;
	}
	if (n + strlen(path) >= size)
		return -E2BIG;
	strcpy(full + n, path);
	return 0;
}

int iface_link(struct iface *f, const char *path,
    char err[static IFACE_ERRLEN])
{
	char full[sizeof(f->linkstr)];
	int e;

	err[0] = '\0';
	if (!f->driver->link) {
		snprintf(err, IFACE_ERRLEN, "%s takes no linkstr", f->name);
		return -EINVAL;
	}
	if (f->linkstr[0]) {
		snprintf(err, IFACE_ERRLEN, "%s is linked to %s already; "
		    "-linkstr first", f->name, f->linkstr);
		return -EBUSY;
	}
	if (netif_is_up(&f->nif)) {
		snprintf(err, IFACE_ERRLEN, "%s is up; take it down first",
		    f->name);
		return -EBUSY;
	}
	e = absolute(full, path);
	if (!e)
		e = f->driver->link(f, full, err);
	if (!e)
		strcpy(f->linkstr, full);
	return e;
}

int iface_unlink(struct iface *f, char err[static IFACE_ERRLEN])
{
	struct wire_ifaddr a;

	if (!f->driver->unlink || !f->linkstr[0]) {
		snprintf(err, IFACE_ERRLEN, "%s is not linked", f->name);
		return -ENXIO;
	}
	while (iface_addr_at(f, 0, &a))
		iface_addr_del(f, &a);
	netif_set_down(&f->nif);
	f->driver->unlink(f);
	f->linkstr[0] = '\0';
	return 0;
}

/* Up, down and other settings. */

static bool linked(const struct iface *f)
{
	return !f->driver->link || f->linkstr[0];
}

static int need_link(struct iface *f, char err[static IFACE_ERRLEN])
{
	if (linked(f))
		return 0;
	snprintf(err, IFACE_ERRLEN, "%s has no bus yet; "
	    "ifconfig %s linkstr PATH first", f->name, f->name);
	return -ENXIO;
}

int iface_set_up(struct iface *f, bool up, char err[static IFACE_ERRLEN])
{
	struct iface_alias *a;

	if (up && need_link(f, err))
		return -ENXIO;
	if (up == !!netif_is_up(&f->nif))
		return 0;
	if (up) {
		netif_set_up(&f->nif);
		netif_create_ip6_linklocal_address(&f->nif, 1);
		netif_ip6_addr_set_state(&f->nif, 0, IP6_ADDR_PREFERRED);
	} else {
		netif_set_down(&f->nif);
	}
	for (a = f->aliases; a; a = a->next) {
		if (up)
			netif_set_up(&a->nif);
		else
			netif_set_down(&a->nif);
	}
	return 0;
}

int iface_set_mtu(struct iface *f, uint32_t mtu, char err[static IFACE_ERRLEN])
{
	uint32_t max = BUS_MTU_MAX;

	if (f->driver == &shmif_driver && linked(f))
		max = shmif_mtu_max(f);
	if (mtu < BUS_MTU_MIN || mtu > max) {
		snprintf(err, IFACE_ERRLEN, "mtu %u is out of range, %u to %u"
		    "%s", mtu, BUS_MTU_MIN, max,
		    max < BUS_MTU_MAX ? " on this bus" : "");
		return -EINVAL;
	}
	f->nif.mtu = (u16_t)mtu;
	f->nif.mtu6 = (u16_t)mtu;
	f->mtu_set = true;
	for (struct iface_alias *a = f->aliases; a; a = a->next)
		a->nif.mtu = (u16_t)mtu;
	return 0;
}

int iface_set_mac(struct iface *f, const uint8_t mac[static 6],
    char err[static IFACE_ERRLEN])
{
	int e;

	if (iface_is_loopback(f) || (mac[0] & 1)) {
		snprintf(err, IFACE_ERRLEN, "%s cannot have that address; "
		    "give a bus interface a unicast one", f->name);
		return -EINVAL;
	}
	e = f->driver->set_mac ? f->driver->set_mac(f, mac) : 0;
	if (e) {
		snprintf(err, IFACE_ERRLEN, "another member of the bus has "
		    "that address; take another");
		return e;
	}
	memcpy(f->nif.hwaddr, mac, 6);
	for (struct iface_alias *a = f->aliases; a; a = a->next)
		memcpy(a->nif.hwaddr, mac, 6);
	f->mac_set = true;
	return 0;
}

void iface_set_hostname(const char *name)
{
	struct iface *f;

	snprintf(iface_hostname, sizeof(iface_hostname), "%s", name);
	for (f = all; f; f = f->next)
		if (f->driver->addrs_changed)
			f->driver->addrs_changed(f);
}

/* Addresses. */

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
		return all;
	for (f = all; f; f = f->next) {
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
		for (f = all->next; f; f = f->next)
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
	if (!netif_add(&al->nif, &ip, &m, &none, f, nif_init,
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
	int e = need_link(f, err);

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
			alias_remove(f, al);
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

struct netif *iface_arp_target(struct iface *f, const uint8_t *frame,
    size_t len)
{
	struct iface_alias *a;

	if (!f->aliases || len < 42 || frame[12] != 0x08 || frame[13] != 0x06)
		return &f->nif;
	for (a = f->aliases; a; a = a->next)
		if (!memcmp(frame + 38, &netif_ip4_addr(&a->nif)->addr, 4))
			return &a->nif;
	return &f->nif;
}

void iface_fill_link(struct iface *f, struct wire_link *l)
{
	bool lo = iface_is_loopback(f);

	memset(l, 0, sizeof(*l));
	l->ifindex = netif_get_index(&f->nif);
	l->flags = lo ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST;
	if (netif_is_up(&f->nif))
		l->flags |= IFF_UP;
	if (netif_is_up(&f->nif) && linked(f))
		l->flags |= IFF_RUNNING | 0x10000;	/* IFF_LOWER_UP */
	l->mtu = f->nif.mtu;
	l->hatype = lo ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
	memcpy(l->mac, f->nif.hwaddr, 6);
	memcpy(l->name, f->name, sizeof(l->name));
	snprintf(l->kind, sizeof(l->kind), "%s", f->driver->kind);
	l->slot = -1;
	l->rx_packets = f->rx_packets;
	l->rx_bytes = f->rx_bytes;
	l->rx_errors = f->rx_errors;
	l->rx_dropped = f->rx_dropped;
	l->rx_multicast = f->rx_multicast;
	l->tx_packets = f->tx_packets;
	l->tx_bytes = f->tx_bytes;
	l->tx_errors = f->tx_errors;
	l->tx_dropped = f->tx_dropped;
	memcpy(l->linkstr, f->linkstr, sizeof(l->linkstr));
	if (f->driver->fill_link)
		f->driver->fill_link(f, l);
}
