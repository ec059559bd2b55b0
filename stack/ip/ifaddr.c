/* ifaddr.c: the addresses of network interfaces, and which one to use. */
#include "stack/ip/iface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/ip.h"
#include "stack/ip/addr.h"

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

static bool has4(const struct iface *f, const uint8_t *ip)
{
	const struct iface_alias *al;
	uint32_t want;

	memcpy(&want, ip, sizeof(want));
	if (want && netif_ip4_addr(&f->nif)->addr == want)
		return true;
	for (al = f->aliases; al; al = al->next)
		if (netif_ip4_addr(&al->nif)->addr == want)
			return true;
	return false;
}

static bool has6(const struct iface *f, const struct wire_addr *want)
{
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		const ip6_addr_t *ip = netif_ip6_addr(&f->nif, i);

		if (ip6_addr_isvalid(netif_ip6_addr_state(&f->nif, i)) &&
		    !memcmp(ip->addr, want->ip, 16) &&
		    (!ip6_addr_islinklocal(ip) || !want->scope ||
		    want->scope == netif_get_index(&f->nif)))
			return true;
	}
	return false;
}

/* For each packet.  127.0.0.0/8 is lo's as a whole. */
struct iface *iface_of_addr(const struct wire_addr *want)
{
	struct iface *f;

	if (want->family == AF_INET && want->ip[0] == 127)
		return iface_next(NULL);
	for (f = iface_next(NULL); f; f = iface_next(f))
		if (want->family == AF_INET ? has4(f, want->ip) :
		    want->family == AF_INET6 && has6(f, want))
			return f;
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
