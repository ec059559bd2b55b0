/*
 * u_rump.h: a bus file of NetBSD's format, made by the book: from the
 * description of the format, by bytes and offsets, without a line of bus/.
 * `struct file` is one in memory, and orig_send() does what a rump kernel does
 * to it.
 */
#ifndef TESTS_U_RUMP_H
#define TESTS_U_RUMP_H

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
#define UNUSED		__attribute__((unused))

struct file {
	uint8_t byte[FILE_SIZE];
	unsigned rec;		/* bytes of a frame's header */
	bool swap;		/* the other byte order */
};

static UNUSED struct file want, is;
static UNUSED uint8_t frame[1600], in[1600];
static UNUSED const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
static UNUSED const uint8_t other[6] = { 0xb2, 0xa0, 1, 2, 3, 4 };

static inline void put(struct file *f, uint32_t off, uint64_t v, unsigned n)
{
	uint8_t b[8];

	memcpy(b, &v, 8);	/* this machine's is the little end */
	for (unsigned i = 0; i < n; i++)
		f->byte[off + i] = b[f->swap ? n - 1 - i : i];
}

static inline uint64_t get(const struct file *f, uint32_t off, unsigned n)
{
	uint8_t b[8] = { 0 };
	uint64_t v;

	for (unsigned i = 0; i < n; i++)
		b[f->swap ? n - 1 - i : i] = f->byte[off + i];
	memcpy(&v, b, 8);
	return v;
}

/* A fresh bus. */
static inline void orig_init(struct file *f)
{
	memset(f->byte, 0, sizeof(f->byte));
	f->rec = f->rec ? f->rec : REC;
	put(f, 0, 0xca11d054, 4);
	put(f, 16, DATA_SIZE, 4);
}

static inline uint32_t orig_len(const struct file *f, uint32_t off)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)f->byte[DATA + (off + (f->swap ? 3 - i : i)) %
		    DATA_SIZE] << 8 * i;
	return v;
}

static inline uint32_t orig_next(const struct file *f, uint32_t off)
{
	return (off + f->rec + orig_len(f, off)) % DATA_SIZE;
}

static inline void orig_bytes(struct file *f, uint32_t off, const void *p,
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		f->byte[DATA + (off + i) % DATA_SIZE] =
		    ((const uint8_t *)p)[i];
}

/* What is in front of a frame; pads are zeroes. */
static inline void orig_header(const struct file *f, uint8_t *h, uint32_t len,
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
static inline bool within(uint32_t at, uint32_t off, uint32_t n)
{
	return (at % DATA_SIZE + DATA_SIZE - off) % DATA_SIZE < n;
}

static inline void orig_send(struct file *f, const void *p, uint32_t len,
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

static inline void orig_wake(struct file *f)
{
	put(f, 4, f->rec == 12 ? 2 : 3, 4);
}

static inline void write_file(const struct file *f)
{
	int fd;

	unlink(t_path);
	fd = open(t_path, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, f->byte, FILE_SIZE), FILE_SIZE);
	close(fd);
}

static inline void read_file(struct file *f)
{
	int fd = open(t_path, O_RDONLY);

	CHECK(fd >= 0);
	CHECK_EQ(read(fd, f->byte, FILE_SIZE), FILE_SIZE);
	close(fd);
}

/* Change the file as a rump kernel would, while others have it open. */
static inline void change_file(const struct file *f, uint32_t off, uint32_t n)
{
	int fd = open(t_path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, f->byte + off, n, off), n);
	close(fd);
}

static inline void fresh(void)
{
	struct bus_geometry g;

	unlink(t_path);
	CHECK(bus_geometry_of(&g, "rump"));
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), 0);
	want.rec = REC;
	want.swap = false;
	orig_init(&want);
}

static inline void expect_frame(struct bus *b, uint32_t len, uint64_t seed)
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
static inline void book_sends(const uint8_t *dst, uint32_t len, uint64_t seed)
{
	t_fill(frame, len, dst, other, seed);
	orig_send(&want, frame, len, 1, 2, 99);
	orig_wake(&want);
	change_file(&want, 8, FILE_SIZE - 8);
	change_file(&want, 4, 4);
}

/* Fill by the book until the next frame begins at `at`. */
static inline void fill_to(uint32_t at)
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

#endif
