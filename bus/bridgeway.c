/* bridgeway.c: frames from one side of a bridge to the other. */
#include "bus/bridgeway.h"
#include "bus/bridgemsg.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int bridgeway_init(struct bridge_way *w)
{
	w->frame = malloc(BRIDGE_FRAME);
	return w->frame && !bridgeout_init(&w->out, w->from, w->to) ? 0 :
	    -ENOMEM;
}

void bridgeway_end(struct bridge_way *w)
{
	free(w->frame);
	bridgeout_free(&w->out);
}

static void say_long(struct bridge_way *w, size_t len)
{
	char line[BUS_ERRLEN];

	bridgeout_lost(&w->out, 1);
	if (w->said_long)
		return;
	w->said_long = true;
	snprintf(line, sizeof(line), "%s: a frame of %zu bytes was dropped, "
	    "since %s takes %u at most, and so are others; give the hosts an "
	    "MTU of %u", w->from->name, len, w->to->name, w->to->frame_max,
	    w->to->frame_max - BUS_ETH_HDR);
	w->say(line);
}

/*
 * Bytes of payload in the pieces, so that they fit; 0: it is not to be cut.
 * Where a datagram ends is not ours to say.
 */
static unsigned piece_size(const struct bridge_way *w, const uint8_t *frame,
    size_t len, unsigned seg_size)
{
	struct gso_cut c;
	unsigned max;

	gso_open(&c, frame, len, GSO_SEG_MIN);
	if (c.seg.udp)
		return seg_size;
	if (c.n == 1)
		return 0;
	max = (w->to->cut_max - c.seg.head) & ~1u;
	return seg_size && seg_size < max ? seg_size : max;
}

static void pass_pieces(struct bridge_way *w, struct gso_cut *c)
{
	if (c->seg.head + c->seg_size > w->to->frame_max) {
		say_long(w, c->seg.head + c->seg_size);
		bridgeout_lost(&w->out, c->n - 1);
		return;
	}
	for (unsigned i = 0; i < c->n; i++)
		bridgeout_made(&w->out, gso_frame(c, i,
		    bridgeout_room(&w->out), BRIDGE_FRAME));
}

/* A frame, or large segment, to the other side. */
static void pass(struct bridge_way *w, const uint8_t *frame, size_t len,
    unsigned seg_size)
{
	struct gso_cut c = { .n = 1 };
	unsigned size = seg_size || len > w->to->cut_max ?
	    piece_size(w, frame, len, seg_size) : 0;

	if (size)
		gso_open(&c, frame, len, size);
	if (c.n > 1 && size == seg_size && w->to->bus && len <= GSO_MAX &&
	    c.seg.head + size <= w->to->frame_max)
		bridgeout_put(&w->out, frame, len, seg_size);
	else if (c.n > 1)
		pass_pieces(w, &c);
	else if (len > w->to->frame_max)
		say_long(w, len);
	else if (w->from->plug && w->to->bus)
		bridgeout_hold(&w->out, frame, len);
	else
		bridgeout_put(&w->out, frame, len, 0);
}

/* Does the other side have, or may it have, who the frame is for? */
static bool for_other_side(struct bridge_way *w, const uint8_t *dst)
{
	int side;

	if (dst[0] & 1 || (w->to->bus && bus_is_local(w->to->bus, dst)))
		return true;
	if (w->from->bus && bus_is_local(w->from->bus, dst))
		return false;
	side = bridgemacs_find(w->macs, dst, w->now_ns);
	return side != (int)w->side;
}

static int take(struct bridge_way *w, uint8_t *frame, size_t len,
    unsigned seg_size)
{
	if (len < BUS_ETH_HDR)
		return 0;
	w->out.window_read += len;
	if (bridgemsg_is(frame, len))
		return w->told(w->arg, w->side, frame, len);
	if (atomic_load(w->listening))
		return 0;
	bridgemacs_learn(w->macs, frame + 6, w->side, w->now_ns);
	if (for_other_side(w, frame))
		pass(w, frame, len, seg_size);
	return 0;
}

static int turn_bus(struct bridge_way *w)
{
	uint32_t seg_size = 0;
	ssize_t n;
	int i = 0, r = 0;

	for (; i < BRIDGE_TURN && !r; i++) {
		n = bus_peek(w->from->bus);
		if (n > 0)
			n = bus_take(w->from->bus, w->frame, BRIDGE_FRAME,
			    &seg_size);
		else if (n == 0)
			break;
		r = n < 0 ? (int)n : take(w, w->frame, (size_t)n, seg_size);
	}
	return r < 0 ? r : i;
}

static int turn_plug(struct bridge_way *w)
{
	const struct bus_plug *plug = w->from->plug;
	struct iovec in[BRIDGE_TURN];
	int n = plug->recv(plug->arg, in, BRIDGE_TURN), r = 0;

	/* What else goes wrong, such as an ICMP error, is told once. */
	if (n < 0)
		return n == -EPIPE ? n : 0;
	for (int i = 0; i < n && !r; i++)
		r = take(w, in[i].iov_base, in[i].iov_len, 0);
	return r < 0 ? r : n;
}

void bridgeway_count(struct bridge_way *w)
{
	if (w->to->queue)
		bridgeout_lost(&w->out, bridgequeue_lost(w->to->queue));
}

int bridgeway_turn(struct bridge_way *w)
{
	int r;

	w->now_ns = clock_ns();
	r = w->from->bus ? turn_bus(w) : turn_plug(w);
	bridgeout_flush(&w->out);
	return r;
}
