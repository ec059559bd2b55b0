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
	uint8_t *base;		/* shared: ring_*() only */
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

/* The unit at pos: a whole one for any pos, so never outside the ring. */
static inline struct bus_rec *ring_at(const struct ring *r, uint64_t pos)
{
	return (struct bus_rec *)(void *)(r->base +
	    (ring_off(r, pos) & ~(uint64_t)(BUS_UNIT - 1)));
}

/* The word at pos: any number, for ring_parse() to judge. */
static inline uint64_t ring_load(const struct ring *r, uint64_t pos)
{
	return shm_load64(&ring_at(r, pos)->word);
}

static inline bool ring_cas(const struct ring *r, uint64_t pos, uint64_t was,
    uint64_t word)
{
	return shm_cas64(&ring_at(r, pos)->word, &was, word);
}

/* What else is told about a frame: any numbers. */
struct ring_head {
	uint64_t seq, when_ns;
	uint32_t sender, seg_size;
};

static inline uint64_t ring_seq(const struct ring *r, uint64_t pos)
{
	return shm_get64(&ring_at(r, pos)->seq, memory_order_relaxed);
}

static inline void ring_get_head(const struct ring *r, uint64_t pos,
    struct ring_head *h)
{
	const struct bus_rec *rec = ring_at(r, pos);

	h->seq = shm_get64(&rec->seq, memory_order_relaxed);
	h->when_ns = shm_get64(&rec->when_ns, memory_order_relaxed);
	h->sender = shm_get32(&rec->sender, memory_order_relaxed);
	h->seg_size = shm_get32(&rec->seg_size, memory_order_relaxed);
}

static inline void ring_put_head(const struct ring *r, uint64_t pos,
    const struct ring_head *h)
{
	struct bus_rec *rec = ring_at(r, pos);

	shm_put64(&rec->seq, h->seq, memory_order_relaxed);
	shm_put64(&rec->when_ns, h->when_ns, memory_order_relaxed);
	shm_put32(&rec->sender, h->sender, memory_order_relaxed);
	shm_put32(&rec->seg_size, h->seg_size, memory_order_relaxed);
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

/*
 * Copy a frame behind the record header at pos: `max` bytes at most, and none
 * beyond the ring.
 */
void ring_copy_in(const struct ring *r, uint64_t pos, const struct iovec *iov,
    int iovcnt, uint32_t max);

/*
 * Copy the first n bytes of a frame out, what would lie beyond the ring as
 * zeroes.  They may change meanwhile: check with map_lapped() afterwards, use
 * them only then.
 */
void ring_copy_out(const struct ring *r, uint64_t pos, void *dst, uint32_t n);

/*
 * The fences of map_lapped() and of map_move_tail().  The thread sanitizer
 * knows none; x86 needs none of these two.
 */
#ifdef SHM_TSAN
#define RING_FENCE(order) atomic_signal_fence(order)
#else
#define RING_FENCE(order) atomic_thread_fence(order)
#endif

/* Orders what was read before it. */
static inline void ring_fence_read(void)
{
	RING_FENCE(memory_order_acquire);
}

/* Orders what was stored before it, before the bytes that are written next. */
static inline void ring_fence_write(void)
{
	RING_FENCE(memory_order_release);
}

#endif
