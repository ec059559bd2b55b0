/* connect.h: how streams begin: bind, connect, listen. */
#ifndef STACK_CONNECT_H
#define STACK_CONNECT_H

#include "stack/stream/stream.h"

int connect_open(struct sock *s);
int connect_bind(struct sock *s, const struct wire_addr *a);
int connect_start(struct sock *s, const struct wire_addr *a);
int listen_start(struct sock *s, int backlog);
void listen_stop(struct stream *st);	/* its pcb and what waits on it */
void connect_apply(struct sock *s);	/* options to the pcb */
/*
 * The connection attempt of st goes on without a plug; answer fd when it is
 * over (a blocking connect), -1: nobody waits.
 */
void connect_wait(struct stream *st, int reply_fd);
/* See WIRE_CONNECT_ASYNC; n: its b. */
void connect_plugged(struct stream *st, int n);
void connect_unplug(struct stream *st);	/* take the plug out again */
void connect_established(struct stream *st);
void connect_failed(struct stream *st, int err);	/* positive errno */
void connect_abandon(struct stream *st);	/* the program gave up before */
void connect_init(void);

/* sock_ops.port_used and tuple_used: what lwIP still has. */
bool connect_port_used(const struct sock *s, const struct wire_addr *a);
bool connect_tuple_used(const struct wire_addr *local,
    const struct wire_addr *peer, bool take);

#endif
