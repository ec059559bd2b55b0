/*
 * nlinfo.h: the netlink requests that ask how a host is set up, and by which
 * nothing of a virtual host is changed.  Return: as nltable_get().
 */
#ifndef HIJACK_NLINFO_H
#define HIJACK_NLINFO_H

#include "hijack/hijack.h"
#include "stack/wire/nlmsg.h"

/* RTM_GETNETCONF: is it a router? */
HJ_HIDDEN int nlinfo_conf(struct nlmsg_out *o, const struct nlmsghdr *h);
/* RTM_GETNEIGHTBL: sizes and times of ARP and of neighbour discovery */
HJ_HIDDEN int nlinfo_tables(struct nlmsg_out *o, const struct nlmsghdr *h);
/* RTM_GETADDRLABEL: which addresses go together */
HJ_HIDDEN int nlinfo_labels(struct nlmsg_out *o, const struct nlmsghdr *h);

#endif
