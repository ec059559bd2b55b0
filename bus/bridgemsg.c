/* bridgemsg.c: what bridges tell each other; see bridgemsg.h. */
#include "bus/bridgemsg.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

enum {
	TYPE = 12, MAGIC = 14, VERSION = 18, FLAGS = 19, HOPS = 20, COUNT = 21,
	ID = 22, ROUND = 30, YOUNGEST = 34,
	SHORTEST = 60,		/* bytes of an Ethernet frame */
};

static const uint8_t to_bridges[6] = { 0xb2, 0xa1, 0x88, 0xb5, 0, 0 };
static const uint8_t magic[5] = { 's', 'h', 'm', 'j', 1 };

static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static void put(uint8_t *p, unsigned n, uint64_t v)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

bool bridge_age_less(const struct bridge_age *a, const struct bridge_age *b)
{
	if (a->listening != b->listening)
		return a->listening < b->listening;
	return a->since != b->since ? a->since < b->since : a->id < b->id;
}

static void get_age(struct bridge_age *a, const uint8_t *p)
{
	a->listening = p[0] != 0;
	a->since = get(p + 1, 8);
	a->id = get(p + 9, 8);
}

static void put_age(uint8_t *p, const struct bridge_age *a)
{
	p[0] = a->listening;
	put(p + 1, 8, a->since);
	put(p + 9, 8, a->id);
}

bool bridgemsg_is(const uint8_t *frame, size_t len)
{
	return len >= SHORTEST && frame[TYPE] == 0x88 &&
	    frame[TYPE + 1] == 0xb5 &&
	    !memcmp(frame + MAGIC, magic, sizeof(magic));
}

/* What may stand in a hosts file, and nothing that could be taken for more. */
static bool name_ok(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum(p[i]) && p[i] != '_' && (i == 0 ||
		    (p[i] != '-' && p[i] != '.')))
			return false;
	return n < BUS_NAMELEN;
}

/* An address that a host on an Ethernet can have. */
static bool addr_ok(const struct bus_addr *a)
{
	static const uint8_t low[15];

	if (a->family == AF_INET)
		return a->plen <= 32 && a->addr[0] != 0 &&
		    a->addr[0] != 127 && a->addr[0] < 224;
	return a->plen <= 128 && a->addr[0] != 0xff &&
	    memcmp(a->addr, low, sizeof(low));
}

/* Return: bytes taken, 0 if it is none. */
static size_t get_addr(struct bus_addr *a, const uint8_t *p, size_t n)
{
	size_t len;

	if (n < 2 || (p[0] != 4 && p[0] != 6))
		return 0;
	len = p[0] == 4 ? 4 : 16;
	if (n < 2 + len)
		return 0;
	a->family = p[0] == 4 ? AF_INET : AF_INET6;
	a->plen = p[1];
	memcpy(a->addr, p + 2, len);
	return addr_ok(a) ? 2 + len : 0;
}

static size_t get_host(struct bus_guest_info *h, const uint8_t *p, size_t n)
{
	size_t at = 2, step;

	memset(h, 0, sizeof(*h));
	if (n < 2 || p[1] > BUS_ADDRS || n < 2u + p[0] ||
	    !name_ok(p + 2, p[0]))
		return 0;
	memcpy(h->name, p + 2, p[0]);
	at += p[0];
	for (unsigned i = 0; i < p[1]; i++) {
		step = get_addr(&h->addr[i], p + at, n - at);
		if (!step)
			return 0;
		at += step;
	}
	return at;
}

bool bridgemsg_parse(struct bridgemsg *m, const uint8_t *frame, size_t len)
{
	size_t at = BRIDGEMSG_HEAD, step;

	if (!bridgemsg_is(frame, len) || len > BRIDGEMSG_MAX)
		return false;
	m->hops = frame[HOPS];
	m->n = frame[COUNT];
	m->id = get(frame + ID, 8);
	m->round = (uint32_t)get(frame + ROUND, 4);
	get_age(&m->youngest, frame + YOUNGEST);
	for (unsigned i = 0; i < m->n; i++) {
		step = get_host(&m->host[i], frame + at, len - at);
		if (!step)
			return false;
		at += step;
	}
	return m->id != 0;
}

static size_t host_size(const struct bus_guest_info *h)
{
	size_t n = 2 + strlen(h->name);

	for (int i = 0; i < BUS_ADDRS; i++)
		if (h->addr[i].family && addr_ok(&h->addr[i]))
			n += h->addr[i].family == AF_INET ? 6 : 18;
	return n;
}

static size_t put_host(uint8_t *p, const struct bus_guest_info *h)
{
	size_t at = 2 + strlen(h->name), len;

	p[0] = (uint8_t)strlen(h->name);
	p[1] = 0;
	memcpy(p + 2, h->name, p[0]);
	for (int i = 0; i < BUS_ADDRS; i++) {
		const struct bus_addr *a = &h->addr[i];

		if (!a->family || !addr_ok(a))
			continue;
		len = a->family == AF_INET ? 4 : 16;
		p[1]++;
		p[at] = a->family == AF_INET ? 4 : 6;
		p[at + 1] = a->plen;
		memcpy(p + at + 2, a->addr, len);
		at += 2 + len;
	}
	return at;
}

size_t bridgemsg_make(uint8_t frame[static BRIDGEMSG_MAX],
    const struct bridgemsg *m, const uint8_t src[static 6],
    const struct bus_guest_info *host, size_t n, size_t *from)
{
	size_t at = BRIDGEMSG_HEAD;

	memset(frame, 0, BRIDGEMSG_MAX);
	memcpy(frame, to_bridges, 6);
	memcpy(frame + 6, src, 6);
	frame[TYPE] = 0x88;
	frame[TYPE + 1] = 0xb5;
	memcpy(frame + MAGIC, magic, sizeof(magic));
	frame[HOPS] = m->hops;
	put(frame + ID, 8, m->id);
	put(frame + ROUND, 4, m->round);
	put_age(frame + YOUNGEST, &m->youngest);
	while (*from < n && frame[COUNT] < UINT8_MAX) {
		const struct bus_guest_info *h = &host[*from];

		/* A name that others would not take is left at home. */
		if (name_ok((const uint8_t *)h->name, strlen(h->name))) {
			if (at + host_size(h) > BRIDGEMSG_MAX)
				break;
			at += put_host(frame + at, h);
			frame[COUNT]++;
		}
		++*from;
	}
	return at > SHORTEST ? at : SHORTEST;
}

void bridgemsg_pass(uint8_t *frame, const struct bridge_age *youngest)
{
	struct bridge_age has;

	frame[HOPS]++;
	get_age(&has, frame + YOUNGEST);
	if (bridge_age_less(&has, youngest))
		put_age(frame + YOUNGEST, youngest);
}
