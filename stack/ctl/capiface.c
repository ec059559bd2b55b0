/* capiface.c: members of a bus as interfaces of a file; see capiface.h. */
#include "stack/ctl/capiface.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "stack/ctl/pcapng.h"
#include "stack/wire/clock.h"

#define LOOK_EVERY	(50 * CLOCK_NS_MS)	/* at a slot, for changes */
#define NONE		UINT32_MAX

/* What the file knows of a slot. */
struct slot {
	struct bus_member member;	/* as it was written */
	uint64_t looked;	/* ns */
	uint32_t iface;		/* the member's; NONE */
	uint32_t other;		/* of frames that are not from its address */
};

struct capifaces {
	struct bus *bus;
	const char *name;
	uint32_t snaplen;
	uint32_t n;		/* in this file */
	struct slot slot[BUS_SLOTS];
};

struct capifaces *capifaces_new(struct bus *b, const char *bus,
    uint32_t snaplen)
{
	struct capifaces *c = calloc(1, sizeof(*c));

	if (c) {
		c->bus = b;
		c->name = bus;
		c->snaplen = snaplen;
	}
	return c;
}

void capifaces_free(struct capifaces *c)
{
	free(c);
}

static uint32_t write_member(struct capifaces *c, FILE *to, unsigned slot,
    const struct bus_member *m)
{
	char description[256], number[24];
	struct pcapng_iface i = { .name = m->name, .mac = m->mac };

	snprintf(number, sizeof(number), "slot %u", slot);
	if (!m->name[0])
		i.name = number;
	snprintf(description, sizeof(description), "%s of %s, process %u",
	    number, c->name, m->pid);
	i.description = description;
	i.addr = m->addr;
	i.num_addrs = BUS_ADDRS;
	pcapng_interface(to, c->snaplen, &i);
	return c->n++;
}

static uint32_t write_other(struct capifaces *c, FILE *to, unsigned slot)
{
	char description[256], number[24];
	struct pcapng_iface i = { .name = number, .description = description };

	snprintf(number, sizeof(number), "slot %u", slot);
	snprintf(description, sizeof(description), "%s of %s, not from the "
	    "address of who is there", number, c->name);
	pcapng_interface(to, c->snaplen, &i);
	return c->n++;
}

static bool same(const struct bus_member *a, const struct bus_member *b)
{
	return a->pid == b->pid && !strcmp(a->name, b->name) &&
	    !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	    !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void look(struct capifaces *c, FILE *to, unsigned n)
{
	struct slot *s = &c->slot[n];
	struct bus_member m;

	s->looked = clock_ns();
	if (bus_member(c->bus, n, &m) != 1 ||
	    (s->iface != NONE && same(&m, &s->member)))
		return;
	s->member = m;
	s->iface = write_member(c, to, n, &m);
}

void capifaces_begin(struct capifaces *c, FILE *to)
{
	c->n = 0;
	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		c->slot[i].iface = c->slot[i].other = NONE;
		look(c, to, i);
	}
}

uint32_t capifaces_of(struct capifaces *c, FILE *to,
    const struct bus_frame *f, const uint8_t *bytes, size_t n)
{
	unsigned number = f->sender % BUS_SLOTS;	/* its word only */
	struct slot *s = &c->slot[number];

	if (clock_ns() - s->looked > LOOK_EVERY)
		look(c, to, number);
	if (s->iface != NONE && n >= BUS_ETH_HDR &&
	    !memcmp(bytes + 6, s->member.mac, 6))
		return s->iface;
	if (s->other == NONE)
		s->other = write_other(c, to, number);
	return s->other;
}
