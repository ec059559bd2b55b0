/*
 * open.c: opening a bus: its file is taken for hostile until checked.
 */
#include "bus/handle.h"
#include "bus/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int bus_check_const(const struct bus_const *c, uint64_t size, const char *path,
    char err[static BUS_ERRLEN])
{
	uint32_t net = (uint32_t)c->subnet[0] << 24 | c->subnet[1] << 16 |
	    c->subnet[2] << 8 | c->subnet[3];

	if (c->magic != BUS_MAGIC)
		return bus_fail(err, -EINVAL, "%s: not a bus (wrong magic); "
		    "remove it or name another file", path);
	if (c->version != BUS_VERSION)
		return bus_fail(err, -EPROTONOSUPPORT, "%s: a bus of format "
		    "version %u, this program knows %u; end what uses it and "
		    "remove it", path, c->version, BUS_VERSION);
	if (c->slots != BUS_SLOTS || c->slot_bytes != sizeof(struct bus_slot) ||
	    c->ring_off != BUS_RING_OFF || c->size < BUS_SIZE_MIN ||
	    c->size > BUS_SIZE_MAX || (c->size & (c->size - 1)) ||
	    c->mtu < BUS_MTU_MIN || c->mtu > BUS_MTU_MAX || c->plen < 8 ||
	    c->plen > 30 || (net & ~(~0u << (32 - c->plen))))
		return bus_fail(err, -EIO, "%s: damaged bus (impossible "
		    "geometry); remove it and create it anew", path);
	if (size != (uint64_t)BUS_RING_OFF + c->size)
		return bus_fail(err, -EIO, "%s: damaged bus (%llu bytes "
		    "instead of %llu); remove it and create it anew", path,
		    (unsigned long long)size,
		    (unsigned long long)BUS_RING_OFF + c->size);
	return 0;
}

static int open_error(const char *path, bool rdonly, char *err)
{
	int r = -errno;

	switch (errno) {
	case ENOENT:
		return bus_fail(err, r, "%s: no such bus; create it with: "
		    "shmif bus create %s", path, path);
	case EACCES:
	case EROFS:
		return bus_fail(err, -EACCES, "%s: no permission to %s the "
		    "bus; its owner gives it by: shmif bus chmod", path,
		    rdonly ? "read" : "write to");
	case EMFILE:
	case ENFILE:
		return bus_fail(err, r, "%s: cannot open: %m; raise the limit "
		    "with ulimit -n", path);
	case EISDIR:
		return bus_fail(err, r, "%s: a directory, not a bus; name a "
		    "file", path);
	default:
		return bus_fail(err, r, "%s: cannot open: %m; name another "
		    "file", path);
	}
}

/* Open, making the file if that is wanted; several may try at once. */
static int open_file(const char *path, unsigned flags, char *err)
{
	int how = flags & BUS_OPEN_RDONLY ? O_RDONLY : O_RDWR;
	struct bus_geometry g;
	int fd, r;

	for (int tries = 0; ; tries++) {
		/* O_NONBLOCK: a FIFO must not hold us up. */
		fd = bus_fd_lift(open(path, how | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY));
		if (fd >= 0)
			return fd;
		if (errno != ENOENT || !(flags & BUS_OPEN_CREATE) ||
		    tries >= 3)
			return open_error(path, how == O_RDONLY, err);
		bus_geometry_default(&g);
		r = bus_create(path, &g, BUS_MODE_DEFAULT, err);
		if (r < 0 && r != -EEXIST)
			return r;
	}
}

/* A second open file description of the same file. */
static int open_again(int fd)
{
	char proc[40];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return bus_fd_lift(open(proc, O_RDWR | O_CLOEXEC));
}

static int check_file(struct bus *b, struct bus_const *con, char *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(b->fd, &st) < 0)
		return bus_fail(err, -errno, "%s: %m; name another file",
		    b->path);
	if (!S_ISREG(st.st_mode))
		return bus_fail(err, -EINVAL, "%s: not a regular file; name "
		    "another file", b->path);
	n = pread(b->fd, con, sizeof(*con), 0);
	if (n < 0)
		return bus_fail(err, -errno, "%s: cannot read: %m; name "
		    "another file", b->path);
	if (n != sizeof(*con))
		return bus_fail(err, -EINVAL, "%s: not a bus (too short); "
		    "remove it or name another file", b->path);
	return bus_check_const(con, st.st_size, b->path, err);
}

static int map_file(struct bus *b, const struct bus_const *con, char *err)
{
	int r = map_open(&b->map, b->fd, b->rdonly ? -1 : b->lock_fd, con,
	    &b->broken);

	if (r == -EMFILE)
		return bus_fail(err, r, "%s: too many buses open in one "
		    "program; close some", b->path);
	if (r < 0)
		return bus_fail(err, r, "%s: cannot map %u KiB: %s; raise the "
		    "limit on memory (ulimit -v)", b->path,
		    (BUS_RING_OFF + con->size) >> 10, strerror(-r));
	return 0;
}

static void set_geometry(struct bus *b)
{
	const struct bus_const *con = &b->map.con;

	b->geo = (struct bus_geometry){
		.size = con->size,
		.mtu = con->mtu,
		.plen = con->plen,
	};
	memcpy(b->geo.subnet, con->subnet, sizeof(b->geo.subnet));
}

static struct bus *new_handle(const char *path)
{
	struct bus *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->fd = -1;
	b->lock_fd = -1;
	b->slot = -1;
	b->path = strdup(path);
	if (!b->path) {
		free(b);
		return NULL;
	}
	return b;
}

static int open_into(struct bus *b, unsigned flags, char *err)
{
	struct bus_const con;
	int r;

	b->rdonly = flags & BUS_OPEN_RDONLY;
	b->fd = open_file(b->path, flags, err);
	if (b->fd < 0)
		return b->fd;
	r = check_file(b, &con, err);
	if (r < 0)
		return r;
	if (b->rdonly) {
		b->lock_fd = lockfile_peek(b->fd, b->path, &con);
	} else {
		b->lock_fd = lockfile_open(b->fd, b->path, &con, err);
		if (b->lock_fd < 0)
			return b->lock_fd;
	}
	r = map_file(b, &con, err);
	if (r < 0)
		return r;
	set_geometry(b);
	return 0;
}

int bus_open(struct bus **out, const char *path, unsigned flags,
    char err[static BUS_ERRLEN])
{
	struct bus *b = new_handle(path);
	int r;

	*out = NULL;
	if (!b)
		return bus_fail(err, -ENOMEM, "%s: out of memory; end other "
		    "programs", path);
	r = open_into(b, flags, err);
	if (r < 0) {
		bus_close(b);
		return r;
	}
	*out = b;
	return 0;
}

int bus_open_twin(struct bus **out, struct bus *of,
    char err[static BUS_ERRLEN])
{
	struct bus *b = new_handle(of->path);

	*out = NULL;
	if (!b)
		return bus_fail(err, -ENOMEM, "out of memory");
	b->borrowed = true;
	b->map = of->map;
	b->fd = open_again(of->fd);
	b->lock_fd = open_again(of->lock_fd);
	if (b->fd < 0 || b->lock_fd < 0) {
		bus_close(b);
		return bus_fail(err, -EMFILE, "cannot open twice");
	}
	set_geometry(b);
	*out = b;
	return 0;
}

/* All but the membership. */
static void let_go(struct bus *b)
{
	if (!b->borrowed)
		map_close(&b->map);
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	if (b->fd >= 0)
		close(b->fd);
	free(b->watch.gso);
	free(b->path);
	free(b);
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	bus_leave(b);
	let_go(b);
}

void bus_close_in_child(struct bus *b)
{
	if (b)
		let_go(b);
}

const struct bus_geometry *bus_geometry(const struct bus *b)
{
	return &b->geo;
}
