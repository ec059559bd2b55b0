/*
 * netem.h: what becomes of a frame, by Linux's model of a bad network
 * (tc-netem(8)): chances, states and times, and no frames.
 *
 * Everything is drawn from one generator, in the order in which frames come
 * and in which the functions below stand here, as the kernel's sch_netem asks:
 * so the same seed and the same frames have the same fate.
 */
#ifndef STACK_FAULT_NETEM_H
#define STACK_FAULT_NETEM_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/wire/wire.h"

#define NETEM_DIST_MAX	16384	/* numbers in a table of a distribution */
#define NETEM_DIST_SCALE	8192	/* one standard deviation */

/* One whose next number is like the last one. */
struct netem_chance {
	uint32_t p;		/* of 2^32 - 1 */
	uint32_t correlation;
	uint32_t last;
};

enum netem_state { NETEM_GOOD, NETEM_BAD,	/* Gilbert and Elliot's */
    NETEM_GAP, NETEM_GAP_LOST, NETEM_BURST, NETEM_BURST_LOST };

struct netem {
	const struct wire_fault *conf;	/* the owner's */
	const int16_t *dist;	/* conf->ndist numbers; NULL: uniform */
	uint64_t random;	/* the generator */
	enum netem_state state;
	uint32_t since;		/* frames since one was sent out of order */
	struct netem_chance loss, duplicate, reorder, corrupt, delay;
};

/* What its chances are is in conf, which stays as it is. */
void netem_init(struct netem *m, const struct wire_fault *conf,
    const int16_t *dist);
bool netem_duplicates(struct netem *m);
bool netem_loses(struct netem *m);
/* If so, which bit of len bytes is turned over. */
bool netem_corrupts(struct netem *m, uint32_t len, uint32_t *byte,
    uint8_t *bit);
/*
 * When a frame of len bytes leaves; last: when the last of those that wait
 * does, or 0: none waits.  Return: false: at once, before those that wait.
 */
bool netem_delays(struct netem *m, uint32_t len, uint64_t now, uint64_t last,
    uint64_t *due);

#endif
