/* nlqdisc.h: netlink requests about queueing disciplines, which tc(8) makes. */
#ifndef HIJACK_NLQDISC_H
#define HIJACK_NLQDISC_H

#include "hijack/hijack.h"
#include "stack/wire/nlmsg.h"

/* RTM_GETQDISC. Return: 1: it was a list, or -errno. */
HJ_HIDDEN int nlqdisc_get(struct nlmsg_out *o, const struct nlmsghdr *h);
/* RTM_NEWQDISC, RTM_DELQDISC. Return: 0 or -errno, with o->why. */
HJ_HIDDEN int nlqdisc_change(struct nlmsg_out *o, const struct nlmsghdr *h);

/* nlnetem.c: the options of one, as they came and as they are shown. */
struct wire_fault;
/* -errno, with o->why; *dist is a table of c->ndist numbers in the message. */
HJ_HIDDEN int nlnetem_read(struct nlmsg_out *o, const void *options,
    size_t len, struct wire_fault *c, const void **dist);
HJ_HIDDEN void nlnetem_put(struct nlmsg_out *o, const struct wire_fault *c);

#endif
