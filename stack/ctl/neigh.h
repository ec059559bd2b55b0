/* neigh.h: what arp and ndp have in common: the table of neighbours. */
#ifndef STACK_CTL_NEIGH_H
#define STACK_CTL_NEIGH_H

#include <stdbool.h>

struct wire_neigh;

/* How a family's table is shown. */
struct neigh_table {
	int family;
	const char *options;	/* getopt(3)'s; c: forget all, as -d -a */
	void (*head)(void);	/* may be NULL */
	void (*line)(const struct wire_neigh *n);
};

/* The name of a state, of NUD_ bits. */
const char *neigh_state(unsigned state);

/* The command as a whole.  Return: an exit status. */
int neigh_command(const struct neigh_table *t, int argc, char **argv);

#endif
