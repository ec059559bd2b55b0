/* procnet.h: the files of /proc/net, as the virtual host has them. */
#ifndef HIJACK_PROCNET_H
#define HIJACK_PROCNET_H

#include "hijack/hijack.h"

/* Not of /proc/net, but of /proc/sys/kernel. */
#define PROCNET_HOSTNAME	"/hostname"

/* Is the file of /proc/net of that name ("route") the virtual host's? */
HJ_HIDDEN bool procnet_has(const char *name);

/*
 * Such a file, with the text of this moment.  No allocation, no errno.
 * Return: its fd, close-on-exec; -ENOENT: the machine's own will do; -errno.
 */
HJ_HIDDEN int procnet_make(const char *name);

#endif
