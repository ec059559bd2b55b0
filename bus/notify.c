/*
 * notify.c: who wants a frame, and waking those that sleep.
 *
 * A member with nothing to read sets its cursor to BUS_IDLE and looks at head
 * again; a writer moves head and then looks at the cursor.  All four are
 * sequentially consistent, so at least one sees the other: no frame that
 * is wanted is published unnoticed.  The writer sets the cursor to the
 * frame's position by compare-and-swap while it has the lock, so the
 * first wanted frame wins, and a member never resumes behind one.
 */
#include "bus/handle.h"

#include <string.h>

static void end_idle(struct bus *b, unsigned slot, uint64_t pos, uint64_t seq,
    uint64_t *wake)
{
	struct bus_slot *s = &b->slots[slot];
	uint64_t idle = BUS_IDLE;

	if (atomic_load(&s->cursor) != BUS_IDLE || (int)slot == b->slot)
		return;
	atomic_store_explicit(&s->cursor_seq, seq, memory_order_relaxed);
	if (atomic_compare_exchange_strong(&s->cursor, &idle, pos))
		wake[slot / 64] |= 1ull << slot % 64;
}

static bool wants(const struct bus_slot *s, uint64_t mac)
{
	uint64_t who = atomic_load(&s->who);

	return who & BUS_WHO_PROMISC || (who & BUS_WHO_MAC) == mac;
}

void bus_notify(struct bus *b, uint64_t pos, uint64_t seq,
    uint64_t wake[static BUS_WORDS])
{
	uint64_t mac, set;
	uint8_t dst[6];
	unsigned slot;

	ring_copy_out(&b->ring, pos, 0, dst, sizeof(dst));
	mac = bus_who_pack(dst, 0);
	/* Our own kind of MAC says the slot; the others are few. */
	if (!(dst[0] & 1) && wants(&b->slots[dst[5]], mac))
		end_idle(b, dst[5], pos, seq, wake);
	for (int w = 0; w < BUS_WORDS; w++) {
		set = dst[0] & 1 ? atomic_load(&b->hdr->present[w]) :
		    atomic_load(&b->hdr->special[w]);
		for (; set; set &= set - 1) {
			slot = w * 64 + __builtin_ctzll(set);
			if (dst[0] & 1 || wants(&b->slots[slot], mac))
				end_idle(b, slot, pos, seq, wake);
		}
	}
}

void bus_notify_wake(struct bus *b, const uint64_t wake[static BUS_WORDS])
{
	for (int w = 0; w < BUS_WORDS; w++)
		for (uint64_t set = wake[w]; set; set &= set - 1)
			bus_wake_slot(b, w * 64 + __builtin_ctzll(set));
}
