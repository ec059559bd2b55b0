/*
 * open.c: opening a native bus: its file is taken for hostile until checked.
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

/* A second open file description of the same file. */
static int open_again(int fd)
{
	char proc[40];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return bus_fd_lift(open(proc, O_RDWR | O_CLOEXEC));
}

static int check_file(struct native *b, struct bus_const *con, char *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(b->bus.fd, &st) < 0)
		return bus_fail(err, -errno, "%s: %m; name another file",
		    b->bus.path);
	n = pread(b->bus.fd, con, sizeof(*con), 0);
	if (n < 0)
		return bus_fail(err, -errno, "%s: cannot read: %m; name "
		    "another file", b->bus.path);
	if (n != sizeof(*con))
		return bus_fail(err, -EINVAL, "%s: not a bus (too short); "
		    "remove it or name another file", b->bus.path);
	return bus_check_const(con, st.st_size, b->bus.path, err);
}

static int map_file(struct native *b, const struct bus_const *con, char *err)
{
	int r = map_open(&b->map, b->bus.fd, b->rdonly ? -1 : b->lock_fd, con,
	    &b->broken);

	return r < 0 ? bus_map_error(b->bus.path, BUS_RING_OFF + con->size, r,
	    err) : 0;
}

static void set_geometry(struct native *b)
{
	const struct bus_const *con = &b->map.con;

	b->bus.geo = (struct bus_geometry){
		.format = native_ops.name,
		.size = con->size,
		.mtu = con->mtu,
		.plen = con->plen,
	};
	memcpy(b->bus.geo.subnet, con->subnet, sizeof(b->bus.geo.subnet));
}

static struct native *new_handle(const char *path)
{
	struct native *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->bus.ops = &native_ops;
	b->bus.fd = -1;
	b->lock_fd = -1;
	b->slot = -1;
	b->bus.path = strdup(path);
	if (!b->bus.path) {
		free(b);
		return NULL;
	}
	return b;
}

static int open_into(struct native *b, char *err)
{
	struct bus_const con = { .magic = 0 };
	int r;

	r = check_file(b, &con, err);
	if (r < 0)
		return r;
	if (b->rdonly) {
		b->lock_fd = lockfile_peek(b->bus.fd, b->bus.path, &con);
	} else {
		b->lock_fd = lockfile_open(b->bus.fd, b->bus.path, &con, err);
		if (b->lock_fd < 0)
			return b->lock_fd;
	}
	r = map_file(b, &con, err);
	if (r < 0)
		return r;
	set_geometry(b);
	return 0;
}

int native_open(struct bus **out, int fd, const char *path, unsigned flags,
    char err[static BUS_ERRLEN])
{
	struct native *b = new_handle(path);
	int r;

	if (!b) {
		close(fd);
		return bus_fail(err, -ENOMEM, "%s: out of memory; end other "
		    "programs", path);
	}
	b->rdonly = flags & BUS_OPEN_RDONLY;
	b->bus.fd = fd;
	r = open_into(b, err);
	if (r < 0) {
		native_close(&b->bus);
		return r;
	}
	*out = &b->bus;
	return 0;
}

int native_open_twin(struct bus **out, struct bus *bus,
    char err[static BUS_ERRLEN])
{
	struct native *of = native_of(bus), *b = new_handle(of->bus.path);

	*out = NULL;
	if (!b)
		return bus_fail(err, -ENOMEM, "out of memory");
	b->borrowed = true;
	b->map = of->map;
	b->bus.fd = open_again(of->bus.fd);
	b->lock_fd = open_again(of->lock_fd);
	if (b->bus.fd < 0 || b->lock_fd < 0) {
		native_close(&b->bus);
		return bus_fail(err, -EMFILE, "cannot open twice");
	}
	set_geometry(b);
	*out = &b->bus;
	return 0;
}

void native_close(struct bus *bus)
{
	struct native *b = native_of(bus);

	if (!b->borrowed)
		map_close(&b->map);
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	if (b->bus.fd >= 0)
		close(b->bus.fd);
	free(b->watch.gso);
	free(b->bus.path);
	free(b);
}
