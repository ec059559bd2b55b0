/* iface.c: the network interfaces there are; see iface.h. */
#include "stack/ip/iface.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "stack/core/log.h"
#include "stack/ip/timers.h"

static struct iface *all;	/* by ifindex */

#define NAMES_MAX	4096	/* tried, on a bus with liars */

char iface_hostname[64];
static char machine_name[64];	/* iface_hostname as it was at first */
static char wanted_name[64];	/* "": that */
char iface_server[128];

int iface_tso = 1;
uint64_t iface_rx_behind;
static void (*tx_ready)(void);

void iface_insert(struct iface *f)
{
	struct iface **p = &all;

	while (*p && netif_get_index(&(*p)->nif) < netif_get_index(&f->nif))
		p = &(*p)->next;
	f->next = *p;
	*p = f;
}

void iface_remove(struct iface *f)
{
	struct iface **p;

	for (p = &all; *p != f; p = &(*p)->next)
		;
	*p = f->next;
}

struct iface *iface_next(struct iface *f)
{
	return f ? f->next : all;
}

struct iface *iface_find(const char *name)
{
	struct iface *f;

	name = wire_ifname(name);
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
	return f->driver->loopback;
}

/* The n-th who wants that name. */
static void nth_name(char out[static sizeof(iface_hostname)], const char *name,
    unsigned n)
{
	char tail[16] = "";

	if (n > 1)
		snprintf(tail, sizeof(tail), "-%u", n);
	snprintf(out, sizeof(iface_hostname), "%.*s%s",
	    (int)(sizeof(iface_hostname) - 1 - strlen(tail)), name, tail);
}

static bool take_name(const char *name)
{
	struct iface *f;

	for (f = all; f; f = f->next)
		if (f->driver->take_name &&
		    f->driver->take_name(f, name) == -EADDRINUSE)
			return false;
	return true;
}

void iface_claim_hostname(void)
{
	bool given = wanted_name[0];
	char name[sizeof(iface_hostname)];
	unsigned n = 1;

	if (!machine_name[0])
		memcpy(machine_name, iface_hostname, sizeof(machine_name));
	do {
		nth_name(name, given ? wanted_name : machine_name, n);
	} while (!take_name(name) && n++ < NAMES_MAX);
	if (given && n > 1 && strcmp(name, iface_hostname))
		log_err("%s: another host on the bus has that name; this one "
		    "is %s", wanted_name, name);
	memcpy(iface_hostname, name, sizeof(name));
}

bool iface_is_named(void)
{
	return wanted_name[0];
}

void iface_set_hostname(const char *name)
{
	if (!machine_name[0])
		memcpy(machine_name, iface_hostname, sizeof(machine_name));
	snprintf(wanted_name, sizeof(wanted_name), "%s", name);
	iface_claim_hostname();
}

void iface_set_server(const char *path)
{
	struct iface *f;

	snprintf(iface_server, sizeof(iface_server), "%s", path);
	for (f = all; f; f = f->next)
		if (f->driver->addrs_changed)
			f->driver->addrs_changed(f);
}

void iface_in_child(void)
{
	struct iface *f;

	for (f = all; f; f = f->next)
		if (f->driver->in_child)
			f->driver->in_child(f);
}

bool iface_is_linked(const struct iface *f)
{
	return !f->driver->link || f->linkstr[0];
}

void iface_on_tx_ready(void (*fn)(void))
{
	tx_ready = fn;
}

void iface_tx_ready(void)
{
	if (tx_ready)
		tx_ready();
}

void iface_batch_begin(void)
{
	for (struct iface *f = all; f; f = f->next)
		if (f->driver->batch_begin && !(f->faults &&
		    f->faults->damages))
			f->driver->batch_begin(f);
}

void iface_batch_end(void)
{
	for (struct iface *f = all; f; f = f->next)
		if (f->driver->batch_end)
			f->driver->batch_end(f);
}

struct netif *iface_arp_target(struct iface *f, const uint8_t *frame,
    size_t len)
{
	struct iface_alias *a;

	if (len < 42 || frame[12] != 0x08 || frame[13] != 0x06)
		return &f->nif;
	timers_neighbour();
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
	l->flags |= f->asked;
	if (netif_is_up(&f->nif))
		l->flags |= IFF_UP;
	if (netif_is_up(&f->nif) && iface_is_linked(f))
		l->flags |= IFF_RUNNING | 0x10000;	/* IFF_LOWER_UP */
	l->mtu = f->nif.mtu;
	l->hatype = lo ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
	memcpy(l->mac, f->nif.hwaddr, 6);
	memcpy(l->name, f->name, sizeof(l->name));
	snprintf(l->kind, sizeof(l->kind), "%s", f->driver->kind);
	l->slot = -1;
	l->netem = f->faults && f->faults->netem;
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
