/*
 * call.c: bus.h's functions on an open bus, by way of its format's table.
 */
#include "bus/ops.h"

#include <errno.h>
#include <stdio.h>

const struct bus_geometry *bus_geometry(const struct bus *b)
{
	return &b->geo;
}

const char *bus_format(const struct bus *b)
{
	return b->ops->name;
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	b->ops->leave(b);
	b->ops->close(b);
}

void bus_close_in_child(struct bus *b)
{
	if (b)
		b->ops->close(b);
}

bool bus_same(const struct bus *a, const struct bus *b)
{
	return a->ops == b->ops && a->ops->same(a, b);
}

int bus_users(struct bus *b)
{
	return b->ops->users(b);
}

void bus_show(struct bus *b, char text[static BUS_SHOWLEN])
{
	text[0] = '\0';
	if (b->ops->show)
		b->ops->show(b, text);
}

bool bus_stuck(struct bus *b, char line[static BUS_ERRLEN])
{
	return b->ops->stuck && b->ops->stuck(b, line);
}

int bus_join(struct bus *b, const struct bus_want *want,
    char err[static BUS_ERRLEN])
{
	return b->ops->join(b, want, err);
}

void bus_leave(struct bus *b)
{
	b->ops->leave(b);
}

int bus_slot(const struct bus *b)
{
	return b->ops->slot(b);
}

const uint8_t *bus_mac(const struct bus *b)
{
	return b->ops->mac(b);
}

int bus_rejoin(struct bus *b)
{
	return b->ops->rejoin ? b->ops->rejoin(b) : 0;
}

static uint32_t get_ip4(const uint8_t *ip4)
{
	return (uint32_t)ip4[0] << 24 | ip4[1] << 16 | ip4[2] << 8 | ip4[3];
}

void bus_slot_ip4(const struct bus *b, int slot, uint8_t ip4[static 4])
{
	uint32_t hosts, a = 0;

	/* The address with all ones is the broadcast address. */
	hosts = b->geo.plen ? ~(~0u << (32 - b->geo.plen)) : 0;
	if (slot >= 0 && (uint32_t)slot + 1 < hosts)
		a = get_ip4(b->geo.subnet) + slot + 1;
	for (int i = 0; i < 4; i++)
		ip4[i] = a >> (24 - 8 * i);
}

void bus_announce_addrs(struct bus *b, const struct bus_addr *a, size_t n)
{
	if (b->ops->announce_addrs)
		b->ops->announce_addrs(b, a, n);
}

void bus_announce_name(struct bus *b, const char *name)
{
	if (b->ops->announce_name)
		b->ops->announce_name(b, name);
}

void bus_announce_server(struct bus *b, const char *path)
{
	if (b->ops->announce_server)
		b->ops->announce_server(b, path);
}

int bus_take_name(struct bus *b, const char *name,
    const uint64_t ours[static BUS_SLOTS / 64])
{
	return b->ops->take_name ? b->ops->take_name(b, name, ours) : 0;
}

int bus_check_addr(struct bus *b, const struct bus_addr *a, int *host)
{
	return b->ops->check_addr ? b->ops->check_addr(b, a, host) : 0;
}

int bus_set_mac(struct bus *b, const uint8_t mac[static 6])
{
	return b->ops->set_mac(b, mac);
}

void bus_set_promisc(struct bus *b, bool on)
{
	b->ops->set_promisc(b, on);
}

int bus_member(struct bus *b, unsigned slot, struct bus_member *out)
{
	return b->ops->member(b, slot, out);
}

int bus_host(struct bus *b, unsigned n, struct bus_member *out)
{
	if (n < BUS_SLOTS)
		return b->ops->member(b, n, out);
	return b->ops->guest ? b->ops->guest(b, n - BUS_SLOTS, out) : 0;
}

char *bus_host_text(struct bus *b, unsigned n,
    char text[static BUS_HOSTTEXT])
{
	struct bus_member m = { .slot = n % BUS_SLOTS };

	bus_host(b, n, &m);
	snprintf(text, BUS_HOSTTEXT, "%s %sin slot %u",
	    m.name[0] ? m.name : m.guest ? "a host" : "the member",
	    m.guest ? "beyond the bridge " : "", (unsigned)m.slot);
	return text;
}

bool bus_bridged(struct bus *b)
{
	return b->ops->bridged && b->ops->bridged(b);
}

void bus_announce_bridge(struct bus *b, uint64_t id, const char *far)
{
	if (b->ops->announce_bridge)
		b->ops->announce_bridge(b, id, far);
}

size_t bus_put_guests(struct bus *b, const struct bus_guest_info *g, size_t n)
{
	return b->ops->put_guests ? b->ops->put_guests(b, g, n) : 0;
}

void bus_count_lost(struct bus *b, uint64_t n)
{
	b->ops->count_lost(b, n);
}

void bus_count_malformed(struct bus *b)
{
	if (b->ops->count_malformed)
		b->ops->count_malformed(b);
}

bool bus_is_local(struct bus *b, const uint8_t mac[static 6])
{
	return b->ops->is_local && b->ops->is_local(b, mac);
}

uint64_t bus_stamp(struct bus *b)
{
	return b->ops->stamp ? b->ops->stamp(b) : 0;
}

void bus_reap(struct bus *b)
{
	if (b->ops->reap)
		b->ops->reap(b);
}

void bus_bridge_lock(struct bus *b, bool on)
{
	if (b->ops->bridge_lock)
		b->ops->bridge_lock(b, on);
}

int bus_send(struct bus *b, const struct iovec *iov, int iovcnt,
    unsigned seg_size)
{
	return b->ops->send(b, iov, iovcnt, seg_size);
}

void bus_defer_wake(struct bus *b)
{
	b->ops->defer_wake(b);
}

void bus_wake(struct bus *b)
{
	b->ops->wake(b);
}

ssize_t bus_peek(struct bus *b)
{
	return b->ops->peek(b);
}

ssize_t bus_take(struct bus *b, void *buf, size_t cap, uint32_t *seg_size)
{
	return b->ops->take(b, buf, cap, seg_size);
}

int bus_wait(struct bus *b, int timeout_ms)
{
	return b->ops->wait(b, timeout_ms);
}

void bus_kick(struct bus *b)
{
	b->ops->kick(b);
}

int bus_log_next(struct bus *b, struct bus_frame *f, void *buf, size_t cap)
{
	return b->ops->log_next(b, f, buf, cap);
}

void bus_log_seek_end(struct bus *b)
{
	b->ops->log_seek_end(b);
}
