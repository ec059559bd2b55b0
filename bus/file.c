/*
 * file.c: the two files of a bus as files: who may open them, and their end.
 */
#include "bus/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/handle.h"

bool bus_mode_ok(unsigned mode)
{
	static const unsigned modes[] = { 0600, 0640, 0644, 0660, 0664, 0666 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i] == mode)
			return true;
	return false;
}

/*
 * For its owner, whatever its mode says; never another file than the one that
 * was looked at.  Return: 0, -errno.
 */
static int set_mode(const char *path, unsigned mode, uid_t owner)
{
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW), r = 0;
	char proc[40];
	struct stat st;

	if (fd < 0)
		return -errno;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_uid != owner)
		r = -EPERM;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (chmod(proc, mode) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int no_owner(const char *path, int r, char *err)
{
	return bus_fail(err, r, "%s: cannot change its mode: %s; its owner "
	    "can", path, strerror(-r));
}

int bus_chmod(const char *path, unsigned mode, char err[static BUS_ERRLEN])
{
	char real[PATH_MAX], lock[LOCKFILE_PATH];
	struct stat st;
	struct bus *b;
	bool lock_file;
	int r;

	if (!bus_mode_ok(mode))
		return bus_fail(err, -EINVAL, "%s: mode %04o: not one of "
		    "0600, 0640, 0644, 0660, 0664, 0666", path, mode);
	if (!realpath(path, real) || stat(real, &st) < 0)
		return bus_fail(err, -errno, "%s: %m; name a bus", path);
	if (geteuid() != 0 && geteuid() != st.st_uid)
		return no_owner(path, -EPERM, err);
	/* Only what is a bus; its owner may have locked himself out. */
	r = bus_open(&b, path, BUS_OPEN_RDONLY, err);
	if (r < 0 && r != -EACCES)
		return r;
	lock_file = !b || b->ops->lock_file;
	bus_close(b);
	/* The lock first: it must never be open to more than the bus. */
	lockfile_path(real, lock);
	r = lock_file ? set_mode(lock, lockfile_mode((mode_t)mode),
	    st.st_uid) : 0;
	if (r < 0 && r != -ENOENT)
		return no_owner(lock, r, err);
	r = set_mode(real, mode, st.st_uid);
	if (r < 0)
		return no_owner(path, r, err);
	/* Makes the lock file if it is missing. */
	r = bus_open(&b, path, 0, err);
	bus_close(b);
	return r == -EPROTONOSUPPORT ? 0 : r;	/* one to look at only */
}

static int remove_both(struct bus *b, const char *path, char *err)
{
	char real[PATH_MAX], lock[LOCKFILE_PATH];
	int n = bus_users(b), r;

	if (n > 0)
		return bus_fail(err, -EBUSY, "%s: %d member%s on it; shmif "
		    "bus show %s lists them", path, n,
		    n == 1 ? " is" : "s are", path);
	r = lockfile_bus_path(b->fd, path, real);
	if (r == 0 && unlink(real) < 0)
		r = -errno;
	if (r < 0)
		return bus_fail(err, r, "%s: %s", path, strerror(-r));
	if (!b->ops->lock_file)
		return 0;
	lockfile_path(real, lock);
	if (unlink(lock) < 0 && errno != ENOENT)
		return bus_fail(err, -errno, "%s: %m; remove it", lock);
	return 0;
}

int bus_remove(const char *path, char err[static BUS_ERRLEN])
{
	struct bus *b;
	int r;

	/* Only what is a bus is removed: a slip of the hand costs no file. */
	r = bus_open(&b, path, 0, err);
	if (r == -EACCES || r == -EPERM || r == -EPROTONOSUPPORT)
		r = bus_open(&b, path, BUS_OPEN_RDONLY, err);
	if (r < 0)
		return r;
	r = remove_both(b, path, err);
	bus_close(b);
	return r;
}
