/*
 * rumpmember.c: taking part in a bus of NetBSD's format.  There is no list of
 * members in it: one knows oneself.
 */
#include "bus/rump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bus/gso.h"
#include "stack/wire/clock.h"

#define JOIN_NS	CLOCK_NS_S

uint64_t rump_mac_bits(const uint8_t mac[static 6])
{
	uint64_t v = 0;

	for (int i = 5; i >= 0; i--)
		v = v << 8 | mac[i];
	return v;
}

/* b2:a0 and four random bytes, as the original. */
static int choose_mac(struct rump *b, const struct bus_want *want)
{
	static const uint8_t none[6];

	memcpy(b->mac, want->mac, 6);
	if (memcmp(want->mac, none, 6) != 0)
		return want->mac[0] & 1 ? -EINVAL : 0;
	b->mac[0] = 0xb2;
	b->mac[1] = 0xa0;
	return getentropy(b->mac + 2, 4) < 0 ? -errno : 0;
}

static bool allocate(struct rump *b)
{
	b->rx.chunk.buf = malloc(RUMP_BUF);
	b->image = malloc(RUMP_BUF);
	b->flat = malloc(GSO_MAX);
	return b->rx.chunk.buf && b->image && b->flat;
}

static void forget(struct rump *b)
{
	rump_drop_id(b);
	free(b->rx.chunk.buf);
	free(b->image);
	free(b->flat);
	b->rx.chunk.buf = b->image = b->flat = NULL;
}

/* Frames from now on are for us. */
static void enter(struct rump *b)
{
	bool locked;

	b->rx.have = 0;
	b->rx.laps = 0;
	atomic_store(&b->mac_flags, rump_mac_bits(b->mac));
	rump_take_id(b);
	rump_wait_open(b);
	/* Without the lock it is a guess, which is right most of the time. */
	locked = rump_lock(b, JOIN_NS) == 0;
	rump_skip_all(b);
	if (locked)
		rump_unlock(b);
	b->joined = true;
}

int rump_join(struct bus *bus, const struct bus_want *want,
    char err[static BUS_ERRLEN])
{
	struct rump *b = rump_of(bus);
	int r;

	if (b->rdonly)
		return bus_fail(err, -EACCES, "%s: opened for reading only; a "
		    "member needs to write", bus->path);
	if (b->joined)
		return bus_fail(err, -EALREADY, "%s: a member already",
		    bus->path);
	r = choose_mac(b, want);
	if (r == -EINVAL)
		return bus_fail(err, r, "%s: a multicast MAC address; take "
		    "another", bus->path);
	if (r < 0 || getentropy(&b->sender, sizeof(b->sender)) < 0)
		return bus_fail(err, -EAGAIN, "%s: no random numbers; try "
		    "again", bus->path);
	if (!allocate(b)) {
		forget(b);
		return bus_fail(err, -ENOMEM, "%s: out of memory; end other "
		    "programs", bus->path);
	}
	enter(b);
	if (rump_ok(b))
		return 0;
	rump_leave(bus);
	return bus_fail(err, -EIO, "%s: damaged bus; remove it and create it "
	    "anew", bus->path);
}

void rump_leave(struct bus *bus)
{
	struct rump *b = rump_of(bus);

	if (!b->joined)
		return;
	b->joined = false;
	forget(b);
}

int rump_slot(const struct bus *bus)
{
	return rump_seen(bus)->joined ? 0 : -1;
}

const uint8_t *rump_mac(const struct bus *bus)
{
	return rump_seen(bus)->mac;
}

int rump_set_mac(struct bus *bus, const uint8_t mac[static 6])
{
	struct rump *b = rump_of(bus);
	uint64_t flags = atomic_load(&b->mac_flags) & RUMP_MF_PROMISC;

	if (!b->joined)
		return -ENOTCONN;
	if (!rump_ok(b))
		return -EIO;
	if (mac[0] & 1 || rump_mac_bits(mac) == 0)
		return -EINVAL;
	memmove(b->mac, mac, 6);
	atomic_store(&b->mac_flags, rump_mac_bits(mac) | flags);
	return 0;
}

void rump_set_promisc(struct bus *bus, bool on)
{
	struct rump *b = rump_of(bus);

	atomic_store(&b->mac_flags, rump_mac_bits(b->mac) |
	    (on ? RUMP_MF_PROMISC : 0));
}

int rump_member(struct bus *bus, unsigned slot, struct bus_member *out)
{
	struct rump *b = rump_of(bus);

	if (slot != 0 || !b->joined || !rump_ok(b))
		return 0;
	*out = (struct bus_member){
		.pid = (uint32_t)getpid(),
		.promisc = atomic_load(&b->mac_flags) & RUMP_MF_PROMISC,
		.tx_frames = atomic_load(&b->tx_frames),
		.tx_bytes = atomic_load(&b->tx_bytes),
		.tx_full = atomic_load(&b->tx_full),
		.rx_frames = atomic_load(&b->rx_frames),
		.rx_bytes = atomic_load(&b->rx_bytes),
		.rx_lost = atomic_load(&b->rx_lost),
	};
	memcpy(out->mac, b->mac, 6);
	return 1;
}

void rump_count_lost(struct bus *bus, uint64_t n)
{
	rump_count(&rump_of(bus)->rx_lost, n);
}
