/* pcapng.c: writes blocks of a pcapng file; see pcapng.h. */
#include "stack/ctl/pcapng.h"

#include <string.h>
#include <sys/socket.h>

#define SECTION		0x0a0d0d0au	/* block types */
#define INTERFACE	1u
#define PACKET		6u
#define ORDER		0x1a2b3c4du
#define ETHERNET	1u		/* a link type */
#define END_OF_OPTIONS	0u
#define COMMENT		1u

enum { SECTION_APPLICATION = 4 };
enum { IF_NAME = 2, IF_DESCRIPTION = 3, IF_IP4 = 4, IF_IP6 = 5, IF_MAC = 6,
       IF_TSRESOL = 9 };
enum { PACKET_DROPPED = 4 };

/* A block's fixed fields, or its options; what does not fit is left out. */
struct part {
	size_t n;
	uint8_t bytes[4096];
};

static void put(struct part *b, const void *p, size_t n)
{
	memcpy(b->bytes + b->n, p, n);
	b->n += n;
}

static void put16(struct part *b, uint16_t v)
{
	put(b, &v, sizeof(v));
}

static void put32(struct part *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void pad(struct part *b)
{
	while (b->n % 4)
		b->bytes[b->n++] = 0;
}

static void option(struct part *b, uint16_t code, const void *value, size_t n)
{
	/* Room for this one, and for the end. */
	if (n > UINT16_MAX || b->n + n + 12 > sizeof(b->bytes))
		return;
	put16(b, code);
	put16(b, (uint16_t)n);
	put(b, value, n);
	pad(b);
}

static void text(struct part *b, uint16_t code, const char *value)
{
	if (value && *value)
		option(b, code, value, strlen(value));
}

/* A part of options ends with an empty one. */
static void end_options(struct part *b)
{
	if (!b->n)
		return;
	put16(b, END_OF_OPTIONS);
	put16(b, 0);
}

/* Fixed fields, data with its padding, and options, in their frame. */
static void write_block(FILE *to, uint32_t type, const struct part *fixed,
    const uint8_t *data, size_t len, const struct part *options)
{
	static const uint8_t zero[4];
	size_t padding = -len & 3;
	uint32_t total = (uint32_t)(12 + fixed->n + len + padding +
	    options->n);

	fwrite(&type, 4, 1, to);
	fwrite(&total, 4, 1, to);
	fwrite(fixed->bytes, 1, fixed->n, to);
	if (len)
		fwrite(data, 1, len, to);
	fwrite(zero, 1, padding, to);
	fwrite(options->bytes, 1, options->n, to);
	fwrite(&total, 4, 1, to);
}

void pcapng_begin(FILE *to)
{
	struct part fixed, options;
	const int64_t length = -1;	/* of the section: not known */

	fixed.n = options.n = 0;
	put32(&fixed, ORDER);
	put16(&fixed, 1);		/* version 1.0 */
	put16(&fixed, 0);
	put(&fixed, &length, sizeof(length));
	text(&options, SECTION_APPLICATION, "shmif " SHMIF_VERSION);
	end_options(&options);
	write_block(to, SECTION, &fixed, NULL, 0, &options);
}

static void address(struct part *b, const struct bus_addr *a)
{
	uint8_t mask[4] = { 0 };

	if (a->family == AF_INET) {
		uint8_t both[8];

		for (unsigned i = 0; i < a->plen && i < 32; i++)
			mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
		memcpy(both, a->addr, 4);
		memcpy(both + 4, mask, 4);
		option(b, IF_IP4, both, sizeof(both));
	} else if (a->family == AF_INET6) {
		uint8_t both[17];

		memcpy(both, a->addr, 16);
		both[16] = a->plen;
		option(b, IF_IP6, both, sizeof(both));
	}
}

void pcapng_interface(FILE *to, uint32_t snaplen, const struct pcapng_iface *i)
{
	struct part fixed, options;
	const uint8_t nanoseconds = 9;	/* stamps count 10^-9 s */

	fixed.n = options.n = 0;
	put16(&fixed, ETHERNET);
	put16(&fixed, 0);
	put32(&fixed, snaplen);
	text(&options, IF_NAME, i->name);
	text(&options, IF_DESCRIPTION, i->description);
	for (size_t k = 0; k < i->num_addrs; k++)
		address(&options, &i->addr[k]);
	if (i->mac)
		option(&options, IF_MAC, i->mac, 6);
	option(&options, IF_TSRESOL, &nanoseconds, 1);
	end_options(&options);
	write_block(to, INTERFACE, &fixed, NULL, 0, &options);
}

void pcapng_packet(FILE *to, const struct pcapng_packet *p)
{
	struct part fixed, options;

	fixed.n = options.n = 0;
	put32(&fixed, p->iface);
	put32(&fixed, (uint32_t)(p->when_ns >> 32));
	put32(&fixed, (uint32_t)p->when_ns);
	put32(&fixed, p->caplen);
	put32(&fixed, p->len);
	for (size_t i = 0; i < p->num_comments; i++)
		text(&options, COMMENT, p->comment[i]);
	if (p->dropped)
		option(&options, PACKET_DROPPED, &p->dropped, 8);
	end_options(&options);
	write_block(to, PACKET, &fixed, p->bytes, p->caplen, &options);
}
