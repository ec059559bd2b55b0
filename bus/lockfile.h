/* lockfile.h: PATH.lock, what only those can open who may write to the bus. */
#ifndef BUS_LOCKFILE_H
#define BUS_LOCKFILE_H

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

#include "bus/bus.h"
#include "bus/layout.h"

#define LOCKFILE_PATH	(PATH_MAX + 8)	/* bytes */

/* The mode that goes with a bus of that mode: nothing for who cannot write. */
mode_t lockfile_mode(mode_t bus);

/*
 * Where the file that is open as fd, under `path`, really is, so that links to
 * it lead to the same lock.  Return: 0, -ESTALE: no longer under any name,
 * -ENAMETOOLONG.
 */
int lockfile_bus_path(int fd, const char *path, char dst[static PATH_MAX]);
void lockfile_path(const char *real, char dst[static LOCKFILE_PATH]);

/*
 * Open the lock file of the bus that is open for writing as fd, under `path`,
 * and make it, or make it this bus's, if need be.  con: what was read of the
 * bus; its lock_id may have changed afterwards.
 * Return: a descriptor, or -errno with one line in err.
 */
int lockfile_open(int fd, const char *path, struct bus_const *con,
    char err[static BUS_ERRLEN]);

/*
 * The same to look at only, if that may be done and it is this bus's; else a
 * negative number.
 */
int lockfile_peek(int fd, const char *path, const struct bus_const *con);

/* Lock all of it: no member lives.  Return: 0, -EAGAIN, -errno. */
int lockfile_take(int lock_fd);
void lockfile_release(int lock_fd);

#endif
