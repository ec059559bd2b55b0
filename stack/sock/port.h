/* port.h: who has which port, by Linux's rules for sharing one. */
#ifndef STACK_PORT_H
#define STACK_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct sock;
struct wire_addr;

/*
 * May a socket be bound there?  fresh: it has no port yet; Linux looks at that
 * first for IPv6, and at the address first for IPv4.
 * Return: 0, -EINVAL, -EADDRNOTAVAIL.
 */
int port_may_bind(const struct sock *s, const struct wire_addr *a, bool fresh);

/* What is bound to an IPv6 address is for IPv6 only from then on. */
void port_only_v6(struct sock *s);

/* "Any" as the peer of an IPv6 socket on an IPv4 address is IPv4's. */
void port_any_peer(const struct sock *s, struct wire_addr *peer);

/*
 * Take the address for s (port 0: an ephemeral one is chosen and put into
 * *a).  0, -EADDRINUSE, -EACCES.  TCP, UDP and raw have tables of their own.
 */
int port_bind(struct sock *s, struct wire_addr *a);
/* An ephemeral port for a stream to peer; 0 or -EADDRNOTAVAIL. */
int port_connect(struct sock *s, struct wire_addr *local,
    const struct wire_addr *peer);
void port_release(struct sock *s);
/*
 * Requests are read before it is seen that programs have closed sockets: who
 * may be in s's way at that port is looked at.  May free any but s.
 */
void port_look(struct sock *s, uint16_t port);
/* Could one packet be for both s, at a, and t? */
bool port_overlap(const struct sock *s, const struct wire_addr *a,
    const struct sock *t);
/* TCP: may s listen now that it is bound?  0 or -EADDRINUSE. */
int port_listen(struct sock *s);
/*
 * The listener of s's SO_REUSEPORT group to give the next connection to,
 * chosen by hash; s itself if it is alone.
 */
struct sock *port_pick(struct sock *s, uint32_t hash);
/* The same for the datagrams that come to a group. */
struct sock *port_pick_dgram(struct sock *s, uint32_t hash);
/* Another listener of the group, NULL if s is the last. */
struct sock *port_heir(struct sock *s);
/* The range of ephemeral ports (sysctl). */
extern uint16_t port_first, port_last;

#endif
