/*
 * oldopt.c: the options of NetBSD's rump_server.  A rump kernel is put together
 * of libraries, and has drives, CPUs and memory of its own; a host here has its
 * network built in and needs none of it.
 */
#include "stack/oldopt.h"

#include <stdio.h>
#include <string.h>

#include "stack/core/log.h"

static bool old;
static char builtin[256], idle[256];	/* " -l NAME ..." */

const char *oldopt_letters(const char *called)
{
	old = !strcmp(called, "rump_server");
	return old ? "c:d:l:m:" : "";
}

/* The libraries of what is here, and those that these are made of. */
static bool is_network(const char *lib)
{
	static const char *const names[] = {
		"rumpnet", "rumpdev", "rumpvfs", "rumpkern_sys"
	};

	if (!strncmp(lib, "lib", 3))
		lib += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (!strncmp(lib, names[i], n) && (i == 0 || i == 3 ||
		    !lib[n] || lib[n] == '.'))
			return true;
	}
	return false;
}

bool oldopt_take(int c, const char *value)
{
	char *list = c == 'l' && is_network(value) ? builtin : idle;
	size_t n = strlen(list);

	/* -r is also the amount of memory, as in 64m. */
	if (!old || !c || !strchr("cdlmr", c) ||
	    (c == 'r' && strchr(value, '=')))
		return false;
	snprintf(list + n, sizeof(idle) - n, " -%c %s", c, value);
	return true;
}

void oldopt_tell(void)
{
	if (builtin[0])
		log_err("%s: not needed, the network is built in",
		    builtin + 1);
	if (idle[0])
		log_err("%s: without effect, a host has no file systems, "
		    "drives, modules or CPUs of its own", idle + 1);
}
