/*
 * f_rump.c: a bus file of NetBSD's format in which a stranger has written, as
 * f_bus.c does it to one of ours.  The input is a list of patches, an offset
 * and 8 bytes each; the first byte says when they are made, and whether the
 * lock stays as they leave it (that costs time).
 */
#include "bus/bus.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>

#define PATH	"./bus"
#define SIZE	(1u << 20)
#define HEADER	32u

static uint8_t *map;

/* Offsets from 0 on are the header's first frames; others are anywhere. */
static void patch(struct input *in, int lock_too)
{
	while (in->n >= 11) {
		size_t off = (size_t)take8(in) << 16 | take16(in);

		memcpy(map + off % (SIZE - 8), in->p, 8);
		in->p += 8;
		in->n -= 8;
	}
	if (!lock_too)
		memset(map + HEADER - 8, 0, 8);
}

static void make(void)
{
	struct bus_geometry g;
	char err[BUS_ERRLEN];
	int fd;

	own_folder();
	unlink(PATH);
	must(bus_geometry_of(&g, "rump"), "no such format");
	must(bus_create(PATH, &g, 0600, err) == 0, err);
	fd = open(PATH, O_RDWR);
	must(fd >= 0, "no bus");
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "no memory");
	close(fd);
}

static void observe(void)
{
	static uint8_t frame[70000];
	char err[BUS_ERRLEN], text[BUS_SHOWLEN];
	struct bus_frame f;
	struct bus *o;

	if (bus_open(&o, PATH, BUS_OPEN_RDONLY, err))
		return;
	for (int i = 0; i < 64 && bus_log_next(o, &f, frame,
	    sizeof(frame)) == 1; i++)
		must(f.len <= 1514, "a frame too long");
	bus_show(o, text);
	bus_close(o);
}

/* What others sent, TCP segments among it, and what we send. */
static void take_part(struct bus *b, struct input *in)
{
	static uint8_t frame[70000];
	struct iovec iov = { frame, 14 + take16(in) % 1501u };
	uint32_t seg_size;
	ssize_t n;

	memset(frame, 0xff, 14);
	for (int i = 0; i < 16; i++) {
		bus_send(b, &iov, 1, 0);
		n = bus_peek(b);
		must(n <= 32782, "a frame too long");
		if (n > 0)
			must(bus_take(b, frame, sizeof(frame), &seg_size) == n,
			    "not what was promised");
		bus_wait(b, 0);
	}
}

/* Two members, so that one reads what the other wrote and somebody changed. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct bus_want want = { .name = "fuzz" };
	struct input in = { p, n };
	uint8_t when = take8(&in);
	struct bus *a, *b;
	char err[BUS_ERRLEN];

	make();
	if (when & 1)
		patch(&in, 0);
	observe();
	if (bus_open(&a, PATH, 0, err) == 0) {
		must(bus_open(&b, PATH, 0, err) == 0, err);
		if (bus_join(a, &want, err) >= 0 &&
		    bus_join(b, &want, err) >= 0) {
			bus_set_promisc(b, when & 4);
			take_part(a, &in);
			patch(&in, when & 2);
			take_part(b, &in);
			take_part(a, &in);
		}
		bus_close(b);
		bus_close(a);
	}
	observe();
	munmap(map, SIZE);
	return 0;
}
