/* buslist.c: walks over buses; see buslist.h. */
#include "stack/ctl/buslist.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bus/bus.h"
#include "stack/ctl/ctl.h"

static void visit(const char *dir, const char *name, buslist_fn *fn, void *arg)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct stat st;
	struct bus *b;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path) || lstat(path, &st) ||
	    !S_ISREG(st.st_mode) || bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return;
	fn(arg, name, path, b);
	bus_close(b);
}

int buslist_all(buslist_fn *fn, void *arg)
{
	char dir[PATH_MAX], err[BUS_ERRLEN];
	struct dirent **entry = NULL;
	int n;

	if (bus_user_dir(dir, sizeof(dir), false, err))
		return ctl_fail("%s", err);
	n = scandir(dir, &entry, NULL, alphasort);
	if (n < 0 && errno != ENOENT)
		return ctl_fail("%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.')
			visit(dir, entry[i]->d_name, fn, arg);
		free(entry[i]);
	}
	free(entry);
	return CTL_OK;
}

int buslist_one(const char *name, buslist_fn *fn, void *arg)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;

	if (ctl_bus_path(name, false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	fn(arg, name, path, b);
	bus_close(b);
	return CTL_OK;
}
