/* bridgehosts.c: who is on each side of a bridge; see bridgehosts.h. */
#include "bus/bridgehosts.h"
#include "stack/wire/clock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define HEARD_NS	(3500 * CLOCK_NS_MS)	/* of three times once a second */
#define CLASH_NS	CLOCK_NS_S
#define HEARD_ROUNDS	2		/* not in two of them: gone */

void bridgehosts_look(struct bridgehosts *h, unsigned side, struct bus *b)
{
	struct bus_guest_info now[BUS_SLOTS];
	struct bus_member m;
	size_t n = 0;

	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if ((int)i == bus_slot(b) || bus_member(b, i, &m) != 1 ||
		    m.bridge || (!m.name[0] && !m.addr[0].family))
			continue;
		memset(&now[n], 0, sizeof(now[n]));
		strcpy(now[n].name, m.name);
		memcpy(now[n++].addr, m.addr, sizeof(m.addr));
	}
	if (n == h->num_own[side] &&
	    !memcmp(now, h->own[side], n * sizeof(now[0])))
		return;
	memcpy(h->own[side], now, n * sizeof(now[0]));
	h->num_own[side] = n;
	h->changed = true;
}

static void forget(struct bridgehosts *h, unsigned side, size_t i)
{
	h->heard[side][i] = h->heard[side][--h->num_heard[side]];
	h->crowded[side] = false;
	h->changed = true;
}

/* Return: whether it is news. */
static bool hear_one(struct bridgehosts *h, unsigned side,
    const struct bridgemsg *m, const struct bus_guest_info *info,
    uint64_t now_ns)
{
	struct bridgehosts_heard *e = h->heard[side];
	size_t i = 0, n = h->num_heard[side];

	while (i < n && (e[i].id != m->id || memcmp(&e[i].info, info,
	    sizeof(*info))))
		i++;
	if (i == BRIDGEHOSTS_HEARD) {
		h->crowded[side] = true;
		return false;
	}
	if (i == n) {
		e[i].info = *info;
		e[i].id = m->id;
		h->num_heard[side]++;
		h->changed = true;
	}
	e[i].round = m->round;
	e[i].when_ns = now_ns;
	return i == n;
}

bool bridgehosts_hear(struct bridgehosts *h, unsigned side,
    const struct bridgemsg *m, uint64_t now_ns)
{
	bool news = false;
	int32_t since;

	for (unsigned i = 0; i < m->n; i++)
		news |= hear_one(h, side, m, &m->host[i], now_ns);
	for (size_t i = 0; i < h->num_heard[side]; i++) {
		since = (int32_t)(m->round - h->heard[side][i].round);
		if (h->heard[side][i].id != m->id || since < HEARD_ROUNDS)
			continue;
		forget(h, side, i--);
		news = true;
	}
	return news;
}

void bridgehosts_expire(struct bridgehosts *h, uint64_t now_ns)
{
	for (unsigned side = 0; side < 2; side++)
		for (size_t i = 0; i < h->num_heard[side]; i++)
			if (now_ns - h->heard[side][i].when_ns > HEARD_NS)
				forget(h, side, i--);
}

size_t bridgehosts_all(const struct bridgehosts *h, unsigned side,
    struct bus_guest_info to[static BUS_SLOTS + BRIDGEHOSTS_HEARD])
{
	size_t n = h->num_own[side];

	memcpy(to, h->own[side], n * sizeof(*to));
	for (size_t i = 0; i < h->num_heard[side]; i++)
		to[n++] = h->heard[side][i].info;
	return n;
}

static uint64_t hash(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t v = 0xcbf29ce484222325ull;

	while (n--)
		v = (v ^ *p++) * 0x100000001b3ull;
	return v;
}

/* Those that are there this time. */
struct clashes {
	struct bridgehosts *h;
	const char *const *name;
	uint64_t now_ns;
	void (*say)(const char *line);
	struct bridgehosts_clash at[BUS_GUESTS];
	size_t n;
};

/* Is it to be said?  Each once, however many pairs it is true for. */
static bool is_due(struct clashes *c, uint64_t v)
{
	struct bridgehosts_clash *e = &c->at[c->n];

	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].hash == v)
			return false;
	if (c->n == BUS_GUESTS)
		return false;
	*e = (struct bridgehosts_clash){ v, c->now_ns, false };
	for (size_t i = 0; i < c->h->num_clash; i++)
		if (c->h->clash[i].hash == v)
			*e = c->h->clash[i];
	c->n++;
	if (e->said || c->now_ns - e->since_ns < CLASH_NS)
		return false;
	e->said = true;
	return true;
}

static const char *addr_text(const struct bus_addr *a,
    char text[static INET6_ADDRSTRLEN])
{
	return inet_ntop(a->family, a->addr, text, INET6_ADDRSTRLEN);
}

static void clash_name(struct clashes *c, const struct bus_guest_info *a,
    const struct bus_guest_info *b)
{
	char line[BUS_ERRLEN], one[INET6_ADDRSTRLEN], two[INET6_ADDRSTRLEN];

	if (!a->name[0] || strcmp(a->name, b->name) ||
	    !a->addr[0].family || !b->addr[0].family ||
	    !is_due(c, hash(a->name, strlen(a->name))))
		return;
	snprintf(line, sizeof(line), "two hosts are named %s: %s on %s and %s "
	    "on %s; each is found on its own side", a->name,
	    addr_text(&a->addr[0], one), c->name[0],
	    addr_text(&b->addr[0], two), c->name[1]);
	c->say(line);
}

static void clash_addr(struct clashes *c, const struct bus_guest_info *a,
    const struct bus_guest_info *b, const struct bus_addr *of)
{
	char line[BUS_ERRLEN], text[INET6_ADDRSTRLEN];
	size_t n = of->family == AF_INET ? 4 : 16;

	for (int i = 0; i < BUS_ADDRS; i++) {
		if (b->addr[i].family != of->family ||
		    memcmp(b->addr[i].addr, of->addr, n) ||
		    !is_due(c, hash(of->addr, n)))
			continue;
		snprintf(line, sizeof(line), "two hosts have %s: %s on %s and "
		    "%s on %s; give one of them another address",
		    addr_text(of, text), a->name[0] ? a->name : "one",
		    c->name[0], b->name[0] ? b->name : "one", c->name[1]);
		c->say(line);
	}
}

void bridgehosts_clashes(struct bridgehosts *h, const char *const name[2],
    uint64_t now_ns, void (*say)(const char *line))
{
	struct bus_guest_info all[2][BUS_SLOTS + BRIDGEHOSTS_HEARD];
	struct clashes c = {
		.h = h, .name = name, .now_ns = now_ns, .say = say,
	};
	size_t n[2];

	if (!h->changed)
		return;
	h->changed = false;
	for (unsigned side = 0; side < 2; side++)
		n[side] = bridgehosts_all(h, side, all[side]);
	for (size_t i = 0; i < n[0]; i++) {
		for (size_t k = 0; k < n[1]; k++) {
			clash_name(&c, &all[0][i], &all[1][k]);
			for (int j = 0; j < BUS_ADDRS; j++)
				if (all[0][i].addr[j].family)
					clash_addr(&c, &all[0][i], &all[1][k],
					    &all[0][i].addr[j]);
		}
	}
	memcpy(h->clash, c.at, c.n * sizeof(c.at[0]));
	h->num_clash = c.n;
	for (size_t i = 0; i < c.n; i++)
		h->changed |= !c.at[i].said;	/* look again */
}
