/*
 * accept.h: connections on their way from lwIP to accept(2).
 *
 * An established connection is handed to its listener's program at once, as a
 * record with a descriptor, in the listener's pair: its queue in the kernel
 * is the queue of accept(2).  What the pair has no room for waits here.
 */
#ifndef STACK_ACCEPT_H
#define STACK_ACCEPT_H

#include "lwip/err.h"

struct stream;
struct tcp_pcb;

/* lwIP's accept callback; arg is the listener. */
err_t accept_add(void *arg, struct tcp_pcb *pcb, err_t err);
void accept_flush(struct stream *l);	/* the pair may have room again */
void accept_drop(struct stream *l);	/* it ends: reset what waits */
/* How many connections of a listener wait for accept(2). */
int accept_waiting(const struct stream *l);
/* accept_admit() is lwIP's to call, see hooks.h. */

#endif
