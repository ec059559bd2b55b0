/*
 * announce.c: what members tell about themselves, and reading it back from
 * others with the distrust it deserves.
 */
#include "bus/handle.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COPY_TRIES	64

uint64_t bus_mac_flags(const uint8_t mac[static 6], uint64_t flags)
{
	uint64_t who = 0;

	for (int i = 5; i >= 0; i--)
		who = who << 8 | mac[i];
	return who | flags;
}

/*
 * Name and addresses are a seqlock with one writer, the member.  Bytes are
 * stored singly so that a reader at the same time is no data race.
 */
static void info_store(void *dst, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		__atomic_store_n((uint8_t *)dst + i,
		    ((const uint8_t *)src)[i], __ATOMIC_RELEASE);
}

static void info_load(void *dst, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)dst)[i] = __atomic_load_n(
		    (const uint8_t *)src + i, __ATOMIC_ACQUIRE);
}

static void info_update(struct bus *b, void *dst, const void *src, size_t n)
{
	uint32_t seq = atomic_load(&b->me->info_seq) | 1;

	atomic_store(&b->me->info_seq, seq);
	/* After a fork(), tell the child's number. */
	atomic_store(&b->me->pid, getpid());
	info_store(dst, src, n);
	atomic_store(&b->me->info_seq, seq + 1);
}

void bus_announce_addrs(struct bus *b, const struct bus_addr *a, size_t n)
{
	struct bus_addr all[BUS_ADDRS] = { 0 };

	if (b->slot < 0)
		return;
	if (n > 0)
		memcpy(all, a, (n < BUS_ADDRS ? n : BUS_ADDRS) * sizeof(*a));
	info_update(b, b->me->addr, all, sizeof(all));
}

void bus_announce_name(struct bus *b, const char *name)
{
	char all[BUS_NAMELEN] = { 0 };

	if (b->slot < 0)
		return;
	memcpy(all, name, strnlen(name, BUS_NAMELEN - 1));
	info_update(b, b->me->name, all, sizeof(all));
}

/* Change own MAC or flags, as others see them and as the receiver does. */
static void tell_mac_flags(struct bus *b, uint64_t who)
{
	bool ours = (who & 0xffff) == 0xa0b2 &&
	    (who & BUS_MF_MAC) >> 40 == (uint64_t)b->slot;

	atomic_store(&b->mac_flags, who);
	if (!ours || who & BUS_MF_PROMISC)
		bus_set_add(b->hdr->special, b->slot);
	atomic_store(&b->me->mac_flags, who);
	if (ours && !(who & BUS_MF_PROMISC))
		bus_set_del(b->hdr->special, b->slot);
	bus_set_add(b->hdr->present, b->slot);
}

static int check_mac(struct bus *b, const uint8_t *mac)
{
	uint64_t who = bus_mac_flags(mac, 0), other;

	if (who == 0 || mac[0] & 1)
		return -EINVAL;
	for (int i = 0; i < BUS_SLOTS; i++) {
		other = atomic_load(&b->slots[i].mac_flags);
		if (i != b->slot && other & BUS_MF_USED &&
		    (other & BUS_MF_MAC) == who && bus_slot_alive(b, i))
			return -EADDRINUSE;
	}
	return 0;
}

int bus_set_mac_locked(struct bus *b, const uint8_t mac[static 6])
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

int bus_set_mac(struct bus *b, const uint8_t mac[static 6])
{
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

void bus_set_promisc(struct bus *b, bool on)
{
	if (b->slot < 0)
		return;
	tell_mac_flags(b, bus_mac_flags(b->mac, BUS_MF_USED |
	    (on ? BUS_MF_PROMISC : 0)));
}

static uint64_t behind(struct bus *b, const struct bus_slot *s)
{
	uint64_t cursor = atomic_load(&s->cursor);
	uint64_t head = atomic_load(&b->hdr->head);

	/* BUS_IDLE is above everything. */
	return cursor < head ? head - cursor : 0;
}

/* A name from the file: ended, and nothing a terminal would obey. */
static void clean_name(char *name)
{
	name[BUS_NAMELEN - 1] = '\0';
	for (char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
}

static void clean_addr(struct bus_addr *a)
{
	if ((a->family == AF_INET && a->plen <= 32) ||
	    (a->family == AF_INET6 && a->plen <= 128))
		return;
	memset(a, 0, sizeof(*a));
}

static void copy_info(const struct bus_slot *s, struct bus_member *out)
{
	uint32_t seq;

	/* A member stopped in between leaves it odd: then as it stands. */
	for (int i = 0; i < COPY_TRIES; i++) {
		seq = atomic_load(&s->info_seq);
		info_load(out->name, s->name, sizeof(out->name));
		info_load(out->addr, s->addr, sizeof(out->addr));
		if (!(seq & 1) && atomic_load(&s->info_seq) == seq)
			break;
	}
	clean_name(out->name);
	for (int i = 0; i < BUS_ADDRS; i++)
		clean_addr(&out->addr[i]);
}

int bus_member(struct bus *b, unsigned slot, struct bus_member *out)
{
	struct bus_slot *s;
	uint64_t who;

	if (slot >= BUS_SLOTS || !bus_ok(b))
		return 0;
	s = &b->slots[slot];
	who = atomic_load(&s->mac_flags);
	if (!(who & BUS_MF_USED) || !bus_slot_alive(b, slot))
		return 0;
	memset(out, 0, sizeof(*out));
	out->slot = slot;
	out->pid = atomic_load(&s->pid);
	for (int i = 0; i < 6; i++)
		out->mac[i] = who >> 8 * i;
	out->promisc = who & BUS_MF_PROMISC;
	out->tx_frames = atomic_load(&s->tx_frames);
	out->tx_bytes = atomic_load(&s->tx_bytes);
	out->tx_full = atomic_load(&s->tx_full);
	out->rx_frames = atomic_load(&s->rx_frames);
	out->rx_bytes = atomic_load(&s->rx_bytes);
	out->rx_lost = atomic_load(&s->rx_lost);
	out->behind = behind(b, s);
	copy_info(s, out);
	return bus_ok(b);
}

static bool announces(const struct bus_slot *s, const struct bus_addr *a)
{
	size_t n = a->family == AF_INET ? 4 : 16;
	struct bus_addr all[BUS_ADDRS];

	info_load(all, s->addr, sizeof(all));
	for (int i = 0; i < BUS_ADDRS; i++)
		if (all[i].family == a->family &&
		    memcmp(all[i].addr, a->addr, n) == 0)
			return true;
	return false;
}

int bus_check_addr(struct bus *b, const struct bus_addr *a, int *slot)
{
	if (a->family != AF_INET && a->family != AF_INET6)
		return 0;
	for (int i = 0; i < BUS_SLOTS; i++) {
		if (i == b->slot || !(atomic_load(&b->slots[i].mac_flags) &
		    BUS_MF_USED) || !announces(&b->slots[i], a))
			continue;
		if (!bus_slot_alive(b, i))
			continue;
		*slot = i;
		return -EADDRINUSE;
	}
	return 0;
}
