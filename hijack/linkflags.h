/* linkflags.h: the flags of an interface, by ioctl and by netlink. */
#ifndef HIJACK_LINKFLAGS_H
#define HIJACK_LINKFLAGS_H

#include "hijack/hijack.h"

/*
 * Those in change become as in flags (IFF_).  IFF_UP, IFF_PROMISC and
 * IFF_ALLMULTI can, of the others Linux ignores most.
 * Return: 0, -EOPNOTSUPP for IFF_NOARP and IFF_MULTICAST, which have no way to
 * be changed here, or -errno.
 */
HJ_HIDDEN int linkflags_change(const char *name, unsigned flags,
    unsigned change);

#endif
