/*
 * u_ring.c: the arithmetic of the log, on plain memory.
 */
#include "tests/u_bus.h"

#define SIZE (256u << 10)

static _Alignas(64) uint8_t memory[SIZE + 64];
static uint8_t *const mem = memory, *const after = memory + SIZE;
static struct ring ring = { memory, SIZE, 0x1234567890abcdefull, 65535 };

static void test_span(void)
{
	CHECK_EQ(ring_span(14), 64);
	CHECK_EQ(ring_span(32), 64);
	CHECK_EQ(ring_span(33), 128);
	CHECK_EQ(ring_span(65535), 65600);
}

static void test_word(void)
{
	uint64_t word, pos;
	struct ring_rec rec;

	for (uint64_t i = 0; i < 100; i++) {
		pos = (i * 7919 * BUS_UNIT) + (i << 40);
		word = ring_word(&ring, pos, false, 60 + i);
		CHECK(ring_parse(&ring, pos, word, &rec));
		CHECK(!rec.pad);
		CHECK_EQ(rec.len, 60 + i);
		CHECK_EQ(rec.span, ring_span(60 + i));
		/* Not at the next unit, not a lap later, not with a bit off. */
		CHECK(!ring_parse(&ring, pos + BUS_UNIT, word, &rec));
		CHECK(!ring_parse(&ring, pos + SIZE, word, &rec));
		for (int bit = 25; bit < 64; bit++)
			CHECK(!ring_parse(&ring, pos, word ^ 1ull << bit,
			    &rec));
	}
}

static void test_bounds(void)
{
	struct ring_rec rec;
	uint64_t last = SIZE - BUS_UNIT;

	CHECK(!ring_parse(&ring, 0, ring_word(&ring, 0, false, 13), &rec));
	CHECK(ring_parse(&ring, 0, ring_word(&ring, 0, false, 14), &rec));
	CHECK(ring_parse(&ring, 0, ring_word(&ring, 0, false, 65535), &rec));
	CHECK(!ring_parse(&ring, 0, ring_word(&ring, 0, false, 65536), &rec));
	/* No record may cross the ring's end. */
	CHECK(ring_parse(&ring, last, ring_word(&ring, last, false, 32), &rec));
	CHECK(!ring_parse(&ring, last, ring_word(&ring, last, false, 33),
	    &rec));
	CHECK(ring_parse(&ring, last, ring_word(&ring, last, true, BUS_UNIT),
	    &rec));
	CHECK(!ring_parse(&ring, last, ring_word(&ring, last, true, 128),
	    &rec));
	CHECK(!ring_parse(&ring, 0, ring_word(&ring, 0, true, 0), &rec));
	CHECK(ring_parse(&ring, 0, ring_word(&ring, 0, true, SIZE), &rec));
	CHECK(rec.pad);
	CHECK_EQ(rec.span, SIZE);
}

static void put(uint64_t pos, bool pad, uint64_t n)
{
	shm_store64(&ring_at(&ring, pos)->word,
	    ring_word(&ring, pos, pad, n));
}

static void test_walk(void)
{
	uint64_t from = 1000 * SIZE, pos = from, end;

	for (int i = 0; i < 100; i++, pos += 128)
		put(pos, i % 3 == 0, i % 3 == 0 ? 128 : 60);
	end = pos;
	memset(ring_at(&ring, end), 0, BUS_UNIT);
	CHECK_EQ(ring_walk(&ring, from, from, from, end), from);
	CHECK_EQ(ring_walk(&ring, from, from + 1, from + 1, end), from + 128);
	CHECK_EQ(ring_walk(&ring, from, from + 128, from + 300, end),
	    from + 256);
	CHECK_EQ(ring_walk(&ring, from, end, end, end), end);
	/* Broken before `need`: no way; after it: as far as it goes. */
	put(from + 1280, false, 7);
	CHECK_EQ(ring_walk(&ring, from, from + 1281, end, end), UINT64_MAX);
	CHECK_EQ(ring_walk(&ring, from, from + 1000, end, end), from + 1280);
	put(from + 1280, true, 1 << 20);
	CHECK_EQ(ring_walk(&ring, from, from + 1281, end, end), UINT64_MAX);
}

static void test_copy(void)
{
	uint8_t in[300], out[300];
	struct iovec iov[3] = { { in, 100 }, { in + 100, 0 },
		{ in + 100, 200 } };

	for (int i = 0; i < 300; i++)
		in[i] = i * 7;
	for (uint64_t pos = 0; pos < 4 * SIZE; pos += SIZE - BUS_UNIT * 6) {
		if (SIZE - ring_off(&ring, pos) < ring_span(300))
			continue;
		memset(out, 0, sizeof(out));
		ring_copy_in(&ring, pos, iov, 3, 300);
		ring_copy_out(&ring, pos, out, 300);
		CHECK(memcmp(in, out, 300) == 0);
	}
	/* Never more than was reserved, whatever the iov says by now. */
	memset(ring_at(&ring, 0), 0xee, 512);
	ring_copy_in(&ring, 0, iov, 3, 110);
	CHECK_EQ(mem[sizeof(struct bus_rec) + 109], in[109]);
	CHECK_EQ(mem[sizeof(struct bus_rec) + 110], 0xee);
	/* Nor beyond the ring, whatever the position. */
	memset(out, 0xee, sizeof(out));
	for (uint64_t pos = SIZE - BUS_UNIT; pos < SIZE; pos++) {
		ring_copy_in(&ring, pos, iov, 3, 300);
		ring_copy_out(&ring, pos, out, 300);
		CHECK(memcmp(in, out, 32) == 0);
		CHECK_EQ(out[32], 0);
		CHECK_EQ(out[299], 0);
	}
	CHECK_EQ(after[0], 0);
}

static void test_lapped(void)
{
	static struct bus_header h;

	struct bus_map m = { .hdr = &h };

	shm_store64(&h.tail, 640);
	CHECK(map_lapped(&m, 0));
	CHECK(map_lapped(&m, 576));
	CHECK(!map_lapped(&m, 640));
	CHECK(!map_lapped(&m, 704));
	CHECK(ring_pos_ok(0));
	CHECK(!ring_pos_ok(1));
	CHECK(!ring_pos_ok(BUS_POS_MAX));
	CHECK(!ring_pos_ok(BUS_IDLE));
}

int main(void)
{
	alarm(60);
	test_span();
	test_word();
	test_bounds();
	test_walk();
	test_copy();
	test_lapped();
	return 0;
}
