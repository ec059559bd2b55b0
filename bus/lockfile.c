/*
 * lockfile.c: PATH.lock, beside a bus.
 *
 * Its owner is the bus's, its mode the bus's, without anything for those who
 * may not write to the bus; so nobody else can hold its locks or wait on its
 * words.  It belongs to a bus when both have the same random id.  If they
 * differ, as when the bus was removed by hand and made anew, or one of them
 * was moved, whoever gets a lock on all of it, so that no member of another
 * bus lives by it, gives both a new id.  That puts out members that live by
 * a lock file elsewhere: to them the bus is damaged from then on.  So there
 * are never two sets of members that do not know of each other.
 */
#include "bus/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "bus/handle.h"
#include "bus/newfile.h"
#include "stack/wire/clock.h"

#define TRIES 100		/* of 2 ms, while somebody else makes it */

/* The bus whose lock file it is. */
struct made {
	int fd;			/* of the bus, for writing */
	struct stat st;
	char lock[LOCKFILE_PATH];
	char *err;
};

mode_t lockfile_mode(mode_t bus)
{
	mode_t mode = 0;

	for (mode_t w = 0200; w; w >>= 3)
		if (bus & w)
			mode |= bus & (w | w << 1);
	return mode;
}

static bool same_file(const char *path, int fd)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(fd, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int lockfile_bus_path(int fd, const char *path, char dst[static PATH_MAX])
{
	char proc[40];
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, dst, PATH_MAX);
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (n > 0) {
		dst[n] = '\0';
		if (same_file(dst, fd))
			return 0;
	}
	/* Another root directory, or no /proc. */
	return realpath(path, dst) && same_file(dst, fd) ? 0 : -ESTALE;
}

void lockfile_path(const char *real, char dst[static LOCKFILE_PATH])
{
	snprintf(dst, LOCKFILE_PATH, "%s.lock", real);
}

static int set_all(int fd, short type)
{
	struct flock lk = { .l_type = type, .l_whence = SEEK_SET };

	bus_hook(NULL, 0);
	if (fcntl(fd, F_OFD_SETLK, &lk) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int lockfile_take(int lock_fd)
{
	return set_all(lock_fd, F_WRLCK);
}

void lockfile_release(int lock_fd)
{
	set_all(lock_fd, F_UNLCK);
}

/* Only the owner of a bus, or root, can make things right. */
static bool may_mend(const struct made *m)
{
	return geteuid() == m->st.st_uid || geteuid() == 0;
}

/* Owner and group of the bus for a file of ours.  Return: 0, -errno. */
static int give_to(int fd, const struct made *m)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid == m->st.st_uid && st.st_gid == m->st.st_gid)
		return 0;
	return fchown(fd, st.st_uid == m->st.st_uid ? (uid_t)-1 : m->st.st_uid,
	    m->st.st_gid) < 0 ? -errno : 0;
}

static int write_const(int fd, uint64_t id)
{
	struct bus_lock_const con = {
		.magic = BUS_LOCK_MAGIC,
		.version = BUS_VERSION,
		.id = id,
	};

	bus_hook(NULL, 0);
	errno = EIO;
	return pwrite(fd, &con, sizeof(con), 0) == sizeof(con) ? 0 : -errno;
}

/* Without an id, so that who comes next gives it one. */
static int make(const struct made *m)
{
	struct newfile f;
	int r;

	if (!may_mend(m))
		return bus_fail(m->err, -EACCES, "%s: is missing; its owner, "
		    "uid %u, makes it by: shmif bus chmod", m->lock,
		    (unsigned)m->st.st_uid);
	r = newfile_open(&f, m->lock);
	if (r == 0)
		r = newfile_allocate(&f, BUS_LOCKS_SIZE);
	if (r == 0)
		r = write_const(f.fd, 0);
	if (r == 0)
		r = give_to(f.fd, m);
	if (r == 0)
		r = newfile_name(&f, lockfile_mode(m->st.st_mode), m->lock);
	newfile_close(&f);
	if (r == 0 || r == -EEXIST)
		return 0;
	return bus_fail(m->err, r, "%s: cannot create: %s; a bus needs "
	    "it beside it", m->lock, strerror(-r));
}

static int open_error(const struct made *m)
{
	switch (errno) {
	case ELOOP:
		return bus_fail(m->err, -EINVAL, "%s: a symbolic link, not "
		    "the lock file of the bus; remove it", m->lock);
	case EACCES:
	case EPERM:
	case EROFS:
		return bus_fail(m->err, -EACCES, "%s: no permission, though "
		    "the bus has it; its owner sets both with: shmif bus "
		    "chmod", m->lock);
	default:
		return bus_fail(m->err, -errno, "%s: cannot open: %m; remove "
		    "it or name another bus", m->lock);
	}
}

/* Mode and group follow the bus's, where they were changed by hand. */
static int check_mode(int fd, const struct made *m, const struct stat *st)
{
	mode_t want = lockfile_mode(m->st.st_mode);

	if ((st->st_mode & 0777) == want &&
	    (st->st_gid == m->st.st_gid || !(want & 0070)))
		return 0;
	if (may_mend(m) && give_to(fd, m) == 0 && fchmod(fd, want) == 0)
		return 0;
	if ((st->st_mode & 0777 & ~want) == 0 && st->st_gid == m->st.st_gid)
		return 0;
	return bus_fail(m->err, -EACCES, "%s: open to others than the bus; "
	    "its owner, uid %u, sets both with: shmif bus chmod", m->lock,
	    (unsigned)m->st.st_uid);
}

/* Is it one, and is it the owner's?  Return: 0, -errno + line. */
static int check(int fd, const struct made *m)
{
	struct bus_lock_const con;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return open_error(m);
	if (st.st_uid != m->st.st_uid)
		return bus_fail(m->err, -EPERM, "%s: belongs to uid %u, but "
		    "the bus to uid %u; remove it", m->lock,
		    (unsigned)st.st_uid, (unsigned)m->st.st_uid);
	if (!S_ISREG(st.st_mode) || st.st_size != BUS_LOCKS_SIZE ||
	    pread(fd, &con, sizeof(con), 0) != sizeof(con) ||
	    con.magic != BUS_LOCK_MAGIC)
		return bus_fail(m->err, -EINVAL, "%s: not the lock file of a "
		    "bus; remove it or name another bus", m->lock);
	return check_mode(fd, m, &st);
}

/*
 * Return: 1 if both have the same id, 0, -errno + line.  Of con only the id is
 * read again: all else was checked.
 */
static int same_id(int fd, const struct made *m, struct bus_const *con)
{
	struct bus_lock_const lock;

	if (pread(m->fd, &con->lock_id, sizeof(con->lock_id),
	    offsetof(struct bus_const, lock_id)) != sizeof(con->lock_id) ||
	    pread(fd, &lock, sizeof(lock), 0) != sizeof(lock))
		return bus_fail(m->err, -EIO, "%s: cannot read: %m; remove "
		    "it", m->lock);
	return lock.magic == BUS_LOCK_MAGIC && lock.version == BUS_VERSION &&
	    lock.id == con->lock_id && lock.id != 0;
}

/* With a lock on all of it: give both a new id.  Return: 0, -errno + line. */
static int marry(int fd, const struct made *m, struct bus_const *con)
{
	uint64_t id = 0;

	while (id == 0)
		if (getentropy(&id, sizeof(id)) < 0)
			return bus_fail(m->err, -errno, "%s: no random "
			    "numbers; try again", m->lock);
	if (write_const(fd, id) < 0)
		return bus_fail(m->err, -EIO, "%s: cannot write: %m; remove "
		    "it", m->lock);
	con->lock_id = id;
	bus_hook(NULL, 0);
	errno = EIO;
	if (pwrite(m->fd, &id, sizeof(id), offsetof(struct bus_const,
	    lock_id)) != sizeof(id))
		return bus_fail(m->err, -errno, "%s: cannot write to its "
		    "bus: %m", m->lock);
	return 0;
}

/* Return: 1: it is ours, 0: look again, -errno + line. */
static int adopt(int fd, const struct made *m, struct bus_const *con)
{
	int r = same_id(fd, m, con);

	if (r != 0)
		return r;
	r = lockfile_take(fd);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return bus_fail(m->err, r, "%s: cannot be locked: %s; put the "
		    "bus on another file system", m->lock, strerror(-r));
	/* Somebody else may have been faster. */
	r = same_id(fd, m, con);
	if (r == 0)
		r = marry(fd, m, con);
	lockfile_release(fd);
	return r < 0 ? r : 1;
}

static int open_one(const struct made *m)
{
	int fd, r;

	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = bus_fd_lift(open(m->lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY));
	if (fd < 0 && errno == ENOENT) {
		r = make(m);
		return r < 0 ? r : -EAGAIN;
	}
	if (fd < 0)
		return open_error(m);
	r = check(fd, m);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int lockfile_open(int fd, const char *path, struct bus_const *con,
    char err[static BUS_ERRLEN])
{
	struct timespec ts = { .tv_nsec = 2 * CLOCK_NS_MS };
	struct made m = { .fd = fd, .err = err };
	char real[PATH_MAX];
	int lock_fd, r;

	r = lockfile_bus_path(fd, path, real);
	if (r < 0 || fstat(fd, &m.st) < 0)
		return bus_fail(err, r < 0 ? r : -errno, "%s: removed or "
		    "replaced meanwhile; try again", path);
	lockfile_path(real, m.lock);
	for (int i = 0; i < TRIES; i++) {
		lock_fd = open_one(&m);
		if (lock_fd == -EAGAIN)
			continue;
		if (lock_fd < 0)
			return lock_fd;
		r = adopt(lock_fd, &m, con);
		if (r == 1)
			return lock_fd;
		close(lock_fd);
		if (r < 0)
			return r;
		nanosleep(&ts, NULL);
	}
	return bus_fail(err, -EBUSY, "%s: in use by members of another bus "
	    "that had this name; end them or name another bus", m.lock);
}

int lockfile_peek(int fd, const char *path, const struct bus_const *con)
{
	char real[PATH_MAX], lock[LOCKFILE_PATH];
	struct bus_lock_const has;
	int lock_fd;

	if (lockfile_bus_path(fd, path, real) < 0)
		return -1;
	lockfile_path(real, lock);
	lock_fd = bus_fd_lift(open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY));
	if (lock_fd >= 0 && pread(lock_fd, &has, sizeof(has), 0) ==
	    sizeof(has) && has.magic == BUS_LOCK_MAGIC &&
	    has.id == con->lock_id)
		return lock_fd;
	if (lock_fd >= 0)
		close(lock_fd);
	return -1;
}
