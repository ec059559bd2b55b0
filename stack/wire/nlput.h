/*
 * nlput.h: what a host has, as netlink messages: for the library, which answers
 * requests, and for the host, which tells of changes.  type: RTM_NEW... or
 * RTM_DEL...; flags: NLM_F_MULTI in a list.
 */
#ifndef STACK_NLPUT_H
#define STACK_NLPUT_H

#include "stack/wire/nlmsg.h"
#include "stack/wire/wire.h"

void nlput_link(struct nlmsg_out *o, int type, const struct wire_link *l,
    int flags);
void nlput_addr(struct nlmsg_out *o, int type, const struct wire_ifaddr *a,
    int flags);
/*
 * asked: NULL, or the address that it is the way to; src: NULL, or the source
 * that goes with it.
 */
void nlput_route(struct nlmsg_out *o, int type, const struct wire_route *r,
    const void *asked, const void *src, int flags);
/* n ways of one route. */
void nlput_ways(struct nlmsg_out *o, int type, const struct wire_route *r,
    unsigned n, int flags);
void nlput_neigh(struct nlmsg_out *o, int type, const struct wire_neigh *n,
    int flags);
/* RTN_ */
uint8_t nlput_route_type(const struct wire_route *r);

#endif
