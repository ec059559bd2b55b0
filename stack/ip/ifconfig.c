/* ifconfig.c: interfaces are made, linked, set and destroyed. */
#include "stack/ip/ifconfig.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lwip/ip.h"
#include "netif/ethernet.h"
#include "stack/core/log.h"
#include "stack/ip/loopback.h"
#include "stack/ip/output.h"
#include "stack/ip/route.h"
#include "stack/ip/static6.h"
#include "stack/ip/tap.h"

#define DRIVERS_MAX	8

/* The kinds a user can create. */
static const struct iface_driver *drivers[DRIVERS_MAX];
static size_t ndrivers;

void ifconfig_driver_add(const struct iface_driver *d)
{
	if (ndrivers < DRIVERS_MAX)
		drivers[ndrivers++] = d;
}

static const struct iface_driver *parse_name(const char *name,
    unsigned *unit, bool *numbered)
{
	for (size_t i = 0; i < ndrivers; i++) {
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

err_t ifconfig_nif_init(struct netif *nif)
{
	/* Before netif_add() returns: it then joins "all systems". */
	nif->flags |= NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	nif->output = output_ip4;
	nif->output_ip6 = output_ip6;
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
	if (d->loopback)
		snprintf(f->name, sizeof(f->name), "%s", d->kind);
	else
		snprintf(f->name, sizeof(f->name), "%s%u", d->kind, unit);
	if (!netif_add_noaddr(&f->nif, f, ifconfig_nif_init, ethernet_input)) {
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
	iface_insert(f);
	log_event("interface", "%s created", f->name);
	*out = f;
	return 0;
}

int ifconfig_create(const char *name, struct iface **out,
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
		    "there are shmifN, virtN and vdeN", name);
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

int ifconfig_init(void)
{
	char err[IFACE_ERRLEN];
	struct iface *f;

	return make(&loopback_driver, 0, &f, err);
}

int ifconfig_destroy(struct iface *f, char err[static IFACE_ERRLEN])
{
	if (iface_is_loopback(f)) {
		snprintf(err, IFACE_ERRLEN, "%s stays; only shmifN, "
		    "virtN and vdeN can be destroyed", f->name);
		return -EPERM;
	}
	log_event("interface", "%s destroyed", f->name);
	if (f->faults)
		f->faults->gone(f);
	if (tap_listener)
		tap_listener->lost(f, true);
	iface_remove(f);
	route_flush_iface(netif_get_index(&f->nif));
	static6_flush(netif_get_index(&f->nif));
	netif_set_link_down(&f->nif);
	f->driver->detach(f);
	while (f->aliases)
		ifconfig_alias_remove(f, f->aliases);
	netif_remove(&f->nif);
	free(f);
	return 0;
}

void ifconfig_stop_all(void)
{
	char err[IFACE_ERRLEN];
	struct iface *f, *next;

	for (f = iface_next(NULL); f; f = next) {
		next = iface_next(f);
		ifconfig_destroy(f, err);	/* lo says no */
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

static int whole(char full[static sizeof(((struct iface *)0)->linkstr)],
    const char *vnl)
{
	if (strlen(vnl) >= sizeof(((struct iface *)0)->linkstr))
		return -E2BIG;
	strcpy(full, vnl);
	return 0;
}

int ifconfig_link(struct iface *f, const char *path,
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
	e = f->driver->vnl ? whole(full, path) : absolute(full, path);
	if (!e && !f->driver->vnl && strstr(path, "://")) {
		snprintf(err, IFACE_ERRLEN, "%s is a VNL, and %s on a bus; it "
		    "is for vdeN", path, f->name);
		return -EINVAL;
	}
	if (!e)
		e = f->driver->link(f, full, err);
	if (e != -EINPROGRESS)
		log_event("bus", "%s joins %s %s", f->name, full,
		    log_result(e));
	if (e)
		return e;
	strcpy(f->linkstr, full);
	iface_claim_hostname();
	return 0;
}

int ifconfig_link_now(struct iface *f, const char *path,
    char err[static IFACE_ERRLEN])
{
	int e;

	do
		e = ifconfig_link(f, path, err);
	while (e == -EINPROGRESS);
	return e;
}

int ifconfig_unlink(struct iface *f, char err[static IFACE_ERRLEN])
{
	struct wire_ifaddr a;

	if (!f->driver->unlink || !f->linkstr[0]) {
		snprintf(err, IFACE_ERRLEN, "%s is not linked", f->name);
		return -ENXIO;
	}
	while (iface_addr_at(f, 0, &a))
		ifconfig_addr_del(f, &a);
	netif_set_down(&f->nif);
	f->driver->unlink(f);
	log_event("bus", "%s leaves %s", f->name, f->linkstr);
	f->linkstr[0] = '\0';
	return 0;
}

/* Up, down and other settings. */

int ifconfig_need_link(struct iface *f, char err[static IFACE_ERRLEN])
{
	if (iface_is_linked(f))
		return 0;
	snprintf(err, IFACE_ERRLEN, "%s has no %s yet; "
	    "ifconfig %s linkstr %s first", f->name,
	    f->driver->vnl ? "plug" : "bus", f->name,
	    f->driver->vnl ? "VNL" : "PATH");
	return -ENXIO;
}

int ifconfig_up(struct iface *f, bool up, char err[static IFACE_ERRLEN])
{
	struct iface_alias *a;

	if (up && ifconfig_need_link(f, err))
		return -ENXIO;
	if (up == !!netif_is_up(&f->nif))
		return 0;
	log_event("interface", "%s %s", f->name, up ? "up" : "down");
	if (up) {
		netif_set_up(&f->nif);
		netif_create_ip6_linklocal_address(&f->nif, 1);
		netif_ip6_addr_set_state(&f->nif, 0, IP6_ADDR_PREFERRED);
	} else {
		netif_set_down(&f->nif);
		route_iface_down(netif_get_index(&f->nif));
		if (tap_listener)
			tap_listener->lost(f, false);
	}
	for (a = f->aliases; a; a = a->next) {
		if (up)
			netif_set_up(&a->nif);
		else
			netif_set_down(&a->nif);
	}
	return 0;
}

int ifconfig_flags(struct iface *f, uint32_t flags)
{
	if ((f->asked ^ flags) & IFF_PROMISC)
		tap_promisc(f, flags & IFF_PROMISC);
	f->asked = flags & WIRE_IF_ASKED;
	return 0;
}

int ifconfig_mtu(struct iface *f, uint32_t mtu, char err[static IFACE_ERRLEN])
{
	uint32_t max = BUS_MTU_MAX;

	if (f->driver->mtu_max && (f->driver->vnl || iface_is_linked(f)))
		max = f->driver->mtu_max(f);
	if (mtu < BUS_MTU_MIN || mtu > max) {
		snprintf(err, IFACE_ERRLEN, "mtu %u is out of range, %d to %u"
		    "%s", mtu, BUS_MTU_MIN, max,
		    max == BUS_MTU_MAX ? "" : f->driver->vnl ?
		    " over VDE" : " on this bus");
		return -EINVAL;
	}
	log_event("interface", "%s mtu %u", f->name, mtu);
	f->nif.mtu = (u16_t)mtu;
	f->nif.mtu6 = (u16_t)mtu;
	f->mtu_set = true;
	for (struct iface_alias *a = f->aliases; a; a = a->next)
		a->nif.mtu = (u16_t)mtu;
	return 0;
}

int ifconfig_mac(struct iface *f, const uint8_t mac[static 6],
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
	log_event("interface", "%s lladdr %02x:%02x:%02x:%02x:%02x:%02x",
	    f->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	memcpy(f->nif.hwaddr, mac, 6);
	for (struct iface_alias *a = f->aliases; a; a = a->next)
		memcpy(a->nif.hwaddr, mac, 6);
	f->mac_set = true;
	return 0;
}
