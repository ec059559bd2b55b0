/* library.c: finds the preload library and puts it into LD_PRELOAD. */
#include "hijack/launcher/launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SHMIF_BINDIR
#define SHMIF_BINDIR "/usr/local/bin"
#endif
#ifndef SHMIF_LIBDIR
#define SHMIF_LIBDIR SHMIF_BINDIR "/../lib"
#endif

/* dir + "/" + rest, if it is a file; its real path in dst. */
static bool try_place(const char *dir, const char *rest, char *dst)
{
	char path[PATH_MAX + 64];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, rest);

	return n > 0 && n < PATH_MAX && realpath(path, dst) &&
	    !access(dst, R_OK);
}

int library_find(char path[static PATH_MAX])
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
		if (try_place(self, LIBRARY_NAME, path) ||
		    try_place(self, "../lib/" LIBRARY_NAME, path))
			return 0;
	}
	if (try_place(SHMIF_LIBDIR, LIBRARY_NAME, path))
		return 0;
	say("%s is neither beside this program nor in ../lib; install both "
	    "in one place", LIBRARY_NAME);
	return -ENOENT;
}

/* Whether the list has it, on its own. */
static bool in_list(const char *list, const char *path)
{
	size_t n = strlen(path);

	for (;;) {
		size_t len = strcspn(list, ": ");

		if (len == n && !strncmp(list, path, n))
			return true;
		if (!list[len])
			return false;
		list += len + 1;
	}
}

int library_preload(const char *path)
{
	const char *old = getenv("LD_PRELOAD");
	char *list;
	int err;

	if (strpbrk(path, ": ")) {
		say("%s: LD_PRELOAD cannot name a path with a space or a "
		    "colon; move the library", path);
		return -EINVAL;
	}
	if (!old || !*old)
		return setenv("LD_PRELOAD", path, 1) ? -errno : 0;
	if (in_list(old, path))
		return 0;
	if (asprintf(&list, "%s:%s", path, old) < 0)
		return -ENOMEM;
	err = setenv("LD_PRELOAD", list, 1) ? -errno : 0;
	free(list);
	return err;
}

int library_drop(void)
{
	const char *old = getenv("LD_PRELOAD"), *base;
	char *list, *end;
	size_t len;
	int err;

	if (!old)
		return 0;
	end = list = calloc(1, strlen(old) + 2);
	if (!list)
		return -ENOMEM;
	for (; *old; old += len + (old[len] != '\0')) {
		len = strcspn(old, ": ");
		base = memrchr(old, '/', len);
		base = base ? base + 1 : old;
		if (!len || !strncmp(base, LIBRARY_NAME,
		    (size_t)(old + len - base)))
			continue;
		end = stpcpy(mempcpy(end, old, len), ":");
	}
	if (end > list)
		end[-1] = '\0';
	err = *list ? setenv("LD_PRELOAD", list, 1) : unsetenv("LD_PRELOAD");
	free(list);
	return err ? -errno : 0;
}
