/* txchunk.c: pieces of what programs wrote, recycled while cache-warm. */
#include "stack/txchunk.h"

#include <stddef.h>
#include <stdlib.h>

#define TX_SPARE	32		/* chunks kept warm */

static struct tx_chunk *spare;
static unsigned nspare;

/* Buried ones; those of the round before last go next. */
static struct tx_chunk *limbo, *limbo_old;
static unsigned limbo_age;	/* s */
#define LIMBO_S	10

struct tx_chunk *txchunk_get(void)
{
	struct tx_chunk *c = spare;

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

void txchunk_put(struct tx_chunk *c)
{
	if (nspare >= TX_SPARE) {
		free(c);
		return;
	}
	c->next = spare;
	spare = c;
	nspare++;
}

void txchunk_bury(struct tx_chunk *c)
{
	c->next = limbo;
	limbo = c;
}

void txchunk_second(void)
{
	struct tx_chunk *c;

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
