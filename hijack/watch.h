/*
 * watch.h: who watches an fd by epoll.  A registration goes with the file
 * behind the number; a socket that gets another file there, for another
 * attempt to connect, must not lose it.
 */
#ifndef HIJACK_WATCH_H
#define HIJACK_WATCH_H

#include "hijack/hijack.h"

#define WATCHES_MAX	32	/* more of one socket are let go */

struct watches {
	int fd;
	unsigned n;
	struct watch {
		int ep;		/* number of the epoll descriptor */
		uint32_t events;
		uint64_t data;
	} v[WATCHES_MAX];
};

/* Find the registrations of fd and take them off. */
HJ_HIDDEN void watch_lift(struct watches *w, int fd);
/* Put them back, on the file that is there now. */
HJ_HIDDEN void watch_put(const struct watches *w);

#endif
