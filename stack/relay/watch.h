/*
 * watch.h: the one loop of a relay: descriptors, and a tick.  One thread.
 */
#ifndef RELAY_WATCH_H
#define RELAY_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define WATCH_TICK	250	/* ms */

/*
 * A descriptor that is watched, edge-triggered; a member of what it belongs to.
 * watch_drop() closes it at once and calls `free` after the turn, when no event
 * can point to it any more.
 */
struct watch {
	void (*fn)(struct watch *w, uint32_t events);
	void (*free)(struct watch *w);
	struct watch *next;	/* in the queue of the dropped */
	uint32_t events;
	int fd;
	bool dead;
};

int watch_init(void);
/* 0 or -errno. */
int watch_add(struct watch *w, uint32_t events);
/* Watch for these instead; what is so already makes a new edge. */
void watch_set(struct watch *w, uint32_t events);
/* Close the descriptor, keep w. */
void watch_close(struct watch *w);
/* Let go of it: it stays open. */
void watch_leave(struct watch *w);
void watch_drop(struct watch *w);

/*
 * Until watch_stop().  settle is called at the end of each turn, before it
 * may sleep, tick every WATCH_TICK.  settle says whether there is more to do
 * at once.
 */
void watch_run(bool (*settle)(void), void (*tick)(void));
void watch_stop(void);

#endif
