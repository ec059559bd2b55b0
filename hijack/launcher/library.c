/* library.c: finds the preload library and puts it into LD_PRELOAD. */
#include "hijack/launcher/launcher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"

#ifndef SHMIF_BINDIR
#define SHMIF_BINDIR "/usr/local/bin"
#endif
#ifndef SHMIF_LIBDIR
#define SHMIF_LIBDIR SHMIF_BINDIR "/../lib"
#endif

#define OLD_NAME	"librumphijack.so"

/* dir + "/" + rest, if it is a file; its real path in dst. */
static bool try_place(const char *dir, const char *rest, char *dst)
{
	char path[PATH_MAX + 64];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, rest);

	return n > 0 && n < PATH_MAX && realpath(path, dst) &&
	    !access(dst, R_OK);
}

/* Return: false: not to be known. */
static bool own_dir(char self[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", self, PATH_MAX - 1);
	unsigned long name;
	char *slash;

	if (n > 0) {
		self[n] = '\0';
	} else {	/* without /proc: as it was executed */
		name = getauxval(AT_EXECFN);
		if (!name || !realpath((const char *)name, self))
			return false;
	}
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	return true;
}

void entry_find(char path[static PATH_MAX])
{
	char self[PATH_MAX];

	if (!own_dir(self) || !try_place(self, "shmif_entry", path) ||
	    access(path, X_OK))
		path[0] = '\0';
}

int library_find(char path[static PATH_MAX])
{
	char self[PATH_MAX];

	if (own_dir(self)) {
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

/* FNV-1a: which of several libraries a link is for. */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3;
	return h;
}

/*
 * LD_PRELOAD is split at spaces and colons: a path with one of them gets a link
 * in the user's own directory, which stays there for the next program.
 * Return: 0 with the link's path, or -errno after an error line.
 */
static int link_to(const char *path, char link[static PATH_MAX])
{
	char dir[PATH_MAX], err[BUS_ERRLEN], old[PATH_MAX];
	int n, e = bus_user_dir(dir, sizeof(dir), true, err);

	if (e) {
		say("%s", err);
		return e;
	}
	n = snprintf(link, PATH_MAX, "%s/lib-%016" PRIx64, dir, hash(path));
	if (strpbrk(dir, ": ") || n < 0 ||
	    n >= PATH_MAX - (int)sizeof("/" LIBRARY_NAME)) {
		say("%s: LD_PRELOAD takes no path with a space or a colon, and "
		    "no link can be made in %s; move the library", path, dir);
		return -EINVAL;
	}
	e = mkdir(link, 0700);
	strcpy(link + n, "/" LIBRARY_NAME);
	if (e < 0 && errno != EEXIST)
		goto failed;
	if (!symlink(path, link))
		return 0;
	n = errno == EEXIST ? (int)readlink(link, old, sizeof(old)) : -1;
	if (n == (int)strlen(path) && !memcmp(old, path, (size_t)n))
		return 0;
	errno = n < 0 ? errno : EEXIST;
failed:
	e = -errno;
	say("%s: %s; it is to be a link to %s", link, strerror(-e), path);
	return e;
}

int library_preload(const char *path)
{
	const char *old = getenv("LD_PRELOAD");
	char *list, link[PATH_MAX];
	int err;

	if (strpbrk(path, ": ")) {
		err = link_to(path, link);
		if (err)
			return err;
		path = link;
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

/* By our name or by NetBSD's. */
static bool is_library(const char *base, size_t n)
{
	return (n == strlen(LIBRARY_NAME) && !memcmp(base, LIBRARY_NAME, n)) ||
	    (n == strlen(OLD_NAME) && !memcmp(base, OLD_NAME, n));
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
		if (!len || is_library(base, (size_t)(old + len - base)))
			continue;
		end = stpcpy(mempcpy(end, old, len), ":");
	}
	if (end > list)
		end[-1] = '\0';
	err = *list ? setenv("LD_PRELOAD", list, 1) : unsetenv("LD_PRELOAD");
	free(list);
	return err ? -errno : 0;
}
