/*
 * train.h: a train, several TCP segments of one stream that travel as one.
 *
 * A train is one Ethernet frame whose IP packet has the payloads of segments
 * that lwIP sent one after the other, behind the headers of the first.  All
 * but the last payload are `unit` bytes long, and nothing else distinguishes
 * the segments than what can be told from their places; so the frames that
 * the MTU asked for can be made of it again, bit by bit.  Who forwards or
 * shows frames does that; who is their receiver takes the train as it is.
 * It is what Linux calls GSO and BSD TSO, done behind the stack.
 *
 * No lwIP in here, and no bus: bytes only.
 */
#ifndef BUS_TRAIN_H
#define BUS_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAIN_MAX	(32768u + 14)	/* bytes of a whole train */
#define TRAIN_HEAD	(14 + 40 + 60)	/* bytes of the longest headers */
#define TRAIN_UNIT_MIN	256u		/* shorter payloads are not worth it */

/* Where things are in a frame with a TCP segment. */
struct train_seg {
	uint16_t tcp;		/* offset of the TCP header, 34 or 54 */
	uint16_t head;		/* of the payload: bytes of all headers */
	uint32_t payload;	/* bytes */
};

/* A train that is being made. */
struct train {
	uint8_t head[TRAIN_HEAD];	/* of the first segment */
	struct train_seg seg;		/* payload: of all together */
	uint16_t unit;
	unsigned n;			/* segments */
	bool ended;			/* the last one may not be followed */
	uint32_t sum;			/* of all payloads, not folded */
};

/*
 * head: the first `have` bytes of a frame of len bytes, with all headers.
 * train_start: may it be followed by others?  False also for what is not TCP.
 * train_add: the same for one that shall follow; true if it now does.
 */
bool train_start(struct train *t, const uint8_t *head, size_t have,
    size_t len);
bool train_add(struct train *t, const uint8_t *head, size_t have, size_t len);
/* Make t->head what stands before the payloads.  Return: bytes in all. */
size_t train_finish(struct train *t);

/* A train that is taken apart; its bytes are the caller's. */
struct train_cut {
	const uint8_t *bytes;
	size_t len;
	struct train_seg seg;
	uint16_t unit;
	unsigned n;		/* frames; 1: it is none, a frame like others */
	bool summed;		/* `bad` is known */
	bool bad;		/* a sum is wrong, and so are the frames' then */
};

/* bytes may hold anything; unit 0: not a train. */
void train_open(struct train_cut *c, const uint8_t *bytes, size_t len,
    unsigned unit);
/* The i-th frame into out, at most cap bytes of it.  Return: its length. */
size_t train_frame(struct train_cut *c, unsigned i, uint8_t *out, size_t cap);

#endif
