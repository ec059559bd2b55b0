/*
 * private.h: the life of a private host.
 *
 * It is kept by its clients, by the sockets of programs, and by holders:
 * processes that have nothing to do with it yet, as the shell on it.  When
 * all are gone it ends after a while, or at once for who takes its place.
 */
#ifndef STACK_PRIVATE_H
#define STACK_PRIVATE_H

#include <stddef.h>

#include "stack/wire/wire.h"

/* This host is one, and ends when nobody has kept it for that long. */
void private_start(unsigned grace_ms);
/* A connection more, or one less, of programs and tools. */
void private_client(int change);
/*
 * A client says who it is; behind a NUL it may name its holder, "PID START".  The
 * n bytes are not to be trusted.
 */
void private_hello(const char *who, size_t n);
/* WIRE_YIELD; 0 or -errno. */
int private_yield(const struct wire_req *req, struct wire_rep *rep);

#endif
