/* plug.c: a pair that is not writable for a while; see plug.h. */
#include "hijack/plug.h"

#include "stack/wire/sys.h"
#include "stack/wire/wire.h"

#define PLUGGED_SNDBUF	4608	/* the least that Linux gives */

/*
 * The kernel's default, as the last one had it that was plugged; for a child
 * that has inherited one, Linux's.
 */
static int usual_sndbuf = 212992;

void plug_in(int fd)
{
	static const char plug[WIRE_PLUG];
	socklen_t len = sizeof(int);
	int size = 0, tiny = 1;

	if (sys_getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 &&
	    size > 2 * PLUGGED_SNDBUF)
		__atomic_store_n(&usual_sndbuf, size, __ATOMIC_RELAXED);
	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny));
	sys_send(fd, plug, sizeof(plug), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void plug_out(int fd)
{
	/* The kernel doubles it. */
	int half = __atomic_load_n(&usual_sndbuf, __ATOMIC_RELAXED) / 2;

	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}
