/*
 * procdir.c: listing the directories of /proc/sys/net with one entry for each
 * interface: of those that the virtual host has, as sysctl -a finds them.
 *
 * The stream is libc's on the machine's directory; a few words note which
 * streams are such ones.  Of the path of a file of such an interface, too, is
 * said that it is there.
 */
#include "hijack/hijack.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hijack/dump.h"
#include "hijack/procsys.h"
#include "stack/wire/sys.h"

#define DIRS	8	/* open at once; more list the machine's interfaces */

static struct dir {
	DIR *of;		/* NULL: free; claimed by compare and exchange */
	unsigned next;		/* interface, once the machine's are over */
	struct dirent entry;
} dirs[DIRS];
static unsigned ndirs;		/* relaxed: 0: readdir(3) need not look */

static struct dir *find(DIR *of)
{
	if (likely(!__atomic_load_n(&ndirs, __ATOMIC_RELAXED)))
		return NULL;
	for (unsigned i = 0; i < DIRS; i++)
		if (__atomic_load_n(&dirs[i].of, __ATOMIC_RELAXED) == of)
			return &dirs[i];
	return NULL;
}

static void note(DIR *of)
{
	for (unsigned i = 0; i < DIRS; i++) {
		DIR *none = NULL;

		if (!__atomic_compare_exchange_n(&dirs[i].of, &none, of, false,
		    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		dirs[i].next = 0;
		__atomic_fetch_add(&ndirs, 1, __ATOMIC_RELAXED);
		return;
	}
}

static void forget(DIR *of)
{
	struct dir *d = find(of);

	if (!d)
		return;
	__atomic_fetch_sub(&ndirs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&d->of, NULL, __ATOMIC_RELAXED);
}

static bool is_common(const char *name)
{
	return name[0] == '.' || !strcmp(name, "all") ||
	    !strcmp(name, "default");
}

/* The host's next interface, as an entry. */
static struct dirent *interface(struct dir *d)
{
	struct wire_link l;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_LINK, &count);
	bool found;

	if (fd < 0)
		return NULL;
	found = d->next < count && dump_get(fd, d->next++, &l, sizeof(l));
	sys_close(fd);
	if (!found)
		return NULL;
	l.name[sizeof(l.name) - 1] = '\0';
	memset(&d->entry, 0, sizeof(d->entry));
	d->entry.d_ino = l.ifindex;
	d->entry.d_reclen = sizeof(d->entry);
	d->entry.d_type = DT_DIR;
	strcpy(d->entry.d_name, l.name);
	return &d->entry;
}

HOOK(DIR *, opendir, const char *path)
{
	static DIR *(*libc)(const char *);
	DIR *dir;

	if (unlikely(!libc))
		*(void **)&libc = hj_libc("opendir");
	if (!libc) {
		errno = ENOSYS;
		return NULL;
	}
	if (unlikely(procsys_is_interface(path))) {
		char other[PROCSYS_PATH];

		if (procsys_path(path + strlen(SYSNET), other)) {
			errno = ENOENT;
			return NULL;
		}
		return libc(other);
	}
	dir = libc(path);
	if (unlikely(dir && procsys_lists_interfaces(path)))
		note(dir);
	return dir;
}

HOOK(struct dirent *, readdir, DIR *dir)
{
	static struct dirent *(*libc)(DIR *);
	struct dir *d = find(dir);
	struct dirent *e;

	if (unlikely(!libc))
		*(void **)&libc = hj_libc("readdir");
	if (!libc) {
		errno = ENOSYS;
		return NULL;
	}
	do {
		e = libc(dir);
	} while (unlikely(d && e && !is_common(e->d_name)));
	return unlikely(d && !e) ? interface(d) : e;
}
/* One and the same where off_t has 64 bits. */
HOOK_ALIAS(readdir64, readdir);

HOOK(int, closedir, DIR *dir)
{
	static int (*libc)(DIR *);

	if (unlikely(!libc))
		*(void **)&libc = hj_libc("closedir");
	forget(dir);
	return libc ? libc(dir) : (int)hj_ret(-ENOSYS);
}

static char *resolved(const char *path, char *out)
{
	char other[PROCSYS_PATH];
	int err = strlen(path) >= PROCSYS_PATH ? -ENOENT :
	    procsys_path(path + strlen(SYSNET), other);

	if (!err)
		err = (int)SYS3(SYS_faccessat, AT_FDCWD, other, F_OK);
	if (!err)
		return out ? strcpy(out, path) : strdup(path);
	hj_ret(err);
	return NULL;
}

/* What has no links in it. */
HOOK(char *, realpath, const char *path, char *out)
{
	static char *(*libc)(const char *, char *);

	if (unlikely(procsys_is_interface(path)))
		return resolved(path, out);
	if (unlikely(!libc))
		*(void **)&libc = hj_libc("realpath");
	if (libc)
		return libc(path, out);
	errno = ENOSYS;
	return NULL;
}

HOOK(char *, __realpath_chk, const char *path, char *out, size_t size)
{
	if (size < PATH_MAX)
		hj_chk_fail();
	return hook_realpath(path, out);
}

HOOK(int, statx, int dir, const char *path, int flags, unsigned mask,
    struct statx *out)
{
	char other[PROCSYS_PATH];

	if (unlikely(procsys_is_interface(path))) {
		if (procsys_path(path + strlen(SYSNET), other))
			return (int)hj_ret(-ENOENT);
		path = other;
	}
	return (int)hj_ret(SYS5(SYS_statx, dir, path, flags, mask, out));
}
