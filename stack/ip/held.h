/*
 * held.h: what strangers make lwIP hold, in bytes: fragments of datagrams that
 * are not complete, and packets that wait for a neighbour's address.
 *
 * lwIP counts pbufs and entries, of any size, and its pools have no end here,
 * since they come from malloc.  The Makefile has its ip4_frag.c, ip6_frag.c,
 * etharp.c and nd6.c call these in the place of lwIP's own functions.
 */
#ifndef STACK_HELD_H
#define STACK_HELD_H

#include <stdbool.h>

#include "lwip/memp.h"
#include "lwip/pbuf.h"

/*
 * sysctl net.inet.ip.frag_high, net.inet6.ip6.frag_high, net.link.unres_high:
 * bytes that each may take, buffers with all that belongs to them.
 */
extern int held_frag4, held_frag6, held_unres;
#define HELD_MIN	(256 << 10)
#define HELD_MAX	(32 << 20)	/* lwIP counts KiB, in 16 bits */

/* For pbuf_clen(): the KiB that a chain takes, the same however it is cut. */
u16_t held_size(const struct pbuf *p);
/* The oldest datagram's fragments gave way to others. */
void held_frag4_dropped(void);
void held_frag6_dropped(void);
/* A neighbour that was not in use gave way to another. */
void held_replaced4(void);
void held_replaced6(void);
/* A frame has nothing behind its Ethernet header. */
void held_short(void);
/* There is no room for a router, network or address that is advertised. */
void held_advertised_full(void);

/* This packet goes out next: it is what has to wait, if any. */
void held_packet(const struct pbuf *p);
/* Was there no room for it?  It is lost, as on the wire, and counted. */
bool held_refused(void);
/* For memp_malloc() and memp_free(): the entries of those that wait. */
void *held_malloc(memp_t type);
void held_free(memp_t type, void *entry);

#endif
