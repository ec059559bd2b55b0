/* log.c: one line on stderr for a message; see log.h. */
#include "stack/core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int log_verbose;
static const char *name = "shmif_server";

void log_name(const char *program)
{
	name = program;
}

/* One write(2), so that lines of several processes do not mix. */
static void put(const char *fmt, va_list ap)
{
	char line[1024];
	int err = errno;
	int n = snprintf(line, sizeof(line) - 1, "%s: ", name);
	int m = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, ap);
	ssize_t w;

	n = m < 0 ? n : n + m;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	w = write(STDERR_FILENO, line, (size_t)n);
	(void)w;
	errno = err;
}

void log_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_verbose)
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}
