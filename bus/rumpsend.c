/*
 * rumpsend.c: frames onto a bus of NetBSD's format.
 *
 * They are made whole beforehand, headers and all, those of a large segment as
 * one piece; then, with the lock:
 *
 *	first	past what will be overwritten
 *	bytes	behind the newest frame, not visible yet
 *	ends	the new newest frame, and first with it, in one word
 *	gen	one more if the ring's end was reached; in a commit
 *
 * So who dies leaves a bus that is whole, but for the commit, see rumplock.c.
 * What cannot be in the header or in the newest frame's is somebody's nonsense:
 * then the log begins anew at 0.
 */
#include "bus/rump.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bus/gso.h"
#include "stack/wire/clock.h"

#define LOCK_NS	(2 * CLOCK_NS_MS)	/* the sender may have locks itself */

/* Frames that are ready. */
struct batch {
	uint32_t n;		/* bytes of all */
	uint32_t last;		/* where the last one begins */
	uint32_t frames;
	struct rump_rec rec;	/* what they have in common */
};

/* One more, of `len` bytes that the caller writes.  NULL: no space. */
static uint8_t *add(struct rump *b, struct batch *t, uint32_t len)
{
	uint8_t *at = b->image + t->n;

	if (RUMP_REC + len > RUMP_BUF - t->n)
		return NULL;
	t->rec.len = len;
	memcpy(at, &t->rec, sizeof(t->rec));
	t->last = t->n;
	t->n += RUMP_REC + len;
	t->frames++;
	return at + RUMP_REC;
}

static uint32_t gather(uint8_t *to, const struct iovec *iov, int iovcnt,
    uint32_t max)
{
	uint32_t n = 0, len;

	/* max guards against an iov that another thread changes. */
	for (int i = 0; i < iovcnt; i++) {
		len = iov[i].iov_len < max - n ? (uint32_t)iov[i].iov_len :
		    max - n;
		if (len)
			memcpy(to + n, iov[i].iov_base, len);
		n += len;
	}
	return n;
}

/* Return: 0, -EMSGSIZE. */
static int cut(struct rump *b, struct batch *t, uint32_t len,
    unsigned seg_size)
{
	struct gso_cut c;
	uint32_t n, left;
	uint8_t *to;

	gso_open(&c, b->flat, len, seg_size);
	c.summed = true;	/* its sums are our own stack's */
	left = c.n == 1 ? len : c.seg.payload;
	for (unsigned i = 0; i < c.n; i++) {
		n = c.n == 1 || left < seg_size ? left : seg_size;
		left -= n;
		if (c.n > 1)
			n += c.seg.head;
		to = n > RUMP_FRAME_MAX ? NULL : add(b, t, n);
		if (!to)
			return -EMSGSIZE;
		gso_frame(&c, i, to, n);
	}
	return 0;
}

static int make(struct rump *b, struct batch *t, const struct iovec *iov,
    int iovcnt, uint32_t len, unsigned seg_size)
{
	uint64_t now = clock_real_ns();

	*t = (struct batch){ .rec = {
		.sec = (uint32_t)(now / CLOCK_NS_S),
		.usec = (uint32_t)(now % CLOCK_NS_S / 1000),
		.sender = b->sender,
	} };
	if (seg_size)
		return cut(b, t, gather(b->flat, iov, iovcnt, len), seg_size);
	gather(add(b, t, len), iov, iovcnt, len);
	return 0;
}

/* The oldest frame that n more bytes leave alone. */
static uint64_t oldest(struct rump *b, const struct rump_ends *e, uint32_t n)
{
	uint64_t tail = e->tail, step;

	while (e->head + n - tail > RUMP_SIZE) {
		step = (uint64_t)RUMP_REC + rump_len(&b->map,
		    rump_off(e, tail));
		/* Frames must lead to the newest, which is never reached. */
		if (step > RUMP_REC + RUMP_FRAME_MAX ||
		    step > e->newest - tail)
			return e->newest;
		tail += step;
	}
	return tail;
}

static void commit(struct rump *b, uint32_t first, uint32_t last,
    uint64_t gen)
{
	rump_commit_begin(b);
	rump_put_ends(&b->map, first, last);
	rump_put_gen(&b->map, gen);
	rump_commit_end(b);
}

static void put(struct rump *b, const struct batch *t)
{
	struct rump_view v;
	struct rump_ends e;
	uint64_t tail;
	uint32_t first, last;

	rump_view(&b->map, &v);
	if (!rump_ends(&b->map, &v, &e)) {
		rump_copy_in(&b->map, 0, b->image, t->n);
		commit(b, 0, t->last, v.gen + 2);
		return;
	}
	first = v.first;
	tail = oldest(b, &e, t->n);
	if (tail != e.tail) {
		first = rump_off(&e, tail);
		rump_put_ends(&b->map, first, v.last);
	}
	last = (e.off + t->last) % RUMP_SIZE;
	rump_copy_in(&b->map, e.off, b->image, t->n);
	if (e.off + t->n >= RUMP_SIZE)
		commit(b, first, last, v.gen + 1);
	else
		rump_put_ends(&b->map, first, last);
}

static void wake(struct rump *b)
{
	const uint32_t version = RUMP_VERSION;
	int saved = errno;

	/* A write to the file is what all who sleep on it wait for. */
	if (pwrite(b->bus.fd, &version, sizeof(version),
	    offsetof(struct rump_header, version)) < 0)
		errno = saved;
}

static int send_made(struct rump *b, const struct batch *t, uint32_t len)
{
	int r = rump_lock(b, LOCK_NS);

	if (r == -EAGAIN) {
		rump_count(&b->tx_full, 1);
		atomic_store(&b->full, 1);
	}
	if (r < 0)
		return r;
	put(b, t);
	rump_unlock(b);
	rump_count(&b->tx_frames, t->frames);
	rump_count(&b->tx_bytes, len);
	if (b->wake_deferred)
		atomic_store(&b->to_wake, true);
	else
		wake(b);
	return 0;
}

int rump_send(struct bus *bus, const struct iovec *iov, int iovcnt,
    unsigned seg_size)
{
	struct rump *b = rump_of(bus);
	size_t max = seg_size ? GSO_MAX : RUMP_FRAME_MAX, len = 0;
	struct batch t;
	int r;

	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > max - len)
			return -EMSGSIZE;
		len += iov[i].iov_len;
	}
	if (len < BUS_ETH_HDR)
		return -EINVAL;
	if (!b->joined)
		return -ENOTCONN;
	if (!rump_ok(b))
		return -EIO;
	r = make(b, &t, iov, iovcnt, (uint32_t)len, seg_size);
	if (r == 0)
		r = send_made(b, &t, (uint32_t)len);
	return rump_ok(b) ? r : -EIO;
}

void rump_defer_wake(struct bus *bus)
{
	rump_of(bus)->wake_deferred = true;
}

void rump_wake(struct bus *bus)
{
	struct rump *b = rump_of(bus);

	if (atomic_load_explicit(&b->to_wake, memory_order_relaxed) &&
	    atomic_exchange(&b->to_wake, false))
		wake(b);
}
