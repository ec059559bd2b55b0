/* bridgeway.h: one of a bridge's two ways: from a side to the other. */
#ifndef BUS_BRIDGEWAY_H
#define BUS_BRIDGEWAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bridgemacs.h"
#include "bus/bridgeout.h"

struct bridge_way {
	struct bridge_side *from, *to;
	unsigned side;		/* number of `from` */
	struct bridgemacs *macs;
	void (*say)(const char *line);
	/* A frame for bridges.  Return: 0, -ELOOP. */
	int (*told)(void *arg, unsigned side, uint8_t *frame, size_t len);
	void *arg;
	_Atomic bool *listening; /* frames are not passed yet */

	struct bridge_out out;
	uint8_t *frame;		/* off the bus, BRIDGE_FRAME */
	uint64_t now_ns;	/* when this turn began */
	bool said_long;
};

int bridgeway_init(struct bridge_way *w);	/* 0 or -ENOMEM */
void bridgeway_end(struct bridge_way *w);
/*
 * Pass what there is, but not for ever.  Return: 0: there was nothing; 1: there
 * may be more; or -errno of the side that frames come from, or of `told`.
 */
int bridgeway_turn(struct bridge_way *w);
/* By who turns: count what the plug has refused since. */
void bridgeway_count(struct bridge_way *w);

#endif
