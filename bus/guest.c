/*
 * guest.c: bridges, and the hosts that they have heard of: who is beyond a
 * bridge has no slot, but a name and addresses that others find as they find a
 * member's.
 *
 * A guest belongs to the bridge whose slot it names, and is gone with it: at
 * the next look at it, if that was killed.
 */
#include "bus/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What a bridge announces in place of a server. */
#define BRIDGE_FMT "/%016" PRIx64 "/%s"
#define BRIDGE_FAR 18		/* bytes before the text */

static bool any_bridge(const struct native *b)
{
	uint64_t any = 0;

	for (int w = 0; w < BUS_WORDS; w++)
		any |= map_set_word(&b->map, MAP_BRIDGE, w);
	return any;
}

void native_announce_bridge(struct bus *bus, uint64_t id, const char *far)
{
	struct native *b = native_of(bus);
	char text[BUS_SERVERLEN];

	if (b->slot < 0)
		return;
	snprintf(text, sizeof(text), BRIDGE_FMT, id, far);
	b->bridge_id = id;
	native_announce_server(bus, text);
	map_set_add(&b->map, MAP_BRIDGE, (unsigned)b->slot);
}

void bus_bridge_member(const struct native *b, struct bus_member *m)
{
	uint64_t id;

	if (!map_set_has(&b->map, MAP_BRIDGE, m->slot))
		return;
	if (strlen(m->server) >= BRIDGE_FAR &&
	    sscanf(m->server, "/%16" SCNx64 "/", &id) == 1) {
		m->bridge = true;
		m->bridge_id = id;
		strcpy(m->far, m->server + BRIDGE_FAR);
	}
	m->server[0] = '\0';
}

void bus_guests_clear(struct native *b, unsigned slot)
{
	if (!map_set_has(&b->map, MAP_BRIDGE, slot))
		return;
	map_set_del(&b->map, MAP_BRIDGE, slot);
	for (unsigned i = 0; i < BUS_GUESTS; i++)
		if (map_guest_owner(&b->map, i) == (int)slot)
			map_guest_pass(&b->map, i, (int)slot, -1);
}

/* The living bridge that owns it, or -1. */
static int living_owner(struct native *b, unsigned n)
{
	int owner = map_guest_owner(&b->map, n);

	return owner >= 0 && map_set_has(&b->map, MAP_BRIDGE,
	    (unsigned)owner) && bus_slot_alive(b, (unsigned)owner) ? owner : -1;
}

int native_guest(struct bus *bus, unsigned n, struct bus_member *out)
{
	struct native *b = native_of(bus);
	struct map_info info;
	int owner;

	if (n >= BUS_GUESTS || !bus_ok(b) || !any_bridge(b))
		return 0;
	owner = living_owner(b, n);
	if (owner < 0)
		return 0;
	map_guest(&b->map, n, &info);
	*out = (struct bus_member){ .slot = (uint32_t)owner, .guest = true };
	memcpy(out->name, info.name, sizeof(out->name));
	memcpy(out->addr, info.addr, sizeof(out->addr));
	return bus_ok(b);
}

bool native_bridged(struct bus *bus)
{
	struct native *b = native_of(bus);

	for (unsigned i = 0; any_bridge(b) && i < BUS_SLOTS; i++)
		if (map_set_has(&b->map, MAP_BRIDGE, i) && (int)i != b->slot &&
		    bus_slot_alive(b, i))
			return true;
	return false;
}

int bus_guest_addr(struct native *b, const struct bus_addr *a, int *host)
{
	size_t n = a->family == AF_INET ? 4 : 16;
	struct bus_member m;

	for (int i = 0; any_bridge(b) && i < BUS_GUESTS; i++) {
		if (native_guest(&b->bus, (unsigned)i, &m) != 1)
			continue;
		for (int k = 0; k < BUS_ADDRS; k++) {
			if (m.addr[k].family != a->family ||
			    memcmp(m.addr[k].addr, a->addr, n))
				continue;
			*host = BUS_SLOTS + i;
			return 1;
		}
	}
	return 0;
}

static bool same_guest(const struct native *b, unsigned n,
    const struct bus_guest_info *g)
{
	struct map_info info;

	map_guest(&b->map, n, &info);
	return !strcmp(info.name, g->name) &&
	    !memcmp(info.addr, g->addr, sizeof(g->addr));
}

/* Take a place that nobody has, or whose owner is dead. */
static bool put_guest(struct native *b, const struct bus_guest_info *g,
    unsigned *from)
{
	for (unsigned i = *from; i < BUS_GUESTS; i++) {
		int owner = map_guest_owner(&b->map, i);

		*from = i + 1;
		if (owner == b->slot || (owner >= 0 &&
		    living_owner(b, i) >= 0) ||
		    !map_guest_pass(&b->map, i, owner, b->slot))
			continue;
		map_put_guest(&b->map, i, g->name, g->addr);
		return true;
	}
	return false;
}

size_t native_put_guests(struct bus *bus, const struct bus_guest_info *g,
    size_t n)
{
	struct native *b = native_of(bus);
	bool there[BUS_GUESTS] = { false };
	size_t lost = n > BUS_GUESTS ? n - BUS_GUESTS : 0;
	unsigned from = 0;

	if (b->slot < 0 || !bus_ok(b))
		return 0;
	n -= lost;
	map_set_add(&b->map, MAP_BRIDGE, (unsigned)b->slot);
	for (unsigned i = 0; i < BUS_GUESTS; i++) {
		size_t k = 0;

		if (map_guest_owner(&b->map, i) != b->slot)
			continue;
		while (k < n && (there[k] || !same_guest(b, i, &g[k])))
			k++;
		if (k < n)
			there[k] = true;
		else
			map_guest_pass(&b->map, i, b->slot, -1);
	}
	for (size_t k = 0; k < n; k++)
		if (!there[k] && !put_guest(b, &g[k], &from))
			lost++;
	return lost;
}

void native_count_lost(struct bus *bus, uint64_t n)
{
	struct native *b = native_of(bus);

	b->rx.lost += n;
	map_put_rx(&b->map, b->slot, b->rx.frames, b->rx.bytes, b->rx.lost);
}

void native_count_malformed(struct bus *bus)
{
	struct native *b = native_of(bus);

	map_put_malformed(&b->map, b->slot, ++b->malformed);
}

static bool has_mac(const struct native *b, unsigned slot, uint64_t mac)
{
	uint64_t who = map_mac_flags(&b->map, slot);

	return who & BUS_MF_USED && (who & BUS_MF_MAC) == mac;
}

/* Our own kind of MAC says the slot; the others are few. */
bool native_is_local(struct bus *bus, const uint8_t mac[static 6])
{
	struct native *b = native_of(bus);
	uint64_t want = bus_mac_flags(mac, 0), set;

	if (has_mac(b, mac[5], want))
		return true;
	for (int w = 0; w < BUS_WORDS; w++)
		for (set = map_set_word(&b->map, MAP_SPECIAL, w); set;
		    set &= set - 1)
			if (has_mac(b, w * 64 + __builtin_ctzll(set), want))
				return true;
	return false;
}

bool bus_bridge_wants(struct native *b, unsigned slot, const uint8_t *dst)
{
	return !map_set_has(&b->map, MAP_BRIDGE, slot) ||
	    !native_is_local(&b->bus, dst);
}

void native_reap(struct bus *bus)
{
	struct native *b = native_of(bus);

	for (unsigned i = 0; bus_ok(b) && i < BUS_SLOTS; i++)
		if (map_set_has(&b->map, MAP_PRESENT, i))
			bus_slot_reclaim(b, i);
}

uint64_t native_stamp(struct bus *bus)
{
	struct native *b = native_of(bus);
	uint64_t stamp = 0, set;
	unsigned slot;

	for (int w = 0; w < BUS_WORDS; w++) {
		set = map_set_word(&b->map, MAP_PRESENT, w);
		for (; set; set &= set - 1) {
			slot = w * 64 + __builtin_ctzll(set);
			stamp = stamp * 0x9e3779b97f4a7c15ull + slot +
			    map_info_seq(&b->map, slot) +
			    map_mac_flags(&b->map, slot);
		}
	}
	return stamp;
}
