/*
 * top.h: one look at the buses for shmif top: the members with their rates
 * since the look before, and the connections of hosts that may be asked.
 */
#ifndef STACK_CTL_TOP_H
#define STACK_CTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "stack/wire/wire.h"

struct top_host {
	char bus[BUS_NAMELEN];
	struct bus_member m;
	bool ours;		/* its server may be asked */
	unsigned busy;		/* it did not answer: looks until the next
				   try */
	/* per second */
	double tx_bytes, rx_bytes, tx_frames, rx_frames, lost;
};

struct top_conn {
	char host[BUS_NAMELEN];
	struct wire_sock s;
};

struct top_look {
	uint64_t when;		/* ns */
	unsigned buses;
	struct top_host *host;
	size_t num_hosts;
	struct top_conn *conn;
	size_t num_conns;
};

enum top_order {
	TOP_TRAFFIC, TOP_LOSS, TOP_NAME, TOP_SLOT, TOP_NUM_ORDERS
};

/*
 * Look at a bus, or with NULL at all of the user's; *last gives the rates, if
 * there was one.  The caller frees it with top_free().
 * Return: 0, or CTL_FAILED after an error line.
 */
int top_look(struct top_look *now, const struct top_look *last,
    const char *bus);
void top_free(struct top_look *l);
void top_sort(struct top_look *l, enum top_order order, bool reverse);

/* As text, of at most so many lines and columns; 0: no limit. */
void top_print(const struct top_look *l, enum top_order order, int lines,
    int columns, bool conns);
void top_json(const struct top_look *l);

#endif
