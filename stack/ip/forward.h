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

/* One more ICMP error is due: have there been enough this second? */
bool forward_too_many(void);

/*
 * A packet that came in by `in` goes to dst, whose next hop has not answered
 * ARP or ND yet: if it never does, the sender is told.
 */
void forward_watch(const struct wire_addr *dst, struct netif *in,
    const struct pbuf *p);
void forward_second(void);	/* a timer of core.c's */

/* Host unreachable, about the packet q that came in by `in`. */
void forward_silent4(struct pbuf *q, struct netif *in);
void forward_silent6(struct pbuf *q, struct netif *in);

#endif
