/*
 * nllocal.h: the routing table "local", which Linux makes of a host's
 * addresses.  A virtual host needs none; it is shown to those who look there.
 */
#ifndef HIJACK_NLLOCAL_H
#define HIJACK_NLLOCAL_H

#include "stack/wire/nlmsg.h"

/* All of it, of a family or (AF_UNSPEC) of both.  Return: 0 or -errno. */
int nllocal_list(struct nlmsg_out *o, int family);
/*
 * The way to dst, if it is an address of the host or of a broadcast.
 * Return: 0, -ENOENT if it is neither, or -errno.
 */
int nllocal_to(struct nlmsg_out *o, int family, const void *dst);

#endif
