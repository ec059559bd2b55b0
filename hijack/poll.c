/*
 * poll.c: poll and ppoll, only for POLLERR of datagram sockets.
 *
 * A pair cannot show it: an error that waits for MSG_ERRQUEUE is a message in
 * the pair like any other.  Nothing is done here until a program has turned
 * IP_RECVERR on; all else about readiness is the kernel's own.
 */
#include "hijack/hijack.h"

#include <poll.h>
#include <time.h>

#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/next.h"

static int show_errors(struct pollfd *p, unsigned long n, int r)
{
	int keep = errno;

	if (likely(!fd_recverr_used) || r <= 0)
		return r;
	for (unsigned long i = 0; i < n; i++)
		if (p[i].revents & POLLIN && fd_mark(p[i].fd) & MARK_RECVERR &&
		    dgram_has_error(p[i].fd))
			p[i].revents = (short)((p[i].revents & ~(POLLIN |
			    POLLRDNORM)) | POLLERR);
	errno = keep;
	return r;
}

HOOK(int, poll, struct pollfd *p, unsigned long n, int timeout)
{
	return show_errors(p, n, next.poll(p, n, timeout));
}
HOOK_ALIAS(__poll, poll);

HOOK(int, ppoll, struct pollfd *p, unsigned long n,
    const struct timespec *timeout, const void *mask)
{
	return show_errors(p, n, next.ppoll(p, n, timeout, mask));
}

/* room: bytes of the array, as _FORTIFY_SOURCE knows it. */
HOOK(int, __poll_chk, struct pollfd *p, unsigned long n, int timeout,
    size_t room)
{
	if (room / sizeof(*p) < n)
		hj_chk_fail();
	return hook_poll(p, n, timeout);
}

HOOK(int, __ppoll_chk, struct pollfd *p, unsigned long n,
    const struct timespec *timeout, const void *mask, size_t room)
{
	if (room / sizeof(*p) < n)
		hj_chk_fail();
	return hook_ppoll(p, n, timeout, mask);
}
