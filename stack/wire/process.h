/*
 * process.h: a process by its number and the time it was started, which no
 * later one of that number has.
 */
#ifndef STACK_WIRE_PROCESS_H
#define STACK_WIRE_PROCESS_H

#include <stdio.h>
#include <string.h>

#include "stack/wire/sys.h"

/* In clock ticks since the machine's; 0: there is none, or not to be seen. */
static inline unsigned long long process_start(int pid)
{
	char path[32], text[1024];
	unsigned long long start;
	const char *p;
	long fd, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = SYS4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = SYS3(SYS_read, fd, text, sizeof(text) - 1);
	sys_close((int)fd);
	text[n > 0 ? n : 0] = '\0';
	/* Behind the name, which may hold anything. */
	p = strrchr(text, ')');
	return p && sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
	    "%*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &start) == 1 ?
	    start : 0;
}

#endif
