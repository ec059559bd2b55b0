/*
 * rump.c: NetBSD's format: what such a file is, and opening it with distrust.
 */
#include "bus/rump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/newfile.h"

/* The header of a file, as it was read. */
struct head {
	uint32_t magic, version;
	uint64_t gen;
	uint32_t first, last, lock, spare;
};
static_assert(sizeof(struct head) == sizeof(struct rump_header), "the same");

int rump_set_broken(struct rump *b)
{
	atomic_store(&b->broken, true);
	return -EIO;
}

bool rump_ok(struct rump *b)
{
	if (atomic_load_explicit(&b->broken, memory_order_relaxed))
		return false;
	/* Comparing may be what finds the file truncated. */
	if (rump_map_same(&b->map) &&
	    !atomic_load_explicit(&b->broken, memory_order_relaxed))
		return true;
	rump_set_broken(b);
	return false;
}

static bool knows(const uint8_t *head, size_t n)
{
	uint32_t magic;

	if (n < sizeof(struct head))
		return false;
	memcpy(&magic, head, sizeof(magic));
	return magic == RUMP_MAGIC || __builtin_bswap32(magic) == RUMP_MAGIC;
}

static void geometry(struct bus_geometry *g)
{
	*g = (struct bus_geometry){
		.format = rump_ops.name,
		.size = RUMP_SIZE,
		.mtu = RUMP_MTU,
		.secret = true,
	};
}

static int write_file(struct newfile *f)
{
	const struct head head = {
		.magic = RUMP_MAGIC,
		.first = RUMP_SIZE,
	};
	int r = newfile_allocate(f, RUMP_FILE);

	if (r < 0)
		return r;
	errno = EIO;
	return pwrite(f->fd, &head, sizeof(head), 0) == sizeof(head) ? 0 :
	    -errno;
}

static int create(const char *path, const struct bus_geometry *g,
    unsigned mode, char err[static BUS_ERRLEN])
{
	struct newfile f;
	int r;

	if (g->size != RUMP_SIZE || g->mtu != RUMP_MTU || g->plen)
		return bus_fail(err, -EINVAL, "%s: in the format rump a bus "
		    "has 1 MiB, mtu 1500 and no subnet; leave out size=, "
		    "mtu= and subnet=", path);
	r = newfile_open(&f, path);
	if (r == 0)
		r = write_file(&f);
	if (r == 0)
		r = newfile_name(&f, mode, path);
	newfile_close(&f);
	return r < 0 ? bus_create_error(path, RUMP_FILE, r, err) : 0;
}

static int check_size(const struct rump *b, char *err)
{
	struct stat st;

	if (fstat(b->bus.fd, &st) < 0)
		return bus_fail(err, -errno, "%s: %m; name another file",
		    b->bus.path);
	if (st.st_size != RUMP_FILE)
		return bus_fail(err, -EIO, "%s: damaged bus (%lld bytes "
		    "instead of %u); remove it and create it anew",
		    b->bus.path, (long long)st.st_size, RUMP_FILE);
	return 0;
}

static int refuse(const struct rump *b, const char *what, char *err)
{
	return bus_fail(err, -EPROTONOSUPPORT, "%s: a bus of a rump kernel %s; "
	    "shmif dump reads it, a host cannot use it", b->bus.path, what);
}

/* Which of the format's kinds?  Only one is for more than looking. */
static int find_kind(struct rump *b, char *err)
{
	uint32_t version;
	struct head h;

	errno = EIO;
	if (pread(b->bus.fd, &h, sizeof(h), 0) != sizeof(h))
		return bus_fail(err, -errno, "%s: cannot read: %m; name "
		    "another file", b->bus.path);
	b->map.swap = h.magic != RUMP_MAGIC;
	version = b->map.swap ? __builtin_bswap32(h.version) : h.version;
	/* Nobody has written it before the first frame. */
	if (version != 0 && version != RUMP_VERSION &&
	    version != RUMP_VERSION_OLD)
		return bus_fail(err, -EPROTONOSUPPORT, "%s: a bus of a rump "
		    "kernel of version %u, this program knows 2 and 3",
		    b->bus.path, version);
	if (version == RUMP_VERSION_OLD)
		b->map.rec = RUMP_REC_OLD;
	else
		rump_find_rec(&b->map);
	if (b->rdonly)
		return 0;
	if (b->map.swap)
		return refuse(b, "of the other byte order", err);
	if (version == RUMP_VERSION_OLD)
		return refuse(b, "of version 2", err);
	if (b->map.rec != RUMP_REC)
		return refuse(b, "of 32 bits", err);
	return 0;
}

static int open_into(struct rump *b, char *err)
{
	int r = check_size(b, err);

	if (r < 0)
		return r;
	r = rump_map_open(&b->map, b->bus.fd, b->rdonly, &b->broken);
	return r < 0 ? bus_map_error(b->bus.path, RUMP_FILE, r, err) :
	    find_kind(b, err);
}

static void rump_close(struct bus *bus)
{
	struct rump *b = rump_of(bus);

	if (b->map.hdr)
		rump_map_close(&b->map);
	/* In a forked child these are its copies. */
	rump_wait_close(b);
	free(b->rx.chunk.buf);
	free(b->image);
	free(b->flat);
	free(b->watch.chunk.buf);
	close(bus->fd);
	free(bus->path);
	free(b);
}

static int rump_open(struct bus **out, int fd, const char *path,
    unsigned flags, char err[static BUS_ERRLEN])
{
	struct rump *b = calloc(1, sizeof(*b));
	char *copy = strdup(path);
	int r;

	if (!b || !copy) {
		free(b);
		free(copy);
		close(fd);
		return bus_fail(err, -ENOMEM, "%s: out of memory; end other "
		    "programs", path);
	}
	b->bus = (struct bus){ .ops = &rump_ops, .fd = fd, .path = copy };
	geometry(&b->bus.geo);
	b->rdonly = flags & BUS_OPEN_RDONLY;
	b->notify_fd = b->kick_fd = -1;
	r = open_into(b, err);
	if (r < 0) {
		rump_close(&b->bus);
		return r;
	}
	*out = &b->bus;
	return 0;
}

static bool same(const struct bus *a, const struct bus *b)
{
	struct stat s, t;

	return fstat(a->fd, &s) == 0 && fstat(b->fd, &t) == 0 &&
	    s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

static const char *kind(const struct rump_map *m)
{
	return m->swap ? ", the other byte order" :
	    m->rec == RUMP_REC_OLD ? ", version 2" :
	    m->rec == RUMP_REC_I386 ? ", 32 bits" : "";
}

static void show(struct bus *bus, char text[static BUS_SHOWLEN])
{
	struct rump *b = rump_of(bus);
	uint64_t word = rump_lock_word(&b->map);
	struct rump_view v;

	rump_view(&b->map, &v);
	if (b->map.swap)
		word = rump_lock_pack(__builtin_bswap32(rump_lock_held(word)),
		    0);
	snprintf(text, BUS_SHOWLEN, "generation %llu, oldest frame at %u, "
	    "newest at %u, lock %s%s", (unsigned long long)v.gen, v.first,
	    v.last, !rump_lock_held(word) ? "free" : !rump_lock_spare(word) ?
	    "held by a rump kernel" : rump_holder_alive(b, word) ?
	    "held by a virtual host" : "held by a dead virtual host",
	    kind(&b->map));
}

const struct bus_ops rump_ops = {
	.name = "rump",
	.knows = knows,
	.geometry = geometry,
	.create = create,
	.open = rump_open,
	.close = rump_close,
	.same = same,
	.users = rump_users,
	.show = show,
	.stuck = rump_stuck,
	.unlock = rump_break_lock,
	.join = rump_join,
	.leave = rump_leave,
	.slot = rump_slot,
	.mac = rump_mac,
	.set_mac = rump_set_mac,
	.set_promisc = rump_set_promisc,
	.member = rump_member,
	.count_lost = rump_count_lost,
	.send = rump_send,
	.defer_wake = rump_defer_wake,
	.wake = rump_wake,
	.peek = rump_peek,
	.take = rump_take,
	.wait = rump_wait,
	.kick = rump_kick,
	.log_next = rump_log_next,
	.log_seek_end = rump_log_seek_end,
};
