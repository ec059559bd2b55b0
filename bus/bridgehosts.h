/*
 * bridgehosts.h: who is on each side of a bridge: members of its buses, and
 * hosts that other bridges tell of.
 */
#ifndef BUS_BRIDGEHOSTS_H
#define BUS_BRIDGEHOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bridgemsg.h"
#include "bus/bus.h"

#define BRIDGEHOSTS_HEARD 256u	/* of all bridges on a side */

/* Told by another bridge. */
struct bridgehosts_heard {
	uint64_t id;		/* that bridge's */
	uint32_t round;
	uint64_t when_ns;
	struct bus_guest_info info;
};

/* A name or an address on both sides. */
struct bridgehosts_clash {
	uint64_t hash, since_ns;
	bool said;
};

struct bridgehosts {
	struct bus_guest_info own[2][BUS_SLOTS];	/* members */
	size_t num_own[2];
	struct bridgehosts_heard heard[2][BRIDGEHOSTS_HEARD];
	size_t num_heard[2];
	bool crowded[2];	/* there were more */
	bool changed;		/* since bridgehosts_clashes() */
	struct bridgehosts_clash clash[BUS_GUESTS];
	size_t num_clash;
};

/* Look who is on the bus of that side. */
void bridgehosts_look(struct bridgehosts *h, unsigned side, struct bus *b);
/* Take what was told on that side.  Return: whether it is news. */
bool bridgehosts_hear(struct bridgehosts *h, unsigned side,
    const struct bridgemsg *m, uint64_t now_ns);
/* Forget whom nobody has told of for a while. */
void bridgehosts_expire(struct bridgehosts *h, uint64_t now_ns);
/* All on that side, into `to`.  Return: how many. */
size_t bridgehosts_all(const struct bridgehosts *h, unsigned side,
    struct bus_guest_info to[static BUS_SLOTS + BRIDGEHOSTS_HEARD]);
/*
 * A line for each name and address that has been on both sides for a second: one
 * that moves is on both for a moment.
 */
void bridgehosts_clashes(struct bridgehosts *h, const char *const name[2],
    uint64_t now_ns, void (*say)(const char *line));

#endif
