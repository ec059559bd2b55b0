/* hosts.h: /etc/hosts and /etc/resolv.conf, as the virtual host has them. */
#ifndef HIJACK_HOSTS_H
#define HIJACK_HOSTS_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/* Which of them the path is, or -1. */
HJ_HIDDEN int hosts_which(const char *path);

/*
 * That file, with the text of this moment, from an enum wire_names.  No
 * allocation, no errno.
 * Return: its fd, close-on-exec; -ENOENT: the machine's own will do; -EACCES:
 * it may not be written to; -errno.
 */
HJ_HIDDEN int hosts_open(int which, int flags);

#endif
