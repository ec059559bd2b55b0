/* route.h: the routing table; lwIP asks it through hooks.h. */
#ifndef STACK_ROUTE_H
#define STACK_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/ip/hooks.h"
#include "stack/wire/wire.h"

struct iface;
struct netif;

/* Switches of sysctl; 0 or 1. */
/* Told of each entry that was added, or is about to go; NULL: nobody. */
extern void (*route_listener)(const struct wire_route *r, bool gone);
extern int route_forward4, route_forward6;

/*
 * Add or remove; ifindex 0: the interface of the gateway.  0 or -errno:
 * -EEXIST, -ESRCH, -ENETUNREACH (the gateway is on no network of ours).
 */
int route_add(struct wire_route *r);
int route_del(const struct wire_route *r);
/*
 * The route that dst of r (with plen 32 or 128) takes, its mtu the path's;
 * 0 or -ENETUNREACH.
 */
int route_get(struct wire_route *r);
/*
 * The best route to ip (of 4 or 16 bytes, by family) whose interface is up;
 * oif: only by that one, 0 for any.  Of the table, until it changes.
 */
const struct wire_route *route_find(int family, const uint8_t *ip, int oif);
/* The table, entry by entry; NULL after the last. */
const struct wire_route *route_entry(size_t i);
/* The interface goes down, and it is going. */
void route_iface_down(uint32_t ifindex);
void route_flush_iface(uint32_t ifindex);

/*
 * How a packet to peer leaves: the interface and the source address.
 * oif: only by this one, 0 for any; want: this source, or NULL.
 * 0, -ENETUNREACH, -ENODEV, -EADDRNOTAVAIL.
 */
int route_output(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src, struct netif **nif);
/* The same only to know it: nothing is counted. */
int route_try(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src, struct netif **nif);
/* The same for a connection: only the source. */
int route_source(const struct wire_addr *peer, int oif,
    const struct wire_addr *want, struct wire_addr *src);
bool route_is_broadcast(const uint8_t ip4[static 4]);
/*
 * Why no packet takes that route: 0 or, as on Linux, -EHOSTUNREACH, -EINVAL
 * (a blackhole), -EACCES (prohibited), -ENETUNREACH (throw).  NULL: 0.
 */
int route_refusal(const struct wire_route *rt);
/* The same of the route to peer; there is none: -ENETUNREACH. */
int route_refused(const struct wire_addr *peer);
/* Does the next hop to peer answer ARP or ND? */
bool route_resolved(const struct wire_addr *peer, int oif);
/* Of the path to peer, as far as it is known. */
int route_mtu(const struct wire_addr *peer);

#endif
