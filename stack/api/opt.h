/* opt.h: socket options, by Linux's rules for ranges, lengths and errnos. */
#ifndef STACK_OPT_H
#define STACK_OPT_H

#include <stddef.h>

struct sock;

/* val has len bytes; 0 or -errno as setsockopt(2). */
int opt_set(struct sock *s, int level, int name, const void *val, size_t len);
/*
 * Put the value into val (room *len, at most WIRE_DATA) and its length into
 * *len; 0 or -errno as getsockopt(2).
 */
int opt_get(struct sock *s, int level, int name, void *val, size_t *len);

#endif
