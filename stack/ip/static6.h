/*
 * static6.h: IPv6 neighbours that somebody has said; lwIP keeps only those that
 * it has found itself, so this table is asked before it is.
 */
#ifndef STACK_STATIC6_H
#define STACK_STATIC6_H

#include <stdbool.h>
#include <stdint.h>

struct static6 {
	uint32_t ifindex;	/* 0: free */
	uint8_t ip[16], mac[6];
};

/* The entry, or NULL. */
const struct static6 *static6_find(uint32_t ifindex,
    const uint8_t ip[static 16]);
/* Add or replace; 0 or -ENOBUFS. */
int static6_add(const struct static6 *s);
/* Of that interface, 0: of all.  Return: whether there was one. */
bool static6_del(uint32_t ifindex, const uint8_t ip[static 16]);
void static6_flush(uint32_t ifindex);	/* the interface is going */
/* The i-th, perhaps a free one; NULL after the last. */
const struct static6 *static6_at(unsigned i);

#endif
