/* port.c: who has which port; see port.h. */
#include "stack/sock/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

#define BUCKETS	1024	/* by the port's low bits */

uint16_t port_first = 32768, port_last = 60999;

enum { SPACE_TCP, SPACE_UDP, SPACE_PING /* echo identifiers */, NUM_SPACES };

/* Sockets that hold a port, by low bits; linked through port_next. */
static struct sock *table[NUM_SPACES][BUCKETS];
static uint16_t next_port[NUM_SPACES];

static int space_of(const struct sock *s)
{
	return s->type == SOCK_STREAM ? SPACE_TCP :
	    s->protocol == IPPROTO_UDP ? SPACE_UDP : SPACE_PING;
}

static struct sock **bucket(const struct sock *s, uint16_t port)
{
	return &table[space_of(s)][port % BUCKETS];
}

bool port_overlap(const struct sock *s, const struct wire_addr *a,
    const struct sock *t)
{
	const struct wire_addr *b = &t->local;
	bool any_a = addr_is_any(a), any_b = addr_is_any(b);
	bool both_a = any_a && s->domain == AF_INET6 && !s->opt.v6only;
	bool both_b = any_b && t->domain == AF_INET6 && !t->opt.v6only;

	if (s->opt.bound_if && t->opt.bound_if &&
	    s->opt.bound_if != t->opt.bound_if)
		return false;
	if (both_a || both_b)
		return true;
	if (a->family != b->family)
		return false;
	return any_a || any_b || addr_equal(a, b);
}

static bool may_share(const struct sock *s, const struct sock *t)
{
	if (s->opt.reuseport && t->opt.reuseport &&
	    s->owner.uid == t->owner.uid)
		return true;
	if (!s->opt.reuseaddr || !t->opt.reuseaddr)
		return false;
	return s->type != SOCK_STREAM ||
	    (s->state != SOCK_LISTEN && t->state != SOCK_LISTEN);
}

static bool conflict(const struct sock *s, const struct wire_addr *a)
{
	const struct sock *t;

	for (t = *bucket(s, ntohs(a->port)); t; t = t->port_next) {
		if (t != s && t->local.port == a->port &&
		    port_overlap(s, a, t) && !may_share(s, t))
			return true;
	}
	return s->ops->port_used && s->ops->port_used(s, a);
}

void port_look(struct sock *s, uint16_t port)
{
	struct sock *t, *next;

	for (t = sock_next(NULL); t; t = next) {
		next = sock_next(t);
		if (t != s && t->local.port == port &&
		    space_of(t) == space_of(s))
			sock_look(t);
	}
}

/* With no port left, those count that were closed just now. */
static void look_all(struct sock *s)
{
	struct sock *t, *next;

	for (t = sock_next(NULL); t; t = next) {
		next = sock_next(t);
		if (t != s && t->bound && space_of(t) == space_of(s))
			sock_look(t);
	}
}

/* Twice: what a listener has not accepted goes with it. */
static bool conflict_now(struct sock *s, const struct wire_addr *a)
{
	for (int i = 0; i < 2 && conflict(s, a); i++)
		port_look(s, a->port);
	return conflict(s, a);
}

static void take(struct sock *s, const struct wire_addr *a)
{
	struct sock **b = bucket(s, ntohs(a->port));

	s->local = *a;
	s->port_next = *b;
	*b = s;
	s->bound = true;
}

static uint16_t candidate(struct sock *s)
{
	uint16_t *next = &next_port[space_of(s)];
	unsigned span = (unsigned)port_last - port_first + 1;

	if (*next < port_first || *next > port_last)
		*next = (uint16_t)(port_first + stack_random() % span);
	else
		*next = *next == port_last ? port_first :
		    (uint16_t)(*next + 1);
	return *next;
}

int port_may_bind(const struct sock *s, const struct wire_addr *a, bool fresh)
{
	/* Linux lets a group or broadcast address be had, for no use. */
	bool foreign = !addr_is_any(a) && !iface_has_addr(a) &&
	    !s->opt.freebind && !addr_is_multicast(a) &&
	    !(a->family == AF_INET && route_is_broadcast(a->ip));

	if (!fresh && (!foreign || s->domain == AF_INET6))
		return -EINVAL;
	return foreign ? -EADDRNOTAVAIL : 0;
}

void port_only_v6(struct sock *s)
{
	if (s->domain == AF_INET6 && s->local.family == AF_INET6 &&
	    !addr_is_any(&s->local))
		s->opt.v6only = 1;
}

void port_any_peer(const struct sock *s, struct wire_addr *peer)
{
	if (peer->family == AF_INET6 && s->local.family == AF_INET &&
	    !addr_is_any(&s->local) && addr_is_any(peer))
		peer->family = AF_INET;
}

int port_bind(struct sock *s, struct wire_addr *a)
{
	unsigned span = (unsigned)port_last - port_first + 1;

	if (a->port) {
		if (conflict_now(s, a))
			return -EADDRINUSE;
		take(s, a);
		return 0;
	}
	for (unsigned i = 0; i < 2 * span; i++) {
		if (i == span)
			look_all(s);
		a->port = htons(candidate(s));
		if (!conflict(s, a)) {
			take(s, a);
			return 0;
		}
	}
	a->port = 0;
	return -EADDRINUSE;
}

static bool held(const struct sock *s, uint16_t port)
{
	const struct sock *t;

	for (t = *bucket(s, port); t; t = t->port_next)
		if (ntohs(t->local.port) == port)
			return true;
	return false;
}

int port_connect(struct sock *s, struct wire_addr *local,
    const struct wire_addr *peer)
{
	unsigned span = (unsigned)port_last - port_first + 1;

	/* One round for a port without a past, one that takes TIME_WAIT's. */
	for (unsigned i = 0; i < 2 * span; i++) {
		uint16_t port = candidate(s);

		if (i == span)
			look_all(s);
		if (held(s, port))
			continue;
		local->port = htons(port);
		if (s->ops->tuple_used(local, peer, i >= span))
			continue;
		take(s, local);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

void port_release(struct sock *s)
{
	struct sock **p;

	if (!s->bound)
		return;
	for (p = bucket(s, ntohs(s->local.port)); *p != s;
	    p = &(*p)->port_next)
		;
	*p = s->port_next;
	s->bound = false;
}

static bool same_group(const struct sock *s, const struct sock *t)
{
	return t->state == SOCK_LISTEN && t->type == s->type &&
	    t->local.port == s->local.port && t->domain == s->domain &&
	    addr_equal(&t->local, &s->local) &&
	    t->opt.reuseport && s->opt.reuseport;
}

static int may_listen(const struct sock *s)
{
	const struct sock *t;

	for (t = *bucket(s, ntohs(s->local.port)); t; t = t->port_next) {
		if (t == s || t->state != SOCK_LISTEN ||
		    t->local.port != s->local.port ||
		    !port_overlap(s, &s->local, t))
			continue;
		if (!(t->opt.reuseport && s->opt.reuseport &&
		    t->owner.uid == s->owner.uid))
			return -EADDRINUSE;
	}
	return 0;
}

int port_listen(struct sock *s)
{
	if (may_listen(s))
		port_look(s, s->local.port);
	return may_listen(s);
}

static bool same_dgram_group(const struct sock *s, const struct sock *t)
{
	return t->local.port == s->local.port && t->domain == s->domain &&
	    addr_equal(&t->local, &s->local) && !t->peer.family &&
	    t->opt.reuseport && s->opt.reuseport;
}

static struct sock *pick(struct sock *s, uint32_t hash,
    bool (*same)(const struct sock *, const struct sock *))
{
	struct sock *t, *found = s;
	unsigned n = 0, want;

	if (!s->opt.reuseport)
		return s;
	for (t = *bucket(s, ntohs(s->local.port)); t; t = t->port_next)
		n += same(s, t);
	if (n < 2)
		return s;
	want = hash % n;
	for (t = *bucket(s, ntohs(s->local.port)); t; t = t->port_next)
		if (same(s, t) && !want--)
			found = t;
	return found;
}

struct sock *port_pick(struct sock *s, uint32_t hash)
{
	return pick(s, hash, same_group);
}

struct sock *port_pick_dgram(struct sock *s, uint32_t hash)
{
	struct sock *t;

	if (s->peer.family)
		return s;
	if (s->opt.reuseport)
		return pick(s, hash, same_dgram_group);
	/* Of several with SO_REUSEADDR the last to come has it. */
	for (t = *bucket(s, ntohs(s->local.port)); t; t = t->port_next)
		if (t->local.port == s->local.port && !t->peer.family &&
		    t->domain == s->domain && addr_equal(&t->local, &s->local))
			return t;
	return s;
}

struct sock *port_heir(struct sock *s)
{
	struct sock *t;

	if (!s->opt.reuseport)
		return NULL;
	for (t = *bucket(s, ntohs(s->local.port)); t; t = t->port_next)
		if (t != s && same_group(s, t))
			return t;
	return NULL;
}
