/*
 * handle.c: is it still a bus?  And a descriptor out of the way.
 */
#include "bus/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int bus_set_broken(struct native *b)
{
	atomic_store(&b->broken, true);
	return -EIO;
}

bool bus_ok(struct native *b)
{
	if (atomic_load_explicit(&b->broken, memory_order_relaxed))
		return false;
	/* Comparing may be what finds the file truncated. */
	if (map_same(&b->map) &&
	    !atomic_load_explicit(&b->broken, memory_order_relaxed))
		return true;
	bus_set_broken(b);
	return false;
}

int bus_fd_lift(int fd)
{
	int high;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}
