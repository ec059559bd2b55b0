/* input.h: ICMP errors that came in, for whoever sent what they are about. */
#ifndef STACK_INPUT_H
#define STACK_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

/*
 * An error message, taken apart; nothing of it is proven, but that lengths
 * are right.  Of a neighbour that stays silent it is made by the host itself.
 */
struct ip_error {
	struct wire_addr reporter;	/* who says so */
	struct wire_addr local;		/* the sender of what caused it: us */
	struct wire_addr peer;		/* where that was to go */
	uint8_t proto, type, code;	/* type and code of ICMP or ICMPv6 */
	int err;			/* what Linux makes of it; positive */
	bool fatal;	/* also for a socket that did not ask for errors */
	bool too_big;
	unsigned mtu;		/* with too_big; 0: it does not say */
	unsigned whole;		/* bytes of the packet that it is about */
	uint16_t ident;		/* of an echo request, network order */
	uint32_t seq;		/* TCP's, of that packet, host order */
	const uint8_t *payload;	/* of what was sent; gone after the call */
	size_t len;
};

/*
 * Who says that a connection which comes from there is one too many, so that
 * its SYN is dropped before anything is done for it; one for the host.
 */
void input_on_syn(bool (*excess)(const struct wire_addr *from));
/* Who tells the sockets; one for the host. */
void input_on_error(void (*fn)(struct ip_error *e));

#endif
