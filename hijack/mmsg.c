/* mmsg.c: many messages with one call. */
#include "hijack/io.h"

#include "hijack/fd.h"
#include "hijack/next.h"
#include "stack/wire/clock.h"

HOOK(int, sendmmsg, int fd, struct mmsghdr *v, unsigned n, int flags)
{
	unsigned i;

	if (likely(!fd_mark(fd)))
		return next.sendmmsg(fd, v, n, flags);
	for (i = 0; i < n && i < 1024; i++) {
		ssize_t r = io_sendmsg(fd, &v[i].msg_hdr, flags);
		unsigned len = (unsigned)r;

		if (r >= 0 && hj_put(fd, &v[i].msg_len, &len, sizeof(len)))
			r = hj_ret(-EFAULT);
		if (r < 0)
			return i ? (int)i : -1;
	}
	return (int)i;
}
HOOK_ALIAS(__sendmmsg, sendmmsg);

/* Like the kernel's, the time-out is looked at after each message only. */
static int recv_many(int fd, struct mmsghdr *v, unsigned n, int flags,
    const struct timespec *timeout)
{
	struct timespec limit;
	uint64_t end = 0;
	unsigned i;

	if (timeout) {
		if (hj_get(fd, &limit, timeout, sizeof(limit)))
			return (int)hj_ret(-EFAULT);
		if (limit.tv_sec < 0 || (unsigned long)limit.tv_nsec >=
		    1000000000)
			return (int)hj_ret(-EINVAL);
		end = clock_ns() + (uint64_t)limit.tv_sec * CLOCK_NS_S +
		    (uint64_t)limit.tv_nsec;
	}
	for (i = 0; i < n; i++) {
		ssize_t r = io_recvmsg(fd, &v[i].msg_hdr,
		    flags & ~MSG_WAITFORONE);

		if (r < 0)
			return i ? (int)i : -1;
		v[i].msg_len = (unsigned)r;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (timeout && clock_ns() >= end)
			return (int)i + 1;
	}
	return (int)i;
}

HOOK(int, recvmmsg, int fd, struct mmsghdr *v, unsigned n, int flags,
    struct timespec *timeout)
{
	int r;

	if (fd_mark(fd))
		return recv_many(fd, v, n, flags, timeout);
	r = next.recvmmsg(fd, v, n, flags, timeout);
	for (int i = 0; i < r; i++)
		if (v[i].msg_hdr.msg_controllen)
			io_forget_rights(&v[i].msg_hdr);
	return r;
}
