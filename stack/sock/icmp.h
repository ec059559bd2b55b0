/* icmp.h: errors that come later: ICMP's, and neighbours that do not answer. */
#ifndef STACK_ICMP_H
#define STACK_ICMP_H

#include "stack/dgram/dgram.h"

struct sock;

/*
 * s sent p to a neighbour that has not answered ARP or ND yet: if it never
 * does, s is told, as Linux does after three seconds.
 */
void icmp_watch(struct sock *s, const struct dgram_route *r,
    const struct pbuf *p);
void icmp_second(void);

#endif
