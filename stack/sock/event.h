/*
 * event.h: what happens to sockets, as lines of the log:
 * connect tcp 10.0.0.2:40001 -> 10.0.0.1:9 ECONNREFUSED curl[123].
 */
#ifndef STACK_EVENT_H
#define STACK_EVENT_H

#include <stdbool.h>

struct sock;
struct wire_addr;

/* How an attempt went, or that it began: 0 or an errno, of either sign. */
void event_connect(const struct sock *s, const struct wire_addr *peer,
    int err);
void event_listen(const struct sock *s, int backlog, int err);
void event_accept(const struct sock *s);
/* More wait for accept(2) than it takes: a SYN is left without an answer. */
void event_full(const struct sock *s);
/* The program has closed its end; how: "", or what is special about it. */
void event_close(const struct sock *s, const char *how);
void event_reset(const struct sock *s, const char *by);
/* Not a line but a count: a message found no room; shut: nobody reads. */
void event_lost(const struct sock *s, bool shut);

#endif
