/* buspath.c: the absolute path of a bus as the user calls it. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"

int ctl_bus_path(const char *name, bool mkdir, char *dst, size_t size)
{
	char path[PATH_MAX], cwd[PATH_MAX] = "", err[BUS_ERRLEN];
	const char *sep = "", *p = path;
	int n;

	if (!*name)
		return ctl_fail("a bus has a name");
	if (bus_path(path, sizeof(path), name, mkdir, err))
		return ctl_fail("%s", err);
	if (path[0] != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return ctl_fail("the current directory: %s",
			    strerror(errno));
		sep = strcmp(cwd, "/") ? "/" : "";
	}
	while (!strncmp(p, "./", 2))
		p += 2 + strspn(p + 2, "/");
	n = snprintf(dst, size, "%s%s%s", cwd, sep, p);
	if (n < 0 || (size_t)n >= size)
		return ctl_fail("%s: the path is too long", name);
	return 0;
}
