/*
 * slot.c: who is alive.  A member holds a write lock (F_OFD_SETLK) on its byte
 * of PATH.lock, on an open file description of its own: the kernel drops it
 * when the last process that has it is gone, however it went.
 *
 * Who may only read the bus cannot ask there, and sees a sign: another lock
 * on the first byte of the slot in the bus itself, which nothing depends on.
 * Readers could keep it from being set, and hide a member from other readers.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOIN_WAIT_NS	CLOCK_NS_S

static int set_lock(int fd, off_t off, short type)
{
	struct flock lk = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = off,
		.l_len = 1,
	};

	bus_hook(NULL, 0);
	if (fcntl(fd, F_OFD_SETLK, &lk) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static off_t sign_off(unsigned slot)
{
	return BUS_SLOT_OFF + (off_t)slot * sizeof(struct bus_slot);
}

/*
 * Asked for as a read lock, so that somebody who may only read the file
 * cannot pass for a member.  When in doubt, alive: then time decides.
 */
bool bus_slot_alive(struct native *b, unsigned slot)
{
	struct flock lk = {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = b->lock_fd >= 0 ? BUS_LOCK_SLOT(slot) :
		    sign_off(slot),
		.l_len = 1,
	};

	if (slot >= BUS_SLOTS)
		return false;
	/* Own locks are not told. */
	if ((int)slot == b->slot)
		return true;
	return fcntl(b->lock_fd >= 0 ? b->lock_fd : b->bus.fd, F_OFD_GETLK,
	    &lk) < 0 || lk.l_type != F_UNLCK;
}

int bus_slot_lock(struct native *b, unsigned slot)
{
	int r = set_lock(b->lock_fd, BUS_LOCK_SLOT(slot), F_WRLCK);

	if (r < 0)
		return r;
	/* Now that it is locked it cannot become another bus's any more. */
	if (!map_locks_same(&b->map)) {
		bus_slot_unlock(b, slot);
		return -ESTALE;
	}
	set_lock(b->bus.fd, sign_off(slot), F_WRLCK);
	return 0;
}

void bus_slot_unlock(struct native *b, unsigned slot)
{
	set_lock(b->bus.fd, sign_off(slot), F_UNLCK);
	set_lock(b->lock_fd, BUS_LOCK_SLOT(slot), F_UNLCK);
}

void bus_slot_clear(struct native *b, unsigned slot)
{
	const struct bus_map *m = &b->map;

	map_set_del(m, MAP_PRESENT, slot);
	map_set_del(m, MAP_SPECIAL, slot);
	map_set_del(m, MAP_FULL, slot);
	bus_guests_clear(b, slot);
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
bool bus_slot_reclaim(struct native *b, unsigned slot)
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
static bool wait_lock(struct native *b, off_t off)
{
	struct timespec ts = { .tv_nsec = 2 * CLOCK_NS_MS };

	uint64_t start = clock_ns();

	do {
		if (set_lock(b->lock_fd, off, F_WRLCK) == 0)
			return true;
		nanosleep(&ts, NULL);
	} while (clock_ns() - start < JOIN_WAIT_NS);
	return false;
}

bool bus_join_lock(struct native *b)
{
	return wait_lock(b, BUS_LOCK_JOIN);
}

void bus_join_unlock(struct native *b)
{
	set_lock(b->lock_fd, BUS_LOCK_JOIN, F_UNLCK);
}

void native_bridge_lock(struct bus *bus, bool on)
{
	struct native *b = native_of(bus);

	if (on)
		wait_lock(b, BUS_LOCK_BRIDGE);
	else
		set_lock(b->lock_fd, BUS_LOCK_BRIDGE, F_UNLCK);
}
