/*
 * u_rump_bad.c: buses of NetBSD's format when others die, are stopped, or mean
 * harm; and segments that are merged.
 */
#include "tests/u_rump.h"

static void *map_file(void)
{
	int fd = open(t_path, O_RDWR);
	void *p = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);

	CHECK(p != MAP_FAILED);
	close(fd);
	return p;
}

/* A lock that a rump kernel left: nothing goes, and it is said; unlock. */
static void test_stuck(void)
{
	char line[BUS_ERRLEN];
	_Atomic uint32_t *word;
	struct bus *b;
	int said = 0;

	fresh();
	b = t_member();
	word = (_Atomic uint32_t *)((uint8_t *)map_file() + 24);
	atomic_store(word, 1);
	t_fill(frame, 60, all, other, 1);
	for (int i = 0; i < 2500 && !said; i++) {
		CHECK_EQ(t_send(b, frame, 60), -EAGAIN);
		said = bus_stuck(b, line);
		CHECK_EQ(bus_wait(b, 10), 0);
	}
	CHECK(said && strstr(line, "shmif bus unlock") &&
	    strstr(line, "rump kernel"));
	CHECK(!bus_stuck(b, line));	/* once a minute */
	CHECK_EQ(atomic_load(word), 1);
	CHECK_EQ(bus_unlock_stuck(t_path, t_err), 0);
	CHECK_EQ(atomic_load(word), 0);
	CHECK_EQ(t_send(b, frame, 60), 0);
	CHECK_EQ(bus_unlock_stuck(t_path, t_err), -EAGAIN);
	munmap((uint8_t *)word - 24, FILE_SIZE);
	bus_close(b);
}

static int hold(struct bus *b, bool in_commit)
{
	int r = rump_lock(rump_of(b), 1000000000);

	if (in_commit)
		rump_commit_begin(rump_of(b));
	return r;
}

/* One of us that dies with the lock, with its number in the spare word. */
static void test_dead_holder(bool in_commit)
{
	uint32_t *head;
	struct bus *a, *b;
	uint64_t gen;
	pid_t pid;

	fresh();
	a = t_member();
	head = map_file();
	t_fill(frame, 60, all, bus_mac(a), 1);
	CHECK_EQ(t_send(a, frame, 60), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		b = t_member();
		CHECK_EQ(hold(b, in_commit), 0);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(head[6], 1);
	CHECK(head[7] != 0);
	CHECK_EQ(head[7] >> 31, in_commit);
	memcpy(&gen, head + 2, 8);
	for (int i = 0; i < 100 && t_send(a, frame, 60) == -EAGAIN; i++)
		bus_wait(a, 10);
	CHECK_EQ(head[6], 0);
	CHECK_EQ(head[7], 0);
	CHECK_EQ(*(uint64_t *)(head + 2) - gen, in_commit ? 2 : 0);
	munmap(head, FILE_SIZE);
	bus_close(a);
}

/* One that is stopped with it lives, and is waited for. */
static void test_live_holder(void)
{
	struct bus *a, *b;

	fresh();
	a = t_member();
	b = t_member();
	t_fill(frame, 60, all, other, 1);
	CHECK_EQ(hold(b, false), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(t_send(a, frame, 60), -EAGAIN);
		bus_wait(a, 10);
	}
	rump_unlock(rump_of(b));
	CHECK_EQ(t_send(a, frame, 60), 0);
	bus_close(a);
	bus_close(b);
}

/* Longer than any frame: passed over with what is before the newest one. */
static void test_long(void)
{
	static uint8_t longer[3000];
	struct bus_member m;
	struct bus *b;

	fresh();
	b = t_member();
	memset(longer, 0xff, sizeof(longer));
	orig_send(&want, longer, sizeof(longer), 1, 2, 99);
	book_sends(all, 60, 3);
	expect_frame(b, 60, 3);
	CHECK_EQ(bus_peek(b), 0);
	CHECK_EQ(bus_member(b, 0, &m), 1);
	CHECK_EQ(m.rx_lost, 1);
	bus_close(b);
}

/* Whatever stands in the header, nobody reads beyond the file, or hangs. */
static void test_hostile(void)
{
	static const uint32_t bad[] = { 0, 1, 23, 24, 1514, 1515, DATA_SIZE - 1,
		DATA_SIZE, DATA_SIZE + 1, 0x7fffffff, 0xffffffff };
	struct bus_frame f;
	uint32_t seg_size, *head;
	struct bus *b, *o;

	fresh();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	head = map_file();
	for (unsigned i = 0; i < 11 * 11 * 4; i++) {
		t_fill(frame, 1514, all, bus_mac(b), i);
		head[2 + i % 4] = bad[i / 4 % 11];
		head[5 - i % 2] = bad[i / 44];
		head[8 + i % 7] = bad[i % 11];
		CHECK(bus_peek(b) >= 0);
		CHECK(bus_take(b, in, sizeof(in), &seg_size) >= 0);
		CHECK(bus_log_next(o, &f, in, sizeof(in)) >= 0);
		for (int n = 0; n < 3; n++)
			CHECK_EQ(t_send(b, frame, 1514), 0);
	}
	bus_close(b);
	bus_close(o);
	munmap(head, FILE_SIZE);
}

/* The sum of RFC 1071. */
static uint16_t sum_of(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_sum(uint8_t *p, uint16_t sum)
{
	p[0] = (uint8_t)(sum >> 8);
	p[1] = (uint8_t)sum;
}

/* The i-th segment of a stream: Ethernet, IP, TCP, 1000 bytes. */
static void segment(uint8_t *f, const uint8_t *dst, unsigned i)
{
	static const uint8_t head[54] = { [12] = 8, 0, 0x45, 0, 1040 >> 8,
		1040 & 255, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2, 0, 80, 0x13, 0x88, 0, 1, 0, 0, 0, 0, 0, 9, 0x50, 0x10, 8,
		0 };
	uint32_t seq = 65536 + i * 1000;

	memcpy(f, head, sizeof(head));
	memcpy(f, dst, 6);
	memcpy(f + 6, other, 6);
	f[19] = (uint8_t)i;	/* IP's number */
	f[39] = (uint8_t)(seq >> 16);
	put_sum(f + 40, (uint16_t)seq);
	for (unsigned n = 0; n < 1000; n++)
		f[54 + n] = (uint8_t)(n * 7 + i);
	put_sum(f + 24, sum_of(f + 14, 20, 0));
	put_sum(f + 50, sum_of(f + 34, 1020, 6 + 1020 + 2 * (10 << 8) + 3));
}

/*
 * Ten segments come as one that is cut to the same again.  One that has a
 * wrong IP header (spoilt 1) stays alone, and what is wrong behind that
 * (spoilt 2) does not come out right.
 */
static void test_merge(int spoilt)
{
	static uint8_t sent[10][1054], large[40000], cut[1600];
	uint32_t seg_size, got = 0, wrong = 0;
	struct gso_cut c;
	struct bus *b;
	ssize_t n;

	fresh();
	b = t_member();
	for (unsigned i = 0; i < 10; i++) {
		segment(sent[i], bus_mac(b), i);
		if (spoilt && i == 4)
			sent[i][spoilt == 1 ? 24 : 700] ^= 0x55;
		orig_send(&want, sent[i], 1054, 1, 2, 99);
	}
	orig_wake(&want);
	change_file(&want, 4, FILE_SIZE - 4);
	for (unsigned turns = 0; (n = bus_peek(b)) > 0; turns++) {
		CHECK(turns < (spoilt == 1 ? 3 : 1));
		CHECK_EQ(bus_take(b, large, sizeof(large), &seg_size), n);
		gso_open(&c, large, (size_t)n, seg_size);
		for (unsigned i = 0; i < c.n; i++, got++) {
			CHECK_EQ(gso_frame(&c, i, cut, sizeof(cut)), 1054);
			wrong += memcmp(cut, sent[got], 1054) != 0;
		}
	}
	CHECK_EQ(got, 10);
	/* A wrong sum makes all of it wrong, for nobody to believe. */
	CHECK_EQ(wrong, spoilt == 2 ? 10 : 0);
	bus_close(b);
}

/* As a hostile member: any words, at any time. */
static _Atomic bool scribbling;

static void *scribble(void *arg)
{
	_Atomic uint32_t *word = arg;
	uint64_t state = 4711;

	while (atomic_load(&scribbling)) {
		uint64_t r = t_random(&state);

		/* All of the header but the magic and the lock. */
		atomic_store(word + 2 + r % 4, r & 64 ? (uint32_t)(r >> 40) :
		    (uint32_t)(r >> 32));
		atomic_store(word + 8 + (r >> 8) % (DATA_SIZE / 4),
		    (uint32_t)(r >> 45));
		atomic_store(word + 6, 0);
	}
	return NULL;
}

static void test_scribble(void)
{
	static uint8_t large[40000];
	struct bus *a, *b, *o;
	struct bus_frame f;
	uint32_t seg_size, *head;
	pthread_t thread;

	fresh();
	a = t_member();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	head = map_file();
	atomic_store(&scribbling, true);
	CHECK_EQ(pthread_create(&thread, NULL, scribble, head), 0);
	for (int i = 0; i < 3000 / T_EVERY; i++) {
		t_fill(frame, 60 + i % 1400, all, bus_mac(a), i);
		t_send(a, frame, 60 + i % 1400);
		CHECK(bus_take(b, large, sizeof(large), &seg_size) >= 0);
		if (i % 64 == 0)
			CHECK(bus_log_next(o, &f, in, sizeof(in)) >= 0);
	}
	atomic_store(&scribbling, false);
	pthread_join(thread, NULL);
	memset(head + 6, 0, 8);
	/* Then it goes on. */
	while (bus_take(b, large, sizeof(large), &seg_size) > 0)
		;
	for (int i = 0; i < 3; i++) {
		t_fill(frame, 100, all, bus_mac(a), i);
		CHECK_EQ(t_send(a, frame, 100), 0);
	}
	while (bus_peek(b) > 0)
		CHECK(bus_take(b, in, sizeof(in), &seg_size) > 0);
	t_fill(frame, 100, all, bus_mac(a), 3);
	CHECK_EQ(t_send(a, frame, 100), 0);
	expect_frame(b, 100, 3);
	bus_close(a);
	bus_close(b);
	bus_close(o);
	munmap(head, FILE_SIZE);
}

static void test_truncated(void)
{
	struct bus *b;

	fresh();
	b = t_member();
	CHECK_EQ(truncate(t_path, 0), 0);
	t_fill(frame, 60, all, other, 1);
	CHECK_EQ(t_send(b, frame, 60), -EIO);
	CHECK_EQ(bus_peek(b), -EIO);
	CHECK_EQ(bus_wait(b, 1000), -EIO);
	bus_close(b);
}

int main(void)
{
	t_start();
	test_stuck();
	test_dead_holder(false);
	test_dead_holder(true);
	test_live_holder();
	for (int i = 0; i < 3; i++)
		test_merge(i);
	test_long();
	test_hostile();
	test_scribble();
	test_truncated();
	return 0;
}
