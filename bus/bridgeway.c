/*
 * bridgeway.c: frames from one side of a bridge to the other.
 *
 * A bus with no room makes the bridge wait, and so, when the other bus is full
 * in turn, those that send: TCP loses nothing.  But a bridge that waits does not
 * read, and who does not read for 100 ms or reads less than an eighth of the
 * ring in 400 ms is lapped (room.c).  So it waits for 50 ms at a time, and not
 * at all for a while if it has waited much and read little; what finds no room
 * then is lost, and counted on the bus that it came from.
 */
#include "bus/bridgeway.h"
#include "bus/bridgemsg.h"
#include "bus/gso.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN		64	/* frames */
#define STALL_NS	(50 * CLOCK_NS_MS)
#define WINDOW_NS	(200 * CLOCK_NS_MS)
#define NAP_NS		100000		/* a ring takes 1 ms and more */
#define FRAME_CAP	(UINT16_MAX + 64u)

int bridgeway_init(struct bridge_way *w)
{
	w->frame = malloc(FRAME_CAP);
	w->piece = malloc(FRAME_CAP);
	return w->frame && w->piece ? 0 : -ENOMEM;
}

void bridgeway_end(struct bridge_way *w)
{
	free(w->frame);
	free(w->piece);
}

/* Wait a little for room, unless we must read on.  Return: whether we did. */
static bool wait_for_room(struct bridge_way *w)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t now = clock_ns(), size;

	if (w->from->bus && now - w->window_ns > WINDOW_NS) {
		size = bus_geometry(w->from->bus)->size;
		w->hurry = w->waited_ns > STALL_NS &&
		    w->window_read < size / 6;
		w->window_ns = now;
		w->window_read = w->waited_ns = 0;
	}
	if (!w->stall_ns)
		w->stall_ns = now;
	if (w->hurry || now - w->stall_ns > STALL_NS)
		return false;
	nanosleep(&nap, NULL);
	w->waited_ns += clock_ns() - now;
	return true;
}

static int send_once(struct bridge_side *to, const struct iovec *iov, int n,
    unsigned seg_size)
{
	int r;

	if (to->queue)
		return bridgequeue_put(to->queue, iov->iov_base, iov->iov_len);
	pthread_mutex_lock(&to->send);
	r = to->bus ? bus_send(to->bus, iov, n, seg_size) :
	    to->plug->send(to->plug->arg, iov->iov_base, iov->iov_len);
	pthread_mutex_unlock(&to->send);
	return r;
}

int bridgeway_send(struct bridge_side *to, const void *frame, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)frame, len };
	int r = send_once(to, &iov, 1, 0);

	if (to->bus)
		bus_wake(to->bus);
	return r;
}

static void lost(struct bridge_way *w, uint64_t n)
{
	if (w->from->bus && n)
		bus_count_lost(w->from->bus, n);
}

static void send_frame(struct bridge_way *w, void *frame, size_t len,
    unsigned seg_size)
{
	struct iovec iov = { frame, len };
	int r;

	for (;;) {
		r = send_once(w->to, &iov, 1, seg_size);
		if (r != -EAGAIN)
			break;
		/* Who is to make room may sleep. */
		if (w->to->bus)
			bus_wake(w->to->bus);
		if (!wait_for_room(w))
			break;
	}
	if (r == 0)
		w->stall_ns = 0;
	else
		lost(w, 1);
}

static void say_long(struct bridge_way *w, size_t len)
{
	char line[BUS_ERRLEN];

	lost(w, 1);
	if (w->said_long)
		return;
	w->said_long = true;
	snprintf(line, sizeof(line), "%s: a frame of %zu bytes was dropped, "
	    "since %s takes %u at most, and so are others; give the hosts an "
	    "MTU of %u", w->from->name, len, w->to->name, w->to->frame_max,
	    w->to->frame_max - BUS_ETH_HDR);
	w->say(line);
}

/* Bytes of payload in the pieces of c, so that they fit; 0: it is no segment. */
static unsigned piece_size(const struct bridge_way *w, size_t len,
    unsigned seg_size)
{
	struct gso_cut c;
	unsigned max;

	gso_open(&c, w->frame, len, GSO_SEG_MIN);
	if (c.n == 1)
		return 0;
	max = (w->to->cut_max - c.seg.head) & ~1u;
	return seg_size && seg_size < max ? seg_size : max;
}

/* The frame in w->frame, or large segment, to the other side. */
static void pass(struct bridge_way *w, size_t len, unsigned seg_size)
{
	struct gso_cut c = { .n = 1 };
	unsigned size = seg_size || len > w->to->cut_max ?
	    piece_size(w, len, seg_size) : 0;
	size_t n;

	if (size)
		gso_open(&c, w->frame, len, size);
	if (c.n > 1 && size == seg_size && w->to->bus && len <= GSO_MAX) {
		send_frame(w, w->frame, len, seg_size);
		return;
	}
	if (c.n == 1 && len > w->to->frame_max) {
		say_long(w, len);
		return;
	}
	if (c.n == 1) {
		send_frame(w, w->frame, len, 0);
		return;
	}
	for (unsigned i = 0; i < c.n; i++) {
		n = gso_frame(&c, i, w->piece, FRAME_CAP);
		send_frame(w, w->piece, n, 0);
	}
}

/* Does the other side have, or may it have, who the frame is for? */
static bool for_other_side(struct bridge_way *w, const uint8_t *dst)
{
	int side;

	if (dst[0] & 1 || (w->to->bus && bus_is_local(w->to->bus, dst)))
		return true;
	if (w->from->bus && bus_is_local(w->from->bus, dst))
		return false;
	side = bridgemacs_find(w->macs, dst, clock_ns());
	return side != (int)w->side;
}

static int take(struct bridge_way *w, size_t len, unsigned seg_size)
{
	if (len < BUS_ETH_HDR)
		return 0;
	w->window_read += len;
	if (bridgemsg_is(w->frame, len))
		return w->told(w->arg, w->side, w->frame, len);
	if (atomic_load(w->listening))
		return 0;
	bridgemacs_learn(w->macs, w->frame + 6, w->side, clock_ns());
	if (for_other_side(w, w->frame))
		pass(w, len, seg_size);
	return 0;
}

static int turn_bus(struct bridge_way *w)
{
	uint32_t seg_size = 0;
	ssize_t n;
	int r = 0;

	for (int i = 0; i < TURN && !r; i++) {
		n = bus_peek(w->from->bus);
		if (n > 0)
			n = bus_take(w->from->bus, w->frame, FRAME_CAP,
			    &seg_size);
		else if (n == 0)
			break;
		r = n < 0 ? (int)n : take(w, (size_t)n, seg_size);
	}
	return r;
}

/* There is one frame at least. */
static int turn_plug(struct bridge_way *w)
{
	const struct bus_plug *plug = w->from->plug;
	struct pollfd p = { .fd = plug->fd, .events = POLLIN };
	ssize_t n;
	int r = 0;

	for (int i = 0; i < TURN && !r; i++) {
		if (i && poll(&p, 1, 0) != 1)
			break;
		n = plug->recv(plug->arg, w->frame, FRAME_CAP);
		if (n > 0)
			r = take(w, (size_t)n, 0);
		else if (n == -EPIPE)
			r = -EPIPE;
	}
	return r;
}

void bridgeway_count(struct bridge_way *w)
{
	if (w->to->queue)
		lost(w, bridgequeue_lost(w->to->queue));
}

int bridgeway_turn(struct bridge_way *w)
{
	int r;

	r = w->from->bus ? turn_bus(w) : turn_plug(w);
	if (w->to->bus)
		bus_wake(w->to->bus);
	return r;
}
