/*
 * sys.h: system calls without libc, for code that must not meet its own
 * interposed functions, touch errno, or be a cancellation point.
 *
 * Return: what the kernel returns, -errno on failure.
 */
#ifndef STACK_SYS_H
#define STACK_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#ifdef __clang_analyzer__
/* It does not look into assembly, and would take nothing as written there. */
long sys_call(long nr, long a, long b, long c, long d, long e, long f);
#else
static inline long sys_call(long nr, long a, long b, long c, long d, long e,
    long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
	    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0)
	    : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
	    : "memory", "cc");
	return x0;
#else
#error "sys.h: add this machine's system call instruction"
#endif
}
#endif

/*
 * Where the second entry watches a program's calls (hijack/entry/), the
 * library's own are known by their sixth argument, which the kernel ignores
 * where a call has fewer; that of sendto and recvfrom counts only with an
 * address.  SYS_PROBE there fails with SYS_PROBED where somebody watches.
 */
#define SYS_MARK	0x73686d68
#define SYS_PROBE	0x73686d70
#define SYS_PROBED	3001	/* no errno */

#define SYS0(nr)		sys_call(nr, 0, 0, 0, 0, 0, SYS_MARK)
#define SYS1(nr, a)		sys_call(nr, (long)(a), 0, 0, 0, 0, SYS_MARK)
#define SYS2(nr, a, b)		\
	sys_call(nr, (long)(a), (long)(b), 0, 0, 0, SYS_MARK)
#define SYS3(nr, a, b, c)	\
	sys_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, SYS_MARK)
#define SYS4(nr, a, b, c, d)	\
	sys_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, SYS_MARK)
#define SYS5(nr, a, b, c, d, e)	\
	sys_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
	    SYS_MARK)
#define SYS6(nr, a, b, c, d, e, f)	\
	sys_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
	    (long)(f))

static inline bool sys_watched(void)
{
	return sys_call(SYS_bind, -1, 0, 0, 0, 0, SYS_PROBE) == -SYS_PROBED;
}

/* Can this kernel tell somebody of a program's calls, as we need it? */
static inline bool sys_can_watch(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct utsname u;
	long major, minor;
	char *end;

	if (SYS3(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ||
	    SYS1(SYS_uname, &u) < 0)
		return false;
	/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is of 5.19. */
	major = strtol(u.release, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 19);
}

static inline int sys_close(int fd)
{
	return (int)SYS1(SYS_close, fd);
}

static inline int sys_socketpair(int type, int sv[2])
{
	return (int)SYS4(SYS_socketpair, AF_UNIX, type, 0, sv);
}

static inline ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags)
{
	return SYS3(SYS_sendmsg, fd, m, flags);
}

#define SYS_FDS	4	/* descriptors that go with a message at most */

/* A message with copies of nfds (0..SYS_FDS) descriptors; -errno as all. */
static inline ssize_t sys_send_fds(int fd, const void *p, size_t n,
    const int *fds, int nfds, int flags)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SYS_FDS * sizeof(int))];
	} c;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t len = (size_t)nfds * sizeof(int);

	if (nfds < 0 || nfds > SYS_FDS)
		return -EINVAL;
	if (nfds) {
		memset(&c, 0, sizeof(c));
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(&c.h), fds, len);
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(len);
	}
	return sys_sendmsg(fd, &m, flags);
}

static inline ssize_t sys_recvmsg(int fd, struct msghdr *m, int flags)
{
	return SYS3(SYS_recvmsg, fd, m, flags);
}

static inline ssize_t sys_send(int fd, const void *p, size_t n, int flags)
{
	return SYS6(SYS_sendto, fd, p, n, flags, 0, SYS_MARK);
}

static inline ssize_t sys_recv(int fd, void *p, size_t n, int flags)
{
	return SYS6(SYS_recvfrom, fd, p, n, flags, 0, SYS_MARK);
}

/* timeout in ms, < 0 for ever */
static inline int sys_poll(struct pollfd *p, unsigned n, int timeout)
{
	struct timespec ts = {
		.tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000L,
	};

	return (int)SYS5(SYS_ppoll, p, n, timeout < 0 ? NULL : &ts, NULL, 0);
}

static inline int sys_setsockopt(int fd, int level, int name, const void *val,
    socklen_t len)
{
	return (int)SYS5(SYS_setsockopt, fd, level, name, val, len);
}

static inline int sys_getsockopt(int fd, int level, int name, void *val,
    socklen_t *len)
{
	return (int)SYS5(SYS_getsockopt, fd, level, name, val, len);
}

static inline int sys_fcntl(int fd, int cmd, long arg)
{
	return (int)SYS3(SYS_fcntl, fd, cmd, arg);
}

/*
 * /dev/null, or in a chroot(2) without it what can neither be read nor written:
 * flags are those of open(2) beside O_RDWR.
 */
static inline int sys_null(int flags)
{
	long fd = SYS4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | flags, 0);

	return (int)(fd >= 0 ? fd : SYS4(SYS_openat, AT_FDCWD, "/",
	    O_PATH | flags, 0));
}

/*
 * For a program as it starts: if 0, 1 or 2 is missing, the next file opened
 * would get that number, and what is printed.  Something takes its place that
 * refuses what a missing one does: 0 to be read, 1 and 2 to be written.
 * Close-on-exec, so that a program executed finds things as they were.
 */
static inline void sys_fill_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (sys_fcntl(fd, F_GETFD, 0) == -EBADF &&
		    SYS4(SYS_openat, AT_FDCWD, "/dev/null", O_CLOEXEC |
		    (fd ? O_RDONLY : O_WRONLY), 0) < 0)
			SYS3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
			    0);
}

#endif
