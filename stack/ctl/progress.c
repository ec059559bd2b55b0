/* progress.c: how far long work is; see progress.h. */
#include "stack/ctl/progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "stack/wire/clock.h"

#define BETWEEN		200000000u	/* ns */

static bool shown;

void progress(const char *fmt, ...)
{
	static uint64_t last;
	static int terminal = -1;
	uint64_t now;
	va_list ap;

	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	if (!terminal)
		return;
	now = clock_ns();
	/* Work that is soon over needs none. */
	if (!last)
		last = now;
	if (now - last < BETWEEN)
		return;
	last = now;
	shown = true;
	fputc('\r', stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\033[K", stderr);
	fflush(stderr);
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
