/* nltable.h: the netlink requests that ask for, and change, tables. */
#ifndef HIJACK_NLTABLE_H
#define HIJACK_NLTABLE_H

#include "hijack/hijack.h"
#include "stack/wire/nlmsg.h"

/*
 * Answer an RTM_GET request into o.
 * Return: 0, 1: it was a list, which a DONE is to end, or -errno.
 */
HJ_HIDDEN int nltable_get(struct nlmsg_out *o, const struct nlmsghdr *h);
/* RTM_NEW, RTM_DEL, RTM_SET. Return: 0 or -errno. */
HJ_HIDDEN int nltable_change(struct nlmsg_out *o,
    const struct nlmsghdr *h);
/* The same of routes (nlroute.c). */
HJ_HIDDEN int nlroute_change(struct nlmsg_out *o, const struct nlmsghdr *h,
    bool add);

#endif
