/* plug.c: a pair that is not writable for a while; see plug.h. */
#include "hijack/plug.h"

#include "stack/wire/sys.h"
#include "stack/wire/wire.h"

#define PLUGGED_SNDBUF	4608	/* the least that Linux gives */
#define TAIL_SNDBUF	212992	/* full, for poll(2), with a quarter of it */

/*
 * The kernel's default, as the last one had it that was plugged; for a child
 * that has inherited one, Linux's.
 */
static int usual_sndbuf = 212992;

bool plug_tail;

/*
 * The buffer has its size from the beginning, since nobody may come by who
 * makes it larger, and the tail takes some of it.  Return: bytes written.
 */
static int plug_in_tail(int fd)
{
	static char plug[WIRE_PLUG_MAX - 1];	/* zeros */
	int half = TAIL_SNDBUF / 2;
	ssize_t n;

	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
	n = sys_send(fd, plug, sizeof(plug), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		n += sys_send(fd, plug, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
	return n > 0 ? (int)n : 0;
}

int plug_in(int fd)
{
	static const char plug[WIRE_PLUG];
	socklen_t len = sizeof(int);
	int size = 0, tiny = 1;

	if (sys_getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 &&
	    size > 2 * PLUGGED_SNDBUF)
		__atomic_store_n(&usual_sndbuf, size, __ATOMIC_RELAXED);
	if (plug_tail)
		return plug_in_tail(fd);
	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny));
	sys_send(fd, plug, sizeof(plug), MSG_DONTWAIT | MSG_NOSIGNAL);
	return 0;
}

void plug_out(int fd)
{
	/* The kernel doubles it. */
	int half = __atomic_load_n(&usual_sndbuf, __ATOMIC_RELAXED) / 2;

	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}
