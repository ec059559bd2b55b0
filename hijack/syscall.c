/*
 * syscall.c: syscall(2), and prctl(2) where it shuts the process in.
 *
 * libuv closes and accepts through syscall(), others make sockets: those
 * numbers behave as their functions do.  All others pass through.
 */
#include "hijack/hijack.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>

#include "hijack/calls.h"
#include "hijack/debug.h"
#include "hijack/dl.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "stack/wire/sys.h"

#define P(type, i)	((type)a[i])
#define I(i)		((int)a[i])
#define LEN(i)		((socklen_t)a[i])

/* After it a line of ours might be the end of the process. */
#define DEBUG_SANDBOX	"seccomp: the process shuts itself in, no trace from here"

/* A filter may now forbid everything but the plain data calls. */
static void warn_seccomp(long r)
{
	if (r >= 0)
		hj_sandboxed = true;
}

/* Those that a pair or a hidden fd would get wrong. */
static bool socket_call(long nr, const long a[6], long *r)
{
	switch (nr) {
	case SYS_socket:
		*r = hook_socket(I(0), I(1), I(2));
		break;
	case SYS_socketpair:
		*r = hook_socketpair(I(0), I(1), I(2), P(void *, 3));
		break;
	case SYS_bind:
		*r = hook_bind(I(0), P(void *, 1), LEN(2));
		break;
	case SYS_connect:
		*r = hook_connect(I(0), P(void *, 1), LEN(2));
		break;
	case SYS_listen:
		*r = hook_listen(I(0), I(1));
		break;
	case SYS_accept:
		*r = hook_accept(I(0), P(void *, 1), P(void *, 2));
		break;
	case SYS_accept4:
		*r = hook_accept4(I(0), P(void *, 1), P(void *, 2), I(3));
		break;
	case SYS_getsockname:
		*r = hook_getsockname(I(0), P(void *, 1), P(void *, 2));
		break;
	case SYS_getpeername:
		*r = hook_getpeername(I(0), P(void *, 1), P(void *, 2));
		break;
	case SYS_getsockopt:
		*r = hook_getsockopt(I(0), I(1), I(2), P(void *, 3),
		    P(void *, 4));
		break;
	case SYS_setsockopt:
		*r = hook_setsockopt(I(0), I(1), I(2), P(void *, 3), LEN(4));
		break;
	case SYS_shutdown:
		*r = hook_shutdown(I(0), I(1));
		break;
	case SYS_sendto:
		*r = hook_sendto(I(0), P(void *, 1), (size_t)a[2], I(3),
		    P(void *, 4), LEN(5));
		break;
	case SYS_recvfrom:
		*r = hook_recvfrom(I(0), P(void *, 1), (size_t)a[2], I(3),
		    P(void *, 4), P(void *, 5));
		break;
	case SYS_sendmsg:
		*r = hook_sendmsg(I(0), P(void *, 1), I(2));
		break;
	case SYS_recvmsg:
		*r = hook_recvmsg(I(0), P(void *, 1), I(2));
		break;
	case SYS_sendmmsg:
		*r = hook_sendmmsg(I(0), P(void *, 1), (unsigned)a[2], I(3));
		break;
	case SYS_recvmmsg:
		*r = hook_recvmmsg(I(0), P(void *, 1), (unsigned)a[2], I(3),
		    P(void *, 4));
		break;
	default:
		return false;
	}
	return true;
}

static bool fd_call(long nr, const long a[6], long *r)
{
	switch (nr) {
	case SYS_read:
		*r = hook_read(I(0), P(void *, 1), (size_t)a[2]);
		break;
	case SYS_readv:
		*r = hook_readv(I(0), P(void *, 1), I(2));
		break;
	case SYS_write:
		*r = hook_write(I(0), P(void *, 1), (size_t)a[2]);
		break;
	case SYS_writev:
		*r = hook_writev(I(0), P(void *, 1), I(2));
		break;
	case SYS_close:
		*r = hook_close(I(0));
		break;
	case SYS_close_range:
		*r = hook_close_range((unsigned)a[0], (unsigned)a[1], I(2));
		break;
	case SYS_dup:
		*r = hook_dup(I(0));
		break;
#ifdef SYS_dup2
	case SYS_dup2:
		*r = hook_dup2(I(0), I(1));
		break;
#endif
	case SYS_dup3:
		*r = hook_dup3(I(0), I(1), I(2));
		break;
	case SYS_fcntl:
		*r = hook_fcntl(I(0), I(1), a[2]);
		break;
	case SYS_ioctl:
		*r = hook_ioctl(I(0), (unsigned long)a[1], P(void *, 2));
		break;
	case SYS_splice:
		*r = hook_splice(I(0), P(off64_t *, 1), I(2), P(off64_t *, 3),
		    (size_t)a[4], (unsigned)a[5]);
		break;
	case SYS_sendfile:
		*r = hook_sendfile(I(0), I(1), P(void *, 2), (size_t)a[3]);
		break;
	case SYS_io_uring_setup:
		*r = hj_ret(uring_setup((unsigned)a[0], P(void *, 1)));
		break;
	case SYS_execve:
		*r = hook_execve(P(char *, 0), P(void *, 1), P(void *, 2));
		break;
	case SYS_execveat:
		*r = hook_execveat(I(0), P(char *, 1), P(void *, 2),
		    P(void *, 3), I(4));
		break;
	case SYS_mmap:
		*r = (long)hook_mmap(P(void *, 0), (size_t)a[1], I(2), I(3),
		    I(4), (off_t)a[5]);
		break;
	case SYS_prctl:
		*r = hook_prctl(I(0), a[1], a[2], a[3], a[4]);
		break;
	default:
		return false;
	}
	return true;
}

HOOK(long, syscall, long nr, ...)
{
	long a[6], r;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!dl_behind_us(__builtin_return_address(0)) &&
	    (socket_call(nr, a, &r) || fd_call(nr, a, &r)))
		return r;
	if (nr == SYS_seccomp)
		debug_note(DEBUG_SANDBOX);
	r = sys_call(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (nr == SYS_seccomp && a[0] != SECCOMP_GET_ACTION_AVAIL &&
	    a[0] != SECCOMP_GET_NOTIF_SIZES)
		warn_seccomp(r);
	else if (nr == SYS_pidfd_getfd && r >= 0)
		fd_forget((int)r);
	return hj_ret(r);
}

HOOK(int, prctl, int op, ...)
{
	unsigned long a[4];
	va_list ap;
	int r;

	va_start(ap, op);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (op == PR_SET_SECCOMP)
		debug_note(DEBUG_SANDBOX);
	r = next.prctl(op, a[0], a[1], a[2], a[3]);
	if (op == PR_SET_SECCOMP)
		warn_seccomp(r);
	return r;
}

CALL(int, pidfd_getfd, "n:dd", (int pidfd, int fd, unsigned flags), pidfd, fd,
    flags)
{
	return (int)hook_syscall(SYS_pidfd_getfd, (long)pidfd, (long)fd,
	    (long)flags, 0l, 0l, 0l);
}
