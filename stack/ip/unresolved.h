/*
 * unresolved.h: packets whose next hop has not answered ARP or ND yet.  If it
 * never does, who sent them is told, as Linux does after three seconds.
 */
#ifndef STACK_UNRESOLVED_H
#define STACK_UNRESOLVED_H

#include <stdint.h>

#include "stack/wire/wire.h"

struct pbuf;

#define UNRESOLVED_QUOTE 1232	/* bytes kept of a packet (RFC 4443 2.4) */

struct unresolved {
	struct wire_addr peer;
	/* Called once, under the core lock, when nobody answered. */
	void (*silent)(const struct unresolved *u);
	uint64_t id;		/* the caller's */
	uint64_t since;		/* ns; 0: free */
	uint16_t len;
	uint8_t quote[UNRESOLVED_QUOTE];
};

/*
 * p was sent to peer, for the caller's id.  Nothing happens if the neighbour
 * is known, or if there is no room to watch one more: UDP may stay silent.
 */
void unresolved_watch(const struct wire_addr *peer,
    void (*silent)(const struct unresolved *u), uint64_t id,
    const struct pbuf *p);
void unresolved_init(void);

#endif
