/*
 * newfile.c: a file gets its name when it is complete, so that nobody ever
 * opens half of one, and a failure leaves nothing behind.
 */
#include "bus/newfile.h"
#include "bus/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
		fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
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
	fd = open(tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
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

int newfile_open(struct newfile *f, const char *path)
{
	f->fd = open_nameless(path, f->tmp, sizeof(f->tmp));
	return f->fd < 0 ? f->fd : 0;
}

int newfile_allocate(struct newfile *f, uint64_t size)
{
	struct rlimit rl;
	int r = EINTR;

	/* Past the limit the kernel would send SIGXFSZ, which kills. */
	if (getrlimit(RLIMIT_FSIZE, &rl) == 0 && rl.rlim_cur < size)
		return -EFBIG;
	bus_hook(NULL, 0);
	for (int i = 0; i < 100 && r == EINTR; i++)
		r = posix_fallocate(f->fd, 0, (off_t)size);
	return -r;
}

int newfile_name(struct newfile *f, mode_t mode, const char *path)
{
	bus_hook(NULL, 0);
	/* Not by open(2): there the umask has a say. */
	if (fchmod(f->fd, mode) < 0)
		return -errno;
	bus_hook(NULL, 0);
	return give_name(f->fd, f->tmp, path);
}

void newfile_close(struct newfile *f)
{
	if (f->fd >= 0 && f->tmp[0])
		unlink(f->tmp);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
