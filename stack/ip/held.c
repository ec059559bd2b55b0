/* held.c: what strangers make lwIP hold, in bytes; see held.h. */
#include "stack/ip/held.h"

#include <malloc.h>

#include "lwip/mem.h"
#include "lwip/priv/memp_priv.h"
#include "stack/core/counter.h"
#include "stack/core/trim.h"

#define OVERHEAD	512	/* bytes beside a packet's own, about */

int held_frag4 = 4 << 20;	/* net.ipv4.ipfrag_high_thresh */
int held_frag6 = 4 << 20;
int held_unres = 8 << 20;

/* In front of an entry, whose alignment it keeps. */
union head {
	u32_t bytes;
	max_align_t align;
};

static u32_t waiting;		/* bytes of all packets that wait */
static u32_t packet;		/* bytes of the one that goes out */
static bool refused;

/* All pbufs begin with a block of malloc's, custom ones as well. */
u16_t held_size(const struct pbuf *p)
{
	size_t sum = 0;

	for (; p; p = p->next)
		sum += (malloc_usable_size((void *)(uintptr_t)p) + 1023) >> 10;
	return sum > UINT16_MAX ? UINT16_MAX : (u16_t)sum;
}

void held_frag4_dropped(void)
{
	counter_inc("ip.fragments_full");
}

void held_frag6_dropped(void)
{
	counter_inc("ip6.fragments_full");
}

void held_replaced4(void)
{
	counter_inc("ip.neighbour_replaced");
}

void held_replaced6(void)
{
	counter_inc("ip6.neighbour_replaced");
}

void held_short(void)
{
	counter_inc("if.too_short");
}

void held_advertised_full(void)
{
	counter_inc("ip6.advertised_full");
}

void held_packet(const struct pbuf *p)
{
	packet = p->tot_len + OVERHEAD;
	refused = false;
}

bool held_refused(void)
{
	if (refused)
		counter_inc("ip.neighbour_full");
	return refused;
}

void *held_malloc(memp_t type)
{
	union head *h;

	refused = waiting + packet > (u32_t)held_unres;
	if (refused)
		return NULL;
	h = mem_malloc((mem_size_t)(sizeof(*h) + memp_pools[type]->size));
	if (!h)
		return NULL;
	h->bytes = packet;
	waiting += packet;
	trim_count(packet);
	return h + 1;
}

void held_free(memp_t type, void *entry)
{
	union head *h = entry;

	(void)type;
	waiting -= (--h)->bytes;
	trim_count(-(int64_t)h->bytes);
	mem_free(h);
}
