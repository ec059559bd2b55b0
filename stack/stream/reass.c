/* reass.c: memory of segments that came out of order; see reass.h. */
#include "stack/stream/reass.h"

#include <malloc.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/core/counter.h"
#include "stack/core/trim.h"

int reass_max = 3072;
int reass_memory = 64;

static uint64_t taken;		/* bytes */

/* All pbufs begin with a block of malloc's, custom ones as well. */
u32_t reass_take(const struct pbuf *p)
{
	size_t n = sizeof(struct tcp_seg);

	for (; p; p = p->next)
		n += malloc_usable_size((void *)(uintptr_t)p);
	taken += n;
	trim_count((int64_t)n);
	return (u32_t)n;
}

void reass_give(u32_t bytes)
{
	taken -= bytes;
	trim_count(-(int64_t)bytes);
}

static uint64_t of(const struct tcp_pcb *pcb)
{
	uint64_t n = 0;

	for (const struct tcp_seg *seg = pcb->ooseq; seg; seg = seg->next)
		n += seg->held;
	return n;
}

/*
 * Who has half of an equal share, or more, loses all of it.  What the others
 * have is less than half, so that much comes in before this is done again.
 */
static void make_room(uint64_t max)
{
	struct tcp_pcb *pcb;
	uint64_t holders = 0;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		holders += pcb->ooseq != NULL;
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
		if (pcb->ooseq && of(pcb) >= max / 2 / holders) {
			tcp_free_ooseq(pcb);
			counter_inc("tcp.reass_full");
		}
	}
}

u16_t reass_limit(void)
{
	uint64_t max = (uint64_t)reass_memory << 20;

	if (taken > max)
		make_room(max);
	return (u16_t)reass_max;
}
