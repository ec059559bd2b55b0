/*
 * packet.h: packet sockets: what requests ask of them beside struct sock_ops.
 */
#ifndef STACK_PACKET_H
#define STACK_PACKET_H

#include <stddef.h>
#include <stdint.h>

struct sock;

void packet_init(void);

/* Options at SOL_PACKET; as opt_set() and opt_get(). */
int packet_opt_set(struct sock *s, int name, const void *val, size_t len);
/* val has what the program put there: PACKET_HDRLEN asks with it. */
int packet_opt_get(struct sock *s, int name, void *val, size_t *len);
/* SO_ATTACH_FILTER with n instructions in file fd; fd < 0: SO_DETACH_FILTER */
int packet_filter(struct sock *s, int fd, uint32_t n);
/* Take the errno of the last packet the program sent; 0: it went out. */
int packet_sent(struct sock *s);
/* A copy of the ring's memory's fd, or -EINVAL: there is none. */
int packet_ring(struct sock *s);
/* See WIRE_QUERY_READY. */
int packet_ready(struct sock *s);

#endif
