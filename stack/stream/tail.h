/*
 * tail.h: how a program without the library hears of a reset.
 *
 * The kernel shows an error at the program's end of a pair when ours is closed
 * with something unread, and then only.  So the last byte that such a program
 * wrote stays in the pair, though it was taken: it takes two system calls to
 * read the pair, which is why programs with the library, which asks the host,
 * do without it.  After a long message there is none until a short one comes.
 * The first such byte is the last one of the plug (WIRE_CONNECT), or comes with
 * the pair (accept.c).
 */
#ifndef STACK_TAIL_H
#define STACK_TAIL_H

#include <stddef.h>
#include <sys/types.h>

struct stream;

/* The pair begins with a byte that is no data; from now on one is kept. */
void tail_begin(struct stream *st);
/* As recv(2) of the pair with MSG_DONTWAIT, of one that keeps its tail. */
ssize_t tail_recv(struct stream *st, void *buf, size_t n);
/* No more of this: the pair has data only. */
void tail_drop(struct stream *st);

#endif
