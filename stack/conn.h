/*
 * conn.h: how streams begin: bind, connect, listen, accept; between conn.c
 * and tcp.c only.
 */
#ifndef STACK_CONN_H
#define STACK_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/ip_addr.h"

struct sock;
struct tcp_pcb;
struct wire_addr;

/* conn.c */
int conn_open(struct sock *s);
int conn_bind(struct sock *s, const struct wire_addr *a);
int conn_connect(struct sock *s, const struct wire_addr *a);
int conn_listen(struct sock *s, int backlog);
void conn_apply(struct sock *s);	/* options to the pcb */
void conn_unlisten(struct sock *s);	/* its pcb and what waits on it */
void conn_established(struct sock *s);
void conn_failed(struct sock *s, int err);	/* positive errno */
void conn_abandon(struct sock *s);	/* the program gave up before */

/* tcp.c */
void tcp_attach(struct sock *s, struct tcp_pcb *pcb);
int tcp_start_connect(struct sock *s, const ip_addr_t *ip, uint16_t port);
void tcp_reset(struct sock *s);

/* delack.c: an acknowledgement that lwIP has put off is sent, or soon. */
void tcp_ack_soon(struct sock *s);

#endif
