/*
 * handle.c: is it still a bus?
 */
#include "bus/handle.h"

#include <errno.h>

int bus_set_broken(struct bus *b)
{
	atomic_store(&b->broken, true);
	return -EIO;
}

bool bus_ok(struct bus *b)
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
