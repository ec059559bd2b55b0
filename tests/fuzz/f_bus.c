/*
 * f_bus.c: a bus file in which a stranger has written: it is opened, shown,
 * read as an observer and as a member.  The input is a list of patches, an
 * offset and 8 bytes each; the first byte says when they are made.
 */
#include "bus/bus.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>

#define PATH	"./bus"

static uint8_t *map;
static size_t size;

static void patch(struct input *in)
{
	while (in->n >= 11) {
		size_t off = (size_t)take8(in) << 16 | take16(in);

		memcpy(map + off % (size - 8), in->p, 8);
		in->p += 8;
		in->n -= 8;
	}
}

static void make(void)
{
	struct bus_geometry g;
	char err[BUS_ERRLEN];
	struct stat st;
	int fd;

	own_folder();
	unlink(PATH);
	unlink(PATH ".lock");
	bus_geometry_default(&g);
	g.size = BUS_SIZE_MIN;
	must(bus_create(PATH, &g, 0600, err) == 0, err);
	fd = open(PATH, O_RDWR);
	must(fd >= 0 && fstat(fd, &st) == 0, "no bus");
	size = (size_t)st.st_size;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "no memory");
	close(fd);
}

static void observe(struct bus *b)
{
	static uint8_t frame[70000];
	struct bus_member m;
	struct bus_frame f;

	for (int i = 0; i < 64 && bus_log_next(b, &f, frame,
	    sizeof(frame)) == 1; i++)
		;
	for (unsigned i = 0; i < BUS_SLOTS; i++)
		bus_member(b, i, &m);
}

static void take_part(struct bus *b)
{
	static uint8_t frame[70000];
	struct iovec iov = { frame, 600 };
	uint32_t seg_size;

	memset(frame, 0xff, 14);
	for (int i = 0; i < 16; i++) {
		bus_send(b, &iov, 1, 0);
		if (bus_peek(b) > 0)
			bus_take(b, frame, sizeof(frame), &seg_size);
		bus_wait(b, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct bus_want want = { .name = "fuzz" };
	struct input in = { p, n };
	uint8_t when = take8(&in);
	struct bus *b, *o;
	char err[BUS_ERRLEN];

	make();
	if (when & 1)
		patch(&in);
	if (bus_open(&b, PATH, 0, err) == 0) {
		if (bus_join(b, &want, err) >= 0) {
			take_part(b);
			patch(&in);
			take_part(b);
		}
		if (bus_open(&o, PATH, BUS_OPEN_RDONLY, err) == 0) {
			observe(o);
			bus_close(o);
		}
		bus_close(b);
	}
	munmap(map, size);
	return 0;
}
