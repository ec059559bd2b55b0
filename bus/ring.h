/*
 * ring.h: arithmetic over the mapped log.  No locks, no waiting, no file: it
 * works on any memory.
 *
 * A record's word says all that is needed to step over it:
 *
 *	63..25	its position in units, mixed with the bus's key
 *	24	set: a pad, to be skipped
 *	23..0	a frame's bytes without the record header; a pad's units
 *
 * The position makes left-overs of earlier laps invalid, the key keeps
 * somebody who only sends frames from faking records in their bytes.
 */
#ifndef BUS_RING_H
#define BUS_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bus/layout.h"

struct ring {
	uint8_t *base;
	uint64_t size;		/* a power of two */
	uint64_t key;
	uint32_t max_len;	/* bytes of the longest frame */
};

/* A checked copy of a record's word. */
struct ring_rec {
	uint64_t span;		/* bytes to the next record */
	uint32_t len;		/* bytes of the frame, 0 for a pad */
	bool pad;
};

/* Bytes a frame takes in the log. */
static inline uint64_t ring_span(uint32_t len)
{
	return ((uint64_t)len + sizeof(struct bus_rec) + BUS_UNIT - 1) &
	    ~(uint64_t)(BUS_UNIT - 1);
}

/* Where position pos lies in the ring. */
static inline uint64_t ring_off(const struct ring *r, uint64_t pos)
{
	return pos & (r->size - 1);
}

static inline struct bus_rec *ring_at(const struct ring *r, uint64_t pos)
{
	return (struct bus_rec *)(void *)(r->base + ring_off(r, pos));
}

/* A position that an honest member can have written. */
static inline bool ring_pos_ok(uint64_t pos)
{
	return pos < BUS_POS_MAX && pos % BUS_UNIT == 0;
}

/* The word of a frame of n bytes, or of a pad of n bytes. */
uint64_t ring_word(const struct ring *r, uint64_t pos, bool pad, uint64_t n);

/*
 * Take apart the word found at pos.  Return: false if it does not belong
 * there, or could lead out of the ring.
 */
bool ring_parse(const struct ring *r, uint64_t pos, uint64_t word,
    struct ring_rec *out);

/*
 * Step from `from` over whole records: at least to `need`, at most to
 * `want` (>= need).  Return: where, or UINT64_MAX at a record that is not
 * valid or ends after `end`.
 */
uint64_t ring_walk(const struct ring *r, uint64_t from, uint64_t need,
    uint64_t want, uint64_t end);

/* Copy a frame behind the record header at pos; `max` bytes at most. */
void ring_copy_in(const struct ring *r, uint64_t pos, const struct iovec *iov,
    int iovcnt, uint32_t max);

/*
 * Copy bytes of a frame out, beginning `skip` bytes into it.  They may
 * change meanwhile: check with ring_lapped() afterwards, use them only then.
 */
void ring_copy_out(const struct ring *r, uint64_t pos, uint32_t skip,
    void *dst, uint32_t n);

/*
 * True if what was read at pos before this call may have been overwritten.
 * Pairs with the release fence after the store to `tail` in room.c: whoever
 * saw bytes of the new lap sees the new tail.
 */
bool ring_lapped(const struct bus_header *h, uint64_t pos);

/* Orders the store of a new tail before the bytes that are written next. */
void ring_fence_tail(void);

#endif
