/*
 * bridgeout.c: frames into the side that they go to; see bridgeout.h.
 *
 * A bus with no room makes the bridge wait, and so, when the other bus is full
 * in turn, those that send: TCP loses nothing.  But a bridge that waits does not
 * read, and who does not read for 100 ms or reads less than an eighth of the
 * ring in 400 ms is lapped (room.c).  So it waits for 50 ms at a time, and not
 * at all for a while if it has waited much and read little; what finds no room
 * then is lost, and counted on the bus that it came from.
 */
#include "bus/bridgeout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stack/wire/clock.h"

#define STALL_NS	(50 * CLOCK_NS_MS)
#define WINDOW_NS	(200 * CLOCK_NS_MS)
#define NAP_NS		100000		/* a ring takes 1 ms and more */
#define BUF		(4 * BRIDGE_FRAME)

int bridgeout_init(struct bridge_out *o, struct bridge_side *from,
    struct bridge_side *to)
{
	o->from = from;
	o->to = to;
	o->buf = malloc(BUF);
	return o->buf ? 0 : -ENOMEM;
}

void bridgeout_free(struct bridge_out *o)
{
	free(o->buf);
}

void bridgeout_lost(struct bridge_out *o, uint64_t n)
{
	if (o->from->bus && n)
		bus_count_lost(o->from->bus, n);
}

/* Wait a little for room, unless we must read on.  Return: whether we did. */
static bool wait_for_room(struct bridge_out *o)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t now = clock_ns(), size;

	if (o->from->bus && now - o->window_ns > WINDOW_NS) {
		size = bus_geometry(o->from->bus)->size;
		o->hurry = o->waited_ns > STALL_NS &&
		    o->window_read < size / 6;
		o->window_ns = now;
		o->window_read = o->waited_ns = 0;
	}
	if (!o->stall_ns)
		o->stall_ns = now;
	if (o->hurry || now - o->stall_ns > STALL_NS)
		return false;
	nanosleep(&nap, NULL);
	o->waited_ns += clock_ns() - now;
	return true;
}

static int send_bus(struct bridge_side *to, const struct iovec *iov, int n,
    unsigned seg_size)
{
	int r;

	pthread_mutex_lock(&to->send);
	r = bus_send(to->bus, iov, n, seg_size);
	pthread_mutex_unlock(&to->send);
	return r;
}

/* Return: how many are done with, of which *lost are lost. */
static int send_plug(struct bridge_side *to, const struct iovec *frame, int n,
    int *lost)
{
	if (to->queue)
		return bridgequeue_put(to->queue, frame, n);
	pthread_mutex_lock(&to->send);
	*lost = to->plug->send(to->plug->arg, frame, n);
	pthread_mutex_unlock(&to->send);
	if (*lost < 0)
		*lost = n;
	return n;
}

int bridgeside_send(struct bridge_side *to, const void *frame, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)frame, len };
	int lost = 0, r;

	if (!to->bus)
		return send_plug(to, &iov, 1, &lost) && !lost ? 0 : -EAGAIN;
	r = send_bus(to, &iov, 1, 0);
	bus_wake(to->bus);
	return r;
}

/* One frame, in n pieces, or a large segment. */
static void put_bus(struct bridge_out *o, const struct iovec *iov, int n,
    unsigned seg_size)
{
	int r;

	while ((r = send_bus(o->to, iov, n, seg_size)) == -EAGAIN) {
		/* Who is to make room may sleep. */
		bus_wake(o->to->bus);
		if (!wait_for_room(o))
			break;
	}
	if (r == 0)
		o->stall_ns = 0;
	else
		bridgeout_lost(o, 1);
}

static void flush_plug(struct bridge_out *o)
{
	int done = 0, lost, r;

	while (done < o->n) {
		lost = 0;
		r = send_plug(o->to, o->frame + done, o->n - done, &lost);
		if (r > 0)
			o->stall_ns = 0;
		done += r;
		bridgeout_lost(o, (unsigned)lost);
		if (done < o->n && !wait_for_room(o))
			break;
	}
	bridgeout_lost(o, (unsigned)(o->n - done));
	o->n = 0;
	o->used = 0;
}

/* What is held goes out ahead of all else. */
static void flush_held(struct bridge_out *o)
{
	struct gso *t = &o->gso;

	if (o->held == 1) {
		put_bus(o, &o->seg, 1, 0);
	} else if (o->held) {
		gso_finish(t);
		o->part[0] = (struct iovec){ t->head, t->seg.head };
		put_bus(o, o->part, 1 + o->held, t->seg_size);
	}
	o->held = 0;
}

uint8_t *bridgeout_room(struct bridge_out *o)
{
	if (o->n == BRIDGE_TURN || o->used > BUF - BRIDGE_FRAME)
		flush_plug(o);
	return o->buf + o->used;
}

void bridgeout_made(struct bridge_out *o, size_t len)
{
	struct iovec made = { o->buf + o->used, len };

	if (o->to->bus) {
		flush_held(o);
		put_bus(o, &made, 1, 0);
		return;
	}
	o->frame[o->n++] = made;
	o->used += len;
}

void bridgeout_put(struct bridge_out *o, const uint8_t *frame, size_t len,
    unsigned seg_size)
{
	struct iovec whole = { (void *)(uintptr_t)frame, len };

	if (o->to->bus) {
		flush_held(o);
		put_bus(o, &whole, 1, seg_size);
		return;
	}
	memcpy(bridgeout_room(o), frame, len);
	bridgeout_made(o, len);
}

/* Does it follow those that are held, and is it held now? */
static bool follows(struct bridge_out *o, const uint8_t *frame, size_t len)
{
	return o->held && o->held < BRIDGE_TURN &&
	    gso_add(&o->gso, frame, len, len);
}

/*
 * One whose sums are wrong stays alone: the sum of a large segment is made of
 * its segments', and some of those that cut it make new ones.
 */
void bridgeout_hold(struct bridge_out *o, const uint8_t *frame, size_t len)
{
	bool right = gso_sums_right(frame, len);
	struct iovec whole = { (void *)(uintptr_t)frame, len };

	if (!right || !follows(o, frame, len)) {
		flush_held(o);
		if (!right || !gso_start(&o->gso, frame, len, len)) {
			put_bus(o, &whole, 1, 0);
			return;
		}
		o->seg = whole;
	}
	o->held++;
	o->part[o->held] = (struct iovec){
		(void *)(uintptr_t)(frame + o->gso.seg.head),
		len - o->gso.seg.head };
}

void bridgeout_flush(struct bridge_out *o)
{
	if (!o->to->bus) {
		flush_plug(o);
		return;
	}
	flush_held(o);
	bus_wake(o->to->bus);
}
