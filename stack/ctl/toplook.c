/* toplook.c: gathers what shmif top shows; see top.h. */
#include "stack/ctl/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/buslist.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/socktext.h"
#include "stack/wire/clock.h"

#define ASK_TIMEOUT	300		/* ms for a host's table */
#define BUSY_LOOKS	10		/* until one that is silent is asked */

/* Room for one more; what cannot be had is left out. */
static void *more(void *list, size_t n, size_t size)
{
	if (n & (n - 1))
		return list;	/* only at powers of two */
	return realloc(list, (n ? 2 * n : 1) * size);
}

static void add_conns(struct top_look *l, const char *host,
    const struct ctl_list *socks)
{
	const struct wire_sock *s = socks->rec;

	for (size_t i = 0; i < socks->n; i++) {
		struct top_conn *c;

		if (socktext_listening(&s[i]) || !s[i].peer.family)
			continue;
		c = more(l->conn, l->num_conns, sizeof(*c));
		if (!c)
			return;
		l->conn = c;
		c += l->num_conns++;
		snprintf(c->host, sizeof(c->host), "%s", host);
		c->s = s[i];
	}
}

/* A host on several buses is asked once. */
static bool asked(const struct top_look *l, const char *server)
{
	for (size_t i = 0; i + 1 < l->num_hosts; i++)
		if (!strcmp(l->host[i].m.server, server))
			return true;
	return false;
}

static void ask(struct top_look *l, struct top_host *h)
{
	struct ctl_list socks;

	if (ctl_ask_host(h->m.server, WIRE_DUMP_SOCK, ASK_TIMEOUT, &socks)) {
		h->busy = BUSY_LOOKS;
		return;
	}
	add_conns(l, h->m.name, &socks);
	free(socks.rec);
}

static const struct top_host *find(const struct top_look *l,
    const struct top_host *h)
{
	for (size_t i = 0; l && i < l->num_hosts; i++)
		if (l->host[i].m.slot == h->m.slot &&
		    l->host[i].m.pid == h->m.pid &&
		    !strcmp(l->host[i].bus, h->bus))
			return &l->host[i];
	return NULL;
}

struct look {
	struct top_look *now;
	const struct top_look *last;
};

/* How much a counter has grown each second. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

static void set_rates(const struct look *k, struct top_host *h)
{
	const struct top_host *old = find(k->last, h);
	double s;

	if (!old)
		return;
	s = (double)(k->now->when - k->last->when) / 1e9;
	h->tx_bytes = rate(h->m.tx_bytes, old->m.tx_bytes, s);
	h->rx_bytes = rate(h->m.rx_bytes, old->m.rx_bytes, s);
	h->tx_frames = rate(h->m.tx_frames, old->m.tx_frames, s);
	h->rx_frames = rate(h->m.rx_frames, old->m.rx_frames, s);
	h->lost = rate(h->m.rx_lost, old->m.rx_lost, s);
}

static void each_bus(void *arg, const char *name, const char *path,
    struct bus *b)
{
	struct look *k = arg;
	struct top_look *l = k->now;
	struct bus_member m;

	(void)path;
	l->buses++;
	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		const struct top_host *old;
		struct top_host *h;

		if (bus_member(b, i, &m) != 1)
			continue;
		h = more(l->host, l->num_hosts, sizeof(*h));
		if (!h)
			return;
		l->host = h;
		h += l->num_hosts++;
		*h = (struct top_host){ .m = m };
		snprintf(h->bus, sizeof(h->bus), "%s", name);
		set_rates(k, h);
		old = find(k->last, h);
		/* One that is stopped would stop us each time. */
		h->busy = old && old->busy ? old->busy - 1 : 0;
		h->ours = h->busy || bus_server_ours(m.server);
		if (h->ours && !h->busy && !asked(l, m.server))
			ask(l, h);
	}
}

int top_look(struct top_look *now, const struct top_look *last,
    const char *bus)
{
	struct look k = { now, last };

	memset(now, 0, sizeof(*now));
	now->when = clock_ns();
	return bus ? buslist_one(bus, each_bus, &k) :
	    buslist_all(each_bus, &k);
}

void top_free(struct top_look *l)
{
	free(l->host);
	free(l->conn);
	memset(l, 0, sizeof(*l));
}

static enum top_order sort_order;
static bool sort_reverse;

static int compare_double(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare(const void *pa, const void *pb)
{
	const struct top_host *a = pa, *b = pb;
	int d = 0;

	switch (sort_order) {
	case TOP_TRAFFIC:
		d = compare_double(a->tx_bytes + a->rx_bytes,
		    b->tx_bytes + b->rx_bytes);
		break;
	case TOP_LOSS:
		d = compare_double((double)(a->m.rx_lost + a->m.tx_full),
		    (double)(b->m.rx_lost + b->m.tx_full));
		break;
	case TOP_NAME:
		d = strcmp(a->m.name, b->m.name);
		break;
	default:
		break;
	}
	if (!d)
		d = strcmp(a->bus, b->bus);
	if (!d)
		d = (int)a->m.slot - (int)b->m.slot;
	return sort_reverse ? -d : d;
}

void top_sort(struct top_look *l, enum top_order order, bool reverse)
{
	sort_order = order;
	sort_reverse = reverse;
	if (l->num_hosts)
		qsort(l->host, l->num_hosts, sizeof(*l->host), compare);
}
