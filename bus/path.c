/*
 * path.c: from what a user calls a bus to the path of its file.
 */
#include "bus/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Private hosts need a place for their sockets, whatever bus they are on. */
#define REMEDY	"set XDG_RUNTIME_DIR to a directory of yours"

/* The session's own directory on memory, if there is one and it is ours. */
static const char *runtime_dir(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!dir || dir[0] != '/' || stat(dir, &st) < 0)
		return NULL;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() ? dir : NULL;
}

/*
 * /dev/shm is open to everybody, so the directory could be another user's
 * trap: it must be a real directory, ours, and nobody else may write to it.
 */
static int check_dir(const char *dir, bool make_dir, char *err)
{
	struct stat st;

	if (make_dir && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return bus_fail(err, -errno, "%s: cannot make the directory "
		    "for buses and hosts: %m; " REMEDY, dir);
	if (lstat(dir, &st) < 0) {
		if (errno == ENOENT && !make_dir)
			return 0;	/* the file's own error is better */
		return bus_fail(err, -errno, "%s: %m; " REMEDY, dir);
	}
	if (!S_ISDIR(st.st_mode))
		return bus_fail(err, -ENOTDIR, "%s: not a directory; remove "
		    "it or " REMEDY, dir);
	if (st.st_uid != geteuid())
		return bus_fail(err, -EPERM, "%s: belongs to another user; "
		    REMEDY, dir);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bus_fail(err, -EPERM, "%s: others may write to it; "
		    "chmod 700 %s", dir, dir);
	return 0;
}

int bus_user_dir(char *dst, size_t size, bool make_dir,
    char err[static BUS_ERRLEN])
{
	const char *dir = runtime_dir();
	int n;

	if (dir)
		n = snprintf(dst, size, "%s/shmif", dir);
	else
		n = snprintf(dst, size, "/dev/shm/shmif-%u",
		    (unsigned)geteuid());
	if (n < 0 || (size_t)n >= size)
		return bus_fail(err, -ENAMETOOLONG, "%s: path too long; "
		    "name the bus by a shorter one", dir ? dir : "/dev/shm");
	return check_dir(dst, make_dir, err);
}

static bool name_ok(const char *name)
{
	/* The lock file's name is a little longer. */
	if (!*name || *name == '.' || strlen(name) > NAME_MAX - 5)
		return false;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

int bus_path(char *dst, size_t size, const char *name, bool make_dir,
    char err[static BUS_ERRLEN])
{
	size_t len;
	int n, r;

	if (strchr(name, '/')) {
		n = snprintf(dst, size, "%s", name);
		if (n < 0 || (size_t)n >= size)
			return bus_fail(err, -ENAMETOOLONG,
			    "%.200s...: path too long; use a shorter one",
			    name);
		return 0;
	}
	if (!name_ok(name))
		return bus_fail(err, -EINVAL, "%.200s: not a name for a bus; "
		    "use a few letters and digits, or a path with a slash",
		    *name ? name : "\"\"");
	r = bus_user_dir(dst, size, make_dir, err);
	if (r < 0)
		return r;
	len = strlen(dst);
	n = snprintf(dst + len, size - len, "/%s", name);
	if (n < 0 || (size_t)n >= size - len)
		return bus_fail(err, -ENAMETOOLONG,
		    "%.200s: name too long; use a shorter one", name);
	return 0;
}
