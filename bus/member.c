/*
 * member.c: coming to the bus and leaving it.
 */
#include "bus/handle.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t get_ip4(const uint8_t *ip4)
{
	return (uint32_t)ip4[0] << 24 | ip4[1] << 16 | ip4[2] << 8 | ip4[3];
}

/* The slot whose address that is, or -1. */
static int ip4_slot(const struct native *b, const uint8_t *ip4)
{
	uint32_t n = get_ip4(ip4) - get_ip4(b->bus.geo.subnet) - 1;
	uint8_t own[4];

	if (n >= BUS_SLOTS)
		return -1;
	bus_slot_ip4(&b->bus, n, own);
	return memcmp(own, ip4, 4) == 0 ? (int)n : -1;
}

static struct bus_addr ip4_addr(const struct native *b, const uint8_t *ip4)
{
	struct bus_addr a = { .family = AF_INET, .plen = b->bus.geo.plen };

	memcpy(a.addr, ip4, 4);
	return a;
}

/*
 * Take slot n if nobody has it and, with `addr`, its address is free.
 * Return: 0, -EAGAIN if not, -errno if the file cannot be locked.
 */
static int take_slot(struct native *b, unsigned n, bool addr)
{
	struct bus_addr a;
	uint8_t ip4[4];
	int other, r;

	r = bus_slot_lock(b, n);
	if (r < 0 || !addr)
		return r;
	bus_slot_ip4(&b->bus, n, ip4);
	a = ip4_addr(b, ip4);
	/* Our lock makes a dead predecessor look alive: not asked then. */
	bus_slot_clear(b, n);
	if (get_ip4(ip4) != 0 && native_check_addr(&b->bus, &a, &other) == 0)
		return 0;
	bus_slot_unlock(b, n);
	return -EAGAIN;
}

/*
 * Who names an address gets its slot, or else one from the top, where it
 * takes no address from those who name none: they get the lowest whose
 * address is free, and any slot when there is none such.  Who shall have none
 * gets one from the top, too.
 */
static int find_slot(struct native *b, const struct bus_want *want)
{
	int n, r = -EAGAIN;

	if (get_ip4(want->ip4) == 0 && !want->no_addr) {
		for (n = 0; n < BUS_SLOTS && r == -EAGAIN; n++)
			r = take_slot(b, n, true);
		if (r == 0)
			return n - 1;
	} else if (!want->no_addr) {
		n = ip4_slot(b, want->ip4);
		if (n >= 0 && take_slot(b, n, false) == 0)
			return n;
	}
	for (n = BUS_SLOTS - 1; n >= 0; n--) {
		r = take_slot(b, n, false);
		if (r == 0)
			return n;
		if (r != -EAGAIN)
			return r;
	}
	return -EUSERS;
}

static int choose_mac(struct native *b, const struct bus_want *want, int slot)
{
	static const uint8_t none[6];

	if (memcmp(want->mac, none, 6) != 0) {
		memcpy(b->mac, want->mac, 6);
		return 0;
	}
	b->mac[0] = 0xb2;
	b->mac[1] = 0xa0;
	b->mac[5] = slot;
	return getentropy(b->mac + 2, 3) < 0 ? -errno : 0;
}

/* Positions first, the MAC last: who sees it sends to us. */
static void enter(struct native *b, int slot)
{
	bus_slot_clear(b, slot);
	map_put_tx(&b->map, slot, 0, 0, 0);
	map_put_rx(&b->map, slot, 0, 0, 0);
	map_put_malformed(&b->map, slot, 0);
	memset(&b->tx, 0, sizeof(b->tx));
	memset(&b->rx, 0, sizeof(b->rx));
	b->malformed = 0;
	b->rx.idle = true;
	b->slot = slot;
	atomic_store(&b->full, 0);
	native_announce_addrs(&b->bus, NULL, 0);
	native_announce_name(&b->bus, "");
	native_announce_server(&b->bus, "");
	bus_lock_inherit(b);
}

static int join_locked(struct native *b, const struct bus_want *want, char *err)
{
	static const uint8_t none[6];
	struct bus_addr a = ip4_addr(b, want->ip4);
	char text[BUS_HOSTTEXT];
	int slot, r, other;

	if (get_ip4(want->ip4) && native_check_addr(&b->bus, &a, &other) < 0)
		return bus_fail(err, -EADDRINUSE, "%s: %u.%u.%u.%u is in use "
		    "by %s; take another address", b->bus.path,
		    a.addr[0], a.addr[1], a.addr[2], a.addr[3],
		    bus_host_text(&b->bus, (unsigned)other, text));
	slot = find_slot(b, want);
	if (slot == -ESTALE)
		return bus_fail(err, slot, "%s.lock: another bus's by now; "
		    "try again", b->bus.path);
	if (slot < 0 && slot != -EUSERS)
		return bus_fail(err, slot, "%s: cannot lock the file: %s; put "
		    "the bus on another file system", b->bus.path,
		    strerror(-slot));
	if (slot < 0)
		return bus_fail(err, slot, "%s: the bus is full (%d members); "
		    "end one or use another bus", b->bus.path, BUS_SLOTS);
	r = choose_mac(b, want, slot);
	if (r < 0) {
		bus_slot_unlock(b, slot);
		return bus_fail(err, r, "%s: no random numbers; try again",
		    b->bus.path);
	}
	enter(b, slot);
	r = bus_set_mac_locked(b, b->mac);
	if (r < 0) {
		native_leave(&b->bus);
		return bus_fail(err, r, memcmp(want->mac, none, 6) == 0 ?
		    "%s: no free MAC address; try again" :
		    "%s: the MAC address is in use or not one; take another",
		    b->bus.path);
	}
	native_announce_name(&b->bus, want->name);
	if (get_ip4(want->ip4))
		native_announce_addrs(&b->bus, &a, 1);
	return slot;
}

int native_join(struct bus *bus, const struct bus_want *want,
    char err[static BUS_ERRLEN])
{
	struct native *b = native_of(bus);
	bool locked;
	int r;

	if (b->rdonly)
		return bus_fail(err, -EACCES, "%s: opened for reading only; a "
		    "member needs to write", b->bus.path);
	if (b->slot >= 0)
		return bus_fail(err, -EALREADY, "%s: a member already",
		    b->bus.path);
	if (!bus_ok(b))
		return bus_fail(err, -EIO, "%s: damaged bus; remove it and "
		    "create it anew", b->bus.path);
	locked = bus_join_lock(b);
	r = join_locked(b, want, err);
	if (locked)
		bus_join_unlock(b);
	if (r >= 0 && !bus_ok(b)) {
		native_leave(&b->bus);
		return bus_fail(err, -EIO, "%s: damaged bus; remove it and "
		    "create it anew", b->bus.path);
	}
	return r;
}

void native_leave(struct bus *bus)
{
	struct native *b = native_of(bus);

	if (b->slot < 0)
		return;
	bus_slot_clear(b, b->slot);
	bus_slot_unlock(b, b->slot);
	b->slot = -1;
	atomic_store(&b->mac_flags, 0);
	b->rx.have = false;
	b->bridge_id = 0;
}

int native_slot(const struct bus *bus)
{
	const struct native *b = native_seen(bus);

	return b->slot;
}

const uint8_t *native_mac(const struct bus *bus)
{
	const struct native *b = native_seen(bus);

	return b->mac;
}
