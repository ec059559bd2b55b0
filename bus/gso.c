/*
 * gso.c: segments to a large segment and back; see gso.h.
 *
 * The payload of a segment is summed up once, by who made its checksum: the
 * sum of a large segment is put together from those of its segments.  Where one
 * begins at an odd byte, the bytes of its sum change places.
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
	TCP_HEAD = 20,
	FIN = 0x01, PSH = 0x08, ACK = 0x10, URG = 0x20, ECE = 0x40,
	CWR = 0x80,
	LAST = FIN | PSH,	/* only the last of a large segment has them */
	/* what may be set in one that is made, and in one that is cut */
	JOINED = LAST, CUT = LAST | URG | ECE | CWR,
	/* in the UDP header */
	PORTS = 0, LENGTH = 4, UDP_SUM = 6, UDP_HEAD = 8,
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

/* Where the checksum is. */
static unsigned sum_at(const struct gso_seg *s)
{
	return s->l4 + (unsigned)(s->udp ? UDP_SUM : SUM);
}

/*
 * Of the pseudo header and the TCP or UDP header, its checksum left out: a
 * word and its complement together are 0xffff, which is 0.
 */
static uint64_t head_sum(const uint8_t *h, const struct gso_seg *s)
{
	bool v4 = s->l4 == IP4_END;
	uint64_t sum = stack_chksum(h + s->l4, s->head - s->l4);

	sum += stack_chksum(h + (v4 ? IP4_ADDRS : IP6_ADDRS), v4 ? 8 : 32);
	sum += (uint16_t)~word_at(h + sum_at(s));
	return sum + word_of(s->udp ? IPPROTO_UDP : IPPROTO_TCP) +
	    word_of(s->head - s->l4 + s->payload);
}

static void set_sum(uint8_t *p, uint64_t sum)
{
	uint16_t w = (uint16_t)~fold(sum);

	memcpy(p, &w, 2);
}

/* The protocol behind the IP header of a whole packet, 0: not to be cut. */
static uint8_t look_ip(const uint8_t *h, size_t have, size_t len,
    struct gso_seg *s)
{
	unsigned type = get16(h + 12);

	if (type == 0x0800 && h[ETH] == 0x45 &&
	    !(get16(h + IP4_FRAG) & 0xbfff) &&
	    get16(h + IP4_LEN) == len - ETH) {
		s->l4 = IP4_END;
		return h[IP4_PROTO];
	}
	if (type == 0x86dd && h[ETH] >> 4 == 6 && have >= IP6_END + UDP_HEAD &&
	    get16(h + IP6_LEN) == len - IP6_END) {
		s->l4 = IP6_END;
		return h[IP6_PROTO];
	}
	return 0;
}

static bool look_tcp(const uint8_t *h, size_t have, unsigned flags,
    struct gso_seg *s)
{
	unsigned off;

	if (have < (size_t)s->l4 + TCP_HEAD)
		return false;
	off = (h[s->l4 + OFFSET] >> 4) * 4u;
	s->head = (uint16_t)(s->l4 + off);
	return off >= TCP_HEAD && (h[s->l4 + FLAGS] & ~flags) == ACK;
}

/* One without a checksum would get one. */
static bool look_udp(const uint8_t *h, size_t len, struct gso_seg *s)
{
	s->head = (uint16_t)(s->l4 + UDP_HEAD);
	return get16(h + s->l4 + LENGTH) == len - s->l4 &&
	    get16(h + s->l4 + UDP_SUM);
}

/*
 * Is it a TCP segment or a datagram with a payload, in one piece, with nothing
 * unusual?  Everything is checked that gso_frame() relies on.
 */
static bool look(const uint8_t *h, size_t have, size_t len, unsigned flags,
    struct gso_seg *s)
{
	uint8_t proto;

	if (have < IP4_END + UDP_HEAD || (flags == JOINED && len > GSO_MAX))
		return false;
	proto = look_ip(h, have, len, s);
	s->udp = proto == IPPROTO_UDP;
	if (s->udp ? !look_udp(h, len, s) : proto != IPPROTO_TCP ||
	    !look_tcp(h, have, flags, s))
		return false;
	if (s->head > have || s->head >= len)
		return false;
	s->payload = (uint32_t)(len - s->head);
	return true;
}

static uint16_t payload_sum(const uint8_t *h, const struct gso_seg *s)
{
	/* The checksum is ~(head + payload). */
	return fold((uint64_t)(uint16_t)~word_at(h + sum_at(s)) +
	    (uint16_t)~fold(head_sum(h, s)));
}

/* What stream segments may have that is not in the middle of a large one. */
static bool is_last(const uint8_t *h, const struct gso_seg *s)
{
	return !s->udp && h[s->l4 + FLAGS] & LAST;
}

static bool fits(const struct gso_seg *s, unsigned seg_size)
{
	return s->udp ? seg_size > 0 : seg_size >= GSO_SEG_MIN &&
	    seg_size % 2 == 0;
}

bool gso_start(struct gso *t, const uint8_t *head, size_t have,
    size_t len)
{
	struct gso_seg s;

	if (!look(head, have, len, JOINED, &s) || !fits(&s, s.payload) ||
	    s.head + 2 * s.payload > GSO_MAX || is_last(head, &s))
		return false;
	memcpy(t->head, head, s.head);
	t->seg = s;
	t->seg_size = (uint16_t)s.payload;
	t->n = 1;
	t->ended = false;
	t->sum = payload_sum(head, &s);
	return true;
}

static bool same_ip(const struct gso *t, const uint8_t *h)
{
	const uint8_t *f = t->head;

	if (t->seg.l4 == IP4_END)
		return !memcmp(h, f, IP4_LEN) && get16(h + IP4_ID) ==
		    (uint16_t)(get16(f + IP4_ID) + t->n) &&
		    !memcmp(h + IP4_FRAG, f + IP4_FRAG, IP4_SUM - IP4_FRAG) &&
		    !memcmp(h + IP4_ADDRS, f + IP4_ADDRS, 8);
	return !memcmp(h, f, IP6_LEN) &&
	    !memcmp(h + IP6_PROTO, f + IP6_PROTO, IP6_END - IP6_PROTO);
}

/* The same of TCP headers, in a segment of head bytes of headers. */
static bool same_tcp(const struct gso *t, const uint8_t *h, size_t head)
{
	const uint8_t *f = t->head + t->seg.l4;

	h += t->seg.l4;
	return get32(h + SEQ) == get32(f + SEQ) + t->n * t->seg_size &&
	    !memcmp(h, f, SEQ) &&
	    !memcmp(h + SEQ + 4, f + SEQ + 4, FLAGS - SEQ - 4) &&
	    !memcmp(h + FLAGS + 1, f + FLAGS + 1, SUM - FLAGS - 1) &&
	    !memcmp(h + SUM + 2, f + SUM + 2, head - t->seg.l4 - SUM - 2);
}

/* Does h differ from the first only in what its order tells? */
static bool follows(const struct gso *t, const uint8_t *h,
    const struct gso_seg *s)
{
	if (s->l4 != t->seg.l4 || s->udp != t->seg.udp ||
	    s->head != t->seg.head || !same_ip(t, h))
		return false;
	return s->udp ? t->n < GSO_DATAGRAMS &&
	    !memcmp(h + s->l4, t->head + s->l4, LENGTH) :
	    same_tcp(t, h, s->head);
}

/* The sum of bytes that stand at byte `at` of others. */
static uint16_t sum_behind(uint16_t sum, size_t at)
{
	return at % 2 ? (uint16_t)(sum << 8 | sum >> 8) : sum;
}

bool gso_add(struct gso *t, const uint8_t *head, size_t have, size_t len)
{
	struct gso_seg s;

	if (t->ended || !look(head, have, len, JOINED, &s) ||
	    s.payload > t->seg_size ||
	    t->seg.head + t->seg.payload + s.payload > GSO_MAX ||
	    !follows(t, head, &s))
		return false;
	t->ended = s.payload < t->seg_size || is_last(head, &s);
	if (!s.udp)
		t->head[s.l4 + FLAGS] |= head[s.l4 + FLAGS] & LAST;
	t->sum += sum_behind(payload_sum(head, &s), t->seg.payload);
	t->seg.payload += s.payload;
	t->n++;
	return true;
}

/* What depends on the length, in the headers of len bytes of payload. */
static void set_lengths(uint8_t *h, const struct gso_seg *s,
    uint64_t payload_sum)
{
	uint8_t *sum = h + sum_at(s);

	if (s->l4 == IP4_END) {
		put16(h + IP4_LEN, s->head - ETH + s->payload);
		put16(h + IP4_SUM, 0);
		set_sum(h + IP4_SUM, stack_chksum(h + ETH, IP4_END - ETH));
	} else {
		put16(h + IP6_LEN, s->head - IP6_END + s->payload);
	}
	if (s->udp)
		put16(h + s->l4 + LENGTH, UDP_HEAD + s->payload);
	set_sum(sum, head_sum(h, s) + payload_sum);
	if (s->udp && !get16(sum))
		put16(sum, 0xffff);	/* 0 means that there is none */
}

size_t gso_finish(struct gso *t)
{
	set_lengths(t->head, &t->seg, t->sum);
	return t->seg.head + t->seg.payload;
}

unsigned gso_count(const uint8_t *head, size_t have, size_t len,
    unsigned seg_size, struct gso_seg *s)
{
	unsigned n;

	if (!look(head, have, len, CUT, s) || !fits(s, seg_size) ||
	    s->payload <= seg_size)
		return 1;
	n = (s->payload + seg_size - 1) / seg_size;
	return s->udp && n > GSO_DATAGRAMS ? 1 : n;
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
	return (s->l4 != IP4_END ||
	    stack_chksum(h + ETH, IP4_END - ETH) == 0xffff) &&
	    fold(head_sum(h, s) + stack_chksum(h + s->head, (int)s->payload) +
	    word_at(h + sum_at(s))) == 0xffff;
}

bool gso_sums_right(const uint8_t *frame, size_t len)
{
	struct gso_seg s;

	return look(frame, len, len, JOINED, &s) && sums_right(frame, &s);
}

/* And what belongs to the first, or the last, only; h: the i-th's headers. */
static void cut_tcp(const struct gso_cut *c, unsigned i, uint8_t *h)
{
	uint8_t *tcp = h + c->seg.l4;
	unsigned urgent = get16(tcp + URGENT), before = i * c->seg_size;

	put32(tcp + SEQ, get32(tcp + SEQ) + before);
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
	if (!s.udp)
		cut_tcp(c, i, h);
	if (s.l4 == IP4_END)
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
