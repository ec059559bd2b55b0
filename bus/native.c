/*
 * native.c: the native format's operations.
 */
#include "bus/handle.h"

#include <errno.h>
#include <string.h>

#include "bus/lockfile.h"

static bool knows(const uint8_t *head, size_t n)
{
	const uint64_t magic = BUS_MAGIC;

	return n >= sizeof(magic) && memcmp(head, &magic, sizeof(magic)) == 0;
}

static int users(struct bus *bus)
{
	struct bus_member m;
	int n = 0;

	for (unsigned i = 0; i < BUS_SLOTS; i++)
		n += native_member(bus, i, &m) == 1;
	/* Or does somebody join just now? */
	if (n == 0 && native_of(bus)->lock_fd >= 0 &&
	    lockfile_take(native_of(bus)->lock_fd) == -EAGAIN)
		n = 1;
	return n;
}

const struct bus_ops native_ops = {
	.name = "native",
	.lock_file = true,
	.knows = knows,
	.geometry = native_geometry,
	.create = native_create,
	.open = native_open,
	.close = native_close,
	.same = native_same,
	.users = users,
	.join = native_join,
	.leave = native_leave,
	.slot = native_slot,
	.mac = native_mac,
	.rejoin = native_rejoin,
	.announce_addrs = native_announce_addrs,
	.announce_name = native_announce_name,
	.announce_server = native_announce_server,
	.take_name = native_take_name,
	.check_addr = native_check_addr,
	.set_mac = native_set_mac,
	.set_promisc = native_set_promisc,
	.member = native_member,
	.send = native_send,
	.defer_wake = native_defer_wake,
	.wake = native_wake,
	.peek = native_peek,
	.take = native_take,
	.wait = native_wait,
	.kick = native_kick,
	.announce_bridge = native_announce_bridge,
	.put_guests = native_put_guests,
	.guest = native_guest,
	.bridged = native_bridged,
	.count_lost = native_count_lost,
	.count_malformed = native_count_malformed,
	.is_local = native_is_local,
	.stamp = native_stamp,
	.reap = native_reap,
	.bridge_lock = native_bridge_lock,
	.log_next = native_log_next,
	.log_seek_end = native_log_seek_end,
};
