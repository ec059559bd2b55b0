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

#include "stack/wire/clock.h"

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

/*
 * Something to be done every `period` ms, under the lock, as long as it is
 * needed: one that is not does not wake the host up.  `needed` is asked
 * whenever the lock is let go, so it must be cheap; NULL: always.  Its owner
 * keeps it for ever.  Times are kept to the ms, late under load.
 */
struct core_timer {
	void (*fn)(void);
	bool (*needed)(void);
	uint32_t period;	/* ms */
	uint64_t due;		/* ns, 0: not running; core.c's */
	struct core_timer *next;
};
void core_timer_add(struct core_timer *t);

/*
 * The thread that runs the timers: kick makes it look at them now, expect
 * tells it that one is due in ms (-1: none).  Before the first, nobody is told.
 */
void core_set_loop(void (*kick)(void), void (*expect)(int ms));
/* Called whenever frames that were looped back have been taken in. */
void core_on_loopback(void (*fn)(void));

/*
 * What wakes others up is done once the lock is let go, soon: else they would
 * take the CPU from us, and then want the lock.
 */
struct core_after {
	/* Called without the lock, by whichever thread held it last. */
	long (*out)(void *arg);
	/* Then under it, with what out returned; NULL: nothing to do. */
	void (*fin)(uint64_t id, long ret);
	void *arg;
	uint64_t id;		/* arg may be gone when fin is called */
};
/* false: no room; let it be done later, or do it yourself. */
bool core_after(const struct core_after *a);
/*
 * arg is about to go, with the lock held: no call out(arg) is going on or
 * will come.  Calls for it that were queued are made now if `make`.
 */
void core_after_forget(void *arg, bool make);

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

/* A positive errno for an err_t of lwIP's; 0 for ERR_OK. */
int errno_from_lwip(signed char err);

#endif
