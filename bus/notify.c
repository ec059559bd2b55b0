/*
 * notify.c: who wants a frame, and waking those that sleep.
 *
 * The cursor of a member that reads is the position P it has read up to.
 * Becoming idle goes (the member left, a writer with a frame for it right):
 *
 *	P | BUS_DOZING stored		head moved past the frame
 *	head read again			cursor read
 *	  moved: P stored, go on	  P: nothing to do
 *	  not: CAS to BUS_IDLE		  P | BUS_DOZING: CAS to P
 *	    failed: go on		  BUS_IDLE: CAS to the frame, wake
 *
 * All are sequentially consistent.  Either the member sees that head
 * moved, or the writer sees that it dozes; in between there is no wanted
 * frame unnoticed.  While it dozes, it still counts for room at P: it may be
 * anywhere up to a ring behind, if it was held up just before.  Writers do
 * their part with the lock, so that the first frame that is wanted ends the
 * idleness, and none before it is skipped.
 *
 * A writer robbed of the lock may come late and name a frame that the member
 * has read already; the member does not go back (recv.c).
 */
#include "bus/handle.h"

#include <string.h>

static void end_idle(struct native *b, unsigned slot, uint64_t pos,
    uint64_t seq, uint64_t *wake)
{
	uint64_t c = map_cursor(&b->map, slot);

	if ((int)slot == b->slot)
		return;
	if (c != BUS_IDLE && c & BUS_DOZING) {
		if (map_cursor_cas(&b->map, slot, c, c & ~BUS_DOZING))
			return;
		/* It has fallen asleep meanwhile, or goes on by itself. */
		c = map_cursor(&b->map, slot);
	}
	if (c != BUS_IDLE)
		return;
	map_set_cursor_seq(&b->map, slot, seq);
	if (map_cursor_cas(&b->map, slot, BUS_IDLE, pos))
		wake[slot / 64] |= 1ull << slot % 64;
}

static bool wants(struct native *b, unsigned slot, uint64_t mac)
{
	uint64_t who = map_mac_flags(&b->map, slot);

	return who & BUS_MF_PROMISC || (who & BUS_MF_MAC) == mac;
}

void bus_notify(struct native *b, uint64_t pos, uint64_t seq,
    uint64_t wake[static BUS_WORDS])
{
	uint64_t mac, set;
	uint8_t dst[6];
	unsigned slot;

	ring_copy_out(&b->map.ring, pos, dst, sizeof(dst));
	mac = bus_mac_flags(dst, 0);
	/* Our own kind of MAC says the slot; the others are few. */
	if (!(dst[0] & 1) && wants(b, dst[5], mac))
		end_idle(b, dst[5], pos, seq, wake);
	for (int w = 0; w < BUS_WORDS; w++) {
		set = map_set_word(&b->map, dst[0] & 1 ? MAP_PRESENT :
		    MAP_SPECIAL, w);
		for (; set; set &= set - 1) {
			slot = w * 64 + __builtin_ctzll(set);
			if (dst[0] & 1 || (wants(b, slot, mac) &&
			    bus_bridge_wants(b, slot, dst)))
				end_idle(b, slot, pos, seq, wake);
		}
	}
}

void bus_notify_wake(struct native *b, const uint64_t wake[static BUS_WORDS])
{
	for (int w = 0; w < BUS_WORDS; w++)
		for (uint64_t set = wake[w]; set; set &= set - 1)
			bus_wake_slot(b, w * 64 + __builtin_ctzll(set));
}
