/* mss.h: the size of segments (RFC 1191, RFC 8201, RFC 6691). */
#ifndef STACK_MSS_H
#define STACK_MSS_H

struct tcp_pcb;
struct wire_addr;

/* A connection begins: let it use what is known of its path. */
void mss_fit(struct tcp_pcb *pcb);
/*
 * The path to peer takes no packets longer than mtu: connections that go
 * there are made to fit, and send again what was lost.
 */
void mss_path(const struct wire_addr *peer, unsigned mtu);

#endif
