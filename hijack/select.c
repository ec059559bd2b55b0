/*
 * select.c: select and pselect, only for the rings of packet sockets; all else
 * about readiness is the kernel's own.
 */
#include "hijack/hijack.h"

#include <string.h>
#include <sys/select.h>

#include "hijack/next.h"
#include "hijack/packet.h"

#define FDS_MAX	65536	/* numbers that are looked at */

/* Which of the fds have rings is asked of each in turn, as poll(2) does. */
static void prepare(int n, const void *readfds)
{
	unsigned long word;
	int keep = errno;

	if (n > FDS_MAX)
		n = FDS_MAX;
	for (int first = 0; first < n; first += NFDBITS) {
		if (hj_copy_in(&word, (const char *)readfds + first / 8,
		    sizeof(word)))
			break;
		for (int i = 0; word && i < NFDBITS; i++, word >>= 1)
			if (word & 1 && first + i < n)
				packet_prepare(first + i);
	}
	errno = keep;
}

HOOK(int, select, int n, void *readfds, void *writefds, void *exceptfds,
    struct timeval *timeout)
{
	if (unlikely(packet_ring_used) && readfds)
		prepare(n, readfds);
	return next.select(n, readfds, writefds, exceptfds, timeout);
}
HOOK_ALIAS(__select, select);

HOOK(int, pselect, int n, void *readfds, void *writefds, void *exceptfds,
    const struct timespec *timeout, const void *mask)
{
	if (unlikely(packet_ring_used) && readfds)
		prepare(n, readfds);
	return next.pselect(n, readfds, writefds, exceptfds, timeout, mask);
}
