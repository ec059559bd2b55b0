/* ifshow.h: the interfaces as ifconfig(8) of NetBSD shows them. */
#ifndef STACK_CTL_IFSHOW_H
#define STACK_CTL_IFSHOW_H

#include <stdbool.h>

struct ifshow {
	const char *ifname;	/* NULL: all */
	int family;		/* show addresses of this one; 0: both */
	bool names;		/* -l */
	bool verbose;		/* -v: with counters */
	bool only_up, only_down;
	bool json;
};

/* Return: an exit status. */
int ifshow_print(const struct ifshow *show);

#endif
