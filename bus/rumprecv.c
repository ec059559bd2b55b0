/*
 * rumprecv.c: frames from a bus of NetBSD's format.
 *
 * With the lock, as much as there is is copied out at once; frames are taken
 * apart from that copy, which nobody else can change.  Whether there is more is
 * seen without the lock, by a header that says something else than when all
 * was read.
 */
#include "bus/rump.h"

#include <errno.h>
#include <string.h>

#include "stack/wire/clock.h"

#define LOCK_NS		CLOCK_NS_MS
#define CHUNKS		32	/* looked at before others get a turn */
#define LAP_TRIES	8

int rump_chunk_frame(const struct rump_map *m, const struct rump_chunk *c,
    struct rump_stamp *s, const uint8_t **bytes)
{
	uint32_t left = c->n - c->at;

	if (left < m->rec)
		return 0;
	rump_stamp(m, c->buf + c->at, s);
	if (s->len > RUMP_FRAME_MAX)
		return -1;
	*bytes = c->buf + c->at + m->rec;
	return s->len <= left - m->rec;
}

void rump_chunk_step(const struct rump_map *m, struct rump_chunk *c,
    uint32_t len)
{
	c->at += m->rec + len;
	c->pos += m->rec + len;
}

/* All is read up to e's head, or is given up. */
static void at_head(struct rump *b, const struct rump_view *v)
{
	b->rx.seen_gen = v->gen;
	b->rx.seen_last = v->last;
	b->rx.seen = true;
	b->rx.laps = 0;
}

static bool is_new(struct rump *b)
{
	struct rump_view v;

	rump_view(&b->map, &v);
	return !b->rx.seen || v.gen != b->rx.seen_gen ||
	    v.last != b->rx.seen_last;
}

/* With the lock: what is there, from where we are. */
static void fetch(struct rump *b)
{
	struct rump_rx *rx = &b->rx;
	struct rump_chunk *c = &rx->chunk;
	struct rump_view v;
	struct rump_ends e;
	uint64_t left;

	rump_view(&b->map, &v);
	if (!rump_ends(&b->map, &v, &e)) {
		rx->lost_sync = true;
		at_head(b, &v);
		return;
	}
	if (rx->lost_sync || e.head - c->pos > e.head - e.tail) {
		rump_count(&b->rx_lost, 1);
		/* Who is overrun again and again gives up the backlog. */
		c->pos = rx->lost_sync ? e.newest :
		    ++rx->laps > LAP_TRIES ? e.head : e.tail;
		rx->lost_sync = false;
	}
	left = e.head - c->pos;
	c->at = 0;
	c->n = left < RUMP_BUF ? (uint32_t)left : RUMP_BUF;
	rump_copy_out(&b->map, rump_off(&e, c->pos), c->buf, c->n);
	rx->seen = false;
	if (c->n == left)
		at_head(b, &v);
}

/* Return: 1: there is something to look at, 0: nothing now, -EIO. */
static int refill(struct rump *b)
{
	struct rump_chunk *c = &b->rx.chunk;
	int r;

	if (!is_new(b)) {
		/* A frame that goes beyond the newest one's end is none. */
		if (c->at != c->n) {
			rump_count(&b->rx_lost, 1);
			c->pos += c->n - c->at;
			c->at = c->n;
		}
		return 0;
	}
	r = rump_lock(b, LOCK_NS);
	if (r == -EAGAIN)
		atomic_store(&b->full, 1);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	fetch(b);
	rump_unlock(b);
	return c->at != c->n;
}

void rump_skip_all(struct rump *b)
{
	struct rump_view v;
	struct rump_ends e;

	rump_view(&b->map, &v);
	b->rx.lost_sync = !rump_ends(&b->map, &v, &e);
	if (!b->rx.lost_sync)
		b->rx.chunk.pos = e.head;
	b->rx.chunk.at = b->rx.chunk.n = 0;
	at_head(b, &v);
}

static bool wanted(struct rump *b, const struct rump_stamp *s,
    const uint8_t *frame)
{
	uint64_t who;

	/* Frame 0 of a fresh bus is empty. */
	if (s->sender == b->sender || s->len < BUS_ETH_HDR)
		return false;
	who = atomic_load_explicit(&b->mac_flags, memory_order_relaxed);
	return frame[0] & 1 || who & RUMP_MF_PROMISC ||
	    (who & RUMP_MF_MAC) == rump_mac_bits(frame);
}

/* The next frame for us in what was copied; 0: none there. */
static uint32_t scan(struct rump *b)
{
	struct rump_chunk *c = &b->rx.chunk;
	const uint8_t *frame;
	struct rump_stamp s;
	int r;

	while ((r = rump_chunk_frame(&b->map, c, &s, &frame)) == 1) {
		if (wanted(b, &s, frame))
			return s.len;
		rump_chunk_step(&b->map, c, s.len);
	}
	if (r < 0) {		/* nonsense: go on with the newest */
		c->at = c->n = 0;
		b->rx.lost_sync = true;
		b->rx.seen = false;
	}
	return 0;
}

ssize_t rump_peek(struct bus *bus)
{
	struct rump *b = rump_of(bus);
	int r = 1;

	if (!b->joined)
		return -ENOTCONN;
	if (!rump_ok(b))
		return -EIO;
	for (int i = 0; i < CHUNKS && !b->rx.have && r == 1; i++) {
		b->rx.have = scan(b);
		if (b->rx.have)
			b->rx.have = rump_merge(b, b->rx.have);
		else
			r = refill(b);
	}
	if (r < 0 || !rump_ok(b))
		return -EIO;
	return b->rx.have;
}

ssize_t rump_take(struct bus *bus, void *buf, size_t cap, uint32_t *seg_size)
{
	struct rump *b = rump_of(bus);
	ssize_t n = rump_peek(bus);

	if (n <= 0)
		return n;
	if ((size_t)n > cap)
		return -EMSGSIZE;
	*seg_size = 0;
	if (b->rx.merged) {
		*seg_size = b->rx.gso.seg_size;
		rump_take_merged(b, buf);
	} else {
		memcpy(buf, b->rx.chunk.buf + b->rx.chunk.at + b->map.rec,
		    (size_t)n);
		rump_chunk_step(&b->map, &b->rx.chunk, (uint32_t)n);
	}
	b->rx.have = 0;
	rump_count(&b->rx_frames, b->rx.merged ? b->rx.merged : 1);
	rump_count(&b->rx_bytes, (uint64_t)n);
	return n;
}
