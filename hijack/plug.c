/* plug.c: a pair that is not writable for a while; see plug.h. */
#include "hijack/plug.h"

#include <fcntl.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/wire.h"

#define PLUGGED_SNDBUF	4608	/* the least that Linux gives */
#define SO_BUF_LOCK_	72	/* younger than the headers may be */
#define RCVBUF_LOCK	2	/* SO_RCVBUF was set */
#define TAIL_SNDBUF	212992	/* full, for poll(2), with a quarter of it */

/*
 * The kernel's default, as the last one had it that was plugged; for a child
 * that has inherited one, Linux's.
 */
static int usual_sndbuf = 212992;

bool plug_tail;
static bool sized;	/* some stream of this process was */

/* For setsockopt: the kernel doubles it. */
static int usual_half(void)
{
	return __atomic_load_n(&usual_sndbuf, __ATOMIC_RELAXED) / 2;
}

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

/*
 * What the program asked for is kept in SO_RCVBUF, which means nothing to a
 * pair of streams.  Return: SO_SNDBUF to set, 0: it did not ask.
 */
static int wanted(int fd)
{
	int lock = 0, size = 0;
	socklen_t len = sizeof(int);

	if (sys_getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK_, &lock, &len) ||
	    !(lock & RCVBUF_LOCK) ||
	    sys_getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len))
		return 0;
	return size / 2;
}

int plug_in(int fd)
{
	static const char plug[WIRE_PLUG];
	socklen_t len = sizeof(int);
	int size = 0, tiny = 1;

	if (!wanted(fd) &&
	    sys_getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 &&
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
	int half = wanted(fd);

	if (!half)
		half = usual_half();
	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

void plug_size(int fd, int half, bool plugged)
{
	int most = usual_half();

	if (plug_tail)
		return;
	if (half < 0 || half > most)
		half = most;
	sized = true;
	sys_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
	if (!plugged)
		sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

size_t plug_fits(int fd, size_t n)
{
	struct wire_id id;
	size_t fits;

	if (likely(!sized) || hj_sandboxed || !client_id_of(fd, &id) ||
	    !(sys_fcntl(fd, F_GETFL, 0) & O_NONBLOCK))
		return n;
	fits = 2 * (size_t)wanted(fd);
	return fits && n > fits ? fits : n;
}
