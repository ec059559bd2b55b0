/*
 * create.c: making a native bus.
 */
#include "bus/handle.h"
#include "bus/lockfile.h"
#include "bus/newfile.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void native_geometry(struct bus_geometry *g)
{
	*g = (struct bus_geometry){
		.format = native_ops.name,
		.size = BUS_SIZE_DEFAULT,
		.mtu = BUS_MTU_DEFAULT,
		.subnet = { 10, 0, 0, 0 },
		.plen = 24,
	};
}

static int check_geometry(const struct bus_geometry *g, const char *path,
    char *err)
{
	if (g->size < BUS_SIZE_MIN || g->size > BUS_SIZE_MAX ||
	    (g->size & (g->size - 1)))
		return bus_fail(err, -EINVAL, "%s: size %u: must be a power "
		    "of two from %u to %u", path, g->size, BUS_SIZE_MIN,
		    BUS_SIZE_MAX);
	if (g->mtu < BUS_MTU_MIN || g->mtu > BUS_MTU_MAX)
		return bus_fail(err, -EINVAL, "%s: mtu %u: must be from %u to "
		    "%u", path, g->mtu, BUS_MTU_MIN, BUS_MTU_MAX);
	if (g->plen < 8 || g->plen > 30)
		return bus_fail(err, -EINVAL, "%s: subnet prefix /%u: must be "
		    "from /8 to /30", path, g->plen);
	return 0;
}

static int fill_const(struct bus_const *c, const struct bus_geometry *g)
{
	uint32_t mask = ~0u << (32 - g->plen);

	*c = (struct bus_const){
		.magic = BUS_MAGIC,
		.version = BUS_VERSION,
		.slots = BUS_SLOTS,
		.slot_bytes = sizeof(struct bus_slot),
		.ring_off = BUS_RING_OFF,
		.size = g->size,
		.mtu = g->mtu,
		.plen = g->plen,
	};
	for (int i = 0; i < 4; i++)
		c->subnet[i] = g->subnet[i] & mask >> (24 - 8 * i);
	if (getentropy(&c->key, sizeof(c->key)) < 0)
		return -errno;
	c->created_ns = clock_real_ns();
	return 0;
}

static int write_file(struct newfile *f, const struct bus_geometry *g)
{
	union {
		struct bus_header h;
		uint8_t bytes[BUS_SLOT_OFF];
	} page = { .bytes = { 0 } };
	struct bus_slot slot = { .cursor = { BUS_IDLE } };
	off_t off = BUS_SLOT_OFF;
	int r;

	r = fill_const(&page.h.con.shared, g);
	if (r < 0)
		return r;
	r = newfile_allocate(f, (uint64_t)BUS_RING_OFF + g->size);
	if (r < 0)
		return r;
	if (pwrite(f->fd, &page, sizeof(page), 0) != sizeof(page))
		return errno ? -errno : -EIO;
	for (int i = 0; i < BUS_SLOTS; i++, off += sizeof(slot))
		if (pwrite(f->fd, &slot, sizeof(slot), off) != sizeof(slot))
			return errno ? -errno : -EIO;
	return 0;
}

int bus_create_error(const char *path, uint64_t bytes, int r, char *err)
{
	unsigned kib = (unsigned)(bytes >> 10);

	switch (-r) {
	case EEXIST:
		return bus_fail(err, r, "%s: exists already; remove it or "
		    "name another file", path);
	case ENOSPC:
	case EDQUOT:
		return bus_fail(err, r, "%s: no space for a bus of %u KiB; "
		    "free some, or create one with a smaller size= there",
		    path, kib);
	case EFBIG:
		return bus_fail(err, r, "%s: %u KiB is more than the limit "
		    "on file size allows; raise it with ulimit -f", path,
		    kib);
	case EACCES:
	case EPERM:
	case EROFS:
		return bus_fail(err, r, "%s: cannot create: %s; name a file "
		    "in a directory you may write to", path, strerror(-r));
	case ENOENT:
		return bus_fail(err, r, "%s: cannot create: no such "
		    "directory; make it first", path);
	default:
		return bus_fail(err, r, "%s: cannot create: %s; name another "
		    "file", path, strerror(-r));
	}
}

/* Its lock file, or it is no bus.  Return: 0, -errno + line. */
static int add_lock(int fd, const char *path, char *err)
{
	struct bus_const con;
	int lock_fd = lockfile_open(fd, path, &con, err);

	if (lock_fd < 0) {
		unlink(path);
		return lock_fd;
	}
	close(lock_fd);
	return 0;
}

int native_create(const char *path, const struct bus_geometry *g,
    unsigned mode, char err[static BUS_ERRLEN])
{
	uint64_t bytes = (uint64_t)BUS_RING_OFF + g->size;
	struct newfile f;
	int r;

	r = check_geometry(g, path, err);
	if (r < 0)
		return r;
	r = newfile_open(&f, path);
	if (r < 0)
		return bus_create_error(path, bytes, r, err);
	errno = 0;
	r = write_file(&f, g);
	if (r == 0)
		r = newfile_name(&f, mode, path);
	if (r < 0)
		r = bus_create_error(path, bytes, r, err);
	else
		r = add_lock(f.fd, path, err);
	newfile_close(&f);
	return r;
}
