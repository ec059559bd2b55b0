/*
 * create.c: making a bus.  The file gets its name when it is complete, so
 * that nobody ever opens half a bus, and a failure leaves nothing behind.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void bus_geometry_default(struct bus_geometry *g)
{
	*g = (struct bus_geometry){
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

/* The folder a path is in. */
static int dir_of(const char *path, char *dst, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= size)
		return -ENAMETOOLONG;
	if (!slash || len == 0) {
		memcpy(dst, slash ? "/" : ".", 2);
		return 0;
	}
	memcpy(dst, path, len);
	dst[len] = '\0';
	return 0;
}

/*
 * Open a file without a name beside path; where the file system cannot do
 * that, one with a temporary name, left in tmp.
 */
static int open_nameless(const char *path, char *tmp, size_t size)
{
	char dir[4096];
	uint64_t r;
	int fd;

	tmp[0] = '\0';
	fd = dir_of(path, dir, sizeof(dir));
	if (fd < 0)
		return fd;
	/* It gets its name by way of /proc. */
	if (access("/proc/self/fd", X_OK) == 0) {
		fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		/* EISDIR: a kernel that does not know the flag. */
		if (errno != EOPNOTSUPP && errno != EISDIR &&
		    errno != EINVAL)
			return -errno;
	}
	if (getentropy(&r, sizeof(r)) < 0)
		return -errno;
	if (snprintf(tmp, size, "%s/.shmif-%016llx", dir,
	    (unsigned long long)r) >= (int)size)
		return -ENAMETOOLONG;
	fd = open(tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
	if (fd < 0) {
		tmp[0] = '\0';
		return -errno;
	}
	return fd;
}

/* Give the finished file its name; -EEXIST if somebody was first. */
static int give_name(int fd, const char *tmp, const char *path)
{
	char proc[40];

	if (tmp[0]) {
		if (link(tmp, path) == 0)
			return 0;
		if (errno != EPERM && errno != EOPNOTSUPP)
			return -errno;
		/* No hard links there. */
		if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path,
		    RENAME_NOREPLACE) < 0)
			return -errno;
		return 0;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

/* Real blocks, so that a full disk is noticed now and not by a SIGBUS. */
static int allocate(int fd, uint64_t size)
{
	struct rlimit rl;
	int r = EINTR;

	/* Past the limit the kernel would send SIGXFSZ, which kills. */
	if (getrlimit(RLIMIT_FSIZE, &rl) == 0 && rl.rlim_cur < size)
		return -EFBIG;
	for (int i = 0; i < 100 && r == EINTR; i++)
		r = posix_fallocate(fd, 0, size);
	return -r;
}

static int write_file(int fd, const struct bus_geometry *g)
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
	r = allocate(fd, (uint64_t)BUS_RING_OFF + g->size);
	if (r < 0)
		return r;
	if (pwrite(fd, &page, sizeof(page), 0) != sizeof(page))
		return errno ? -errno : -EIO;
	for (int i = 0; i < BUS_SLOTS; i++, off += sizeof(slot))
		if (pwrite(fd, &slot, sizeof(slot), off) != sizeof(slot))
			return errno ? -errno : -EIO;
	return 0;
}

static int create_error(const char *path, const struct bus_geometry *g, int r,
    char *err)
{
	unsigned kib = (BUS_RING_OFF + g->size) >> 10;

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

int bus_create(const char *path, const struct bus_geometry *g,
    char err[static BUS_ERRLEN])
{
	char tmp[4200];
	int fd, r;

	r = check_geometry(g, path, err);
	if (r < 0)
		return r;
	fd = open_nameless(path, tmp, sizeof(tmp));
	if (fd < 0)
		return create_error(path, g, fd, err);
	errno = 0;
	r = write_file(fd, g);
	if (r == 0)
		r = give_name(fd, tmp, path);
	if (tmp[0])
		unlink(tmp);
	close(fd);
	return r < 0 ? create_error(path, g, r, err) : 0;
}
