/*
 * draw.h: numbers that nobody can guess, for the names of sockets.  Many are
 * fetched with one system call.  From threads, signal handlers, forked and
 * vforked children alike: no lock, no libc, no number twice.
 */
#ifndef STACK_DRAW_H
#define STACK_DRAW_H

#include <stdint.h>

uint64_t draw_number(void);

#endif
