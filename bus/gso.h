/*
 * gso.h: several TCP segments of one stream, or datagrams from one socket to
 * another, that travel as one large segment.
 *
 * A large segment is one Ethernet frame whose IP packet has the payloads of
 * segments that follow each other, behind the headers of the first: lwIP makes
 * it so (stack/tcp/large.c), or it sent them one after the other.  All but the
 * last payload are `seg_size` bytes long, and nothing else tells the segments
 * apart than what follows from their order; so the frames that the MTU asked
 * for can be made of it again, bit by bit.  Who forwards or shows frames does
 * that; who is their receiver takes it as it is.  Linux calls this GSO, and
 * UDP_SEGMENT is how its programs ask for it; BSD calls it TSO.
 *
 * No lwIP in here, and no bus: bytes only.
 */
#ifndef BUS_GSO_H
#define BUS_GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSO_MAX	(32768u + 14)	/* bytes of a large segment */
#define GSO_HEAD	(14 + 40 + 60)	/* bytes of the longest headers */
#define GSO_SEG_MIN	256u		/* TCP: shorter ones are not worth it */
#define GSO_DATAGRAMS	128u		/* at most, as on Linux */

/* Where things are in a frame with a TCP segment or a UDP datagram. */
struct gso_seg {
	bool udp;
	uint16_t l4;		/* offset of the TCP or UDP header, 34 or 54 */
	uint16_t head;		/* of the payload: bytes of all headers */
	uint32_t payload;	/* bytes */
};

/* One that is being made. */
struct gso {
	uint8_t head[GSO_HEAD];	/* of the first segment */
	struct gso_seg seg;		/* payload: of all together */
	uint16_t seg_size;
	unsigned n;			/* segments */
	bool ended;			/* the last one may not be followed */
	uint32_t sum;			/* of all payloads, not folded */
};

/*
 * head: the first `have` bytes of a frame of len bytes, with all headers.
 * gso_start: may it be followed by others?  False also for what is neither.
 * gso_add: the same for one that shall follow; true if it now does.
 */
bool gso_start(struct gso *t, const uint8_t *head, size_t have,
    size_t len);
bool gso_add(struct gso *t, const uint8_t *head, size_t have, size_t len);
/* Make t->head what stands before the payloads.  Return: bytes in all. */
size_t gso_finish(struct gso *t);
/* Is it a segment that gso_start() may take, and are its sums right? */
bool gso_sums_right(const uint8_t *frame, size_t len);

/*
 * How many frames one is whose first `have` bytes are at head, of len; *s is
 * set if there are several.
 */
unsigned gso_count(const uint8_t *head, size_t have, size_t len,
    unsigned seg_size, struct gso_seg *s);

/* One that is taken apart; its bytes are the caller's. */
struct gso_cut {
	const uint8_t *bytes;
	size_t len;
	struct gso_seg seg;
	uint16_t seg_size;
	unsigned n;		/* frames; 1: it is none, a frame like others */
	bool summed;		/* `bad` is known */
	bool bad;		/* a sum is wrong, as the frames' then */
};

/*
 * bytes may hold anything; seg_size 0: an ordinary frame.  Also one TCP segment
 * that is too long for a cable is cut like that, FIN and all.
 */
void gso_open(struct gso_cut *c, const uint8_t *bytes, size_t len,
    unsigned seg_size);
/* The i-th frame into out, at most cap bytes of it.  Return: its length. */
size_t gso_frame(struct gso_cut *c, unsigned i, uint8_t *out, size_t cap);

#endif
