/* config.c: entries are set, shown and cleared; see config.h. */
#include "stack/fault/config.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/core/filter.h"
#include "stack/core/log.h"
#include "stack/fault/fault.h"

#define ENTRIES_MAX	1024	/* of a host; trouble() says so */
#define ADDRS_MAX	4096	/* of a partition */
#define TIME_MAX	(1ll << 59)	/* ns; more would overflow */

static unsigned entries;
/* What Linux gives as the handles of qdiscs: 8001:, 8002: and so on. */
static uint32_t last_handle = 0x80000000;

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* Of what a stranger sent: is it an entry? */
static bool makes_sense(const struct wire_fault *c)
{
	bool both = c->dirs == (WIRE_FAULT_IN | WIRE_FAULT_OUT);

	return ends(c->ifname, sizeof(c->ifname)) &&
	    ends(c->match, sizeof(c->match)) &&
	    ends(c->dist, sizeof(c->dist)) &&
	    c->kind < WIRE_FAULT_NUM_KINDS && c->dirs &&
	    c->dirs <= (WIRE_FAULT_IN | WIRE_FAULT_OUT) &&
	    !(both && c->kind == WIRE_FAULT_NETEM) &&
	    c->loss_model < WIRE_LOSS_NUM &&
	    c->delay_ns >= 0 && c->delay_ns <= TIME_MAX &&
	    c->jitter_ns >= 0 && c->jitter_ns <= TIME_MAX &&
	    !c->match[0] == !c->ninsn && c->ninsn <= BPF_MAXINSNS &&
	    c->ndist <= NETEM_DIST_MAX && c->naddr <= ADDRS_MAX &&
	    !(c->kind == WIRE_FAULT_PARTITION) == !c->naddr;
}

static int read_part(int fd, off_t at, size_t bytes, void *out)
{
	void **p = out;

	if (!bytes)
		return 0;
	*p = malloc(bytes);
	if (!*p)
		return -ENOMEM;
	return pread(fd, *p, bytes, at) == (ssize_t)bytes ? 0 : -EINVAL;
}

static void entry_free(struct fault *e)
{
	if (!e)
		return;
	queue_free(&e->queue);
	filter_free(e->filter);
	free(e->dist);
	free(e->addr);
	free(e);
}

static int read_file(struct fault *e, int fd)
{
	struct wire_fault *c = &e->conf;
	off_t at = (off_t)(c->ninsn * sizeof(struct sock_filter));
	int err = 0;

	if (c->keep_dist)
		c->ndist = 0;
	if (c->ninsn)
		err = filter_new(&e->filter, fd, c->ninsn);
	if (!err)
		err = read_part(fd, at, c->ndist * sizeof(e->dist[0]),
		    &e->dist);
	at += (off_t)(c->ndist * sizeof(e->dist[0]));
	if (!err)
		err = read_part(fd, at, c->naddr * sizeof(e->addr[0]),
		    &e->addr);
	return err;
}

/* One by itself; what it shall count begins at 0. */
static int entry_new(struct fault **out, const struct wire_fault *conf, int fd)
{
	struct fault *e;
	int err;

	if (!makes_sense(conf))
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->conf = *conf;
	memset(&e->conf.frames, 0, sizeof(e->conf) -
	    offsetof(struct wire_fault, frames));
	err = read_file(e, fd);
	if (err) {
		entry_free(e);
		return err;
	}
	*out = e;
	return 0;
}

/* An interface has faults, and has none any more. */

static void on_gone(struct iface *f);

static void put_functions(struct iface *f, netif_linkoutput_fn output,
    netif_input_fn input)
{
	/* lo asks by itself. */
	if (iface_is_loopback(f))
		return;
	f->nif.linkoutput = output;
	f->nif.input = input;
	for (struct iface_alias *a = f->aliases; a; a = a->next) {
		a->nif.linkoutput = output;
		a->nif.input = input;
	}
}

static struct faults *faults_of(struct iface *f)
{
	struct faults *l = (struct faults *)f->faults;

	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->iface = (struct iface_faults){ .loop = fault_loop,
	    .gone = on_gone };
	l->f = f;
	l->output = f->nif.linkoutput;
	l->input = f->nif.input;
	f->faults = &l->iface;
	put_functions(f, fault_output, fault_input);
	return l;
}

/* Has it an entry that tc(8) knows as a qdisc? */
static bool has_netem(const struct faults *l)
{
	for (const struct fault *e = l->first; e; e = e->next)
		if (e->conf.kind == WIRE_FAULT_NETEM && !e->conf.match[0] &&
		    e->conf.dirs & WIRE_FAULT_OUT)
			return true;
	return false;
}

/* After a change; if the last entry is gone, l is as well. */
static void settle(struct faults *l)
{
	l->iface.netem = has_netem(l);
	l->iface.in = l->iface.damages = false;
	for (const struct fault *e = l->first; e; e = e->next) {
		l->iface.in |= (e->conf.dirs & WIRE_FAULT_IN) != 0;
		l->iface.damages |= e->conf.corrupt.p > 0;
	}
	if (l->first)
		return;
	put_functions(l->f, l->output, l->input);
	l->f->faults = NULL;
	free(l);
}

static void on_gone(struct iface *f)
{
	struct faults *l = (struct faults *)f->faults;
	struct fault *e;

	while ((e = l->first)) {
		l->first = e->next;
		entry_free(e);
		entries--;
	}
	settle(l);
}

/* Requests. */

static struct fault **find(struct faults *l, const struct wire_fault *key)
{
	struct fault **p;

	for (p = &l->first; *p; p = &(*p)->next)
		if ((*p)->conf.dirs == key->dirs &&
		    (*p)->conf.kind == key->kind &&
		    !strcmp((*p)->conf.match, key->match))
			return p;
	return NULL;
}

/* Cuts before all others; else one after the other. */
static void insert(struct faults *l, struct fault *e)
{
	struct fault **p = &l->first;

	while (*p && !(e->conf.kind != WIRE_FAULT_NETEM &&
	    (*p)->conf.kind == WIRE_FAULT_NETEM))
		p = &(*p)->next;
	e->next = *p;
	*p = e;
	entries++;
}

/* What a new one has of its own. */
static void give(struct fault *e)
{
	if (e->conf.drawn)
		e->conf.seed = stack_random();
	if (e->conf.handle)
		return;
	last_handle = last_handle == 0xfffe0000 ? 0x80010000 :
	    last_handle + 0x10000;
	e->conf.handle = last_handle;
}

/* A change leaves the counters as they are, and what it does not name. */
static void take_over(struct fault *e, struct fault *old)
{
	memcpy(&e->conf.frames, &old->conf.frames, sizeof(e->conf) -
	    offsetof(struct wire_fault, frames));
	e->conf.handle = e->conf.handle ? e->conf.handle : old->conf.handle;
	if (!e->conf.keep_dist)
		return;
	e->dist = old->dist;
	e->conf.ndist = old->conf.ndist;
	old->dist = NULL;
}

/* What waits in the old one goes on waiting in its successor. */
static void replace(struct fault **p, struct fault *e)
{
	struct fault *old = *p;

	e->queue = old->queue;
	old->queue = (struct queue){ .n = 0 };
	e->next = old->next;
	*p = e;
	entry_free(old);
}

/* In more words than strerror(3) has. */
static const char *trouble(int err)
{
	switch (err) {
	case -ENOSPC:
		return "1024 entries are all that a host has; clear some";
	case -ENOPROTOOPT:
		return "the host has no libpcap to run the filter by";
	case -ENODEV:
		return "no such interface";
	default:
		return "";
	}
}

static int set(struct iface *f, int op, struct wire_fault *conf, int fd)
{
	struct faults *l = (struct faults *)f->faults;
	struct fault **there = l ? find(l, conf) : NULL, *e;
	int err;

	if (there && op == WIRE_FAULT_ADD)
		return -EEXIST;
	if (!there && op == WIRE_FAULT_CHANGE)
		return -ENOENT;
	if (!there && entries == ENTRIES_MAX)
		return -ENOSPC;
	err = entry_new(&e, conf, fd);
	if (err)
		return err;
	l = faults_of(f);
	if (!l) {
		entry_free(e);
		return -ENOMEM;
	}
	e->of = l;
	if (op == WIRE_FAULT_CHANGE)
		take_over(e, *there);
	else
		give(e);
	netem_init(&e->model, &e->conf, e->dist);
	if (there)
		replace(there, e);
	else
		insert(l, e);
	settle(l);
	*conf = e->conf;
	return 0;
}

static bool is_meant(const struct fault *e, const struct wire_fault *which)
{
	return e->conf.dirs & which->dirs &&
	    (!which->this_kind || e->conf.kind == which->kind) &&
	    (!which->this_match || !strcmp(e->conf.match, which->match));
}

/* Return: how many. */
static unsigned clear(struct iface *f, const struct wire_fault *which)
{
	struct faults *l = (struct faults *)f->faults;
	struct fault **p, *e;
	unsigned n = 0;

	if (!l)
		return 0;
	for (p = &l->first; (e = *p); ) {
		if (!is_meant(e, which)) {
			p = &e->next;
			continue;
		}
		n++;
		e->conf.dirs &= (uint8_t)~which->dirs;
		if (e->conf.dirs)
			continue;
		*p = e->next;
		fault_flush(e);
		entry_free(e);
		entries--;
	}
	settle(l);
	return n;
}

int fault_request(const struct wire_req *req, struct wire_rep *rep, int fd)
{
	struct wire_fault conf;
	struct iface *f;
	int err;

	if (req->len != sizeof(conf) || req->a < 0 || req->a > WIRE_FAULT_CLEAR)
		return -EINVAL;
	memcpy(&conf, req->data, sizeof(conf));
	if (!ends(conf.ifname, sizeof(conf.ifname)) ||
	    !ends(conf.match, sizeof(conf.match)))
		return -EINVAL;
	f = iface_find(conf.ifname);
	if (f && req->a == WIRE_FAULT_CLEAR) {
		rep->value = clear(f, &conf);
		log_event("fault", "%s: %u cleared", f->name,
		    (unsigned)rep->value);
		return 0;
	}
	err = f ? set(f, req->a, &conf, fd) : -ENODEV;
	if (err) {
		rep->len = (uint32_t)strlen(trouble(err));
		memcpy(rep->data, trouble(err), rep->len);
		return err;
	}
	log_event("fault", "%s: set", f->name);
	rep->len = sizeof(conf);
	memcpy(rep->data, &conf, sizeof(conf));
	return 0;
}

bool fault_at(unsigned i, struct wire_fault *out,
    const struct wire_fault_addr **addr)
{
	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		struct faults *l = (struct faults *)f->faults;

		for (struct fault *e = l ? l->first : NULL; e; e = e->next) {
			if (i--)
				continue;
			*out = e->conf;
			memcpy(out->ifname, f->name, sizeof(out->ifname));
			out->ifindex = netif_get_index(&f->nif);
			out->waiting = (uint32_t)e->queue.n;
			out->waiting_bytes = (uint32_t)e->queue.bytes;
			*addr = e->addr;
			return true;
		}
	}
	return false;
}
