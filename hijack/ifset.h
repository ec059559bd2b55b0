/* ifset.h: changing the virtual host's interfaces and routes by ioctl(2). */
#ifndef HIJACK_IFSET_H
#define HIJACK_IFSET_H

#include "hijack/hijack.h"

struct ifreq;

/* SIOCSIF...: 0 or -errno; -ENOTTY: it is no request to set something. */
HJ_HIDDEN int ifset_ioctl(unsigned long req, const struct ifreq *ifr);
/* SIOCADDRT, SIOCDELRT with a struct rtentry of the program. */
HJ_HIDDEN int ifset_route(bool add, const void *user);
/* The same on an AF_INET6 socket: struct in6_rtmsg, struct in6_ifreq. */
HJ_HIDDEN int ifset_route6(bool add, const void *user);
HJ_HIDDEN int ifset_addr6(bool add, const void *user);
/* SIOCGARP, SIOCSARP, SIOCDARP with a struct arpreq of the program. */
HJ_HIDDEN int ifset_arp(unsigned long req, void *user);

#endif
