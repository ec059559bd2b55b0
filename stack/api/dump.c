/* dump.c: lists of what the host has: links, addresses, routes, sockets. */
#include "stack/api/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/api/counters.h"
#include "stack/api/rights.h"
#include "stack/api/sysctl.h"
#include "stack/core/log.h"
#include "stack/dgram/groups.h"
#include "stack/dgram/mcast.h"
#include "stack/fault/config.h"
#include "stack/ip/iface.h"
#include "stack/ip/neigh.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/wire/wire.h"

/* Records go through stdio into the memfd. */
struct out {
	FILE *f;
	uint64_t n;
	const struct wire_req *req;
	const struct rights *who;
};

static void put(struct out *o, const void *rec, size_t len)
{
	if (fwrite(rec, len, 1, o->f) == 1)
		o->n++;
}

static void links(struct out *o)
{
	struct wire_link l;

	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		iface_fill_link(f, &l);
		put(o, &l, sizeof(l));
	}
}

static void addrs(struct out *o)
{
	struct wire_ifaddr a;

	for (struct iface *f = iface_next(NULL); f; f = iface_next(f))
		for (unsigned i = 0; iface_addr_at(f, i, &a); i++)
			put(o, &a, sizeof(a));
}

static void routes(struct out *o)
{
	const struct wire_route *r;
	struct iface *f;

	for (size_t i = 0; (r = route_entry(i)); i++) {
		f = iface_by_index(r->ifindex);
		/* They are there again when it is up. */
		if (!f || netif_is_up(&f->nif))
			put(o, r, sizeof(*r));
	}
}

static void neighs(struct out *o)
{
	struct wire_neigh n;

	for (unsigned i = 0; neigh_at(i, &n); i++)
		if (n.family)
			put(o, &n, sizeof(n));
}

static void socks(struct out *o)
{
	struct wire_sock w;

	for (struct sock *s = sock_next(NULL); s; s = sock_next(s)) {
		if (!rights_sees(o->who, &s->owner))
			continue;
		memset(&w, 0, sizeof(w));
		w.id = s->id;
		w.domain = s->domain;
		w.type = s->type;
		w.protocol = s->protocol;
		w.local = s->local;
		w.peer = s->peer;
		if (!w.local.family)
			w.local.family = (uint16_t)s->domain;
		s->ops->fill(s, &w);
		/* over, and kept for its program: Linux lists no such one */
		if (s->state == SOCK_FAILED || (s->state == SOCK_CLOSED &&
		    w.state == TCP_CLOSE))
			continue;
		w.pid = s->owner.pid;
		w.uid = s->owner.uid;
		memcpy(w.comm, s->owner.comm, sizeof(w.comm));
		memcpy(w.key, s->owner.key, sizeof(w.key));
		w.rights = s->owner.rights;
		put(o, &w, sizeof(w));
	}
}

static void sockinfos(struct out *o)
{
	struct wire_sockinfo w;

	for (struct sock *s = sock_next(NULL); s; s = sock_next(s)) {
		if (!rights_sees(o->who, &s->owner))
			continue;
		memset(&w, 0, sizeof(w));
		w.id = s->id;
		if (s->ops->fill_info)
			s->ops->fill_info(s, &w);
		put(o, &w, sizeof(w));
	}
}

static void sysctls(struct out *o)
{
	struct wire_sysctl s;

	for (unsigned i = 0; sysctl_at(i, &s); i++)
		put(o, &s, sizeof(s));
}

static void log_lines(struct out *o)
{
	struct wire_log l = { .number = 0 };

	if (o->req->len == sizeof(l.number))
		memcpy(&l.number, o->req->data, sizeof(l.number));
	while (log_read(l.number, &l))
		put(o, &l, sizeof(l));
}

static void counters(struct out *o)
{
	struct wire_counter c = { .n = 0 };

	while (counters_next(c.name, &c))
		put(o, &c, sizeof(c));
}

static void faults(struct out *o)
{
	const struct wire_fault_addr *addr;
	struct wire_fault w;

	for (unsigned i = 0; fault_at(i, &w, &addr); i++)
		put(o, &w, sizeof(w));
}

static void fault_addrs(struct out *o)
{
	const struct wire_fault_addr *addr;
	struct wire_fault_addr a;
	struct wire_fault w;

	for (unsigned i = 0; fault_at(i, &w, &addr); i++)
		for (uint32_t k = 0; k < w.naddr; k++) {
			a = addr[k];
			a.entry = i;
			put(o, &a, sizeof(a));
		}
}

static void group_out(void *arg, const struct wire_group *g)
{
	put(arg, g, sizeof(*g));
}

static void groups(struct out *o)
{
	groups_each(group_out, o);
}

static void source_out(void *arg, const struct wire_source *s)
{
	put(arg, s, sizeof(*s));
}

static void sources(struct out *o)
{
	mcast_sources(source_out, o);
}

static void (*const dumps[])(struct out *o) = {
	[WIRE_DUMP_LINK] = links,
	[WIRE_DUMP_ADDR] = addrs,
	[WIRE_DUMP_ROUTE] = routes,
	[WIRE_DUMP_NEIGH] = neighs,
	[WIRE_DUMP_SOCK] = socks,
	[WIRE_DUMP_SYSCTL] = sysctls,
	[WIRE_DUMP_LOG] = log_lines,
	[WIRE_DUMP_COUNTER] = counters,
	[WIRE_DUMP_SOCKINFO] = sockinfos,
	[WIRE_DUMP_FAULT] = faults,
	[WIRE_DUMP_FAULT_ADDR] = fault_addrs,
	[WIRE_DUMP_GROUP] = groups,
	[WIRE_DUMP_SOURCE] = sources,
};
static_assert(sizeof(dumps) / sizeof(dumps[0]) == WIRE_NUM_DUMPS,
    "a function for every list");

int dump(const struct wire_req *req, const struct rights *who, int *fd,
    uint64_t *count)
{
	struct out o = { .req = req, .who = who };
	int what = req->a;
	int mem, copy = -1;
	bool bad;

	if (what < 0 || what >= WIRE_NUM_DUMPS)
		return -EINVAL;
	mem = memfd_create("shmif-dump", MFD_CLOEXEC);
	if (mem >= 0)
		copy = fcntl(mem, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0)
		o.f = fdopen(copy, "w");
	if (!o.f) {
		int e = errno;

		if (mem >= 0)
			close(mem);
		if (copy >= 0)
			close(copy);
		return -e;
	}
	dumps[what](&o);
	bad = ferror(o.f) != 0;
	if (fclose(o.f) || bad) {
		close(mem);
		return -ENOBUFS;
	}
	lseek(mem, 0, SEEK_SET);
	*fd = mem;
	*count = o.n;
	return 0;
}
