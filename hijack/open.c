/*
 * open.c: opening files: those of /proc/net are the virtual host's, all else
 * goes to libc.
 */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/procnet.h"
#include "stack/sys.h"

/* The name below /proc/net, or NULL. */
static const char *below_procnet(const char *path)
{
	static const char *const dirs[] = {
		"/proc/net/", "/proc/self/net/", "/proc/thread-self/net/",
	};

	if (hj_no_memory(path) || path[0] != '/' || path[1] != 'p')
		return NULL;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (!strncmp(path, dirs[i], strlen(dirs[i])))
			return path + strlen(dirs[i]);
	return NULL;
}

/* -ENOENT: not one of ours. */
static int make(const char *path, int flags)
{
	const char *name = below_procnet(path);
	int fd;

	if (likely(!name) || hj_sandboxed || !hj_wants(AF_INET))
		return -ENOENT;
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -ENOENT;
	fd = procnet_make(name);
	if (fd < 0)
		return fd;
	fd_forget(fd);
	if (!(flags & O_CLOEXEC))
		SYS3(SYS_fcntl, fd, F_SETFD, 0);
	return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ?
	    va_arg(ap, mode_t) : 0;
}

HOOK(int, open, const char *path, int flags, ...)
{
	int fd = make(path, flags);
	mode_t mode;
	va_list ap;

	if (fd != -ENOENT)
		return (int)hj_ret(fd);
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return next.open(path, flags, mode);
}

HOOK(int, open64, const char *path, int flags, ...)
{
	int fd = make(path, flags);
	mode_t mode;
	va_list ap;

	if (fd != -ENOENT)
		return (int)hj_ret(fd);
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return next.open(path, flags | O_LARGEFILE, mode);
}

HOOK(int, openat, int dir, const char *path, int flags, ...)
{
	int fd = make(path, flags);
	mode_t mode;
	va_list ap;

	if (fd != -ENOENT)
		return (int)hj_ret(fd);
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return next.openat(dir, path, flags, mode);
}
HOOK_ALIAS(openat64, openat);

HOOK(void *, fopen, const char *path, const char *mode)
{
	static void *(*libc)(const char *path, const char *mode);
	int fd = make(path, mode[0] == 'r' && !strchr(mode, '+') ?
	    O_RDONLY | O_CLOEXEC : O_RDWR);

	if (fd >= 0)
		return fdopen(fd, "r");
	if (fd != -ENOENT) {
		errno = -fd;
		return NULL;
	}
	if (unlikely(!libc))
		*(void **)&libc = hj_libc("fopen64");
	return libc ? libc(path, mode) : NULL;
}
HOOK_ALIAS(fopen64, fopen);
