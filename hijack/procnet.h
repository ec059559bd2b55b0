/* procnet.h: the files of /proc/net, as the virtual host has them. */
#ifndef HIJACK_PROCNET_H
#define HIJACK_PROCNET_H

#include "hijack/hijack.h"

/*
 * The file of /proc/net of that name ("route").
 * Return: its fd, close-on-exec; -ENOENT: the machine's own will do; -errno.
 */
HJ_HIDDEN int procnet_make(const char *name);

#endif
