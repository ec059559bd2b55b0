/* pmtu.h: the size of packets that a path takes (RFC 1191, RFC 8201). */
#ifndef STACK_PMTU_H
#define STACK_PMTU_H

#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

#define PMTU_MAX	256	/* paths whose size is kept */

extern int pmtu_discover;	/* a switch of sysctl; 0 or 1 */

/* What was learned for packets to peer; 0: nothing. */
unsigned pmtu_get(const struct wire_addr *peer);
/*
 * A router on the way to peer takes no packets longer than mtu (0: it does
 * not say; len is what was too long).  most: what the route carries anyway.
 * Return: what is believed of it; 0: nothing new.
 */
unsigned pmtu_learn(const struct wire_addr *peer, unsigned mtu, unsigned len,
    unsigned most);

#endif
