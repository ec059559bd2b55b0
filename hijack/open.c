/*
 * open.c: opening files: those of /proc/net are the virtual host's, which
 * net-tools and others read instead of asking a socket, and so are its name
 * and the files of names; all else goes to libc after a look at how its path
 * begins.
 */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hijack/debug.h"
#include "hijack/fd.h"
#include "hijack/hostname.h"
#include "hijack/hosts.h"
#include "hijack/next.h"
#include "hijack/procnet.h"
#include "hijack/procsys.h"
#include "stack/wire/sys.h"

/* The rest of the path where it begins like that, else NULL. */
static const char *after(const char *path, const char *start)
{
	size_t n = strlen(start);

	return strncmp(path, start, n) ? NULL : path + n;
}

/* The name of a file that the virtual host has, or NULL. */
static const char *below_procnet(const char *path)
{
	char given[HOSTNAME_SIZE];
	const char *p, *name;

	if (hj_no_memory(path) || !(p = after(path, "/proc/")))
		return NULL;
	if ((name = after(p, "sys/kernel/hostname")) && !*name)
		return hostname_given(given) ? PROCNET_HOSTNAME : NULL;
	if (!(name = after(p, "net/")) && !(name = after(p, "self/net/")) &&
	    !(name = after(p, "thread-self/net/")))
		return NULL;
	return procnet_has(name) ? name : NULL;
}

#define THEIRS	(-ERESTART)	/* no program sees that one */

static int hand_out(int fd, int flags)
{
	if (fd < 0)
		return fd;
	fd_forget(fd);
	if (!(flags & O_CLOEXEC))
		sys_fcntl(fd, F_SETFD, 0);
	return fd;
}

static int make_procnet(const char *path, int flags)
{
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	return hand_out(procnet_make(below_procnet(path)), flags);
}

static int make_hosts(const char *path, int flags)
{
	int fd = hosts_open(hosts_which(path), flags);

	return fd == -ENOENT ? THEIRS : hand_out(fd, flags);
}

/* As open(2). THEIRS: not one of ours. */
static int make(const char *path, int flags)
{
	const char *file = procsys_below(path);

	if (unlikely(file != NULL))
		return hand_out(procsys_open(file, flags), flags);
	if (unlikely(hosts_which(path) >= 0))
		return make_hosts(path, flags);
	if (likely(!below_procnet(path)) || flags & O_PATH)
		return THEIRS;
	DEBUG_RETURN("open", "k:s", make_procnet, path, flags);
}

static bool takes_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

/* Paths lead to /proc/sys/net in many ways. */
static bool looks_like_ours(const char *path, int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || path[0] != '/';
}

/* libc's fd for the path. */
static int guard(int fd, const char *path, int flags)
{
	int r;

	if (fd < 0 || likely(!looks_like_ours(path, flags)) || flags & O_PATH)
		return fd;
	r = procsys_guard(fd, flags);
	if (r < 0)
		sys_close(fd);
	return (int)hj_ret(r);
}

#define GET_MODE(flags, mode)						\
	do {								\
		va_list ap_;						\
									\
		va_start(ap_, flags);					\
		(mode) = takes_mode(flags) ? va_arg(ap_, unsigned) : 0;	\
		va_end(ap_);						\
	} while (0)

HOOK(int, open, const char *path, int flags, ...)
{
	int fd = make(path, flags);
	unsigned mode;

	if (unlikely(fd != THEIRS))
		return (int)hj_ret(fd);
	GET_MODE(flags, mode);
	return guard(next.open(path, flags, mode), path, flags);
}
/* One and the same where off_t has 64 bits, as on all machines of sys.h. */
HOOK_ALIAS(open64, open);
HOOK_ALIAS(__open, open);
HOOK_ALIAS(__open64, open);

HOOK(int, openat, int dir, const char *path, int flags, ...)
{
	int fd = make(path, flags);
	unsigned mode;

	if (unlikely(fd != THEIRS))
		return (int)hj_ret(fd);
	GET_MODE(flags, mode);
	return guard(next.openat(dir, path, flags, mode), path, flags);
}
HOOK_ALIAS(openat64, openat);

HOOK(int, creat, const char *path, mode_t mode)
{
	return hook_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
HOOK_ALIAS(creat64, creat);

/* The forms of _FORTIFY_SOURCE, for calls that bring no mode. */
HOOK(int, __open_2, const char *path, int flags)
{
	if (takes_mode(flags))
		hj_chk_fail();
	return hook_open(path, flags);
}
HOOK_ALIAS(__open64_2, __open_2);

HOOK(int, __openat_2, int dir, const char *path, int flags)
{
	if (takes_mode(flags))
		hj_chk_fail();
	return hook_openat(dir, path, flags);
}
HOOK_ALIAS(__openat64_2, __openat_2);

/* A stream of libc's on our file: reading it needs nothing of us. */
static FILE *stream_on(int fd, const char *mode)
{
	FILE *f = hj_ret(fd) < 0 ? NULL : fdopen(fd, mode);

	if (!f && fd >= 0)
		sys_close(fd);
	return f;
}

static int mode_flags(const char *mode)
{
	bool reads = mode[0] == 'r' && !strchr(mode, '+');

	return (reads ? O_RDONLY : O_RDWR) |
	    (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

/* libc's stream for the path. */
static FILE *guard_stream(FILE *f, const char *path, int flags)
{
	int r;

	if (!f || likely(!looks_like_ours(path, flags)))
		return f;
	r = procsys_guard(fileno(f), flags);
	if (r >= 0)
		return f;
	fclose(f);
	hj_ret(r);
	return NULL;
}

HOOK(FILE *, fopen, const char *path, const char *mode)
{
	static FILE *(*libc)(const char *, const char *);
	int flags = mode_flags(mode), fd = make(path, flags);

	if (unlikely(fd != THEIRS))
		return stream_on(fd, mode);
	if (unlikely(!libc))
		*(void **)&libc = hj_libc("fopen");
	if (libc)
		return guard_stream(libc(path, mode), path, flags);
	errno = ENOSYS;
	return NULL;
}
HOOK_ALIAS(fopen64, fopen);

HOOK(FILE *, freopen, const char *path, const char *mode, FILE *old)
{
	static FILE *(*libc)(const char *, const char *, FILE *);

	if (unlikely(!libc))
		*(void **)&libc = hj_libc("freopen");
	if (!libc) {
		errno = ENOSYS;
		return NULL;
	}
	old = libc(path, mode, old);
	return path ? guard_stream(old, path, mode_flags(mode)) : old;
}
HOOK_ALIAS(freopen64, freopen);

/* Asked before one is opened; the machine may be without IPv6. */
HOOK(int, access, const char *path, int how)
{
	int which = hosts_which(path), fd = -ENOENT;
	const char *file = procsys_below(path);

	if (unlikely(file != NULL)) {
		fd = procsys_access(file, how);
		return fd == THEIRS ? next.access(path, how) :
		    (int)hj_ret(fd);
	}
	if (unlikely(which >= 0))
		fd = hosts_open(which, how & W_OK ? O_RDWR : O_RDONLY);
	if (fd >= 0)
		sys_close(fd);
	if (unlikely(fd != -ENOENT || below_procnet(path)))
		return (int)hj_ret(how & (W_OK | X_OK) ? -EACCES : 0);
	return next.access(path, how);
}
