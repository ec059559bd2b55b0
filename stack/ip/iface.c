/* iface.c: network interfaces: made, named, linked, destroyed. */
#include "stack/ip/iface.h"

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
#include "lwip/ip.h"
#include "lwip/prot/etharp.h"
#include "netif/ethernet.h"
#include "stack/ip/ifaddr.h"
#include "stack/ip/loopback.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

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

err_t iface_nif_init(struct netif *nif)
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
	if (!netif_add_noaddr(&f->nif, f, iface_nif_init, ethernet_input)) {
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
		ifaddr_alias_remove(f, f->aliases);
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

void iface_in_child(void)
{
	struct iface *f;

	for (f = all; f; f = f->next)
		if (f->driver->in_child)
			f->driver->in_child(f);
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

int iface_need_link(struct iface *f, char err[static IFACE_ERRLEN])
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

	if (up && iface_need_link(f, err))
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
