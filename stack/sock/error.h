/* error.h: sockets are told of errors that come later (RFC 1122 4.2.3.9). */
#ifndef STACK_ERROR_H
#define STACK_ERROR_H

struct pbuf;
struct sock;
struct wire_addr;

/*
 * s sent p to peer: if its neighbour never answers ARP or ND, s is told.
 */
void error_watch(struct sock *s, const struct wire_addr *peer,
    const struct pbuf *p);
void error_init(void);

#endif
