/*
 * lock.c: the lock among writers.
 *
 * It is a word of our own and not a robust pthread mutex, because the C
 * library keeps such mutexes in a list whose pointers lie in the mutexes: in
 * a shared file any member could aim them at our memory.
 *
 * The word, see layout.h:
 *	owner 0			free
 *	owner n			held by slot n - 1
 *	waiters bit		the holder must wake one when it lets go
 *	epoch			another one for every acquisition, so that a
 *				word that stays the same means one that is
 *				stuck
 *
 * A holder that is dead (its slot's file lock is gone) is robbed as soon as
 * that is seen.  One that lives but has not let go for LOCK_STUCK_NS (stopped
 * by a signal, most likely) is robbed too.  It may wake up in the middle
 * of the work later, so everything a writer does under the lock must be
 * harmless when it comes late:
 *
 * - head, tail, seq and a record's word only change by compare-and-swap from
 *   a value read under the lock; head, tail and seq never return to an old
 *   value, so that a late one fails;
 * - bytes are only written to a range that stands in the writer's slot
 *   (claim_pos, claim_len) before bus_lock_mine() is asked for the last time
 *   (all of it sequentially consistent: either the late one sees that it was
 *   robbed, or the robber's successors see the claim).  Slots robbed alive
 *   are in the `stray` set until they have noticed; writers put no frame
 *   there (room.c), so late bytes land under pads.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <time.h>

#define LOCK_SPINS	100			/* a few microseconds */
#define LOCK_NAP_NS	(2 * CLOCK_NS_MS)
#define LOCK_STUCK_NS	(50 * CLOCK_NS_MS)
#define LOCK_GIVE_UP_NS	(400 * CLOCK_NS_MS)

/* What to write to take the lock that reads w. */
static uint32_t word_mine(const struct native *b, uint32_t w, uint32_t waiters)
{
	uint32_t epoch = (w & ~(BUS_LOCK_EPOCH - 1)) + BUS_LOCK_EPOCH;

	return epoch | (w & BUS_LOCK_WAITERS) | waiters | (b->slot + 1);
}

static bool try_lock(struct native *b, uint32_t w, uint32_t waiters)
{
	uint32_t mine = word_mine(b, w, waiters);

	if (!map_lock_cas(&b->map, &w, mine))
		return false;
	b->tx.lock_word = mine & ~BUS_LOCK_WAITERS;
	return true;
}

/* Rob the holder of w, unseen for ns.  Return: true if the lock is ours. */
static bool try_steal(struct native *b, uint32_t w, uint64_t ns)
{
	unsigned owner = (w & BUS_LOCK_OWNER) - 1;

	if (owner >= BUS_SLOTS || (int)owner == b->slot ||
	    !bus_slot_alive(b, owner))
		return try_lock(b, w, BUS_LOCK_WAITERS);
	if (ns < LOCK_STUCK_NS)
		return false;
	/* Before the lock changes hands, lest we die in between. */
	map_set_add(&b->map, MAP_STRAY, owner);
	return try_lock(b, w, BUS_LOCK_WAITERS);
}

/* Others may sleep as well: who comes this way leaves the waiters bit set. */
static int lock_slow(struct native *b)
{
	uint64_t start = clock_ns(), now = start, since = start;
	uint32_t w, seen = map_lock(&b->map, memory_order_seq_cst);

	for (; now - start < LOCK_GIVE_UP_NS; now = clock_ns()) {
		w = map_lock(&b->map, memory_order_seq_cst);
		if (!(w & BUS_LOCK_OWNER)) {
			if (try_lock(b, w, BUS_LOCK_WAITERS))
				return 0;
			continue;
		}
		if ((w ^ seen) & ~BUS_LOCK_WAITERS) {
			seen = w;
			since = now;
		} else if (now - since >= LOCK_NAP_NS &&
		    try_steal(b, w, now - since)) {
			return 0;
		}
		if ((w & BUS_LOCK_WAITERS) ||
		    map_lock_cas(&b->map, &w, w | BUS_LOCK_WAITERS))
			bus_futex_wait(map_lock_word(&b->map),
			    w | BUS_LOCK_WAITERS, LOCK_NAP_NS);
		if (!bus_ok(b))
			return -EIO;
	}
	/* As if there were no room, so that bus_wait takes its time. */
	map_set_add(&b->map, MAP_FULL, b->slot);
	return -EAGAIN;
}

int bus_lock(struct native *b)
{
	uint32_t w;

	for (int i = 0; i < LOCK_SPINS; i++) {
		w = map_lock(&b->map, memory_order_relaxed);
		if (!(w & BUS_LOCK_OWNER) && try_lock(b, w, 0))
			return 0;
		pause_cpu();
	}
	return lock_slow(b);
}

bool bus_lock_mine(const struct native *b)
{
	return (map_lock(&b->map, memory_order_seq_cst) &
	    ~BUS_LOCK_WAITERS) == b->tx.lock_word;
}

bool bus_unlock(struct native *b)
{
	uint32_t w = b->tx.lock_word;

	/* Twice at most: only the waiters bit can have changed. */
	for (int i = 0; i < 2; i++) {
		if (map_lock_cas(&b->map, &w, w & ~(BUS_LOCK_WAITERS |
		    BUS_LOCK_OWNER))) {
			if (w & BUS_LOCK_WAITERS)
				bus_futex_wake(map_lock_word(&b->map));
			return true;
		}
		if ((w & ~BUS_LOCK_WAITERS) != b->tx.lock_word)
			break;
	}
	return false;
}

void bus_lock_inherit(struct native *b)
{
	uint32_t w = map_lock(&b->map, memory_order_seq_cst);

	if ((w & BUS_LOCK_OWNER) != (uint32_t)b->slot + 1)
		return;
	b->tx.lock_word = w & ~BUS_LOCK_WAITERS;
	bus_unlock(b);
}
