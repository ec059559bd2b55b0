/* neigh.h: what arp and ndp have in common: the table of neighbours. */
#ifndef STACK_CTL_NEIGH_H
#define STACK_CTL_NEIGH_H

#include <stdbool.h>

struct wire_neigh;

/* How a family's table is shown. */
struct neigh_table {
	int family;
	void (*head)(void);	/* may be NULL */
	void (*line)(const struct wire_neigh *n);
};

/* The name of a state, of NUD_ bits. */
const char *neigh_state(unsigned state);

/* Show all, or the one of that address.  Return: an exit status. */
int neigh_show(const struct neigh_table *t, const char *addr, bool json);
int neigh_add(int family, const char *addr, const char *mac);
int neigh_delete(int family, const char *addr);
int neigh_delete_all(int family);

#endif
