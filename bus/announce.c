/*
 * announce.c: what members tell about themselves, and reading it back from
 * others with the distrust it deserves.
 */
#include "bus/handle.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

uint64_t bus_mac_flags(const uint8_t mac[static 6], uint64_t flags)
{
	uint64_t who = 0;

	for (int i = 5; i >= 0; i--)
		who = who << 8 | mac[i];
	return who | flags;
}

static void told(struct native *b)
{
	atomic_store(&b->told.seq, map_info_seq(&b->map, b->slot));
}

void native_announce_addrs(struct bus *bus, const struct bus_addr *a, size_t n)
{
	struct native *b = native_of(bus);
	struct bus_addr *all = b->told.addr;

	if (b->slot < 0)
		return;
	memset(all, 0, sizeof(b->told.addr));
	if (n > 0)
		memcpy(all, a, (n < BUS_ADDRS ? n : BUS_ADDRS) * sizeof(*a));
	map_put_info(&b->map, b->slot, NULL, all);
	told(b);
}

void native_announce_name(struct bus *bus, const char *name)
{
	struct native *b = native_of(bus);
	char *all = b->told.name;

	if (b->slot < 0)
		return;
	memset(all, 0, BUS_NAMELEN);
	memcpy(all, name, strnlen(name, BUS_NAMELEN - 1));
	map_put_info(&b->map, b->slot, all, NULL);
	told(b);
}

void native_announce_server(struct bus *bus, const char *path)
{
	struct native *b = native_of(bus);
	char *all = b->told.server;

	if (b->slot < 0)
		return;
	memset(all, 0, BUS_SERVERLEN);
	if (strlen(path) < BUS_SERVERLEN)
		memcpy(all, path, strlen(path));
	map_put_server(&b->map, b->slot, all);
	told(b);
}

/* Change own MAC or flags, as others see them and as the receiver does. */
static void tell_mac_flags(struct native *b, uint64_t who)
{
	bool ours = (who & 0xffff) == 0xa0b2 &&
	    (who & BUS_MF_MAC) >> 40 == (uint64_t)b->slot;

	atomic_store(&b->mac_flags, who);
	if (!ours || who & BUS_MF_PROMISC)
		map_set_add(&b->map, MAP_SPECIAL, b->slot);
	map_set_mac_flags(&b->map, b->slot, who);
	if (ours && !(who & BUS_MF_PROMISC))
		map_set_del(&b->map, MAP_SPECIAL, b->slot);
	map_set_add(&b->map, MAP_PRESENT, b->slot);
}

void bus_announce_again(struct native *b)
{
	map_put_info(&b->map, b->slot, b->told.name, b->told.addr);
	map_put_server(&b->map, b->slot, b->told.server);
	told(b);
	tell_mac_flags(b, atomic_load(&b->mac_flags));
}

static int check_mac(struct native *b, const uint8_t *mac)
{
	uint64_t who = bus_mac_flags(mac, 0), other;

	if (who == 0 || mac[0] & 1)
		return -EINVAL;
	for (int i = 0; i < BUS_SLOTS; i++) {
		other = map_mac_flags(&b->map, i);
		if (i != b->slot && other & BUS_MF_USED &&
		    (other & BUS_MF_MAC) == who && bus_slot_alive(b, i))
			return -EADDRINUSE;
	}
	return 0;
}

int bus_set_mac_locked(struct native *b, const uint8_t mac[static 6])
{
	uint64_t flags = (atomic_load(&b->mac_flags) & BUS_MF_PROMISC) |
	    BUS_MF_USED;
	int r;

	r = check_mac(b, mac);
	if (r < 0)
		return r;
	memmove(b->mac, mac, 6);
	tell_mac_flags(b, bus_mac_flags(mac, flags));
	return 0;
}

int native_set_mac(struct bus *bus, const uint8_t mac[static 6])
{
	struct native *b = native_of(bus);
	bool locked;
	int r;

	if (b->slot < 0)
		return -ENOTCONN;
	if (!bus_ok(b))
		return -EIO;
	locked = bus_join_lock(b);
	r = bus_set_mac_locked(b, mac);
	if (locked)
		bus_join_unlock(b);
	return r;
}

void native_set_promisc(struct bus *bus, bool on)
{
	struct native *b = native_of(bus);

	if (b->slot < 0)
		return;
	tell_mac_flags(b, bus_mac_flags(b->mac, BUS_MF_USED |
	    (on ? BUS_MF_PROMISC : 0)));
}

/* Bytes that the member has yet to read; BUS_IDLE is above everything. */
static uint64_t behind(struct native *b, unsigned slot)
{
	uint64_t cursor = map_cursor(&b->map, slot), head;

	return map_head(&b->map, &head) && cursor < head ? head - cursor : 0;
}

int native_member(struct bus *bus, unsigned slot, struct bus_member *out)
{
	struct native *b = native_of(bus);
	struct map_counts c;
	struct map_info info;
	uint64_t who;

	if (slot >= BUS_SLOTS || !bus_ok(b))
		return 0;
	who = map_mac_flags(&b->map, slot);
	if (!(who & BUS_MF_USED) || !bus_slot_alive(b, slot))
		return 0;
	map_counts(&b->map, slot, &c);
	map_info(&b->map, slot, &info);
	*out = (struct bus_member){
		.slot = slot,
		.pid = info.pid,
		.promisc = who & BUS_MF_PROMISC,
		.tx_frames = c.tx_frames,
		.tx_bytes = c.tx_bytes,
		.tx_full = c.tx_full,
		.rx_frames = c.rx_frames,
		.rx_bytes = c.rx_bytes,
		.rx_lost = c.rx_lost,
		.malformed = c.malformed,
		.behind = behind(b, slot),
	};
	for (int i = 0; i < 6; i++)
		out->mac[i] = who >> 8 * i;
	memcpy(out->name, info.name, sizeof(out->name));
	memcpy(out->addr, info.addr, sizeof(out->addr));
	memcpy(out->server, info.server, sizeof(out->server));
	bus_bridge_member(b, out);
	return bus_ok(b);
}

static bool announces(struct native *b, unsigned slot, const struct bus_addr *a)
{
	size_t n = a->family == AF_INET ? 4 : 16;
	struct map_info info;

	map_info(&b->map, slot, &info);
	for (int i = 0; i < BUS_ADDRS; i++)
		if (info.addr[i].family == a->family &&
		    memcmp(info.addr[i].addr, a->addr, n) == 0)
			return true;
	return false;
}

int native_check_addr(struct bus *bus, const struct bus_addr *a, int *host)
{
	struct native *b = native_of(bus);

	if (a->family != AF_INET && a->family != AF_INET6)
		return 0;
	for (int i = 0; i < BUS_SLOTS; i++) {
		if (i == b->slot || !(map_mac_flags(&b->map, i) &
		    BUS_MF_USED) || !announces(b, i, a) ||
		    !bus_slot_alive(b, i))
			continue;
		*host = i;
		return -EADDRINUSE;
	}
	return bus_guest_addr(b, a, host) ? -EADDRINUSE : 0;
}

static bool name_taken(struct native *b, const char *name, const uint64_t *ours)
{
	struct map_info info;

	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if ((int)i == b->slot || ours[i / 64] >> i % 64 & 1 ||
		    !(map_mac_flags(&b->map, i) & BUS_MF_USED))
			continue;
		map_info(&b->map, i, &info);
		if (!strcmp(info.name, name) && bus_slot_alive(b, i))
			return true;
	}
	return false;
}

int native_take_name(struct bus *bus, const char *name,
    const uint64_t ours[static BUS_SLOTS / 64])
{
	struct native *b = native_of(bus);
	bool locked, taken;

	if (b->slot < 0 || !bus_ok(b))
		return 0;
	locked = bus_join_lock(b);
	taken = name_taken(b, name, ours);
	if (!taken)
		native_announce_name(&b->bus, name);
	if (locked)
		bus_join_unlock(b);
	return taken ? -EADDRINUSE : 0;
}

bool native_same(const struct bus *a, const struct bus *b)
{
	return memcmp(&native_seen(a)->map.con, &native_seen(b)->map.con,
	    sizeof(struct bus_const)) == 0;
}
