/*
 * core.h: the one lock around lwIP, and what is done before it is let go.
 *
 * All of lwIP and of stack/ is used under core_lock() only, by the loop
 * thread and by one thread per bus or tap.
 */
#ifndef STACK_CORE_H
#define STACK_CORE_H

#include <stdbool.h>
#include <stdint.h>

void core_init(void);		/* once, before anything else */
void core_lock(void);
/*
 * First finish what the work under the lock has left: frames looped back,
 * data to hand to programs, acknowledgements.  Then unlock.
 */
void core_unlock(void);
/*
 * The same for the loop thread, in two steps: what is left is done, and the
 * ms until lwIP's next timer (-1: none) returned; the lock is let go by drop.
 */
int core_settle(void);
void core_drop(void);
void core_run_timers(void);
uint64_t core_now_ns(void);	/* CLOCK_MONOTONIC */

/*
 * Something to be done once, before the lock is let go.  The work may queue
 * itself or others again.
 */
struct core_work {
	struct core_work *next;
	void (*fn)(struct core_work *w);
	bool queued;
};
void core_defer(struct core_work *w);
void core_undefer(struct core_work *w);	/* harmless if not queued */

#endif
