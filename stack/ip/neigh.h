/* neigh.h: the ARP table and the neighbour cache. */
#ifndef STACK_NEIGH_H
#define STACK_NEIGH_H

#include <stdbool.h>

#include "stack/wire/wire.h"

/* The i-th entry; n->family is 0 if it is empty.  false after the last. */
bool neigh_at(unsigned i, struct wire_neigh *n);
/* Static, or by its state as if it had been learned.  0 or -errno. */
int neigh_add(const struct wire_neigh *n);
int neigh_use(const struct wire_neigh *n);	/* ask for it now */
int neigh_del(const struct wire_neigh *n);

#endif
