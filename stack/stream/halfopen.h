/*
 * halfopen.h: connections that a SYN has begun and nobody has completed: at
 * most so many of a host, the oldest gives way (RFC 4987 3.4).
 */
#ifndef STACK_HALFOPEN_H
#define STACK_HALFOPEN_H

struct tcp_hdr;

#define HALFOPEN_MAX	65536

/* sysctl net.inet.tcp.halfopen: how many, 1..HALFOPEN_MAX. */
extern int halfopen_limit;

/* From now on SYNs are dropped as they come in while too many come. */
void halfopen_init(void);
/*
 * A SYN, in host byte order and of lwIP's ip_current_*, is going to begin a
 * connection: if it would be one too many, the oldest is forgotten, without a
 * word to its peer.
 */
void halfopen_begin(const struct tcp_hdr *syn);

#endif
