/*
 * send.c: putting a frame on the bus.
 *
 * With the lock, a record comes into being in this order, and whoever gets
 * the lock after a death or a robbery can go on from every point of it:
 *
 *	tail past what will be overwritten	nothing lost but old frames
 *	claim of the range			see lock.c
 *	bytes of the frame			not visible
 *	the record's word, by CAS		decided: it will be published
 *	seq, head, by CAS			visible
 *	cursors of idle members			see notify.c
 *
 * A word that is right for the position at head is thus a record that somebody
 * could not finish: the next writer finishes it.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>

#include "bus/gso.h"

#define RESERVE_TURNS	64
#define SEND_TRIES	3

static_assert(GSO_MAX == BUS_MTU_DEFAULT + BUS_ETH_HDR,
    "bus_frame_max() knows of large segments");

/* Where a record goes, and what its word held before. */
struct spot {
	uint64_t pos, old;
};

/* False if the lock is no longer ours, and nothing may be written. */
static bool claim(struct native *b, uint64_t pos, uint32_t len)
{
	map_set_claim(&b->map, b->slot, pos, len);
	return bus_lock_mine(b);
}

/* Publish the record whose word is in place. */
static void publish(struct native *b, uint64_t pos, uint64_t span, bool frame,
    uint64_t *wake)
{
	uint64_t seq, end = pos + span;

	if (!frame) {
		map_move_head(&b->map, pos, end);
		return;
	}
	seq = ring_seq(&b->map.ring, pos);
	map_count_frame(&b->map, seq);
	map_move_head(&b->map, pos, end);
	bus_notify(b, pos, seq, wake);
}

/* Skip `bytes` at the head. Return: 1, try again from there; or -errno. */
static int put_pad(struct native *b, const struct map_ends *e, uint64_t old,
    uint64_t bytes)
{
	int r = bus_room_make(b, e, e->head + bytes);

	if (r < 0)
		return r;
	if (!claim(b, e->head, BUS_UNIT))
		return -ESTALE;
	/* If it fails, somebody late was faster: its record is taken up. */
	if (ring_cas(&b->map.ring, e->head, old, ring_word(&b->map.ring,
	    e->head, true, bytes)))
		publish(b, e->head, bytes, false, NULL);
	return 1;
}

/* One step towards a spot for span bytes.  Return: 0, 1: again, -errno. */
static int reserve_step(struct native *b, uint64_t span, struct spot *at,
    uint64_t *wake)
{
	const struct ring *ring = &b->map.ring;
	struct map_ends e;
	struct ring_rec rec;
	uint64_t off, end;
	int r;

	if (!map_ends(&b->map, &e))
		return bus_set_broken(b);
	off = ring_off(ring, e.head);
	at->pos = e.head;
	at->old = ring_load(ring, e.head);
	if (ring_parse(ring, e.head, at->old, &rec)) {
		publish(b, e.head, rec.span, !rec.pad, wake);
		return 1;
	}
	if (span > ring->size - off)
		return put_pad(b, &e, at->old, ring->size - off);
	end = bus_room_stray(b, off, span);
	if (end)
		return put_pad(b, &e, at->old, end - off);
	r = bus_room_make(b, &e, e.head + span);
	if (r < 0)
		return r;
	return claim(b, e.head, span) ? 0 : -ESTALE;
}

static int reserve(struct native *b, uint64_t span, struct spot *at,
    uint64_t *wake)
{
	int r;

	for (int i = 0; i < RESERVE_TURNS; i++) {
		r = reserve_step(b, span, at, wake);
		if (r <= 0)
			return r;
	}
	map_set_add(&b->map, MAP_FULL, b->slot);
	return -EAGAIN;		/* strays everywhere */
}

static int put_frame(struct native *b, const struct iovec *iov, int iovcnt,
    uint32_t len, uint32_t seg_size, uint64_t *wake)
{
	const struct ring *ring = &b->map.ring;
	uint64_t span = ring_span(len);
	struct ring_head head = {
		.sender = (uint32_t)b->slot,
		.seg_size = seg_size,
	};
	struct spot at = { 0, 0 };
	int r;

	r = reserve(b, span, &at, wake);
	if (r < 0)
		return r;
	head.seq = map_seq(&b->map);
	head.when_ns = clock_real_ns();
	ring_put_head(ring, at.pos, &head);
	ring_copy_in(ring, at.pos, iov, iovcnt, len);
	if (!ring_cas(ring, at.pos, at.old,
	    ring_word(ring, at.pos, false, len)))
		return -ESTALE;
	publish(b, at.pos, span, true, wake);
	return 0;
}

static int send_once(struct native *b, const struct iovec *iov, int iovcnt,
    uint32_t len, uint32_t seg_size)
{
	uint64_t wake[BUS_WORDS] = { 0 };
	int r;

	/* Left by a robber that came too late; nothing is claimed. */
	map_set_del(&b->map, MAP_STRAY, b->slot);
	r = bus_lock(b);
	if (r < 0)
		return r;
	r = put_frame(b, iov, iovcnt, len, seg_size, wake);
	map_end_claim(&b->map, b->slot);
	if (!bus_unlock(b))
		map_set_del(&b->map, MAP_STRAY, b->slot);
	if (!b->wake_deferred)
		bus_notify_wake(b, wake);
	else
		for (int w = 0; w < BUS_WORDS; w++)
			if (wake[w])
				atomic_fetch_or(&b->to_wake[w], wake[w]);
	return r;
}

void native_defer_wake(struct bus *bus)
{
	struct native *b = native_of(bus);

	b->wake_deferred = true;
}

void native_wake(struct bus *bus)
{
	struct native *b = native_of(bus);
	uint64_t wake[BUS_WORDS];

	for (int w = 0; w < BUS_WORDS; w++)
		wake[w] = atomic_load_explicit(&b->to_wake[w],
		    memory_order_relaxed) ?
		    atomic_exchange(&b->to_wake[w], 0) : 0;
	bus_notify_wake(b, wake);
}

static void count(struct native *b, int r, uint32_t len)
{
	struct bus_tx *tx = &b->tx;

	if (r == 0) {
		tx->frames++;
		tx->bytes += len;
	} else if (r == -EAGAIN) {
		tx->full++;
	} else {
		return;
	}
	map_put_tx(&b->map, b->slot, tx->frames, tx->bytes, tx->full);
	/* Who sleeps for ever in bus_wait shall no longer. */
	if (r == -EAGAIN && !atomic_exchange(&b->full, 1) &&
	    atomic_load(&b->sleeping))
		bus_wake_slot(b, b->slot);
}

int native_send(struct bus *bus, const struct iovec *iov, int iovcnt,
    unsigned seg_size)
{
	struct native *b = native_of(bus);
	size_t max = seg_size ? GSO_MAX : b->map.con.mtu + BUS_ETH_HDR, len = 0;
	int r = -ESTALE;

	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > max)
			return -EMSGSIZE;
		len += iov[i].iov_len;
		if (len > max)
			return -EMSGSIZE;
	}
	if (len < BUS_ETH_HDR)
		return -EINVAL;
	if (b->slot < 0)
		return -ENOTCONN;
	if (!bus_ok(b))
		return -EIO;
	/* Robbed means that we were stopped for long: then once more. */
	for (int i = 0; i < SEND_TRIES && r == -ESTALE; i++)
		r = send_once(b, iov, iovcnt, len, seg_size);
	if (r == -ESTALE)
		r = -EAGAIN;
	if (!bus_ok(b))
		r = -EIO;
	else
		count(b, r, len);
	return r;
}
