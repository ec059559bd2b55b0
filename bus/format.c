/*
 * format.c: which format a bus has, or shall have.
 */
#include "bus/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/handle.h"

static const struct bus_ops *const formats[] = {
	&native_ops, &rump_ops,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static const struct bus_ops *by_name(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!name || !strcmp(formats[i]->name, name))
			return formats[i];
	return NULL;
}

void bus_geometry_default(struct bus_geometry *g)
{
	formats[0]->geometry(g);
}

bool bus_geometry_of(struct bus_geometry *g, const char *format)
{
	const struct bus_ops *ops = by_name(format);

	if (ops)
		ops->geometry(g);
	return ops;
}

int bus_create(const char *path, const struct bus_geometry *g, unsigned mode,
    char err[static BUS_ERRLEN])
{
	const struct bus_ops *ops = by_name(g->format);

	if (!ops)
		return bus_fail(err, -EINVAL, "%s: no format %s; there are "
		    "native and rump", path, g->format);
	if (!bus_mode_ok(mode))
		return bus_fail(err, -EINVAL, "%s: mode %04o: not one of "
		    "0600, 0640, 0644, 0660, 0664, 0666", path, mode);
	return ops->create(path, g, mode, err);
}

/* Of what may only be read: is it none at all? */
static bool no_bus(const char *path)
{
	uint8_t head[BUS_HEAD];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	bool known = n < 0;

	for (size_t i = 0; i < FORMATS && !known; i++)
		known = formats[i]->knows(head, (size_t)n);
	if (fd >= 0)
		close(fd);
	return !known;
}

static int open_error(const char *path, bool rdonly, char *err)
{
	int r = -errno;

	if (errno == EACCES && no_bus(path))
		return bus_fail(err, -EACCES, "%s: not a bus; name another "
		    "file", path);
	switch (-r) {
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

/* The format of an open file; of what is none, the one that says so. */
static const struct bus_ops *find_format(const uint8_t *head, size_t n)
{
	for (size_t i = 1; i < FORMATS; i++)
		if (formats[i]->knows(head, n))
			return formats[i];
	return formats[0];
}

/* Return: bytes of the file's head that there are, -errno + line. */
static ssize_t read_head(int fd, const char *path,
    uint8_t head[static BUS_HEAD], char *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return bus_fail(err, -errno, "%s: %m; name another file",
		    path);
	if (!S_ISREG(st.st_mode))
		return bus_fail(err, -EINVAL, "%s: not a regular file; name "
		    "another file", path);
	n = pread(fd, head, BUS_HEAD, 0);
	if (n < 0)
		return bus_fail(err, -errno, "%s: cannot read: %m; name "
		    "another file", path);
	return n;
}

int bus_open(struct bus **out, const char *path, unsigned flags,
    char err[static BUS_ERRLEN])
{
	int fd = open_file(path, flags, err);
	uint8_t head[BUS_HEAD];
	ssize_t n;

	*out = NULL;
	if (fd < 0)
		return fd;
	n = read_head(fd, path, head, err);
	if (n >= 0)
		return find_format(head, (size_t)n)->open(out, fd, path,
		    flags, err);
	close(fd);
	return (int)n;
}

int bus_unlock_stuck(const char *path, char err[static BUS_ERRLEN])
{
	struct bus *b;
	int r = bus_open(&b, path, 0, err);

	if (r < 0 || !b)
		return r;
	r = b->ops->unlock ? b->ops->unlock(b, err) : bus_fail(err,
	    -EOPNOTSUPP, "%s: a lock of this format that is stuck is taken "
	    "over by itself; there is nothing to unlock", path);
	bus_close(b);
	return r;
}
