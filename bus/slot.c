/*
 * slot.c: who is alive.  A member holds a write lock (F_OFD_SETLK) on the
 * first byte of its slot, on an open file description of its own: the kernel
 * drops it when the last process that has it is gone, however it went.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOIN_TRIES	500	/* of 2 ms each */

static off_t slot_off(unsigned slot)
{
	return BUS_SLOT_OFF + (off_t)slot * sizeof(struct bus_slot);
}

static int set_lock(struct bus *b, off_t off, short type)
{
	struct flock lk = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = off,
		.l_len = 1,
	};

	bus_hook(NULL, 0);
	if (fcntl(b->lock_fd, F_OFD_SETLK, &lk) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

/*
 * Asked for as a read lock, so that somebody who may only read the file
 * cannot pass for a member.  When in doubt, alive: then time decides.
 */
bool bus_slot_alive(struct bus *b, unsigned slot)
{
	struct flock lk = {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = slot_off(slot),
		.l_len = 1,
	};

	if (slot >= BUS_SLOTS)
		return false;
	return fcntl(b->fd, F_OFD_GETLK, &lk) < 0 || lk.l_type != F_UNLCK;
}

int bus_slot_lock(struct bus *b, unsigned slot)
{
	return set_lock(b, slot_off(slot), F_WRLCK);
}

void bus_slot_unlock(struct bus *b, unsigned slot)
{
	set_lock(b, slot_off(slot), F_UNLCK);
}

void bus_slot_clear(struct bus *b, unsigned slot)
{
	const struct bus_map *m = &b->map;

	map_set_del(m, MAP_PRESENT, slot);
	map_set_del(m, MAP_SPECIAL, slot);
	map_set_del(m, MAP_FULL, slot);
	map_set_mac_flags(m, slot, 0);
	map_set_cursor(m, slot, BUS_IDLE);
	map_set_lagging(m, slot, false);
	map_end_claim(m, slot);
	/* Nobody writes there any more, so it is no stray either. */
	map_set_del(m, MAP_STRAY, slot);
}

/*
 * Dead is whose lock we get.  Holding it keeps a new owner from coming in
 * between, and if we die now, the next one starts over.
 */
bool bus_slot_reclaim(struct bus *b, unsigned slot)
{
	if ((int)slot == b->slot || bus_slot_alive(b, slot) ||
	    bus_slot_lock(b, slot) < 0)
		return false;
	bus_slot_clear(b, slot);
	bus_slot_unlock(b, slot);
	return true;
}

/*
 * Joining and changes of MAC look for duplicates first and must not overtake
 * each other.  If the lock is not to be had (a stopped program holds it), go
 * on without: at worst two members have one address.
 */
bool bus_join_lock(struct bus *b)
{
	struct timespec ts = { .tv_nsec = 2 * CLOCK_NS_MS };

	for (int i = 0; i < JOIN_TRIES; i++) {
		if (set_lock(b, 0, F_WRLCK) == 0)
			return true;
		nanosleep(&ts, NULL);
	}
	return false;
}

void bus_join_unlock(struct bus *b)
{
	set_lock(b, 0, F_UNLCK);
}
