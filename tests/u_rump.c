/*
 * u_rump.c: buses of NetBSD's format, byte for byte: our writer must leave the
 * same bytes as the book (u_rump.h), and our readers must read what that made.
 */
#include "tests/u_rump.h"

static void expect_same(const char *what)
{
	read_file(&is);
	for (uint32_t i = 0; i < FILE_SIZE; i++) {
		if (is.byte[i] == want.byte[i])
			continue;
		fprintf(stderr, "%s: byte %u is %02x, not %02x\n", what, i,
		    is.byte[i], want.byte[i]);
		exit(1);
	}
}

/* What we cannot know beforehand, from the frame that we sent. */
static void learn(uint32_t *sec, uint32_t *usec, uint64_t *sender)
{
	uint32_t at = orig_next(&want, (uint32_t)get(&want, 20, 4));
	uint8_t h[REC];

	read_file(&is);
	for (uint32_t i = 0; i < REC; i++)
		h[i] = is.byte[DATA + (at + i) % DATA_SIZE];
	memcpy(sec, h + 4, 4);
	memcpy(usec, h + 8, 4);
	memcpy(sender, h + 16, 8);
	CHECK(*usec < 1000000);
}

/* One frame, by us and by the book. */
static void both_send(struct bus *b, uint32_t len, uint64_t seed)
{
	uint32_t sec, usec;
	uint64_t sender;

	t_fill(frame, len, all, bus_mac(b), seed);
	CHECK_EQ(t_send(b, frame, len), 0);
	learn(&sec, &usec, &sender);
	CHECK(sender != 0);
	orig_send(&want, frame, len, sec, usec, sender);
	orig_wake(&want);
}

static void test_fresh(void)
{
	struct stat st;

	fresh();
	expect_same("a fresh bus");
	CHECK_EQ(stat(t_path, &st), 0);
	CHECK_EQ(st.st_size, FILE_SIZE);
	CHECK_EQ(st.st_mode & 0777, 0600);
}

static void test_first_frame(void)
{
	struct bus *b;

	fresh();
	b = t_member();
	expect_same("joining");
	both_send(b, 60, 1);
	expect_same("the first frame");
	CHECK_EQ(get(&want, 20, 4), 24);
	CHECK_EQ(get(&want, 16, 4), DATA_SIZE);
	CHECK_EQ(memcmp(want.byte + 56 + 24, frame, 60), 0);
	bus_close(b);
	expect_same("leaving");
}

/*
 * The ring's end in a header, in a frame's bytes, and just behind a frame; and
 * the oldest frames go as they are overwritten, for two rounds.
 */
static void test_wrap(uint32_t before, uint32_t len, const char *what)
{
	struct bus *b;

	fresh();
	fill_to(DATA_SIZE - before);
	b = t_member();
	both_send(b, len, 5);
	expect_same(what);
	CHECK_EQ(get(&is, 8, 8), 1);
	CHECK_EQ(get(&is, 20, 4), DATA_SIZE - before);
	for (int i = 0; i < 40; i++) {
		both_send(b, 60 + i * 36, i);
		expect_same(what);
	}
	bus_close(b);
}

static void test_rounds(void)
{
	struct bus *b;

	fresh();
	b = t_member();
	for (int i = 0; i < 3000; i++) {
		t_fill(frame, 600 + i % 900, all, bus_mac(b), i);
		CHECK_EQ(t_send(b, frame, 600 + i % 900), 0);
	}
	read_file(&want);	/* from here on by the book */
	CHECK(get(&want, 8, 8) >= 2);
	for (int i = 0; i < 50; i++)
		both_send(b, 60 + i * 29, i);
	expect_same("after rounds");
	bus_close(b);
}

static void test_read(uint32_t before, const char *what)
{
	struct bus *b;

	(void)what;
	fresh();
	if (before)
		fill_to(DATA_SIZE - before);
	b = t_member();
	/* Not the newest once more. */
	CHECK_EQ(bus_peek(b), 0);
	for (int i = 0; i < 5; i++)
		book_sends(all, 60 + i * 363, i);
	for (int i = 0; i < 5; i++)
		expect_frame(b, 60 + i * 363, i);
	CHECK_EQ(bus_peek(b), 0);
	/* Another's, ours, and ours again when we hear all. */
	book_sends(other, 100, 8);
	book_sends(bus_mac(b), 100, 9);
	expect_frame(b, 100, 9);
	bus_set_promisc(b, true);
	book_sends(other, 100, 10);
	expect_frame(b, 100, 10);
	/* Own ones never. */
	t_fill(frame, 100, all, bus_mac(b), 11);
	CHECK_EQ(t_send(b, frame, 100), 0);
	CHECK_EQ(bus_peek(b), 0);
	bus_close(b);
}

/* More than a ring while we do not look: what is left, and it is counted. */
static void test_overrun(void)
{
	struct bus_member m;
	uint64_t seed = 0, n = 0;
	uint32_t seg_size;
	struct bus *b;

	fresh();
	b = t_member();
	for (int i = 0; i < 2000; i++) {
		t_fill(frame, 1514, all, other, i);
		orig_send(&want, frame, 1514, 1, 2, 99);
	}
	change_file(&want, 4, FILE_SIZE - 4);
	while (bus_peek(b) > 0) {
		CHECK_EQ(bus_take(b, in, sizeof(in), &seg_size), 1514);
		CHECK(t_verify(in, 1514, &seed));
		CHECK_EQ(seed, 2000 - DATA_SIZE / (24 + 1514) + n++);
	}
	CHECK_EQ(n, DATA_SIZE / (24 + 1514));
	CHECK_EQ(bus_member(b, 0, &m), 1);
	CHECK_EQ(m.rx_lost, 1);
	book_sends(all, 60, 4);
	expect_frame(b, 60, 4);
	bus_close(b);
}

/* A view of one's own: other headers, other byte order. */
static void test_observe(unsigned rec, bool swap)
{
	struct bus_frame f;
	struct bus *b;
	uint64_t seed;
	bool ours = rec == REC && !swap;

	want = (struct file){ .rec = rec, .swap = swap };
	orig_init(&want);
	for (int i = 0; i < 2000; i++) {
		t_fill(frame, 60 + i % 1400, all, other, i);
		orig_send(&want, frame, 60 + i % 1400, 1000 + i, i, i % 3);
	}
	orig_wake(&want);
	write_file(&want);
	b = t_open(BUS_OPEN_RDONLY);
	for (int i = -1; i < 1999; ) {
		CHECK_EQ(bus_log_next(b, &f, in, sizeof(in)), 1);
		CHECK(t_verify(in, f.len, &seed));
		CHECK(i < 0 || seed == (uint64_t)i + 1);
		i = (int)seed;
		CHECK_EQ(f.len, 60 + i % 1400);
		CHECK_EQ(f.when_ns, (1000 + i) * 1000000000ull + i * 1000ull);
	}
	CHECK_EQ(bus_log_next(b, &f, in, sizeof(in)), 0);
	bus_close(b);
	CHECK_EQ(bus_open(&b, t_path, 0, t_err), ours ? 0 : -EPROTONOSUPPORT);
	CHECK(ours || (strstr(t_err, "dump") && !strchr(t_err, '\n')));
	bus_close(b);
}

/* Between two of us, both ways, and both being woken. */
static void *echo(void *arg)
{
	struct bus *b = arg;
	uint8_t buf[1600];
	uint32_t seg_size;
	ssize_t n;

	for (int i = 0; i < 1000; i++) {
		while ((n = bus_take(b, buf, sizeof(buf), &seg_size)) == 0)
			bus_wait(b, 1000);
		CHECK(n > 0);
		memcpy(buf, buf + 6, 6);
		memcpy(buf + 6, bus_mac(b), 6);
		CHECK_EQ(t_send(b, buf, (uint32_t)n), 0);
	}
	return NULL;
}

static void test_two(void)
{
	struct bus *a, *b;
	pthread_t thread;

	fresh();
	a = t_member();
	b = t_member();
	CHECK(bus_same(a, b));
	CHECK_EQ(bus_users(a), 1);
	CHECK_EQ(pthread_create(&thread, NULL, echo, b), 0);
	for (int i = 0; i < 1000; i++) {
		t_fill(frame, 60 + i, bus_mac(b), bus_mac(a), i);
		CHECK_EQ(t_send(a, frame, 60 + i), 0);
		expect_frame(a, 60 + i, i);
	}
	pthread_join(thread, NULL);
	CHECK_EQ(bus_remove(t_path, t_err), -EBUSY);
	bus_close(a);
	bus_close(b);
	CHECK_EQ(bus_remove(t_path, t_err), 0);
}

static void test_refused(void)
{
	struct bus_geometry g;
	struct bus *b;
	uint32_t v = 4;

	fresh();
	put(&want, 4, v, 4);
	write_file(&want);
	CHECK_EQ(bus_open(&b, t_path, 0, t_err), -EPROTONOSUPPORT);
	CHECK(strstr(t_err, "version 4"));
	fresh();
	CHECK_EQ(truncate(t_path, 4096), 0);
	CHECK_EQ(bus_open(&b, t_path, 0, t_err), -EIO);
	CHECK(bus_geometry_of(&g, "rump"));
	g.mtu = 9000;
	unlink(t_path);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), -EINVAL);
	CHECK(!bus_geometry_of(&g, "other"));
}

int main(void)
{
	t_start();
	test_fresh();
	test_first_frame();
	test_wrap(10, 60, "the end in a header");
	test_wrap(24, 60, "the end behind a header");
	test_wrap(500, 900, "the end in a frame");
	test_wrap(24 + 333, 333, "the end just behind a frame");
	test_rounds();
	test_read(0, "fresh");
	test_read(10, "the end in a header");
	test_read(500, "the end in a frame");
	test_read(24 + 60, "the end just behind a frame");
	test_overrun();
	test_observe(24, false);
	test_observe(24, true);
	test_observe(20, false);
	test_observe(12, false);
	test_observe(12, true);
	test_two();
	test_refused();
	return 0;
}
