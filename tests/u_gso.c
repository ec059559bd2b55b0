/*
 * u_gso.c: segments and datagrams to a large one and back, bit by bit; what may
 * not travel together; and bytes that are no large segment.
 */
#include "tests/u_bus.h"

#include "bus/gso.h"

#define SEGS	130

static uint8_t seg[SEGS][GSO_MAX], whole[GSO_MAX], out[GSO_MAX];
static size_t len[SEGS];

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put(uint8_t *p, size_t n, uint32_t v)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* What a stream looks like, and the segment at `seq` of it. */
struct stream {
	bool v6, udp;
	unsigned opts;		/* bytes of TCP options */
	uint16_t id;
	uint32_t seq;
};

static uint8_t *l4_of(uint8_t *f)
{
	return f + (f[12] == 0x86 ? 54 : 34);
}

static bool is_udp(const uint8_t *f)
{
	return f[f[12] == 0x86 ? 20 : 23] == 17;
}

/* The sums of a frame, by the letter of RFC 1071, 768 and 9293. */
static void set_sums(uint8_t *f, size_t n)
{
	bool v6 = f[12] == 0x86, udp = is_udp(f);
	uint8_t *t = l4_of(f), pseudo[4] = { 0, udp ? 17 : 6 };
	uint8_t *at = t + (udp ? 6 : 16);
	size_t rest = n - (size_t)(t - f);
	uint32_t sum;

	if (!v6) {
		put(f + 24, 2, 0);
		put(f + 24, 2, ~add(0, f + 14, 20));
	}
	put(pseudo + 2, 2, (uint32_t)rest);
	put(at, 2, 0);
	sum = add(0, v6 ? f + 22 : f + 26, v6 ? 32 : 8);
	sum = ~add(add(sum, pseudo, 4), t, rest) & 0xffff;
	put(at, 2, sum || !udp ? sum : 0xffff);
}

static size_t make(uint8_t *f, const struct stream *s, size_t payload,
    uint8_t flags)
{
	size_t ip = s->v6 ? 40 : 20, head = s->udp ? 8 : 20 + s->opts;
	size_t n = 14 + ip + head + payload;
	uint64_t state = s->seq + 1;
	uint8_t *t;

	for (size_t i = 0; i < n; i++)
		f[i] = (uint8_t)t_random(&state);
	put(f + 12, 2, s->v6 ? 0x86dd : 0x0800);
	for (size_t i = 0; i < 12; i++)		/* MACs */
		f[i] = (uint8_t)(2 + i);
	for (size_t i = 14; i < 14 + ip; i++)	/* addresses, and more */
		f[i] = (uint8_t)i;
	if (s->v6) {
		f[14] = 0x60;
		put(f + 18, 2, (uint32_t)(n - 54));
		f[20] = s->udp ? 17 : 6;
	} else {
		f[14] = 0x45;
		put(f + 16, 2, (uint32_t)(n - 14));
		put(f + 18, 2, s->id);
		put(f + 20, 2, 0x4000);
		f[23] = s->udp ? 17 : 6;
	}
	t = l4_of(f);
	for (size_t i = 0; i < head; i++)
		t[i] = (uint8_t)(0x40 + i);
	if (s->udp) {
		put(t + 4, 2, (uint32_t)(head + payload));
	} else {
		put(t + 4, 4, s->seq);
		t[12] = (uint8_t)(head / 4 << 4);
		t[13] = flags;
	}
	set_sums(f, n);
	return n;
}

/* n segments of `seg_size`, the last of `last` bytes. */
static void make_all(struct stream s, unsigned n, size_t seg_size, size_t last,
    uint8_t last_flags)
{
	for (unsigned i = 0; i < n; i++) {
		bool end = i + 1 == n;

		len[i] = make(seg[i], &s, end ? last : seg_size,
		    end ? last_flags : 0x10);
		s.seq += (uint32_t)seg_size;
		s.id++;
	}
}

/* Only the headers are shown to it, as lwIP has them apart. */
static bool gather(struct gso *t, unsigned i)
{
	size_t head = (size_t)(l4_of(seg[i]) - seg[i]) + 60;

	if (head > len[i])
		head = len[i];
	return i ? gso_add(t, seg[i], head, len[i]) :
	    gso_start(t, seg[i], head, len[i]);
}

static size_t couple(struct gso *t, unsigned n)
{
	size_t at;

	for (unsigned i = 0; i < n; i++)
		CHECK(gather(t, i));
	at = t->seg.head;
	for (unsigned i = 0; i < n; i++) {
		memcpy(whole + at, seg[i] + t->seg.head, len[i] - t->seg.head);
		at += len[i] - t->seg.head;
	}
	CHECK_EQ(gso_finish(t), at);
	memcpy(whole, t->head, t->seg.head);
	return at;
}

static void same_again(unsigned n, size_t total, unsigned seg_size)
{
	struct gso_cut c;

	gso_open(&c, whole, total, seg_size);
	CHECK_EQ(c.n, n);
	for (unsigned i = 0; i < n; i++) {
		memset(out, 0xee, sizeof(out));
		CHECK_EQ(gso_frame(&c, i, out, sizeof(out)), len[i]);
		CHECK(!memcmp(out, seg[i], len[i]));
		CHECK_EQ(out[len[i]], 0xee);
		/* what a reader with a small buffer gets */
		memset(out, 0xee, sizeof(out));
		CHECK_EQ(gso_frame(&c, i, out, 60), len[i]);
		CHECK(!memcmp(out, seg[i], len[i] < 60 ? len[i] : 60));
		CHECK_EQ(out[60], 0xee);
	}
}

static void test_there_and_back(void)
{
	static const size_t units[] = { 256, 1000, 1460, 9000 };
	struct gso t;

	for (int k = 0; k < 4 * 2 * 2 * 4; k++) {
		size_t seg_size = units[k % 4], total;
		struct stream s = { .v6 = k / 4 % 2, .opts = k / 8 % 2 * 12,
		    .id = 0xfffe, .seq = 0xffffff00u };
		unsigned n = k / 16 == 0 ? 2 : (unsigned)(30000 / seg_size);
		size_t last = k / 16 == 1 ? 1 : k / 16 == 2 ? seg_size / 2 + 1 :
		    seg_size;

		make_all(s, n, seg_size, last,
		    k % 3 == 0 ? 0x10 : k % 3 == 1 ? 0x18 : 0x19);
		total = couple(&t, n);
		/* It is itself a frame that is right. */
		memcpy(out, whole, total);
		set_sums(out, total);
		CHECK(!memcmp(out, whole, total));
		same_again(n, total, (unsigned)seg_size);
	}
}

/* Every size there is of few, many and most. */
static void test_datagrams(void)
{
	static const size_t units[] = { 1, 2, 63, 64, 255, 256, 999, 1472,
	    9001, 16000 };
	struct gso t;
	size_t total;

	for (unsigned k = 0; k < 10 * 2 * 3 * 3; k++) {
		struct stream s = { .v6 = k % 2, .udp = true, .id = 0xfffe };
		size_t seg_size = units[k / 2 % 10], last = k / 20 % 3 == 0 ?
		    seg_size : k / 20 % 3 == 1 ? 1 : seg_size / 2 + 1;
		unsigned n = (unsigned)(32000 / seg_size);

		n = k / 60 == 0 ? 2 : n > GSO_DATAGRAMS ? GSO_DATAGRAMS : n;
		n = k / 60 == 1 && n > 3 ? 3 : n;
		make_all(s, n, seg_size, last, 0);
		total = couple(&t, n);
		memcpy(out, whole, total);
		set_sums(out, total);
		CHECK(!memcmp(out, whole, total));
		same_again(n, total, (unsigned)seg_size);
	}
}

/* A sum of 0 is sent as 0xffff, of one and of all together. */
static void test_sum_of_zero(void)
{
	struct stream s = { .udp = true, .id = 7 };
	struct gso t;
	size_t total;
	uint8_t *sum, *word;

	for (int all = 0; all < 2; all++) {
		make_all(s, 3, 101, 101, 0);
		couple(&t, 3);
		sum = l4_of(all ? whole : seg[1]) + 6;
		/* What is missing to 0 is added to a word that it counts. */
		word = seg[1] + 42 + all;
		put(word, 2, add(add(0, word, 2), sum, 2));
		set_sums(seg[1], len[1]);
		total = couple(&t, 3);
		sum = l4_of(all ? whole : seg[1]) + 6;
		CHECK_EQ(sum[0] << 8 | sum[1], 0xffff);
		same_again(3, total, 101);
	}
}

/* What says that it is many and is not. */
static void test_forged_datagrams(void)
{
	struct stream s = { .udp = true, .id = 7 };
	struct gso_cut c;
	struct gso t;

	for (int v6 = 0; v6 < 2; v6++) {
		s.v6 = v6;
		len[0] = make(seg[0], &s, 1000, 0);
		static const struct { unsigned size, n; } cut[] = {
			{ 0, 1 }, { 1, 1 }, { 7, 1 }, { 8, 125 }, { 999, 2 },
			{ 1000, 1 }, { 1001, 1 }, { 65535, 1 },
			{ 0x10008, 1 }, { ~0u, 1 },
		};

		for (unsigned i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
			gso_open(&c, seg[0], len[0], cut[i].size);
			CHECK_EQ(c.n, cut[i].n);
			for (unsigned k = 0; k < c.n; k++)
				CHECK(gso_frame(&c, k, out, sizeof(out)) <=
				    len[0]);
		}
		/* no sum; a length that is not IP's; a fragment; TCP's next */
		put(l4_of(seg[0]) + 6, 2, 0);
		CHECK(!gso_start(&t, seg[0], len[0], len[0]));
		gso_open(&c, seg[0], len[0], 100);
		CHECK_EQ(c.n, 1);
		make(seg[0], &s, 1000, 0);
		put(l4_of(seg[0]) + 4, 2, 1007);
		CHECK(!gso_start(&t, seg[0], len[0], len[0]));
		gso_open(&c, seg[0], len[0], 100);
		CHECK_EQ(c.n, 1);
		make(seg[0], &s, 1000, 0);
		CHECK(gso_start(&t, seg[0], len[0], len[0]));
		s.udp = false;
		len[1] = make(seg[1], &s, 1000, 0x10);
		CHECK(!gso_add(&t, seg[1], len[1], len[1]));
		s.udp = true;
	}
	/* more than there may be, and an empty one */
	make_all((struct stream){ .udp = true }, SEGS, 8, 8, 0);
	for (unsigned i = 0; i < SEGS; i++)
		CHECK(gather(&t, i) == (i < GSO_DATAGRAMS));
	make_all((struct stream){ .udp = true }, 2, 8, 0, 0);
	CHECK(gather(&t, 0) && !gather(&t, 1));
	make_all((struct stream){ .udp = true }, 1, 8, 0, 0);
	CHECK(!gather(&t, 0));
}

/* One bit of the second segment's headers is not what its order tells. */
static void test_stranger(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct stream s = { .v6 = v6, .opts = 12, .id = 7, .seq = 9 };
		unsigned l4 = v6 ? 54 : 34, at;

		for (at = 0; at < (l4 + 32) * 8; at++) {
			unsigned byte = at / 8;
			struct gso t;

			make_all(s, 2, 1000, 1000, 0x10);
			seg[1][byte] ^= (uint8_t)(1 << at % 8);
			CHECK(gather(&t, 0));
			/* sums do not count; FIN, PSH are of the last alone */
			if ((!v6 && byte / 2 == 12) || byte / 2 == (l4 + 16) / 2 ||
			    (byte == l4 + 13 && (at % 8 == 3 || at % 8 == 0)))
				CHECK(gather(&t, 1));
			else
				CHECK(!gather(&t, 1));
		}
	}
}

/* The same of datagrams: only their own sums do not count. */
static void test_strange_datagram(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct stream s = { .v6 = v6, .udp = true, .id = 7 };
		unsigned l4 = v6 ? 54 : 34;

		for (unsigned at = 0; at < (l4 + 8) * 8; at++) {
			unsigned byte = at / 8;
			struct gso t;

			make_all(s, 2, 1000, 1000, 0);
			seg[1][byte] ^= (uint8_t)(1 << at % 8);
			CHECK(gather(&t, 0));
			CHECK(gather(&t, 1) == ((!v6 && byte / 2 == 12) ||
			    byte / 2 == (l4 + 6) / 2));
		}
	}
}

static void test_ends(void)
{
	struct stream s = { .id = 7, .seq = 9 };
	/* after FIN, after PSH, after a short one */
	static const uint8_t flags[] = { 0x11, 0x18, 0x10 };
	struct gso t;
	unsigned n;

	for (unsigned i = 0; i < 3; i++) {
		make_all(s, 3, 1000, 1000, 0x10);
		s.seq += 1000;
		s.id++;
		len[1] = make(seg[1], &s, i < 2 ? 1000 : 998, flags[i]);
		s.seq -= 1000;
		s.id--;
		CHECK(gather(&t, 0) && gather(&t, 1) && t.ended);
		CHECK(!gather(&t, 2));
	}
	/* a longer one */
	make_all(s, 2, 1000, 1002, 0x10);
	CHECK(gather(&t, 0) && !gather(&t, 1));
	/* no more than there is room for */
	make_all(s, SEGS, 1460, 1460, 0x10);
	for (n = 0; n < SEGS && gather(&t, n); n++)
		;
	CHECK_EQ(n, (GSO_MAX - 54) / 1460);
	CHECK_EQ(gso_finish(&t), 54 + n * 1460);
}

static bool starts(void)
{
	struct gso t;

	return gather(&t, 0);
}

static void test_no_start(void)
{
	struct stream s = { .id = 7, .seq = 9 };
	static const struct { unsigned at; uint8_t is; } odd[] = {
		{ 12, 0x09 },		/* not IP */
		{ 14, 0x46 },		/* options */
		{ 17, 1 },		/* another length */
		{ 20, 0x60 }, { 21, 1 },	/* a fragment */
		{ 23, 1 },		/* ICMP */
		{ 46, 0x40 },		/* TCP's header */
		{ 47, 0x11 }, { 47, 0x12 }, { 47, 0x14 }, { 47, 0x18 },
		{ 47, 0x30 }, { 47, 0x00 }, { 47, 0x50 },
	};

	make_all(s, 1, 1000, 1000, 0x10);
	CHECK(starts());
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		make_all(s, 1, 1000, 1000, 0x10);
		seg[0][odd[i].at] = odd[i].is;
		CHECK(!starts());
	}
	make_all(s, 1, 1001, 1001, 0x10);
	CHECK(!starts());
	make_all(s, 1, GSO_SEG_MIN - 2, GSO_SEG_MIN - 2, 0x10);
	CHECK(!starts());
	make_all(s, 1, 17000, 17000, 0x10);	/* two have no room */
	CHECK(!starts());
	make_all(s, 1, 1000, 1000, 0x10);
	for (size_t have = 0; have < 54; have++) {
		struct gso t;

		CHECK(!gso_start(&t, seg[0], have, len[0]));
	}
}

/* A sum that is wrong stays wrong, whichever it is and however it is cut. */
static void test_bad_sum(void)
{
	struct stream s = { .id = 7, .seq = 9 };
	struct gso_cut c;
	struct gso t;
	size_t total;

	for (unsigned which = 0; which < 4; which++) {
		make_all(s, 3, 1000, 500, 0x18);
		if (which < 3)
			l4_of(seg[which])[17] ^= 1;
		total = couple(&t, 3);
		if (which == 3)
			whole[25] ^= 1;		/* the IP header's */
		gso_open(&c, whole, total, 1000);
		CHECK_EQ(c.n, 3);
		for (unsigned i = 0; i < 3; i++) {
			gso_frame(&c, i, out, sizeof(out));
			set_sums(out, len[i]);
			memcpy(seg[0], out, len[i]);
			gso_frame(&c, i, out, sizeof(out));
			CHECK(memcmp(out, seg[0], len[i]));
		}
	}
}

/* Any bytes, of any length, with any seg_size; in memory that ends with them. */
static void test_hostile(void)
{
	struct stream s = { .id = 7, .seq = 9 };
	uint64_t state = 42;
	struct gso_cut c;
	unsigned cut = 0;

	for (int i = 0; i < 20000; i++) {
		size_t n = 14 + t_random(&state) % 6000, sum = 0;
		unsigned seg_size = (unsigned)(t_random(&state) % 3000);
		uint8_t *p;

		s.v6 = i % 2;
		s.udp = i % 3 == 0;
		if (i % 4)
			n = make(seg[0], &s, n + 60, i % 8 < 6 ? 0x10 : (uint8_t)i);
		for (unsigned k = t_random(&state) % 3; k; k--)
			seg[0][t_random(&state) % 80] =
			    (uint8_t)t_random(&state);
		p = malloc(n);
		memcpy(p, seg[0], n);
		gso_open(&c, p, n, seg_size);
		CHECK(c.n >= 1 && (c.n <= n / GSO_SEG_MIN + 1 ||
		    (c.seg.udp && c.n <= GSO_DATAGRAMS)));
		for (unsigned k = 0; k < c.n; k++) {
			size_t f = gso_frame(&c, k, out, sizeof(out));

			CHECK(c.n == 1 ? f == n : f <= GSO_HEAD + seg_size);
			sum += f - (k ? c.seg.head : 0);
		}
		CHECK_EQ(sum, n);
		cut += c.n > 1;
		free(p);
	}
	CHECK(cut > 1000);
}

/*
 * One segment that is too long for a cable, with what a gathered one never has:
 * the FIN goes with the last piece, CWR with the first, and the urgent pointer
 * stays where it points to.
 */
static void test_cut_one(void)
{
	struct stream s = { .id = 7, .seq = 9, .opts = 12 };
	static uint8_t one[BUS_MTU_MAX + BUS_ETH_HDR];
	struct gso_cut c;
	uint8_t *t;

	for (int v6 = 0; v6 < 2; v6++) {
		s.v6 = v6;
		put(l4_of(one) + 18, 2, 0);
		len[0] = make(one, &s, 40000, 0xb9);	/* CWR URG ACK PSH FIN */
		put(l4_of(one) + 18, 2, 1500);
		set_sums(one, len[0]);
		gso_open(&c, one, len[0], 1000);
		CHECK_EQ(c.n, 40);
		for (unsigned i = 0; i < c.n; i++) {
			size_t n = gso_frame(&c, i, out, sizeof(out));

			t = l4_of(out);
			CHECK_EQ(n, c.seg.head + 1000);
			CHECK_EQ(t[13], 0x10 | (i == 0 ? 0x80 : 0) |
			    (i < 2 ? 0x20 : 0) | (i == 39 ? 0x09 : 0));
			CHECK_EQ(t[18] << 8 | t[19], i < 2 ? 1500 -
			    (int)i * 1000 : 0);
			CHECK_EQ(t[6] << 8 | t[7], 9 + (int)i * 1000);
			CHECK(!memcmp(out + c.seg.head, one + c.seg.head +
			    i * 1000, 1000));
			memcpy(seg[0], out, n);
			set_sums(seg[0], n);
			CHECK(!memcmp(seg[0], out, n));
		}
	}
}

/* On a bus: who takes it gets it whole, who looks on sees the frames. */
static void test_bus(void)
{
	struct stream s = { .id = 7, .seq = 9 };
	struct bus *a, *b, *o;
	struct bus_frame f;
	struct gso t;
	struct iovec iov = { whole, 0 };

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	make_all(s, 20, 1460, 100, 0x18);
	for (int i = 0; i < 20; i++)
		memcpy(seg[i], bus_mac(b), 6);
	iov.iov_len = couple(&t, 20);
	CHECK_EQ(bus_send(a, &iov, 1, 0), -EMSGSIZE);
	CHECK_EQ(bus_send(a, &iov, 1, 1460), 0);
	CHECK_EQ(t_send(a, seg[0], len[0] < 1514 ? (uint32_t)len[0] : 1514), 0);
	CHECK_EQ(bus_peek(b), iov.iov_len);
	CHECK_EQ(bus_take(b, out, sizeof(out), &t_unit), iov.iov_len);
	CHECK_EQ(t_unit, 1460);
	CHECK(!memcmp(out, whole, iov.iov_len));
	CHECK_EQ(bus_take(b, out, sizeof(out), &t_unit), 1514);
	CHECK_EQ(t_unit, 0);
	for (int i = 0; i < 21; i++) {
		CHECK_EQ(bus_log_next(o, &f, out, sizeof(out)), 1);
		CHECK_EQ(f.len, len[i % 20]);
		CHECK_EQ(f.missed, 0);
		CHECK_EQ(f.sender, bus_slot(a));
		CHECK(!memcmp(out, seg[i % 20], f.len));
	}
	CHECK_EQ(bus_log_next(o, &f, out, sizeof(out)), 0);
	/* from now on means without the rest of a large segment */
	CHECK_EQ(bus_send(a, &iov, 1, 1460), 0);
	CHECK_EQ(bus_log_next(o, &f, out, sizeof(out)), 1);
	bus_log_seek_end(o);
	CHECK_EQ(bus_log_next(o, &f, out, sizeof(out)), 0);
	bus_close(a);
	bus_close(b);
	bus_close(o);
}

int main(void)
{
	t_start();
	test_there_and_back();
	test_datagrams();
	test_sum_of_zero();
	test_forged_datagrams();
	test_stranger();
	test_strange_datagram();
	test_ends();
	test_no_start();
	test_bad_sum();
	test_hostile();
	test_cut_one();
	test_bus();
	return 0;
}
