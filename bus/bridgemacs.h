/* bridgemacs.h: which MAC is on which side of a bridge, as frames tell. */
#ifndef BUS_BRIDGEMACS_H
#define BUS_BRIDGEMACS_H

#include <stdatomic.h>
#include <stdint.h>

#define BRIDGEMACS	4096u	/* entries; a stranger may fill them all */
#define BRIDGEMACS_TTL	300u	/* s */

/* Both threads use it without a lock: an entry is one word. */
struct bridgemacs {
	_Atomic uint64_t at[BRIDGEMACS];
};

void bridgemacs_learn(struct bridgemacs *t, const uint8_t mac[static 6],
    unsigned side, uint64_t now_ns);
/* Return: the side, or -1 if it is not known. */
int bridgemacs_find(struct bridgemacs *t, const uint8_t mac[static 6],
    uint64_t now_ns);

#endif
