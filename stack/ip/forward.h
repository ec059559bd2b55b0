/* forward.h: what both IP versions share of forwarding; forward.c, forward6.c. */
#ifndef STACK_FORWARD_H
#define STACK_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/wire/wire.h"

struct netif;
struct pbuf;

#define FORWARD_QUOTE4	548	/* bytes; with headers 576, RFC 1812 4.3.2.3 */
#define FORWARD_QUOTE6	1232	/* with headers 1280, RFC 4443 2.4 */

/*
 * A packet that came in by `in` goes to dst: if its next hop never answers ARP
 * or ND, the sender is told.  false: too many wait for such neighbours
 * already, and it is not to be sent.
 */
bool forward_watch(const struct wire_addr *dst, struct netif *in,
    const struct pbuf *p);

/*
 * An IPv6 packet that is not for this host, with its whole header: forwarded,
 * if the host is a router, or not.  Stays the caller's.
 */
void forward_ip6(struct pbuf *p, struct netif *in);

/* Host unreachable, about the packet q that came in by `in`. */
void forward_silent4(struct pbuf *q, struct netif *in);
void forward_silent6(struct pbuf *q, struct netif *in);

#endif
