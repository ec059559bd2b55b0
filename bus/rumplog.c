/*
 * rumplog.c: a bus of NetBSD's format for an observer, who may only read the
 * file and so cannot take the lock: he looks when nobody has it, copies, and
 * looks again whether what he copied was still there then.
 */
#include "bus/rump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stack/wire/clock.h"

#define LOOKS		200	/* for the lock to be free */
#define LOOK_NS		50000u	/* between them */
#define FETCH_TRIES	16

/*
 * A header that nobody was changing.  If the lock is never free (somebody was
 * stopped, or died, or the bus is from another machine), one that did not
 * change has to do.
 */
static bool look(struct rump *b, struct rump_ends *e)
{
	const struct timespec nap = { .tv_nsec = LOOK_NS };
	struct rump_view v, again;
	uint64_t word;

	for (int i = 0; i < LOOKS; i++) {
		word = rump_lock_word(&b->map);
		rump_view(&b->map, &v);
		if (!rump_ends(&b->map, &v, e))
			return false;
		rump_view(&b->map, &again);
		if (word == rump_lock_word(&b->map) &&
		    (!rump_lock_held(word) || i == LOOKS - 1) &&
		    v.gen == again.gen && v.first == again.first &&
		    v.last == again.last)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

static bool still_there(const struct rump_ends *e, uint64_t pos)
{
	return e->head - pos <= e->head - e->tail;
}

/* Return: 1: something was copied, 0: nothing there, -EAGAIN. */
static int fetch(struct rump *b)
{
	struct rump_chunk *c = &b->watch.chunk;
	struct rump_ends e;
	uint64_t left;

	if (!look(b, &e))
		return 0;
	if (!b->watch.have_pos)
		c->pos = e.tail;
	else if (!still_there(&e, c->pos)) {
		b->watch.missed++;
		c->pos = e.tail;
	}
	b->watch.have_pos = true;
	left = e.head - c->pos;
	c->at = 0;
	c->n = left < RUMP_BUF ? (uint32_t)left : RUMP_BUF;
	rump_copy_out(&b->map, rump_off(&e, c->pos), c->buf, c->n);
	if (c->n == 0)
		return 0;
	if (look(b, &e) && still_there(&e, c->pos))
		return 1;
	c->n = 0;
	return -EAGAIN;
}

/* Senders by number, in the order they were seen; the last is for the rest. */
static unsigned number(struct rump_watch *w, uint64_t sender)
{
	unsigned i = 0;

	while (i < w->senders && w->sender[i] != sender)
		i++;
	if (i == w->senders && i < RUMP_SENDERS)
		w->sender[w->senders++] = sender;
	return i;
}

static void show(struct rump *b, const struct rump_stamp *s,
    const uint8_t *bytes, struct bus_frame *f, void *buf, size_t cap)
{
	*f = (struct bus_frame){
		.when_ns = s->sec * CLOCK_NS_S + s->usec % 1000000 * 1000ull,
		.sender = number(&b->watch, s->sender),
		.len = s->len,
		.missed = b->watch.missed,
	};
	b->watch.missed = 0;
	memcpy(buf, bytes, s->len < cap ? s->len : cap);
}

/* Return: 1: a frame, 0: none now, -EAGAIN: look again. */
static int step(struct rump *b, struct bus_frame *f, void *buf, size_t cap)
{
	struct rump_chunk *c = &b->watch.chunk;
	const uint8_t *bytes;
	struct rump_stamp s;
	int r;

	while ((r = rump_chunk_frame(&b->map, c, &s, &bytes)) == 1) {
		rump_chunk_step(&b->map, c, s.len);
		if (s.len < BUS_ETH_HDR)
			continue;
		show(b, &s, bytes, f, buf, cap);
		return 1;
	}
	if (r < 0) {		/* nonsense: go on with what comes next */
		rump_log_seek_end(&b->bus);
		b->watch.missed++;
		return 0;
	}
	r = fetch(b);
	return r == 1 ? -EAGAIN : r;
}

int rump_log_next(struct bus *bus, struct bus_frame *f, void *buf,
    size_t cap)
{
	struct rump *b = rump_of(bus);
	int r = -EAGAIN;

	if (!rump_ok(b))
		return -EIO;
	if (!b->watch.chunk.buf)
		b->watch.chunk.buf = malloc(RUMP_BUF);
	if (!b->watch.chunk.buf)
		return 0;
	for (int i = 0; i < FETCH_TRIES && r == -EAGAIN; i++)
		r = step(b, f, buf, cap);
	if (!rump_ok(b))
		return -EIO;
	return r == -EAGAIN ? 0 : r;
}

void rump_log_seek_end(struct bus *bus)
{
	struct rump *b = rump_of(bus);
	struct rump_chunk *c = &b->watch.chunk;
	struct rump_ends e;

	c->at = c->n = 0;
	if (look(b, &e)) {
		c->pos = e.head;
		b->watch.have_pos = true;
	}
}
