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
#include "stack/ip/input.h"
#include "stack/ip/route.h"
#include "stack/stream/pcbhash.h"
#include "stack/wire/clock.h"

/* Connections that may begin in a ms while others give way: a tenth of a CPU. */
#define FROM_KNOWN	6
#define FROM_UNKNOWN	2
#define LOOKED_UP	32	/* ... and whose senders are looked up */

int halfopen_limit = 4096;

static struct begun {
	ip_addr_t local, remote;
	u16_t lport, rport;	/* rport 0: none */
} *ring;
static unsigned ring_size, next;

struct budget {
	uint64_t ms;
	unsigned used;
};

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

static uint64_t pressed;	/* ns, when one gave way last; 0: long ago */

/* One of so many in this ms. */
static bool take(struct budget *b, unsigned per_ms, uint64_t now)
{
	if (now / CLOCK_NS_MS != b->ms) {
		b->ms = now / CLOCK_NS_MS;
		b->used = 0;
	}
	return b->used < per_ms && ++b->used;
}

/*
 * A SYN costs twenty times as much as to look at it, and those who wait in the
 * ring behind a flood of them would wait for all.  Neighbours that have
 * answered ARP are apart from addresses that may be made up.
 */
static bool excess(const struct wire_addr *from)
{
	static struct budget known, unknown, looked_up;
	uint64_t now;

	if (!pressed)
		return false;
	now = clock_ns();
	if (now - pressed > CLOCK_NS_S) {
		pressed = 0;
		return false;
	}
	if (take(&unknown, FROM_UNKNOWN, now) ||
	    (take(&looked_up, LOOKED_UP, now) && route_resolved(from, 0) &&
	    take(&known, FROM_KNOWN, now)))
		return false;
	counter_inc("tcp.syn_flood");
	return true;
}

void halfopen_init(void)
{
	input_on_syn(excess);
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
		pressed = clock_ns();
		tcp_abandon(old, 0);
	}
	ip_addr_copy(b->local, *ip_current_dest_addr());
	ip_addr_copy(b->remote, *ip_current_src_addr());
	b->lport = syn->dest;
	b->rport = syn->src;
}
