/*
 * halfopen.c: the connections begun last, in a ring; see halfopen.h.
 *
 * An entry is a name and not a pointer: when its turn comes round, the
 * connection of that name may be established or gone, and then all is well.
 */
#include "stack/stream/halfopen.h"

#include <stdlib.h>

#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "stack/core/counter.h"
#include "stack/stream/pcbhash.h"

int halfopen_limit = 4096;

static struct begun {
	ip_addr_t local, remote;
	u16_t lport, rport;	/* rport 0: none */
} *ring;
static unsigned ring_size, next;

static struct begun *entry(void)
{
	unsigned size = (unsigned)halfopen_limit;

	if (size != ring_size) {
		struct begun *r = calloc(size, sizeof(*r));

		if (!r)
			return ring_size ? &ring[next % ring_size] : NULL;
		/* Those of the old ring end by lwIP's time-out, 20 s. */
		free(ring);
		ring = r;
		ring_size = size;
	}
	return &ring[next++ % ring_size];
}

void halfopen_begin(const struct tcp_hdr *syn)
{
	struct begun *b = entry();
	struct tcp_pcb *old;

	if (!b)
		return;
	old = b->rport ? pcbhash_find(&b->local, b->lport, &b->remote,
	    b->rport) : NULL;
	if (old && old->state == SYN_RCVD) {
		counter_inc("tcp.halfopen_dropped");
		tcp_abandon(old, 0);
	}
	ip_addr_copy(b->local, *ip_current_dest_addr());
	ip_addr_copy(b->remote, *ip_current_src_addr());
	b->lport = syn->dest;
	b->rport = syn->src;
}
