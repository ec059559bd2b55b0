/*
 * loop.h: the thread that waits for programs: control connections, the
 * server's ends of their sockets, taps, and lwIP's timers.
 */
#ifndef STACK_LOOP_H
#define STACK_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An fd the loop watches; the first member of what it belongs to.  fn is
 * called under the core lock with the epoll events.  An object is given back
 * by loop_retire(), from any thread under the lock: it is freed when no
 * fetched event can point to it any more.
 */
struct pollable {
	void (*fn)(struct pollable *p, uint32_t events);
	void (*free)(struct pollable *p);
	struct pollable *next;	/* in the queue of the retired */
	struct pollable *all_next, **all_prev;	/* of all that are watched */
	int fd;
	bool dead;
};

int loop_init(void);		/* 0 or -errno */
/* events: EPOLLIN, EPOLLET, ... ; 0 or -errno */
int loop_add(struct pollable *p, uint32_t events);
int loop_modify(struct pollable *p, uint32_t events);
void loop_close(struct pollable *p);	/* stop watching, close the fd, keep p */
/* Stop watching p and close its fd, now; call p->free later. */
void loop_retire(struct pollable *p);
/*
 * The same for what nobody has the other end of: it is closed when there is
 * nothing else to do, or now where that would be late.
 */
void loop_leave(struct pollable *p);

/* In a forked child of the process that serves: let go of every fd. */
void loop_in_child(void);

/* Serve until loop_stop(); takes and drops the core lock itself. */
void loop_run(void);
void loop_stop(void);		/* from any thread or a signal handler */
void loop_kick(void);		/* make the loop thread look at its timers */
/* A timer is due in ms (-1: none): kick if the loop would sleep past it. */
void loop_expect(int ms);

#endif
