/*
 * guard.c: what closes and copies fds: the control connection is kept from
 * harm, and fds that get a new number are looked at anew.
 */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>

#include "hijack/debug.h"
#include "hijack/fd.h"
#include "hijack/linger.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/sys.h"

/* Shut in by a filter we could not ask, and need the connection no more. */
static bool is_ctl(int fd)
{
	return unlikely(fd >= 0 && fd == rpc_ctl_fd()) && !hj_sandboxed &&
	    rpc_is_ctl(fd);
}

/* The program does not know that number: for it, it is not open. */
CALL(int, close, "i:F", (int fd), fd)
{
	if (is_ctl(fd))
		return (int)hj_ret(-EBADF);
	return unlikely(linger_used) ? linger_close(fd) : next.close(fd);
}
HOOK_ALIAS(__close, close);

/* Leave the one number out. */
static int close_around(unsigned first, unsigned last, int flags)
{
	int ctl = rpc_ctl_fd(), r = 0;
	unsigned hole = (unsigned)ctl;

	if (first > last || ctl < 0 || hole < first || hole > last ||
	    !is_ctl(ctl))
		return next.close_range(first, last, flags);
	if (hole > first)
		r = next.close_range(first, hole - 1, flags);
	else if (flags & CLOSE_RANGE_UNSHARE)
		r = next.close_range(UINT_MAX, UINT_MAX, flags);
	if (r == 0 && hole < last)
		r = next.close_range(hole + 1, last, flags &
		    ~CLOSE_RANGE_UNSHARE);
	return r;
}

CALL(int, close_range, "i:uud", (unsigned first, unsigned last, int flags),
    first, last, flags)
{
	return close_around(first, last, flags);
}

static int close_from(int first)
{
	if (first < 0)
		first = 0;
	if (close_around((unsigned)first, UINT_MAX, 0) < 0)
		for (int fd = first; fd < FD_HINTS; fd++)
			if (!is_ctl(fd))
				sys_close(fd);
	return 0;
}

static int close_from_traced(int first)
{
	DEBUG_RETURN("closefrom", "i:d", close_from, first);
}

HOOK(void, closefrom, int first)
{
	int keep = errno;

	close_from_traced(first);
	errno = keep;
}

/* Someone wants our number: give it up, keep the connection. */
static void make_way(int from, int to)
{
	if (from != to && is_ctl(to))
		rpc_ctl_move();
}

CALL(int, dup, "n:F", (int fd), fd)
{
	int r = is_ctl(fd) ? (int)hj_ret(-EBADF) : next.dup(fd);

	fd_forget(r);
	return r;
}

CALL(int, dup2, "n:Fd", (int from, int to), from, to)
{
	int r;

	if (is_ctl(from))
		return (int)hj_ret(-EBADF);
	make_way(from, to);
	r = next.dup2(from, to);
	fd_forget(r);
	return r;
}
HOOK_ALIAS(__dup2, dup2);

CALL(int, dup3, "n:FdS", (int from, int to, int flags), from, to, flags)
{
	int r;

	if (is_ctl(from))
		return (int)hj_ret(-EBADF);
	make_way(from, to);
	r = next.dup3(from, to, flags);
	fd_forget(r);
	return r;
}

static int fcntl_any(int fd, int cmd, long arg)
{
	int r;

	if (is_ctl(fd))
		return (int)hj_ret(-EBADF);
	r = next.fcntl(fd, cmd, arg);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		fd_forget(r);
	return r;
}

HOOK(int, fcntl, int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	/* Any argument is at most a word; with none it is not looked at. */
	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	DEBUG_RETURN("fcntl", "i:FCd", fcntl_any, fd, cmd, arg);
}
HOOK_ALIAS(fcntl64, fcntl);
HOOK_ALIAS(__fcntl, fcntl);
