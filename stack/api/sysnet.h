/* sysnet.h: the host's settings as the files of Linux's /proc/sys/net. */
#ifndef STACK_SYSNET_H
#define STACK_SYSNET_H

#include <stddef.h>

#include "stack/wire/wire.h"

/*
 * WIRE_SYSCTL of such a name: arg is "/ipv4/ip_forward" or
 * "net.ipv4.ip_forward", and perhaps "=VALUE", in whatever form Linux takes; out
 * gets the text that is (was) in the file, without the line's end.
 * Return: 0, -ENOENT: no such setting, or of an interface that is not there
 * (then out has text), -EINVAL, -EROFS: it is what it is.
 */
int sysnet_request(char *arg, char *out, size_t size, uint32_t *len);

/*
 * WIRE_SYSCTL_FILE: what comes by fd, which becomes ours or is -1, is written
 * to it; rep->c tells whether fd was kept.  Return: 0 or -errno.
 */
int sysnet_file(const struct wire_req *req, int fd, struct wire_rep *rep);

#endif
