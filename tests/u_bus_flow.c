/*
 * u_bus_flow.c: frames from one member to others: who gets them, every
 * length at every place in the ring, fullness, laggards, waiting, observers.
 */
#include "stack/wire/clock.h"
#include "tests/u_bus.h"

#include <pthread.h>

static uint8_t frame[FRAME_MAX], got[FRAME_MAX];

static uint64_t now_ms(void)
{
	return clock_ns() / CLOCK_NS_MS;
}

/* The next frame, which must be whole. Return: its seed, 0 if none. */
static uint64_t take(struct bus *b)
{
	ssize_t n = bus_peek(b);
	uint64_t seed;

	CHECK(n >= 0);
	if (n == 0)
		return 0;
	CHECK_EQ(bus_take(b, got, sizeof(got), &t_unit), n);
	CHECK(t_verify(got, n, &seed));
	return seed;
}

static int put(struct bus *from, const uint8_t *dst, uint32_t len,
    uint64_t seed)
{
	t_fill(frame, len, dst, bus_mac(from), seed);
	return t_send(from, frame, len);
}

static void test_who_gets(void)
{
	struct bus *a, *b, *c;
	uint8_t mac[6] = { 2, 9, 9, 9, 9, 1 };

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	c = t_member();
	CHECK_EQ(put(a, bus_mac(b), 100, 1), 0);
	CHECK_EQ(put(a, t_all(), 100, 2), 0);
	CHECK_EQ(put(a, (uint8_t[6]){ 0x33, 0x33, 0, 0, 0, 1 }, 100, 3), 0);
	CHECK_EQ(put(a, mac, 100, 4), 0);
	for (uint64_t i = 1; i <= 3; i++)
		CHECK_EQ(take(b), i);
	CHECK_EQ(take(b), 0);
	CHECK_EQ(take(c), 2);
	CHECK_EQ(take(c), 3);
	CHECK_EQ(take(c), 0);
	CHECK_EQ(take(a), 0);		/* never its own */

	bus_set_promisc(c, true);
	CHECK_EQ(bus_set_mac(b, mac), 0);
	CHECK_EQ(put(a, mac, 100, 5), 0);
	CHECK_EQ(put(a, bus_mac(a), 100, 6), 0);
	CHECK_EQ(take(b), 5);
	CHECK_EQ(take(b), 0);
	CHECK_EQ(take(c), 5);
	CHECK_EQ(take(c), 6);
	bus_set_promisc(c, false);
	CHECK_EQ(put(a, mac, 100, 7), 0);
	CHECK_EQ(take(c), 0);
	bus_close(a);
	bus_close(b);
	bus_close(c);
}

static void test_bad_calls(void)
{
	struct bus *a, *b;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_open(0);
	CHECK_EQ(put(b, t_all(), 60, 1), -ENOTCONN);
	CHECK_EQ(bus_peek(b), -ENOTCONN);
	CHECK_EQ(put(a, t_all(), 13, 1), -EINVAL);
	CHECK_EQ(put(a, t_all(), 1515, 1), -EMSGSIZE);
	CHECK_EQ(put(a, t_all(), 1514, 1), 0);
	CHECK(bus_join(b, &(struct bus_want){ 0 }, t_err) >= 0);
	CHECK_EQ(bus_peek(b), 0);	/* from before it came */
	CHECK_EQ(put(a, t_all(), 1514, 2), 0);
	CHECK_EQ(bus_take(b, got, 100, &t_unit), -EMSGSIZE);
	CHECK_EQ(take(b), 2);
	bus_close(a);
	bus_close(b);
}

/* Every distance of the ring's end, with lengths on both sides of it. */
static void test_wrap(uint32_t mtu)
{
	uint32_t len, units = BUS_SIZE_MIN / BUS_UNIT;
	struct bus *a, *b;
	uint64_t seed = 1;

	t_create(BUS_SIZE_MIN, mtu);
	a = t_member();
	b = t_member();
	for (uint32_t i = 0; i < 4 * units; i++) {
		len = FRAME_HEAD + (i * 61 + i / units * 17) %
		    (mtu + BUS_ETH_HDR - FRAME_HEAD + 1);
		CHECK_EQ(put(a, bus_mac(b), len, seed), 0);
		CHECK_EQ(bus_peek(b), len);
		CHECK_EQ(take(b), seed++);
	}
	for (len = 14; len < FRAME_HEAD; len++) {
		CHECK_EQ(put(a, bus_mac(b), len, 0), 0);
		CHECK_EQ(bus_take(b, got, sizeof(got), &t_unit), len);
		CHECK(memcmp(got, frame, len) == 0);
	}
	CHECK_EQ(take(b), 0);
	bus_close(a);
	bus_close(b);
}

static void count_bus(struct bus *b, struct bus_member *m)
{
	CHECK_EQ(bus_member(b, bus_slot(b), m), 1);
}

/* Full: -EAGAIN, not a frame lost, and room once the reader has read. */
static void test_full(void)
{
	struct bus *a, *b;
	struct bus_member m;
	uint64_t sent = 0, seed, t;
	int r;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	while ((r = put(a, bus_mac(b), 1000, sent + 1)) == 0)
		CHECK(++sent < 1000);
	CHECK_EQ(r, -EAGAIN);
	CHECK(sent > 200);
	count_bus(a, &m);
	CHECK_EQ(m.tx_full, 1);
	CHECK_EQ(m.tx_frames, sent);
	count_bus(b, &m);
	CHECK(m.behind > 200 * 1000);
	t = now_ms();
	CHECK_EQ(bus_wait(a, -1), 0);
	CHECK(now_ms() - t < 1000);
	for (seed = 1; seed <= sent; seed++)
		CHECK_EQ(take(b), seed);
	CHECK_EQ(take(b), 0);
	CHECK_EQ(put(a, bus_mac(b), 1000, sent + 1), 0);
	CHECK_EQ(take(b), sent + 1);
	CHECK_EQ(take(b), 0);
	count_bus(b, &m);
	CHECK_EQ(m.rx_lost, 0);
	CHECK_EQ(m.rx_frames, sent + 1);
	CHECK_EQ(m.rx_bytes, (sent + 1) * 1000);
	CHECK_EQ(m.behind, 0);
	bus_close(a);
	bus_close(b);
}

/*
 * One that does not read holds the others up for a moment, then never
 * again until it has read; all it lost is counted.
 */
static void test_laggard(void)
{
	struct bus *a, *b, *c;
	struct bus_member m;
	uint64_t sent = 0, seen = 0, full = 0, last = 0, seed, t;
	int r;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	c = t_member();
	t = now_ms();
	while (sent < 5000) {
		r = put(a, t_all(), 1000, sent + 1);
		if (r == 0) {
			sent++;
			CHECK_EQ(take(c), sent);
			continue;
		}
		CHECK_EQ(r, -EAGAIN);
		CHECK(++full < 50);
		CHECK_EQ(bus_wait(a, -1), 0);
	}
	t = now_ms() - t;
	CHECK(full > 0);
	CHECK(t < 2000);
	while ((seed = take(b)) != 0) {
		CHECK(seed > last);
		last = seed;
		seen++;
	}
	CHECK_EQ(last, sent);
	count_bus(b, &m);
	CHECK_EQ(m.rx_lost + seen, sent);
	CHECK(seen > 100);
	count_bus(c, &m);
	CHECK_EQ(m.rx_lost, 0);
	/* It has caught up: it counts again. */
	sent = 0;
	while ((r = put(a, t_all(), 1000, ++sent)) == 0)
		CHECK_EQ(take(c), sent);
	CHECK_EQ(r, -EAGAIN);
	for (seed = 1; seed < sent; seed++)
		CHECK_EQ(take(b), seed);
	bus_close(a);
	bus_close(b);
	bus_close(c);
}

/* One that crawls is given up, too, if more slowly. */
static void test_crawl(void)
{
	struct bus *a, *b;
	struct bus_member m;
	uint64_t sent = 0, t = now_ms();
	int r;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	while (sent < 3000) {
		r = put(a, bus_mac(b), 1000, sent + 1);
		sent += r == 0;
		if (r == -EAGAIN) {
			CHECK(take(b) > 0);
			t_sleep_ms(25);
		}
	}
	CHECK(now_ms() - t < 5000);
	while (take(b))
		;
	count_bus(b, &m);
	CHECK_EQ(m.rx_lost + m.rx_frames, sent);
	CHECK(m.rx_lost > 0);
	bus_close(a);
	bus_close(b);
}

/* An idle member costs nothing: others' frames neither wake nor stop it. */
static void test_idle(void)
{
	struct bus *a, *b, *c;
	struct bus_member m;
	uint32_t wakes;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	c = t_member();
	CHECK_EQ(put(a, t_all(), 100, 1), 0);
	CHECK_EQ(take(b), 1);
	CHECK_EQ(take(c), 1);
	CHECK_EQ(bus_wait(c, 1), -ETIMEDOUT);
	wakes = t_wakes(c);
	for (int i = 2; i < 2000; i++) {
		CHECK_EQ(put(a, bus_mac(b), 1000, i), 0);
		CHECK_EQ(take(b), i);
		CHECK_EQ(take(c), 0);
	}
	CHECK_EQ(t_wakes(c), wakes);
	CHECK_EQ(put(a, bus_mac(c), 1000, 2000), 0);
	CHECK_EQ(put(a, t_all(), 1000, 2001), 0);
	CHECK_EQ(t_wakes(c), wakes + 1);
	CHECK_EQ(bus_wait(c, -1), 0);
	CHECK_EQ(take(c), 2000);
	CHECK_EQ(take(c), 2001);
	count_bus(c, &m);
	CHECK_EQ(m.rx_lost, 0);
	CHECK_EQ(m.rx_frames, 3);
	bus_close(a);
	bus_close(b);
	bus_close(c);
}

static void *kicker(void *arg)
{
	t_sleep_ms(20);
	bus_kick(arg);
	return NULL;
}

static void *sender(void *arg)
{
	t_sleep_ms(20);
	CHECK_EQ(put(arg, t_all(), 100, 9), 0);
	return NULL;
}

/* How soon fn wakes b, in ms, at best: a lost wake-up is always late. */
static uint64_t woken(struct bus *b, void *(*fn)(void *), struct bus *arg)
{
	uint64_t start, took, best = UINT64_MAX;
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(pthread_create(&t, NULL, fn, arg), 0);
		start = now_ms();
		CHECK_EQ(bus_wait(b, 10000), 0);
		took = now_ms() - start;
		best = took < best ? took : best;
		pthread_join(t, NULL);
		if (arg != b)
			CHECK_EQ(take(b), 9);
	}
	return best;
}

static void test_wait(void)
{
	struct bus *a, *b;
	uint64_t start;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_open(0);
	for (int member = 0; member < 2; member++) {
		start = now_ms();
		CHECK_EQ(bus_wait(b, 0), -ETIMEDOUT);
		CHECK_EQ(bus_wait(b, 30), -ETIMEDOUT);
		CHECK(now_ms() - start >= 29);
		bus_kick(b);
		CHECK_EQ(bus_wait(b, -1), 0);
		CHECK_EQ(bus_wait(b, 1), -ETIMEDOUT);
		CHECK(woken(b, kicker, b) < 400);
		if (!member)
			CHECK(bus_join(b, &(struct bus_want){ 0 }, t_err) >= 0);
	}
	for (int spin = 0; spin < 2; spin++) {
		bus_set_spin(spin * 100);
		CHECK(woken(b, sender, a) < 400);
	}
	bus_set_spin(0);
	bus_close(a);
	bus_close(b);
}

/* Sleeping without end when another thread finds no room: not without end. */
static void *waiter(void *arg)
{
	CHECK_EQ(bus_wait(arg, 10000), 0);
	return NULL;
}

static void test_full_other_thread(void)
{
	struct bus *a, *b;
	uint64_t start;
	pthread_t t;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	CHECK_EQ(pthread_create(&t, NULL, waiter, a), 0);
	t_sleep_ms(20);
	start = now_ms();
	while (put(a, bus_mac(b), 1000, 1) == 0)
		;
	pthread_join(t, NULL);
	CHECK(now_ms() - start < 400);
	bus_close(a);
	bus_close(b);
}

/* An observer sees every frame, misses only what was overwritten. */
static void test_observer(void)
{
	struct bus *a, *b, *o;
	struct bus_frame f;
	struct bus_member m;
	uint64_t seed, last = 0, missed = 0, seen = 0;
	int r;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	CHECK_EQ(bus_join(o, &(struct bus_want){ 0 }, t_err), -EACCES);
	CHECK_EQ(bus_log_next(o, &f, got, sizeof(got)), 0);
	for (uint64_t i = 1; i <= 10; i++) {
		CHECK_EQ(put(a, bus_mac(b), 100 + i, i), 0);
		CHECK_EQ(bus_log_next(o, &f, got, sizeof(got)), 1);
		CHECK(t_verify(got, f.len, &seed));
		CHECK_EQ(seed, i);
		CHECK_EQ(f.sender, bus_slot(a));
		CHECK_EQ(f.missed, 0);
		CHECK(f.when_ns > 1000000000ull * 1700000000);
		CHECK_EQ(bus_log_next(o, &f, got, sizeof(got)), 0);
	}
	/* Another one starts with the oldest. */
	bus_close(o);
	o = t_open(BUS_OPEN_RDONLY);
	CHECK_EQ(bus_log_next(o, &f, got, 20), 1);
	CHECK_EQ(f.len, 101);
	for (uint64_t i = 2; i <= 2000; i++) {
		CHECK_EQ(put(a, i % 2 ? bus_mac(b) : bus_mac(a), 1000, i), 0);
		take(b);
	}
	last = 0;
	while ((r = bus_log_next(o, &f, got, sizeof(got))) == 1) {
		missed += f.missed;
		seen++;
		if (t_verify(got, f.len, &seed)) {
			CHECK(seed > last);
			last = seed;
		}
	}
	CHECK_EQ(r, 0);
	CHECK_EQ(last, 2000);
	CHECK_EQ(missed + seen, 9 + 1999);
	CHECK(missed > 0);
	CHECK_EQ(bus_member(o, bus_slot(b), &m), 1);
	bus_log_seek_end(o);
	CHECK_EQ(bus_log_next(o, &f, got, sizeof(got)), 0);
	bus_close(a);
	bus_close(b);
	bus_close(o);
}

int main(void)
{
	t_start();
	test_who_gets();
	test_bad_calls();
	test_wrap(1500);
	test_wrap(BUS_MTU_MAX);
	test_full();
	test_laggard();
	test_crawl();
	test_idle();
	test_wait();
	test_full_other_thread();
	test_observer();
	return 0;
}
