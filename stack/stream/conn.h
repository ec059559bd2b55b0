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
int connect_open(struct sock *s);
int connect_bind(struct sock *s, const struct wire_addr *a);
int connect_start(struct sock *s, const struct wire_addr *a);
int listen_start(struct sock *s, int backlog);
void connect_apply(struct sock *s);	/* options to the pcb */
void listen_stop(struct sock *s);	/* its pcb and what waits on it */
void connect_established(struct sock *s);
void connect_failed(struct sock *s, int err);	/* positive errno */
void connect_abandon(struct sock *s);	/* the program gave up before */

/* tcp.c */
void stream_attach(struct sock *s, struct tcp_pcb *pcb);
int stream_start_connect(struct sock *s, const ip_addr_t *ip, uint16_t port);
void stream_reset(struct sock *s);

/* delack.c: an acknowledgement that lwIP has put off is sent, or soon. */
void delack_soon(struct sock *s);

#endif
