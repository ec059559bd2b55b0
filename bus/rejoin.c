/*
 * rejoin.c: somebody wrote over our slot.  The lock says that it is ours all
 * the same; so it is put right, and no more than some frames are lost.
 */
#include "bus/handle.h"

#include <errno.h>

bool bus_mine(const struct native *b)
{
	return map_mac_flags(&b->map, b->slot) == atomic_load(&b->mac_flags) &&
	    map_info_seq(&b->map, b->slot) == atomic_load(&b->told.seq) &&
	    map_set_has(&b->map, MAP_PRESENT, b->slot);
}

int native_rejoin(struct bus *bus)
{
	struct native *b = native_of(bus);

	if (b->slot < 0)
		return -ENOTCONN;
	if (!bus_ok(b))
		return -EIO;
	if (bus_mine(b))
		return 0;
	bus_slot_clear(b, b->slot);
	/* As when we joined: the next frame for us ends the idleness. */
	b->rx.idle = true;
	b->rx.have = false;
	b->rx.fresh = false;
	map_put_rx(&b->map, b->slot, b->rx.frames, b->rx.bytes, b->rx.lost);
	map_put_malformed(&b->map, b->slot, b->malformed);
	map_put_tx(&b->map, b->slot, b->tx.frames, b->tx.bytes, b->tx.full);
	bus_announce_again(b);
	if (b->bridge_id)
		map_set_add(&b->map, MAP_BRIDGE, (unsigned)b->slot);
	return 1;
}
