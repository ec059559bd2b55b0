/*
 * pcbhash.h: lwIP's lists of connections with constant-time look-up and
 * removal.
 *
 * lwIP keeps its connections in singly linked lists and walks them for every
 * segment and every close.  Its tcp*.c are compiled with this header in
 * front, which replaces the two macros that maintain the lists, and through
 * lwip.sed, which puts a look-up in place of the two walks (Makefile).
 * The lists themselves stay what they were: timers still walk them.
 *
 * In the same way the tcp_output() at the end of tcp_input() becomes
 * pcbhash_output(): what a batch of segments calls for is sent at its end.
 * What loss recovery does comes with stack/tcp/rec.h.
 */
#ifndef STACK_PCBHASH_H
#define STACK_PCBHASH_H

#include "stack/stream/reass.h"
#include "stack/tcp/rec.h"

void pcbhash_reg(struct tcp_pcb **list, struct tcp_pcb *pcb);
void pcbhash_rmv(struct tcp_pcb **list, struct tcp_pcb *pcb);
/* lwIP itself is about to take pcb out of the list. */
void pcbhash_unlink(struct tcp_pcb *pcb);

/* The connection the segment in tcp_input() is for, of ip_current_*. */
struct tcp_pcb *pcbhash_active(u16_t local, u16_t remote);
/*
 * The same for TIME_WAIT; a SYN that may open a new connection there (RFC
 * 1122 4.2.2.13: its number is above the old one's) ends the old one.
 */
struct tcp_pcb *pcbhash_timewait(u16_t local, u16_t remote, u8_t flags,
    u32_t seqno);

/* Is there a connection of that name?  NULL, or it. */
struct tcp_pcb *pcbhash_find(const ip_addr_t *lip, u16_t lport,
    const ip_addr_t *rip, u16_t rport);

/* tcp_output(), now or, for a socket's connection, with its other work. */
void pcbhash_output(struct tcp_pcb *pcb);

#undef TCP_REG
#undef TCP_RMV
#define TCP_REG(list, pcb)	pcbhash_reg(list, (struct tcp_pcb *)(pcb))
#define TCP_RMV(list, pcb)	pcbhash_rmv(list, (struct tcp_pcb *)(pcb))

#endif
