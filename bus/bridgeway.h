/* bridgeway.h: one of a bridge's two ways: from a side to the other. */
#ifndef BUS_BRIDGEWAY_H
#define BUS_BRIDGEWAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bridgemacs.h"
#include "bus/bridgequeue.h"
#include "bus/bus.h"
#include "bus/plug.h"

/* A side, as frames are sent to it.  Anybody may, one at a time. */
struct bridge_side {
	struct bus *bus;	/* NULL: the plug */
	const struct bus_plug *plug;
	struct bridgequeue *queue;	/* of the plug; NULL: it never blocks */
	const char *name;
	pthread_mutex_t send;
	unsigned frame_max;	/* bytes of the longest frame */
	unsigned cut_max;	/* of those that a TCP segment is cut to */
};

struct bridge_way {
	struct bridge_side *from, *to;
	unsigned side;		/* number of `from` */
	struct bridgemacs *macs;
	void (*say)(const char *line);
	/* A frame for bridges.  Return: 0, -ELOOP. */
	int (*told)(void *arg, unsigned side, uint8_t *frame, size_t len);
	void *arg;
	_Atomic bool *listening; /* frames are not passed yet */

	uint8_t *frame, *piece;	/* as long as frames get */
	bool said_long;
	/* Of waiting for room, so as not to become a laggard: bridgeway.c. */
	uint64_t window_ns, window_read, waited_ns, stall_ns;
	bool hurry;
};

int bridgeway_init(struct bridge_way *w);	/* 0 or -ENOMEM */
void bridgeway_end(struct bridge_way *w);
/*
 * Pass what there is, but not for ever.  Return: 0, or -errno of the side that
 * frames come from, or of `told`.
 */
int bridgeway_turn(struct bridge_way *w);
/* By who turns: count what the plug has refused since. */
void bridgeway_count(struct bridge_way *w);
/* A frame of our own.  Return: 0, -errno. */
int bridgeway_send(struct bridge_side *to, const void *frame, size_t len);

#endif
