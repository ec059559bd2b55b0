/*
 * poll.c: poll and ppoll, only for POLLERR, which a pair cannot show, and for
 * rings.
 *
 * Of a datagram socket: an error that waits for MSG_ERRQUEUE is a message in
 * the pair like any other, and so is the news of packets in a ring; nothing is
 * done until a program has turned IP_RECVERR on or has a ring.  Of a stream
 * that was reset: the host shuts the pair down, to see when the program
 * closes it; once it has hung up, the host is asked.  All else about readiness
 * is the kernel's own.
 */
#include "hijack/hijack.h"

#include <poll.h>
#include <time.h>

#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/packet.h"
#include "hijack/sock.h"

static void show_error(struct pollfd *p)
{
	if (p->revents & POLLHUP) {
		if (!(p->revents & POLLERR))
			p->revents |= sock_hung_up_events(p->fd) &
			    (p->events | POLLERR);
	} else if ((fd_recverr_used || packet_ring_used) &&
	    p->revents & POLLIN &&
	    fd_mark(p->fd) & (MARK_RECVERR | MARK_PACKET) &&
	    dgram_has_error(p->fd)) {
		p->revents = (short)((p->revents & ~(POLLIN | POLLRDNORM)) |
		    POLLERR);
	}
}

static int show_errors(struct pollfd *p, unsigned long n, int r)
{
	int keep = errno, left = r;

	for (; left > 0 && n; p++, n--) {
		if (!p->revents)
			continue;
		show_error(p);
		left--;
	}
	errno = keep;
	return r;
}

HOOK(int, poll, struct pollfd *p, unsigned long n, int timeout)
{
	if (unlikely(packet_ring_used))
		packet_poll_prepare(p, n);
	return show_errors(p, n, next.poll(p, n, timeout));
}
HOOK_ALIAS(__poll, poll);

HOOK(int, ppoll, struct pollfd *p, unsigned long n,
    const struct timespec *timeout, const void *mask)
{
	if (unlikely(packet_ring_used))
		packet_poll_prepare(p, n);
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
