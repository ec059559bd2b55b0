/*
 * room.c: what a writer may overwrite: not what a member that counts has not
 * read, and not where a writer that was robbed of the lock may still write.
 *
 * A member counts while it lives, is not idle, and moves.  One that is in
 * the way and does not read a byte for STALL_NS, or reads less than an eighth
 * of the ring in CRAWL_NS, becomes a laggard until it has caught up: it does
 * not count, loses frames, and counts those itself.
 *
 * A laggard loses up to a ring of frames, so waiting for the processor must
 * not make one: beside 8 busy loops on 2 processors, a receiver lost up to
 * 13 of 100 frames with 20 ms, and 1 at most with 100 ms.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <string.h>

#define STALL_NS	(100 * CLOCK_NS_MS)
#define CRAWL_NS	(400 * CLOCK_NS_MS)
#define CRAWL_GAP_NS	(50 * CLOCK_NS_MS)	/* not in the way: forgiven */

/* True if the member that stands at c, in the way, no longer counts. */
static bool stop_waiting(struct native *b, unsigned slot, uint64_t c)
{
	struct bus_stall *st = &b->tx.stall[slot];
	uint64_t now = clock_ns();

	if (bus_slot_reclaim(b, slot))
		return true;
	if (!st->since_ns || st->pos != c) {
		if (!st->since_ns || now - st->since_ns > CRAWL_GAP_NS ||
		    c - st->start >= b->map.con.size / 8) {
			st->start = c;
			st->start_ns = now;
		}
		st->pos = c;
		st->since_ns = now;
	}
	if (now - st->since_ns < STALL_NS && now - st->start_ns < CRAWL_NS)
		return false;
	st->since_ns = 0;
	map_set_lagging(&b->map, slot, true);
	return true;
}

/*
 * The lowest cursor that counts.  A cursor below tail has been overrun
 * already, one above head is nonsense.
 */
static uint64_t scan(struct native *b, const struct map_ends *e, uint64_t need)
{
	uint64_t min = e->head, set, c;
	unsigned slot;

	for (int w = 0; w < BUS_WORDS; w++) {
		set = map_set_word(&b->map, MAP_PRESENT, w);
		for (; set; set &= set - 1) {
			slot = w * 64 + __builtin_ctzll(set);
			c = map_cursor(&b->map, slot);
			if (c == BUS_IDLE)
				continue;
			c &= ~BUS_DOZING;
			if (c > e->head || c < e->tail || c >= min ||
			    map_lagging(&b->map, slot))
				continue;
			if (c < need && stop_waiting(b, slot, c))
				continue;
			min = c;
		}
	}
	return min;
}

/*
 * Cursors only grow and idle members resume at the head, so an old minimum
 * is still a bound, and this is needed about once in a lap.
 */
static void refresh(struct native *b, const struct map_ends *e, uint64_t need)
{
	b->tx.min = scan(b, e, need);
}

static bool wait_for_room(struct native *b, const struct map_ends *e,
    uint64_t need)
{
	/* First ask to be woken, then look: the reader does it reversed. */
	map_set_add(&b->map, MAP_FULL, b->slot);
	refresh(b, e, need);
	if (need > b->tx.min)
		return true;
	map_set_del(&b->map, MAP_FULL, b->slot);
	return false;
}

/*
 * Many records at once, so that readers, who look at tail after each frame,
 * rarely find the line gone.  A log that cannot be walked is emptied.
 */
static int move_tail(struct native *b, const struct map_ends *e, uint64_t need)
{
	uint64_t want = need + b->map.con.size / 32, to;
	struct map_ends now;

	if (want > b->tx.min)
		want = b->tx.min;
	if (want < need)
		want = need;
	to = ring_walk(&b->map.ring, e->tail, need, want, e->head);
	if (to == UINT64_MAX)
		to = e->head;
	/* Fails if we were robbed, and somebody else moved it. */
	if (map_move_tail(&b->map, e, to))
		return 0;
	return map_ends(&b->map, &now) && now.tail >= need ? 0 : -ESTALE;
}

int bus_room_make(struct native *b, const struct map_ends *e, uint64_t end)
{
	uint64_t size = b->map.con.size, need = end > size ? end - size : 0;

	if (need <= e->tail)
		return 0;
	if (need > b->tx.min)
		refresh(b, e, need);
	if (need > b->tx.min && wait_for_room(b, e, need))
		return -EAGAIN;
	return move_tail(b, e, need);
}

/* The end of slot's claim if it overlaps, else 0. */
static uint64_t stray_end(struct native *b, unsigned slot, uint64_t off,
    uint64_t span)
{
	uint64_t start, len;

	if ((int)slot == b->slot || !map_claim(&b->map, slot, &start, &len))
		return 0;
	if (start >= off + span || off >= start + len)
		return 0;
	return bus_slot_reclaim(b, slot) ? 0 : start + len;
}

uint64_t bus_room_stray(struct native *b, uint64_t off, uint64_t span)
{
	uint64_t end = 0, set, e;

	for (int w = 0; w < BUS_WORDS; w++) {
		set = map_set_word(&b->map, MAP_STRAY, w);
		for (; set; set &= set - 1) {
			e = stray_end(b, w * 64 + __builtin_ctzll(set), off,
			    span);
			if (e > end)
				end = e;
		}
	}
	return end;
}
