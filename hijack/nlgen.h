/*
 * nlgen.h: NETLINK_GENERIC as of a kernel with no family but the one that
 * tells which there are.
 */
#ifndef HIJACK_NLGEN_H
#define HIJACK_NLGEN_H

#include "hijack/hijack.h"
#include "stack/wire/nlmsg.h"

/* A request. Return: 0, 1: it was a list, which a DONE is to end, or -errno. */
HJ_HIDDEN int nlgen_answer(struct nlmsg_out *o, const struct nlmsghdr *h);

#endif
