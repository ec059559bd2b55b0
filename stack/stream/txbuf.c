/* txbuf.c: pieces of what programs wrote, recycled while cache-warm. */
#include "stack/stream/txbuf.h"

#include <stddef.h>
#include <stdlib.h>

#define TX_SPARE	32		/* chunks kept warm */

static struct txbuf *spare;
static unsigned nspare;

/* Buried ones; those of the round before last go next. */
static struct txbuf *limbo, *limbo_old;
static unsigned limbo_age;	/* s */
#define LIMBO_S	10

struct txbuf *txbuf_get(void)
{
	struct txbuf *c = spare;

	if (c) {
		spare = c->next;
		nspare--;
	} else {
		c = malloc(sizeof(*c));
		if (!c)
			return NULL;
	}
	c->next = NULL;
	c->len = c->written = c->acked = 0;
	return c;
}

void txbuf_put(struct txbuf *c)
{
	if (nspare >= TX_SPARE) {
		free(c);
		return;
	}
	c->next = spare;
	spare = c;
	nspare++;
}

void txbuf_bury(struct txbuf *c)
{
	c->next = limbo;
	limbo = c;
}

void txbuf_second(void)
{
	struct txbuf *c;

	if (++limbo_age < LIMBO_S)
		return;
	limbo_age = 0;
	while ((c = limbo_old)) {
		limbo_old = c->next;
		free(c);
	}
	limbo_old = limbo;
	limbo = NULL;
}

bool txbuf_needed(void)
{
	return limbo || limbo_old;
}
