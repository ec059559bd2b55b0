/*
 * reass.h: memory of segments that came out of order, over all connections.
 *
 * Each connection has a bound, in segments; there may be thousands of them.
 * lwIP's tcp.c and tcp_in.c call these (lwip.sed).
 */
#ifndef STACK_REASS_H
#define STACK_REASS_H

#include "lwip/arch.h"

struct pbuf;

extern int reass_max;		/* sysctl net.inet.tcp.reass_max, segments */
extern int reass_memory;	/* sysctl net.inet.tcp.reass_memory, MiB */

/* A segment is put aside: the bytes that it takes.  reass_give(): no more. */
u32_t reass_take(const struct pbuf *p);
void reass_give(u32_t bytes);

/*
 * One was queued: segments that its connection may have.  If all together
 * take too much, those connections that have most lose theirs, this one too.
 */
u16_t reass_limit(void);

#endif
