/* buspath.c: the absolute path of a bus as the user calls it. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"

static bool files_first;	/* a name is a file's, if there is one */

void ctl_buses_are_files(void)
{
	files_first = true;
}

/* Whether a name without a slash is that of a bus in this directory, too. */
static bool is_here(const char *name, char file[static PATH_MAX])
{
	char err[BUS_ERRLEN];
	struct bus *b;

	if (strchr(name, '/') || snprintf(file, PATH_MAX, "./%s", name) >=
	    PATH_MAX || access(file, F_OK) ||
	    bus_open(&b, file, BUS_OPEN_RDONLY, err))
		return false;
	bus_close(b);
	return true;
}

/* A name is that of a bus of the user's own, not a file in this directory. */
static void hint_file(const char *name, const char *path)
{
	char file[PATH_MAX];

	if (is_here(name, file))
		ctl_fail("%s is the bus %s; for the file in this "
		    "directory write ./%s", name, path, name);
}

int ctl_bus_path(const char *name, bool mkdir, char *dst, size_t size)
{
	char path[PATH_MAX], dir[PATH_MAX], err[BUS_ERRLEN], *slash;
	char file[PATH_MAX];
	int n;

	if (!*name)
		return ctl_fail("a bus has a name");
	if (files_first && is_here(name, file))
		name = file;
	if (bus_path(path, sizeof(path), name, mkdir, err))
		return ctl_fail("%s", err);
	/* The directory's real path; the file need not exist yet. */
	slash = strrchr(path, '/');
	if (!slash)
		return ctl_fail("%s: not a path", path);
	*slash = '\0';
	if (realpath(slash == path ? "/" : *path ? path : ".", dir))
		n = snprintf(dst, size, "%s/%s", strcmp(dir, "/") ? dir : "",
		    slash + 1);
	else if (errno == ENOENT && path[0] == '/')
		n = snprintf(dst, size, "%s/%s", path, slash + 1);
	else
		return ctl_fail("%s: %s; name a bus in a directory that is "
		    "there", name, strerror(errno));
	if (n < 0 || (size_t)n >= size)
		return ctl_fail("%s: the path is too long", name);
	hint_file(name, dst);
	return 0;
}
