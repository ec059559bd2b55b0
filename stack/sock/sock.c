/* sock.c: the table of virtual sockets, their names and their ends. */
#include "stack/sock/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stack/core/affinity.h"
#include "stack/core/log.h"
#include "stack/core/trim.h"
#include "stack/ip/iface.h"
#include "stack/wire/client.h"

#define KEPT	4096	/* bytes for a socket, about; what waits in it apart */
#define GRAVES	4096	/* sockets whose end is closed, kept for SO_ERROR */

/* By id; chained through id_next, at most one a bucket on average. */
static struct sock **table;
static size_t table_size, table_count;
static struct sock *all;
static unsigned open_count;
static uint64_t server_id;

/* Failed and reset sockets in the order of their end, a ring of ids. */
static uint64_t graves[GRAVES];
static unsigned grave_next;

static const char *const state_names[] = {
	[SOCK_FRESH] = "fresh",
	[SOCK_LISTEN] = "listen",
	[SOCK_CONNECTING] = "connecting",
	[SOCK_OPEN] = "open",
	[SOCK_FAILED] = "failed",
	[SOCK_CLOSED] = "closed",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == SOCK_NUM_STATES,
    "a name for every state");

const char *sock_state_name(enum sock_state st)
{
	return state_names[st];
}

void sock_set_state(struct sock *s, enum sock_state st)
{
	if (log_verbose && s->state != st)
		log_debug("socket %llx: %s -> %s", (unsigned long long)s->id,
		    state_names[s->state], state_names[st]);
	s->state = st;
}

uint64_t sock_server_id(void)
{
	while (!server_id)
		server_id = (uint64_t)stack_random() << 32 | stack_random();
	return server_id;
}

static struct sock **bucket(uint64_t id)
{
	return &table[(id * 0x9e3779b97f4a7c15u >> 32) & (table_size - 1)];
}

static bool table_grow(void)
{
	size_t size = table_size ? table_size * 4 : 256;
	struct sock **t = calloc(size, sizeof(*t)), *s;

	if (!t)
		return table_size != 0;		/* slower, but right */
	free(table);
	table = t;
	table_size = size;
	for (s = all; s; s = s->all_next) {
		s->id_next = *bucket(s->id);
		*bucket(s->id) = s;
	}
	return true;
}

static bool table_put(struct sock *s)
{
	struct sock **b;

	if (table_count >= table_size && !table_grow())
		return false;
	b = bucket(s->id);
	s->id_next = *b;
	*b = s;
	table_count++;
	s->all_next = all;
	s->all_prev = &all;
	if (all)
		all->all_prev = &s->all_next;
	all = s;
	return true;
}

static void table_take(struct sock *s)
{
	struct sock **p = bucket(s->id);

	while (*p != s)
		p = &(*p)->id_next;
	*p = s->id_next;
	table_count--;
	*s->all_prev = s->all_next;
	if (s->all_next)
		s->all_next->all_prev = s->all_prev;
}

struct sock *sock_find(uint64_t id)
{
	struct sock *s = table_size ? *bucket(id) : NULL;

	while (s && s->id != id)
		s = s->id_next;
	return s;
}

struct sock *sock_next(struct sock *s)
{
	return s ? s->all_next : all;
}

unsigned sock_count_open(void)
{
	return open_count;
}

static void on_event(struct pollable *p, uint32_t events)
{
	struct sock *s = (struct sock *)p;

	affinity_sample(s->owner.affinity);
	s->ops->input(s, events);
}

static void on_free(struct pollable *p)
{
	free(p);
}

static void on_work(struct core_work *w)
{
	struct sock *s = (struct sock *)((char *)w -
	    offsetof(struct sock, work));

	affinity_sample(s->owner.affinity);
	s->ops->flush(s);
}

/* The kinds there are; the first that takes a socket has it. */
#define KINDS_MAX	8
static const struct sock_ops *kinds[KINDS_MAX];
static size_t nkinds;

void sock_ops_add(const struct sock_ops *ops)
{
	if (nkinds < KINDS_MAX)
		kinds[nkinds++] = ops;
}

static const struct sock_ops *ops_for(int domain, int type, int *protocol)
{
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i]->is_kind(domain, type, protocol))
			return kinds[i];
	return NULL;
}

bool sock_sent(const struct ip_error *e)
{
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i]->sent && kinds[i]->sent(e))
			return true;
	return false;
}

void sock_path_mtu(const struct wire_addr *peer, unsigned mtu)
{
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i]->path_mtu)
			kinds[i]->path_mtu(peer, mtu);
}

static void tx_ready(void)
{
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i]->tx_ready)
			kinds[i]->tx_ready();
}

void sock_init(void)
{
	iface_on_tx_ready(tx_ready);
}

/*
 * Sockets that could not be made: programs do not wait for an answer when they
 * ask for one, and are told at the next call.  The newest of them.
 */
static struct {
	uint64_t id;
	int err;
} missing[256];
static unsigned nmissing;

void sock_not_made(uint64_t id, int err)
{
	unsigned i = nmissing++ % (sizeof(missing) / sizeof(missing[0]));

	missing[i].id = id;
	missing[i].err = err;
}

int sock_why_missing(uint64_t id)
{
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (id && missing[i].id == id)
			return missing[i].err;
	return -ENOTCONN;
}

int sock_new(struct sock **out, const struct wire_made *made, int domain, int type,
    int protocol, int fd, const struct sock_owner *owner)
{
	const struct sock_ops *ops = NULL;
	struct sock *s;
	int err = -EPROTONOSUPPORT;

	if (domain == AF_INET || domain == AF_INET6 || domain == AF_PACKET)
		ops = ops_for(domain, type, &protocol);
	else
		err = -EAFNOSUPPORT;
	if (ops && (!made->id || sock_find(made->id)))
		err = -EINVAL;
	if (!ops || err == -EINVAL) {
		close(fd);
		return err;
	}
	s = calloc(1, ops->size);
	if (s)
		s->id = made->id;
	if (!s || !table_put(s)) {
		free(s);
		close(fd);
		return -ENOBUFS;
	}
	trim_count(KEPT);
	s->poll = (struct pollable){ .fn = on_event, .free = on_free, .fd = fd };
	s->work.fn = on_work;
	s->ops = ops;
	s->domain = domain;
	s->type = type;
	s->protocol = protocol;
	s->owner = *owner;
	s->cookie = made->cookie;
	open_count++;
	sockopt_init(&s->opt, domain, type, protocol);
	err = ops->open(s);
	if (!err) {
		s->events = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
		err = loop_add(&s->poll, s->events | EPOLLET);
	}
	if (err) {
		sock_free(s);
		return err;
	}
	*out = s;
	return 0;
}

uint64_t sock_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

uint64_t sock_made(struct wire_made *made, int program_end)
{
	struct wire_id id;

	client_id_new(&id);
	*made = (struct wire_made){ id.sock, sock_cookie(program_end) };
	return id.salt;
}

int sock_name(const struct sock *s, int program_end, uint64_t salt)
{
	struct wire_id id = {
		.server = sock_server_id(), .sock = s->id,
		.domain = s->domain, .type = s->type, .protocol = s->protocol,
		.salt = salt,
	};

	return client_id_bind(program_end, &id);
}

bool sock_end_closed(const struct sock *s)
{
	return s->poll.fd < 0 || client_end_closed(s->poll.fd);
}

void sock_look(struct sock *s)
{
	struct pollfd p = { .fd = s->poll.fd };

	if (p.fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR))
		s->ops->input(s, (uint32_t)p.revents);
}

void sock_defer(struct sock *s)
{
	core_defer(&s->work);
}

void sock_watch(struct sock *s, uint32_t events)
{
	if (s->events == events || s->poll.fd < 0)
		return;
	s->events = events;
	loop_modify(&s->poll, events | EPOLLET);
}

void sock_hang_up(struct sock *s)
{
	uint64_t old = graves[grave_next];
	struct sock *o;

	if (s->poll.fd < 0)
		return;
	core_after_forget(s, false);
	loop_close(&s->poll);
	open_count--;
	if (s->gone)
		return;		/* nobody is left to ask */
	graves[grave_next] = s->id;
	grave_next = (grave_next + 1) % GRAVES;
	o = old ? sock_find(old) : NULL;
	if (o && o->poll.fd < 0)
		sock_free(o);
}

void sock_free(struct sock *s)
{
	if (s->poll.dead)
		return;
	trim_count(-KEPT);
	core_after_forget(s, false);
	s->ops->release(s);
	if (s->poll.fd >= 0)
		open_count--;
	core_undefer(&s->work);
	table_take(s);
	if (s->gone)
		loop_leave(&s->poll);
	else
		loop_retire(&s->poll);
}

void sock_in_child(void)
{
	struct sock *s;

	for (s = all; s; s = s->all_next) {
		if (s->ops->in_child)
			s->ops->in_child(s);
	}
}

int sock_take_error(struct sock *s)
{
	int err = s->so_error;

	s->so_error = 0;
	return err;
}
