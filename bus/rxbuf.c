/* rxbuf.c: received frames as pbufs, and the buffers that are kept warm. */
#include <pthread.h>
#include <stdlib.h>

#include "bus/bus.h"
#include "bus/shmif.h"

/* Received frames by size: what is larger than RX_TINY is recycled. */
static const struct {
	size_t cap;		/* bytes; RX_JUMBO: what the bus allows */
	unsigned spare;		/* buffers kept warm */
} sizes[RX_SIZES] = { { 256, 0 }, { 2048, 512 }, { SIZE_MAX, 96 } };

void rxbuf_free(struct pbuf *p)
{
	struct rxbuf *b = (struct rxbuf *)p;
	struct shmif *sh = b->owner;
	bool last, keep;

	if (!sh) {
		free(b);
		return;
	}
	pthread_mutex_lock(&sh->spare_lock);
	keep = !sh->gone && sh->nspare[b->size] < sizes[b->size].spare;
	if (keep) {
		b->next = sh->spare[b->size];
		sh->spare[b->size] = b;
		sh->nspare[b->size]++;
	}
	last = --sh->nout == 0 && sh->gone;
	pthread_mutex_unlock(&sh->spare_lock);
	if (!keep)
		free(b);
	if (last)
		shmif_release(sh);
}

/* The thread's supply is empty: take what came back, else make one. */
static struct rxbuf *rxbuf_supply(struct shmif *sh, int size)
{
	size_t cap = size == RX_JUMBO ?
	    bus_frame_max(bus_geometry(sh->bus)->mtu) : sizes[size].cap;
	struct rxbuf *b;

	pthread_mutex_lock(&sh->spare_lock);
	b = sh->spare[size];
	sh->spare[size] = NULL;
	sh->nout += b ? sh->nspare[size] : 1;
	sh->nspare[size] = 0;
	pthread_mutex_unlock(&sh->spare_lock);
	if (b)
		return b;
	b = malloc(sizeof(*b) + RXBUF_ALIGN + cap);
	if (!b) {
		pthread_mutex_lock(&sh->spare_lock);
		sh->nout--;
		pthread_mutex_unlock(&sh->spare_lock);
		return NULL;
	}
	*b = (struct rxbuf){ .owner = sh, .size = size, .cap = cap,
	    .pc.custom_free_function = rxbuf_free };
	return b;
}

struct rxbuf *rxbuf_get(struct shmif *sh, size_t len)
{
	int size = len <= sizes[RX_TINY].cap ? RX_TINY :
	    len <= sizes[RX_USUAL].cap ? RX_USUAL : RX_JUMBO;
	struct rxbuf *b;

	if (size == RX_TINY) {
		b = malloc(sizeof(*b) + RXBUF_ALIGN + len);
		if (b)
			*b = (struct rxbuf){ .cap = len,
			    .pc.custom_free_function = rxbuf_free };
		return b;
	}
	b = sh->mine[size];
	if (!b)
		b = rxbuf_supply(sh, size);
	if (b)
		sh->mine[size] = b->next;
	return b;
}

static unsigned rxbuf_drop(struct rxbuf *b)
{
	struct rxbuf *next;
	unsigned n = 0;

	for (; b; b = next, n++) {
		next = b->next;
		free(b);
	}
	return n;
}

void rxbuf_end(struct shmif *sh)
{
	bool free_now;

	pthread_mutex_lock(&sh->spare_lock);
	for (int i = 0; i < RX_SIZES; i++) {
		rxbuf_drop(sh->spare[i]);
		sh->nout -= rxbuf_drop(sh->mine[i]);
	}
	sh->gone = true;
	free_now = sh->nout == 0;
	pthread_mutex_unlock(&sh->spare_lock);
	if (free_now)
		shmif_release(sh);
}
