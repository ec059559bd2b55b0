/*
 * notify.c: news for netlink sockets; see notify.h.
 *
 * Routes are told of as they change (route.h).  Links, addresses and
 * neighbours change in many places, some of them lwIP's: they are compared with
 * what they were, after each request that may have changed them and some times
 * a second.
 */
#include "stack/api/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stack/api/listener.h"
#include "stack/core/core.h"
#include "stack/ip/iface.h"
#include "stack/ip/neigh.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/wire/nlput.h"

#define PERIOD	500	/* ms */

#define BIT(group)	(1u << ((group) - 1))

union record {
	struct wire_link link;
	struct wire_ifaddr addr;
	struct wire_neigh neigh;
};

/* A kind of table, and what it was when we last looked. */
struct table {
	uint32_t groups;
	size_t size;
	bool (*at)(unsigned i, union record *r);	/* false after the last */
	bool (*same)(const void *a, const void *b);
	void (*tell)(const void *rec, bool gone);
	uint8_t *old;
	size_t n;
};

/* What each looks like, and what is told. */

static bool link_at(unsigned i, union record *r)
{
	struct iface *f = iface_next(NULL);

	while (f && i--)
		f = iface_next(f);
	if (!f)
		return false;
	iface_fill_link(f, &r->link);
	/* Counters and the bus are no news. */
	memset(&r->link.slot, 0, sizeof(r->link) -
	    offsetof(struct wire_link, slot));
	return true;
}

static bool same_link(const void *a, const void *b)
{
	return ((const struct wire_link *)a)->ifindex ==
	    ((const struct wire_link *)b)->ifindex;
}

static void tell_link(const void *rec, bool gone)
{
	struct nlmsg_out o = { .fd = -1 };

	nlput_link(&o, gone ? RTM_DELLINK : RTM_NEWLINK, rec, 0);
	listener_tell(BIT(RTNLGRP_LINK), o.data, o.used);
}

static bool addr_at(unsigned i, union record *r)
{
	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		unsigned n = 0;

		for (; iface_addr_at(f, n, &r->addr); n++)
			if (n == i)
				return true;
		i -= n;
	}
	return false;
}

static bool same_addr(const void *a, const void *b)
{
	const struct wire_ifaddr *x = a, *y = b;

	return x->ifindex == y->ifindex && x->family == y->family &&
	    x->plen == y->plen && !memcmp(x->ip, y->ip, sizeof(x->ip));
}

static void tell_addr(const void *rec, bool gone)
{
	const struct wire_ifaddr *a = rec;
	struct nlmsg_out o = { .fd = -1 };

	nlput_addr(&o, gone ? RTM_DELADDR : RTM_NEWADDR, a, 0);
	listener_tell(a->family == AF_INET ? BIT(RTNLGRP_IPV4_IFADDR) :
	    BIT(RTNLGRP_IPV6_IFADDR), o.data, o.used);
}

static bool at_neigh(unsigned i, union record *r)
{
	return neigh_at(i, &r->neigh);
}

static bool same_neigh(const void *a, const void *b)
{
	const struct wire_neigh *x = a, *y = b;

	return x->ifindex == y->ifindex && x->family == y->family &&
	    !memcmp(x->ip, y->ip, sizeof(x->ip));
}

static void tell_neigh(const void *rec, bool gone)
{
	struct nlmsg_out o = { .fd = -1 };

	nlput_neigh(&o, gone ? RTM_DELNEIGH : RTM_NEWNEIGH, rec, 0);
	listener_tell(BIT(RTNLGRP_NEIGH), o.data, o.used);
}

static struct table tables[] = {
	{ BIT(RTNLGRP_LINK), sizeof(struct wire_link), link_at, same_link,
	    tell_link, NULL, 0 },
	{ BIT(RTNLGRP_IPV4_IFADDR) | BIT(RTNLGRP_IPV6_IFADDR),
	    sizeof(struct wire_ifaddr), addr_at, same_addr, tell_addr, NULL,
	    0 },
	{ BIT(RTNLGRP_NEIGH), sizeof(struct wire_neigh), at_neigh, same_neigh,
	    tell_neigh, NULL, 0 },
};
#define TABLES	(sizeof(tables) / sizeof(tables[0]))

/* The table as it is now. Return: its records, or NULL. */
static uint8_t *read_table(const struct table *t, size_t *n)
{
	size_t cap = 0;
	uint8_t *v = NULL, *more;
	union record r;

	*n = 0;
	memset(&r, 0, sizeof(r));
	for (unsigned i = 0; t->at(i, &r); i++) {
		if (t->at == at_neigh && !r.neigh.family)
			continue;
		if (*n == cap) {
			cap = cap ? cap * 2 : 16;
			more = realloc(v, cap * t->size);
			if (!more)
				break;
			v = more;
		}
		memcpy(v + (*n)++ * t->size, &r, t->size);
	}
	return v;
}

static const uint8_t *find(const struct table *t, const uint8_t *v, size_t n,
    const void *rec)
{
	for (size_t i = 0; i < n; i++)
		if (t->same(v + i * t->size, rec))
			return v + i * t->size;
	return NULL;
}

static void compare(struct table *t, bool quiet)
{
	size_t n;
	uint8_t *now = read_table(t, &n), *old = t->old;
	const uint8_t *was;

	for (size_t i = 0; !quiet && i < t->n; i++)
		if (!find(t, now, n, old + i * t->size))
			t->tell(old + i * t->size, true);
	for (size_t i = 0; !quiet && i < n; i++) {
		was = find(t, old, t->n, now + i * t->size);
		if (!was || memcmp(was, now + i * t->size, t->size))
			t->tell(now + i * t->size, false);
	}
	free(old);
	t->old = now;
	t->n = n;
}

void notify_look(void)
{
	uint32_t wanted = listener_groups();

	for (size_t i = 0; wanted && i < TABLES; i++)
		if (wanted & tables[i].groups)
			compare(&tables[i], false);
}

/* The address that goes with a connected route; NULL: none. */
static const uint8_t *source_of(const struct wire_route *r,
    struct wire_ifaddr *a)
{
	struct iface *f = iface_by_index(r->ifindex);

	if (r->flags & WIRE_RT_SRC)
		return r->src;
	if (!f || r->family != AF_INET || !(r->flags & WIRE_RT_CONNECTED))
		return NULL;
	for (unsigned i = 0; iface_addr_at(f, i, a); i++)
		if (a->family == AF_INET)
			return a->ip;
	return NULL;
}

static void on_route(const struct wire_route *r, bool gone)
{
	struct nlmsg_out o = { .fd = -1 };
	struct wire_ifaddr a;
	uint32_t group = r->family == AF_INET ? BIT(RTNLGRP_IPV4_ROUTE) :
	    BIT(RTNLGRP_IPV6_ROUTE);

	if (!(listener_groups() & group))
		return;
	notify_look();		/* the address comes before its route */
	nlput_route(&o, gone ? RTM_DELROUTE : RTM_NEWROUTE, r, NULL,
	    source_of(r, &a), 0);
	listener_tell(group, o.data, o.used);
}

static bool wanted_at_all(void)
{
	return listener_groups() != 0;
}

int notify_join(const struct wire_req *req, int sock, int fd)
{
	static struct core_timer timer = {
		notify_look, wanted_at_all, PERIOD, 0, NULL,
	};
	uint32_t before = listener_groups();
	struct wire_notify n;
	int err;

	if (req->len != sizeof(n) || !sock_cookie(sock)) {
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	if (!route_listener) {
		route_listener = on_route;
		core_timer_add(&timer);
	}
	memcpy(&n, req->data, sizeof(n));
	err = listener_join(sock_cookie(sock), &n, fd);
	/* From now on: what a table that nobody watched was is no matter. */
	for (size_t i = 0; i < TABLES; i++)
		if (tables[i].groups & listener_groups() &&
		    !(tables[i].groups & before))
			compare(&tables[i], true);
	return err;
}
