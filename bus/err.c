/*
 * err.c: the error lines that go back to the caller.
 */
#include "bus/handle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bus_fail(char *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, BUS_ERRLEN, fmt, ap);
	va_end(ap);
	return code;
}

int bus_map_error(const char *path, uint64_t bytes, int r, char *err)
{
	if (r == -EMFILE)
		return bus_fail(err, r, "%s: too many buses open in one "
		    "program; close some", path);
	return bus_fail(err, r, "%s: cannot map %llu KiB: %s; raise the limit "
	    "on memory (ulimit -v)", path, (unsigned long long)bytes >> 10,
	    strerror(-r));
}
