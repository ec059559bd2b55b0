/*
 * err.c: the error line that goes back to the caller.
 */
#include "bus/handle.h"

#include <stdarg.h>
#include <stdio.h>

int bus_fail(char *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, BUS_ERRLEN, fmt, ap);
	va_end(ap);
	return code;
}
