/* pmtu.h: the size of packets that a path takes (RFC 1191, RFC 8201). */
#ifndef STACK_PMTU_H
#define STACK_PMTU_H

#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

struct tcp_pcb;

extern int pmtu_discover;	/* a switch of sysctl; 0 or 1 */

/* What was learned for packets to peer; 0: nothing. */
unsigned pmtu_get(const struct wire_addr *peer);
/*
 * A router on the way to peer takes no packets longer than mtu (0: it does
 * not say; len is what was too long).  Connections that go there are made to
 * fit and send again what was lost.
 */
void pmtu_learn(const struct wire_addr *peer, unsigned mtu, unsigned len);
/*
 * The connection whose packet a router quotes: ports in network order and
 * seq in host order are of that packet.  NULL: none, or seq was never sent.
 */
struct tcp_pcb *pmtu_quoted(const struct wire_addr *local,
    const struct wire_addr *peer, uint32_t seq);
/* A connection begins: let it use what is known of its path. */
void pmtu_fit(struct tcp_pcb *pcb);

#endif
