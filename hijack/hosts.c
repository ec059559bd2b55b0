/*
 * hosts.c: what programs read that look names up without libc.
 *
 * /etc/hosts is the machine's, or the file that the virtual host was given in
 * its place, and behind it the names that are on the buses now.
 * /etc/resolv.conf is the machine's unless the host was given one.  stat(2)
 * tells of the same file, since programs look when it was last changed.
 */
#include "hijack/hosts.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/stat.h>

#include "hijack/procsys.h"
#include "hijack/rpc.h"
#include "stack/wire/clock.h"
#include "stack/wire/sys.h"

int hosts_which(const char *path)
{
	if (hj_no_memory(path) || strncmp(path, "/etc/", 5))
		return -1;
	return !strcmp(path + 5, "hosts") ? WIRE_NAMES_HOSTS :
	    !strcmp(path + 5, "resolv.conf") ? WIRE_NAMES_RESOLV : -1;
}

/* All of a file; also 0 where there is none. */
static int append(int to, int from)
{
	char buf[4096];
	long n, done;

	while ((n = SYS3(SYS_read, from, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += done) {
			done = SYS3(SYS_write, to, buf + at, n - at);
			if (done <= 0)
				return done ? (int)done : -ENOSPC;
		}
	return (int)n;
}

/* Changed when either part was. */
static void set_time(int fd, int machine, uint64_t names_ns)
{
	uint64_t ns = names_ns;
	struct timespec ts[2];
	struct stat st;

	if (SYS2(SYS_fstat, machine, &st) == 0 && (uint64_t)st.st_mtim.tv_sec *
	    CLOCK_NS_S + (uint64_t)st.st_mtim.tv_nsec > ns)
		ns = (uint64_t)st.st_mtim.tv_sec * CLOCK_NS_S +
		    (uint64_t)st.st_mtim.tv_nsec;
	ts[0].tv_sec = (time_t)(ns / CLOCK_NS_S);
	ts[0].tv_nsec = (long)(ns % CLOCK_NS_S);
	ts[1] = ts[0];
	SYS4(SYS_utimensat, fd, NULL, ts, 0);
}

/* The machine's file and the names behind it; takes `names`. */
static int join(int names, uint64_t names_ns, bool whole)
{
	int fd = (int)SYS2(SYS_memfd_create, "hosts", MFD_CLOEXEC), err = 0;
	int machine = whole ? -1 : (int)SYS4(SYS_openat, AT_FDCWD,
	    "/etc/hosts", O_RDONLY | O_CLOEXEC, 0);

	if (fd >= 0 && machine >= 0)
		err = append(fd, machine);
	if (fd >= 0 && !err)
		err = append(fd, names);
	if (fd >= 0)
		set_time(fd, machine, names_ns);
	if (machine >= 0)
		sys_close(machine);
	sys_close(names);
	if (fd >= 0 && !err)
		err = (int)SYS3(SYS_lseek, fd, 0, SEEK_SET);
	if (err && fd >= 0)
		sys_close(fd);
	return err ? err : fd;
}

int hosts_open(int which, int flags)
{
	struct wire_req req = { .op = WIRE_NAMES, .a = which };
	struct wire_rep rep;
	int fd = -1, err;

	hj_init();
	if (hj_sandboxed || hj_set.host == HJ_HOST_NONE || flags & O_PATH ||
	    (!hj_wants(AF_INET) && !hj_wants(AF_INET6)))
		return -ENOENT;
	err = rpc_call(&req, NULL, 0, &rep, &fd);
	if (err || fd < 0) {
		if (fd >= 0)
			sys_close(fd);
		return err == -EACCES ? err : -ENOENT;
	}
	if ((flags & O_ACCMODE) != O_RDONLY) {
		/* The machine's is its own to protect. */
		sys_close(fd);
		return which == WIRE_NAMES_HOSTS && !rep.c ? -ENOENT : -EACCES;
	}
	if (flags & O_DIRECTORY) {
		sys_close(fd);
		return -ENOTDIR;
	}
	return which == WIRE_NAMES_HOSTS ? join(fd, rep.value, rep.c) : fd;
}

/* stat(2) and its like.  Here their struct is the kernel's. */

/* Of the settings of interfaces, the machine has what is like them. */
static int stat_setting(const char *file, struct stat *st, int flags)
{
	char path[PROCSYS_PATH];
	long r = procsys_path(file, path);

	if (!r)
		r = SYS4(SYS_newfstatat, AT_FDCWD, path, st, flags);
	return (int)hj_ret(r);
}

static int stat_at(int dir, const char *path, struct stat *st, int flags)
{
	const char *file = procsys_below(path);
	int which = hosts_which(path), fd;
	long r;

	if (unlikely(file != NULL))
		return stat_setting(file, st, flags);
	if (likely(which < 0) || (fd = hosts_open(which, O_RDONLY)) < 0)
		return (int)hj_ret(SYS4(SYS_newfstatat, dir, path, st, flags));
	r = SYS2(SYS_fstat, fd, st);
	sys_close(fd);
	return (int)hj_ret(r);
}

HOOK(int, stat, const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, 0);
}
HOOK_ALIAS(stat64, stat);

HOOK(int, lstat, const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
HOOK_ALIAS(lstat64, lstat);

HOOK(int, fstatat, int dir, const char *path, struct stat *st, int flags)
{
	return stat_at(dir, path, st, flags);
}
HOOK_ALIAS(fstatat64, fstatat);

/* As programs call them that were linked with a glibc before 2.33. */
HOOK(int, __xstat, int version, const char *path, struct stat *st)
{
	(void)version;
	return stat_at(AT_FDCWD, path, st, 0);
}
HOOK_ALIAS(__xstat64, __xstat);

HOOK(int, __lxstat, int version, const char *path, struct stat *st)
{
	(void)version;
	return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
HOOK_ALIAS(__lxstat64, __lxstat);

HOOK(int, __fxstatat, int version, int dir, const char *path,
    struct stat *st, int flags)
{
	(void)version;
	return stat_at(dir, path, st, flags);
}
HOOK_ALIAS(__fxstatat64, __fxstatat);
