/*
 * u_rump.c: buses of NetBSD's format, byte for byte.
 *
 * What such a file must look like is made here from the description of the
 * format, by bytes and offsets, without a line of bus/: `struct file` is one in
 * memory, and orig_send() does what a rump kernel does to it.  Our writer must
 * leave the same bytes, and our readers must read what is made here.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bus/rump.h"
#include "tests/u_bus.h"

#define FILE_SIZE	1048576u
#define DATA		32u			/* where the ring begins */
#define DATA_SIZE	1048544u
#define REC		24u

struct file {
	uint8_t byte[FILE_SIZE];
	unsigned rec;		/* bytes of a frame's header */
	bool swap;		/* the other byte order */
};

static struct file want, is;
static uint8_t frame[1600], in[1600];
static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t other[6] = { 0xb2, 0xa0, 1, 2, 3, 4 };

static void put(struct file *f, uint32_t off, uint64_t v, unsigned n)
{
	uint8_t b[8];

	memcpy(b, &v, 8);	/* this machine's is the little end */
	for (unsigned i = 0; i < n; i++)
		f->byte[off + i] = b[f->swap ? n - 1 - i : i];
}

static uint64_t get(const struct file *f, uint32_t off, unsigned n)
{
	uint8_t b[8] = { 0 };
	uint64_t v;

	for (unsigned i = 0; i < n; i++)
		b[f->swap ? n - 1 - i : i] = f->byte[off + i];
	memcpy(&v, b, 8);
	return v;
}

/* A fresh bus. */
static void orig_init(struct file *f)
{
	memset(f->byte, 0, sizeof(f->byte));
	f->rec = f->rec ? f->rec : REC;
	put(f, 0, 0xca11d054, 4);
	put(f, 16, DATA_SIZE, 4);
}

static uint32_t orig_len(const struct file *f, uint32_t off)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)f->byte[DATA + (off + (f->swap ? 3 - i : i)) %
		    DATA_SIZE] << 8 * i;
	return v;
}

static uint32_t orig_next(const struct file *f, uint32_t off)
{
	return (off + f->rec + orig_len(f, off)) % DATA_SIZE;
}

static void orig_bytes(struct file *f, uint32_t off, const void *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		f->byte[DATA + (off + i) % DATA_SIZE] =
		    ((const uint8_t *)p)[i];
}

/* What is in front of a frame; pads are zeroes. */
static void orig_header(const struct file *f, uint8_t *h, uint32_t len,
    uint32_t sec, uint32_t usec, uint64_t sender)
{
	static struct file t;

	t.swap = f->swap;
	memset(t.byte, 0, REC);
	put(&t, 0, len, 4);
	put(&t, 4, sec, 4);
	put(&t, 8, usec, 4);
	if (f->rec > 12)
		put(&t, f->rec - 8, sender, 8);
	memcpy(h, t.byte, f->rec);
}

/* Is what begins at `at` within n bytes from off on? */
static bool within(uint32_t at, uint32_t off, uint32_t n)
{
	return (at % DATA_SIZE + DATA_SIZE - off) % DATA_SIZE < n;
}

static void orig_send(struct file *f, const void *p, uint32_t len,
    uint32_t sec, uint32_t usec, uint64_t sender)
{
	uint32_t last = orig_next(f, (uint32_t)get(f, 20, 4)), n = f->rec + len;
	uint32_t first = (uint32_t)get(f, 16, 4);
	uint8_t h[24];

	/* Every old frame that will be overwritten; there is none at first. */
	if (first != DATA_SIZE || get(f, 8, 8) || last + n > DATA_SIZE)
		while (within(first, last, n))
			first = orig_next(f, first);
	orig_header(f, h, len, sec, usec, sender);
	orig_bytes(f, last, h, f->rec);
	orig_bytes(f, (last + f->rec) % DATA_SIZE, p, len);
	put(f, 16, first, 4);
	put(f, 20, last, 4);
	if (last + n >= DATA_SIZE)
		put(f, 8, get(f, 8, 8) + 1, 8);
}

static void orig_wake(struct file *f)
{
	put(f, 4, f->rec == 12 ? 2 : 3, 4);
}

static void write_file(const struct file *f)
{
	int fd;

	unlink(t_path);
	fd = open(t_path, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, f->byte, FILE_SIZE), FILE_SIZE);
	close(fd);
}

static void read_file(struct file *f)
{
	int fd = open(t_path, O_RDONLY);

	CHECK(fd >= 0);
	CHECK_EQ(read(fd, f->byte, FILE_SIZE), FILE_SIZE);
	close(fd);
}

/* Change the file as a rump kernel would, while others have it open. */
static void change_file(const struct file *f, uint32_t off, uint32_t n)
{
	int fd = open(t_path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, f->byte + off, n, off), n);
	close(fd);
}

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

static void fresh(void)
{
	struct bus_geometry g;

	unlink(t_path);
	CHECK(bus_geometry_of(&g, "rump"));
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), 0);
	want.rec = REC;
	want.swap = false;
	orig_init(&want);
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

/* Fill by the book until the next frame begins at `at`. */
static void fill_to(uint32_t at)
{
	uint32_t next, len;

	for (;;) {
		next = orig_next(&want, (uint32_t)get(&want, 20, 4));
		if (next == at)
			break;
		len = at - next - REC;
		if (len > 1514)
			len = len - 1514 < REC + 60 ? 1000 : 1514;
		t_fill(frame, len, all, other, next);
		orig_send(&want, frame, len, next, next % 1000000, 77);
	}
	orig_wake(&want);
	write_file(&want);
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

static void expect_frame(struct bus *b, uint32_t len, uint64_t seed)
{
	uint32_t seg_size = 7;
	uint64_t got;

	for (int i = 0; i < 100 && bus_peek(b) == 0; i++)
		bus_wait(b, 20);
	CHECK_EQ(bus_peek(b), len);
	CHECK_EQ(bus_take(b, in, sizeof(in), &seg_size), len);
	CHECK_EQ(seg_size, 0);
	CHECK(t_verify(in, len, &got));
	CHECK_EQ(got, seed);
}

/* One by the book, into the file that is open. */
static void book_sends(const uint8_t *dst, uint32_t len, uint64_t seed)
{
	t_fill(frame, len, dst, other, seed);
	orig_send(&want, frame, len, 1, 2, 99);
	orig_wake(&want);
	change_file(&want, 8, FILE_SIZE - 8);
	change_file(&want, 4, 4);
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
	/* Then all is as it should be. */
	fresh();
	bus_close(b);
	bus_close(o);
	munmap(head, FILE_SIZE);
	test_first_frame();
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
	test_stuck();
	test_dead_holder(false);
	test_dead_holder(true);
	test_live_holder();
	test_refused();
	test_hostile();
	test_truncated();
	return 0;
}
