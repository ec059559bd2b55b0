/*
 * bridgeout.h: frames of one way of a bridge into the side that they go to.
 *
 * Into a plug go many at a time.  Segments of a stream that came by a plug one
 * after the other become a large one (gso.h), as they were before they were cut
 * for the cable: the bus takes one record then, and its reader one packet.
 */
#ifndef BUS_BRIDGEOUT_H
#define BUS_BRIDGEOUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bus/bridgequeue.h"
#include "bus/bus.h"
#include "bus/gso.h"
#include "bus/plug.h"

#define BRIDGE_TURN	64	/* frames that are looked at in one turn */
#define BRIDGE_FRAME	(UINT16_MAX + 64u)	/* bytes of the longest of all */

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

/* One thread's. */
struct bridge_out {
	struct bridge_side *from, *to;

	/* To a plug: what waits for the turn to end, and bytes of it. */
	uint8_t *buf;
	struct iovec frame[BRIDGE_TURN];
	int n;
	size_t used;

	/* To a bus: a segment, or several as headers and payloads. */
	struct gso gso;
	struct iovec seg, part[1 + BRIDGE_TURN];
	int held;		/* how many */

	/* Of waiting for room, so as not to become a laggard. */
	uint64_t window_ns, window_read, waited_ns, stall_ns;
	bool hurry;
};

int bridgeout_init(struct bridge_out *o, struct bridge_side *from,
    struct bridge_side *to);		/* 0 or -ENOMEM */
void bridgeout_free(struct bridge_out *o);

/* A frame, or a large segment for a bus; the bytes stay the caller's. */
void bridgeout_put(struct bridge_out *o, const uint8_t *frame, size_t len,
    unsigned seg_size);
/* The same, made in place: BRIDGE_FRAME bytes to write it to, then its length. */
uint8_t *bridgeout_room(struct bridge_out *o);
void bridgeout_made(struct bridge_out *o, size_t len);
/* For a bus: others may follow; its bytes stay until bridgeout_flush(). */
void bridgeout_hold(struct bridge_out *o, const uint8_t *frame, size_t len);
/* The end of a turn: all goes out, and who sleeps is woken. */
void bridgeout_flush(struct bridge_out *o);
/* So many frames that could not be passed, on the bus that they came from. */
void bridgeout_lost(struct bridge_out *o, uint64_t n);

/* A frame of the bridge's own.  Return: 0, -errno. */
int bridgeside_send(struct bridge_side *to, const void *frame, size_t len);

#endif
