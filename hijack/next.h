/*
 * next.h: the functions our hooks stand in front of: libc's, or those of
 * another preloaded library.
 */
#ifndef HIJACK_NEXT_H
#define HIJACK_NEXT_H

#include "hijack/hijack.h"

struct epoll_event;
struct iovec;
struct mmsghdr;
struct pollfd;
struct timespec;
struct timeval;

/*
 * X(return type, name, parameters, arguments, system call).  Data calls and
 * others that POSIX makes cancellation points must go through libc, so that
 * pthread_cancel(3) works.
 */
#define NEXT_CALLS(X)							\
	X(int, socket, (int a, int b, int c),				\
	    SYS3(SYS_socket, a, b, c))					\
	X(int, socketpair, (int a, int b, int c, int *d),		\
	    SYS4(SYS_socketpair, a, b, c, d))				\
	X(int, bind, (int a, const void *b, socklen_t c),		\
	    SYS3(SYS_bind, a, b, c))					\
	X(int, connect, (int a, const void *b, socklen_t c),		\
	    SYS3(SYS_connect, a, b, c))					\
	X(int, listen, (int a, int b), SYS2(SYS_listen, a, b))		\
	X(int, accept, (int a, void *b, socklen_t *c),			\
	    SYS3(SYS_accept, a, b, c))					\
	X(int, accept4, (int a, void *b, socklen_t *c, int d),		\
	    SYS4(SYS_accept4, a, b, c, d))				\
	X(int, getsockname, (int a, void *b, socklen_t *c),		\
	    SYS3(SYS_getsockname, a, b, c))				\
	X(int, getpeername, (int a, void *b, socklen_t *c),		\
	    SYS3(SYS_getpeername, a, b, c))				\
	X(int, getsockopt, (int a, int b, int c, void *d, socklen_t *e), \
	    SYS5(SYS_getsockopt, a, b, c, d, e))			\
	X(int, setsockopt, (int a, int b, int c, const void *d,		\
	    socklen_t e), SYS5(SYS_setsockopt, a, b, c, d, e))		\
	X(int, shutdown, (int a, int b), SYS2(SYS_shutdown, a, b))	\
	X(ssize_t, read, (int a, void *b, size_t c),			\
	    SYS3(SYS_read, a, b, c))					\
	X(ssize_t, readv, (int a, const struct iovec *b, int c),	\
	    SYS3(SYS_readv, a, b, c))					\
	X(ssize_t, recv, (int a, void *b, size_t c, int d),		\
	    SYS6(SYS_recvfrom, a, b, c, d, 0, SYS_MARK))			\
	X(ssize_t, recvfrom, (int a, void *b, size_t c, int d, void *e,	\
	    socklen_t *f), SYS6(SYS_recvfrom, a, b, c, d, e, f))	\
	X(ssize_t, recvmsg, (int a, struct msghdr *b, int c),		\
	    SYS3(SYS_recvmsg, a, b, c))					\
	X(int, recvmmsg, (int a, struct mmsghdr *b, unsigned c, int d,	\
	    struct timespec *e), SYS5(SYS_recvmmsg, a, b, c, d, e))	\
	X(ssize_t, write, (int a, const void *b, size_t c),		\
	    SYS3(SYS_write, a, b, c))					\
	X(ssize_t, writev, (int a, const struct iovec *b, int c),	\
	    SYS3(SYS_writev, a, b, c))					\
	X(ssize_t, send, (int a, const void *b, size_t c, int d),	\
	    SYS6(SYS_sendto, a, b, c, d, 0, SYS_MARK))				\
	X(ssize_t, sendto, (int a, const void *b, size_t c, int d,	\
	    const void *e, socklen_t f),				\
	    SYS6(SYS_sendto, a, b, c, d, e, f))				\
	X(ssize_t, sendmsg, (int a, const struct msghdr *b, int c),	\
	    SYS3(SYS_sendmsg, a, b, c))					\
	X(int, sendmmsg, (int a, struct mmsghdr *b, unsigned c, int d),	\
	    SYS4(SYS_sendmmsg, a, b, c, d))				\
	X(ssize_t, sendfile, (int a, int b, off_t *c, size_t d),	\
	    SYS4(SYS_sendfile, a, b, c, d))				\
	X(ssize_t, splice, (int a, off64_t *b, int c, off64_t *d,	\
	    size_t e, unsigned f), SYS6(SYS_splice, a, b, c, d, e, f))	\
	X(int, open, (const char *a, int b, unsigned c),		\
	    SYS4(SYS_openat, AT_FDCWD, a, b, c))			\
	X(int, openat, (int a, const char *b, int c, unsigned d),	\
	    SYS4(SYS_openat, a, b, c, d))				\
	X(int, access, (const char *a, int b),				\
	    SYS3(SYS_faccessat, AT_FDCWD, a, b))			\
	X(int, close, (int a), SYS1(SYS_close, a))			\
	X(int, close_range, (unsigned a, unsigned b, int c),		\
	    SYS3(SYS_close_range, a, b, c))				\
	X(int, dup, (int a), SYS1(SYS_dup, a))				\
	X(int, dup2, (int a, int b), next_raw_dup2(a, b))		\
	X(int, dup3, (int a, int b, int c), SYS3(SYS_dup3, a, b, c))	\
	X(int, fcntl, (int a, int b, long c), SYS3(SYS_fcntl, a, b, c))	\
	X(void *, mmap, (void *a, size_t b, int c, int d, int e, off_t f), \
	    SYS6(SYS_mmap, a, b, c, d, e, f))				\
	X(int, ioctl, (int a, unsigned long b, void *c),		\
	    SYS3(SYS_ioctl, a, b, c))					\
	X(int, prctl, (int a, unsigned long b, unsigned long c,		\
	    unsigned long d, unsigned long e),				\
	    SYS5(SYS_prctl, a, b, c, d, e))				\
	X(int, execve, (const char *a, char *const *b, char *const *c),	\
	    SYS3(SYS_execve, a, b, c))					\
	X(int, execveat, (int a, const char *b, char *const *c,		\
	    char *const *d, int e), SYS5(SYS_execveat, a, b, c, d, e))	\
	X(int, poll, (struct pollfd *a, unsigned long b, int c),	\
	    sys_poll(a, (unsigned)b, c))				\
	X(int, select, (int a, void *b, void *c, void *d,		\
	    struct timeval *e), next_raw_select(a, b, c, d, e))		\
	X(int, pselect, (int a, void *b, void *c, void *d,		\
	    const struct timespec *e, const void *f),			\
	    next_raw_pselect(a, b, c, d, e, f))				\
	X(int, ppoll, (struct pollfd *a, unsigned long b,		\
	    const struct timespec *c, const void *d),			\
	    next_raw_ppoll(a, b, c, d))

#define NEXT_FIELD(ret, name, par, raw)	ret (*name) par;
struct next {
	NEXT_CALLS(NEXT_FIELD)
};
#undef NEXT_FIELD

/*
 * Plain system calls until next_find() ran: hooks work in constructors that
 * run before ours, and inside dlsym(3) itself.
 */
extern HJ_HIDDEN struct next next;
HJ_HIDDEN void next_find(void);

#endif
