/*
 * recv.c: the member's own way through the log.
 *
 * Everything is read from memory that others may overwrite, so each record is
 * looked at in the order: word, fields, map_lapped(); only then is what was
 * read used.
 *
 * The cursor tells writers what may not be overwritten.  It is stored when
 * it has moved by a good part of the ring, when somebody waits for room, or
 * when all is read, not for every frame: the line would travel to the writer
 * each time.
 */
#include "bus/handle.h"

#include <errno.h>
#include <string.h>

#define LAP_TRIES 8

static bool any_full(const struct native *b)
{
	uint64_t any = 0;

	for (int w = 0; w < BUS_WORDS; w++)
		any |= map_set_word(&b->map, MAP_FULL, w);
	return any;
}

/* Wake those short of room, but not for each frame's worth of it. */
static void offer_room(struct native *b, bool all_read)
{
	if (!any_full(b) || (!all_read &&
	    b->rx.pos - b->rx.woke < b->map.con.size / 8))
		return;
	b->rx.woke = b->rx.pos;
	bus_wake_full(b);
}

static void tell(struct native *b, bool all_read)
{
	if (b->rx.told != b->rx.pos) {
		/* Before looking who waits: they look the other way round. */
		map_set_cursor(&b->map, b->slot, b->rx.pos);
		b->rx.told = b->rx.pos;
	}
	if (all_read) {
		b->rx.laps = 0;
		if (map_lagging(&b->map, b->slot))
			map_set_lagging(&b->map, b->slot, false);
	}
	offer_room(b, all_read);
}

static void maybe_tell(struct native *b)
{
	if (b->rx.pos - b->rx.told >= b->map.con.size / 32 || any_full(b))
		tell(b, false);
}

static void put_counts(struct native *b)
{
	map_put_rx(&b->map, b->slot, b->rx.frames, b->rx.bytes, b->rx.lost);
}

static void count_lost(struct native *b, uint64_t n)
{
	b->rx.lost += n;
	put_counts(b);
}

/*
 * Go on at the oldest record there is; but who is overrun there again and
 * again does better to give up the backlog.  Return: 0, -EIO.
 */
static int resync(struct native *b, bool to_head)
{
	struct map_ends e;

	b->rx.have = false;
	if (!map_ends(&b->map, &e))
		return bus_set_broken(b);
	b->rx.pos = to_head || ++b->rx.laps > LAP_TRIES ? e.head : e.tail;
	tell(b, false);
	return 0;
}

/* If a writer ended our idleness, go on where it says. */
static bool still_idle(struct native *b)
{
	uint64_t c = map_cursor(&b->map, b->slot);

	if (c == BUS_IDLE)
		return true;
	b->rx.idle = false;
	/* A late writer may name an old position; what is read is read. */
	if (c > b->rx.pos && !(c & BUS_DOZING)) {
		b->rx.pos = c;
		b->rx.fresh = true;
	}
	b->rx.told = c;
	b->rx.woke = b->rx.pos;
	return false;
}

static bool wanted(struct native *b, uint32_t sender, const uint8_t *dst)
{
	uint64_t who;

	if (sender == (uint32_t)b->slot)
		return false;
	if (dst[0] & 1)
		return true;
	who = atomic_load_explicit(&b->mac_flags, memory_order_relaxed);
	if ((who & BUS_MF_MAC) == bus_mac_flags(dst, 0))
		return true;
	return who & BUS_MF_PROMISC && !(b->bridge_id && native_is_local(
	    &b->bus, dst));
}

/*
 * Frames passed over while idle are not lost.  Where to count from is what
 * the frame itself says, or the writer if that frame is gone by now.
 */
static void count_gap(struct native *b, bool lapped, uint64_t seq)
{
	struct bus_rx *rx = &b->rx;

	if (rx->fresh)
		rx->seq = lapped ? map_cursor_seq(&b->map, b->slot) : seq;
	rx->fresh = false;
	if (!lapped && seq > rx->seq)
		count_lost(b, seq - rx->seq);
	if (!lapped)
		rx->seq = seq + 1;
}

enum look {
	LOOK_SKIP,		/* stepped over it */
	LOOK_FOUND,		/* rx.rec is for us */
	LOOK_LAPPED,		/* overwritten */
	LOOK_BAD,		/* no record there */
};

/* Look at the record at rx.pos; `left` bytes are published from there. */
static enum look look(struct native *b, uint64_t left)
{
	struct bus_rx *rx = &b->rx;
	const struct ring *ring = &b->map.ring;
	struct ring_head head;
	uint8_t dst[6];
	bool ok;

	ok = ring_parse(ring, rx->pos, ring_load(ring, rx->pos), &rx->rec) &&
	    rx->rec.span <= left;
	ring_get_head(ring, rx->pos, &head);
	ring_copy_out(ring, rx->pos, dst, sizeof(dst));
	if (map_lapped(&b->map, rx->pos)) {
		count_gap(b, true, 0);
		return LOOK_LAPPED;
	}
	if (!ok)
		return LOOK_BAD;
	if (!rx->rec.pad) {
		count_gap(b, false, head.seq);
		rx->seg_size = head.seg_size;
		if (wanted(b, head.sender, dst))
			return LOOK_FOUND;
	}
	rx->pos += rx->rec.span;
	return LOOK_SKIP;
}

/* Scan up to what head was at the start. Return: as bus_peek. */
static ssize_t scan(struct native *b)
{
	uint64_t head;

	if (!map_head(&b->map, &head))
		return bus_set_broken(b);
	while (b->rx.pos != head) {
		switch (b->rx.pos < head ? look(b, head - b->rx.pos) :
		    LOOK_BAD) {
		case LOOK_FOUND:
			b->rx.have = true;
			return b->rx.rec.len;
		case LOOK_SKIP:
			maybe_tell(b);
			break;
		case LOOK_LAPPED:
			if (resync(b, false) < 0 || !map_head(&b->map, &head))
				return bus_set_broken(b);
			break;
		case LOOK_BAD:
			return resync(b, true);
		}
	}
	tell(b, true);
	return 0;
}

ssize_t native_peek(struct bus *bus)
{
	struct native *b = native_of(bus);
	ssize_t n;

	if (b->slot < 0)
		return -ENOTCONN;
	if (!bus_ok(b))
		return -EIO;
	if (b->rx.have)
		return b->rx.rec.len;
	if (b->rx.idle && still_idle(b))
		return 0;
	n = scan(b);
	return bus_ok(b) ? n : -EIO;
}

ssize_t native_take(struct bus *bus, void *buf, size_t cap, uint32_t *seg_size)
{
	struct native *b = native_of(bus);
	struct bus_rx *rx = &b->rx;
	ssize_t n = native_peek(&b->bus);

	if (n <= 0)
		return n;
	if ((size_t)n > cap)
		return -EMSGSIZE;
	ring_copy_out(&b->map.ring, rx->pos, buf, n);
	if (map_lapped(&b->map, rx->pos)) {
		count_lost(b, 1);
		resync(b, false);
		return bus_ok(b) ? 0 : -EIO;
	}
	*seg_size = rx->seg_size;
	rx->have = false;
	rx->pos += rx->rec.span;
	rx->frames++;
	rx->bytes += n;
	put_counts(b);
	maybe_tell(b);
	return bus_ok(b) ? n : -EIO;
}

bool bus_go_idle(struct native *b)
{
	uint64_t dozing = b->rx.pos | BUS_DOZING, head;

	if (b->rx.idle)
		return true;
	/* See notify.c for the order. */
	map_set_cursor(&b->map, b->slot, dozing);
	b->rx.told = b->rx.pos;
	if (!map_head(&b->map, &head) || head != b->rx.pos) {
		map_set_cursor(&b->map, b->slot, b->rx.pos);
		return false;
	}
	if (!map_cursor_cas(&b->map, b->slot, dozing, BUS_IDLE))
		return false;
	b->rx.idle = true;
	offer_room(b, true);
	return true;
}
