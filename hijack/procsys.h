/*
 * procsys.h: the files of /proc/sys/net: those that the virtual host has a
 * setting for are its own, and no other is written to.
 */
#ifndef HIJACK_PROCSYS_H
#define HIJACK_PROCSYS_H

#include <string.h>

#include "hijack/hijack.h"

struct msghdr;

/*
 * As open(2), close-on-exec; file is the path below /proc/sys/net.  Made for
 * reading it is the text of this moment; for writing, a socket of mark
 * MARK_NETLINK | MARK_SETTING, of which what is written beside the library (by
 * stdio within libc) goes to the host by itself.
 * Return: its fd; -ERESTART: the machine's own will do; -errno.
 */
HJ_HIDDEN int procsys_open(const char *file, int flags);

/*
 * fd was opened by some path: one of /proc/sys/net is made what it would be by
 * its own path, under the same number.  Return: fd, or -errno: to be closed.
 */
HJ_HIDDEN int procsys_guard(int fd, int flags);

/* As access(2). -ERESTART: the machine's own will do. */
HJ_HIDDEN int procsys_access(const char *file, int how);

#define SYSNET	"/proc/sys/net/"
/* The rest of a program's path that begins so, or NULL. */
static inline const char *procsys_below(const char *path)
{
	return hj_no_memory(path) || strncmp(path, SYSNET, strlen(SYSNET)) ?
	    NULL : path + strlen(SYSNET);
}

/* Is it the directory of an interface; of one for each? */
HJ_HIDDEN bool procsys_is_interface(const char *path);
HJ_HIDDEN bool procsys_lists_interfaces(const char *path);

/*
 * The machine's path that is most like that file: of an interface of the
 * host's, what is for those to come.
 * Return: 0, or -ENOENT: the host has no such interface.
 */
#define PROCSYS_PATH	320
HJ_HIDDEN int procsys_path(const char *file, char out[static PROCSYS_PATH]);

/* sendmsg(2) on such a socket: set it, and wait what comes of it. */
HJ_HIDDEN long procsys_write(int fd, const struct msghdr *m);

#endif
