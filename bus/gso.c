/*
 * gso.c: segments to a large segment and back; see gso.h.
 *
 * The payload of a segment is summed up once, by who made its TCP checksum:
 * the sum of a large segment is put together from those of its segments.  That
 * needs an even seg_size.
 */
#include "bus/gso.h"

#include <netinet/in.h>
#include <string.h>

#include "arch/cc.h"

enum {
	ETH = 14,
	IP4_LEN = ETH + 2, IP4_ID = ETH + 4, IP4_FRAG = ETH + 6,
	IP4_PROTO = ETH + 9, IP4_SUM = ETH + 10, IP4_ADDRS = ETH + 12,
	IP4_END = ETH + 20,
	IP6_LEN = ETH + 4, IP6_PROTO = ETH + 6, IP6_ADDRS = ETH + 8,
	IP6_END = ETH + 40,
	/* in the TCP header */
	SEQ = 4, OFFSET = 12, FLAGS = 13, SUM = 16, URGENT = 18,
	FIN = 0x01, PSH = 0x08, ACK = 0x10, URG = 0x20, ECE = 0x40,
	CWR = 0x80,
	LAST = FIN | PSH,	/* only the last of a large segment has them */
	/* what may be set in one that is made, and in one that is cut */
	JOINED = LAST, CUT = LAST | URG | ECE | CWR,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Sums are of words as they lie in memory (RFC 1071). */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t word_at(const uint8_t *p)
{
	uint16_t w;

	memcpy(&w, p, 2);
	return w;
}

static uint16_t word_of(unsigned v)
{
	return htons((uint16_t)v);
}

/*
 * Of the pseudo header and the TCP header, its checksum left out: a word and
 * its complement together are 0xffff, which is 0.
 */
static uint64_t head_sum(const uint8_t *h, const struct gso_seg *s)
{
	bool v4 = s->tcp == IP4_END;
	uint64_t sum = stack_chksum(h + s->tcp, s->head - s->tcp);

	sum += stack_chksum(h + (v4 ? IP4_ADDRS : IP6_ADDRS), v4 ? 8 : 32);
	sum += (uint16_t)~word_at(h + s->tcp + SUM);
	return sum + word_of(IPPROTO_TCP) +
	    word_of(s->head - s->tcp + s->payload);
}

static void set_sum(uint8_t *p, uint64_t sum)
{
	uint16_t w = (uint16_t)~fold(sum);

	memcpy(p, &w, 2);
}

/*
 * Is it a TCP segment with a payload, in one piece, with nothing unusual?
 * Everything is checked that gso_frame() relies on.
 */
static bool look(const uint8_t *h, size_t have, size_t len, unsigned flags,
    struct gso_seg *s)
{
	unsigned type, off;

	if (have < IP4_END + 20 || (flags == JOINED && len > GSO_MAX))
		return false;
	type = get16(h + 12);
	if (type == 0x0800 && h[ETH] == 0x45 && h[IP4_PROTO] == IPPROTO_TCP &&
	    !(get16(h + IP4_FRAG) & 0xbfff) && get16(h + IP4_LEN) == len - ETH)
		s->tcp = IP4_END;
	else if (type == 0x86dd && h[ETH] >> 4 == 6 && have >= IP6_END + 20 &&
	    h[IP6_PROTO] == IPPROTO_TCP &&
	    get16(h + IP6_LEN) == len - IP6_END)
		s->tcp = IP6_END;
	else
		return false;
	off = (h[s->tcp + OFFSET] >> 4) * 4u;
	s->head = (uint16_t)(s->tcp + off);
	if (off < 20 || s->head > have || s->head >= len ||
	    (h[s->tcp + FLAGS] & ~flags) != ACK)
		return false;
	s->payload = (uint32_t)(len - s->head);
	return true;
}

static uint16_t payload_sum(const uint8_t *h, const struct gso_seg *s)
{
	/* The checksum is ~(head + payload). */
	return fold((uint64_t)(uint16_t)~word_at(h + s->tcp + SUM) +
	    (uint16_t)~fold(head_sum(h, s)));
}

bool gso_start(struct gso *t, const uint8_t *head, size_t have,
    size_t len)
{
	struct gso_seg s;

	if (!look(head, have, len, JOINED, &s) || s.payload < GSO_SEG_MIN ||
	    s.payload % 2 || s.head + 2 * s.payload > GSO_MAX ||
	    head[s.tcp + FLAGS] & LAST)
		return false;
	memcpy(t->head, head, s.head);
	t->seg = s;
	t->seg_size = (uint16_t)s.payload;
	t->n = 1;
	t->ended = false;
	t->sum = payload_sum(head, &s);
	return true;
}

/* Does h differ from the first only in what its order tells? */
static bool follows(const struct gso *t, const uint8_t *h,
    const struct gso_seg *s)
{
	const uint8_t *f = t->head;
	unsigned l4 = s->tcp;

	if (s->tcp != t->seg.tcp || s->head != t->seg.head ||
	    get32(h + l4 + SEQ) != get32(f + l4 + SEQ) + t->n * t->seg_size)
		return false;
	if (l4 == IP4_END ? memcmp(h, f, IP4_LEN) ||
	    get16(h + IP4_ID) != (uint16_t)(get16(f + IP4_ID) + t->n) ||
	    memcmp(h + IP4_FRAG, f + IP4_FRAG, IP4_SUM - IP4_FRAG) ||
	    memcmp(h + IP4_ADDRS, f + IP4_ADDRS, 8) :
	    memcmp(h, f, IP6_LEN) ||
	    memcmp(h + IP6_PROTO, f + IP6_PROTO, IP6_END - IP6_PROTO))
		return false;
	return !memcmp(h + l4, f + l4, SEQ) &&
	    !memcmp(h + l4 + SEQ + 4, f + l4 + SEQ + 4, FLAGS - SEQ - 4) &&
	    !memcmp(h + l4 + FLAGS + 1, f + l4 + FLAGS + 1,
	    SUM - FLAGS - 1) &&
	    !memcmp(h + l4 + SUM + 2, f + l4 + SUM + 2, s->head - l4 - SUM - 2);
}

bool gso_add(struct gso *t, const uint8_t *head, size_t have, size_t len)
{
	struct gso_seg s;

	if (t->ended || !look(head, have, len, JOINED, &s) ||
	    s.payload > t->seg_size ||
	    t->seg.head + t->seg.payload + s.payload > GSO_MAX ||
	    !follows(t, head, &s))
		return false;
	t->ended = s.payload < t->seg_size || head[s.tcp + FLAGS] & LAST;
	t->head[s.tcp + FLAGS] |= head[s.tcp + FLAGS] & LAST;
	t->seg.payload += s.payload;
	t->n++;
	t->sum += payload_sum(head, &s);
	return true;
}

/* What depends on the length, in the headers of len bytes of payload. */
static void set_lengths(uint8_t *h, const struct gso_seg *s,
    uint64_t payload_sum)
{
	if (s->tcp == IP4_END) {
		put16(h + IP4_LEN, s->head - ETH + s->payload);
		put16(h + IP4_SUM, 0);
		set_sum(h + IP4_SUM, stack_chksum(h + ETH, IP4_END - ETH));
	} else {
		put16(h + IP6_LEN, s->head - IP6_END + s->payload);
	}
	set_sum(h + s->tcp + SUM, head_sum(h, s) + payload_sum);
}

size_t gso_finish(struct gso *t)
{
	set_lengths(t->head, &t->seg, t->sum);
	return t->seg.head + t->seg.payload;
}

unsigned gso_count(const uint8_t *head, size_t have, size_t len,
    unsigned seg_size, struct gso_seg *s)
{
	if (seg_size < GSO_SEG_MIN || seg_size % 2 ||
	    !look(head, have, len, CUT, s) || s->payload <= seg_size)
		return 1;
	return (s->payload + seg_size - 1) / seg_size;
}

void gso_open(struct gso_cut *c, const uint8_t *bytes, size_t len,
    unsigned seg_size)
{
	*c = (struct gso_cut){ .bytes = bytes, .len = len };
	c->n = gso_count(bytes, len, len, seg_size, &c->seg);
	c->seg_size = (uint16_t)(c->n > 1 ? seg_size : 0);
}

static bool sums_right(const uint8_t *h, const struct gso_seg *s)
{
	return (s->tcp != IP4_END ||
	    stack_chksum(h + ETH, IP4_END - ETH) == 0xffff) &&
	    fold(head_sum(h, s) + stack_chksum(h + s->head, (int)s->payload) +
	    word_at(h + s->tcp + SUM)) == 0xffff;
}

bool gso_sums_right(const uint8_t *frame, size_t len)
{
	struct gso_seg s;

	return look(frame, len, len, JOINED, &s) && sums_right(frame, &s);
}

/* What belongs to the first, or the last, only; h: the i-th one's headers. */
static void cut_flags(const struct gso_cut *c, unsigned i, uint8_t *h)
{
	uint8_t *tcp = h + c->seg.tcp;
	unsigned urgent = get16(tcp + URGENT), before = i * c->seg_size;

	if (i + 1 < c->n)
		tcp[FLAGS] &= (uint8_t)~LAST;
	if (i > 0)
		tcp[FLAGS] &= (uint8_t)~CWR;
	if (!(tcp[FLAGS] & URG))
		return;
	/* It counts from the segment's own number. */
	if (urgent <= before)
		tcp[FLAGS] &= (uint8_t)~URG;
	put16(tcp + URGENT, urgent > before ? urgent - before : 0);
}

size_t gso_frame(struct gso_cut *c, unsigned i, uint8_t *out, size_t cap)
{
	struct gso_seg s = c->seg;
	const uint8_t *from = c->bytes + s.head + i * c->seg_size;
	uint8_t h[GSO_HEAD];
	size_t len, n;

	if (c->n == 1) {
		memcpy(out, c->bytes, c->len < cap ? c->len : cap);
		return c->len;
	}
	if (!c->summed) {
		c->bad = !sums_right(c->bytes, &c->seg);
		c->summed = true;
	}
	if (i + 1 < c->n)
		s.payload = c->seg_size;
	else
		s.payload -= i * c->seg_size;
	memcpy(h, c->bytes, s.head);
	cut_flags(c, i, h);
	put32(h + s.tcp + SEQ, get32(h + s.tcp + SEQ) + i * c->seg_size);
	if (s.tcp == IP4_END)
		put16(h + IP4_ID, (get16(h + IP4_ID) + i) & 0xffff);
	set_lengths(h, &s, stack_chksum(from, (int)s.payload) +
	    (c->bad ? 1u : 0));
	len = s.head + s.payload;
	n = len < cap ? len : cap;
	memcpy(out, h, n < s.head ? n : s.head);
	if (n > s.head)
		memcpy(out + s.head, from, n - s.head);
	return len;
}
