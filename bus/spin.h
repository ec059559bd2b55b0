/*
 * spin.h: polling for a moment instead of sleeping at once.
 *
 * A wake-up of an idle CPU costs 25-40 us on a virtual machine, more than the
 * whole way of a packet; a round trip with six of them 100 us and more.  So
 * who sleeps looks a while longer if that would have helped the last times:
 * the budget grows when a sleep turned out to be short and shrinks when
 * polling was in vain.  It must be longer than a round trip of two hosts that
 * sleep, or they never find out how short one is when they do not.
 *
 * Between looks the CPU is offered to others.  Those are often the very ones
 * we wait for, on their way to sleep; but if they take it time and again
 * until there is something for us, or compute, polling is only in their way,
 * and is left alone for a while.
 */
#ifndef BUS_SPIN_H
#define BUS_SPIN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "stack/wire/clock.h"

#define SPIN_DEFAULT_US	100	/* the longest; sysctl net.busy_poll */
#define SPIN_OTHERS_NS	3000u	/* a longer yield: not just another poller */
#define SPIN_HOG_NS	100000u	/* a longer one: somebody computes */
#define SPIN_CROWD	16	/* polls in a crowd that are too many */
#define SPIN_REST	256u	/* sleeps without polling after that */

extern int spin_max_us;		/* wait.c's; any thread reads it */

static inline unsigned spin_max(void)
{
	return (unsigned)__atomic_load_n(&spin_max_us, __ATOMIC_RELAXED);
}

/* Between two looks at a lock. */
static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

struct spin {
	unsigned budget_us;	/* 0: sleep at once */
	int crowd;		/* polls that others ran in, less what paid off */
	unsigned rest;		/* sleeps to go until it may poll again */
};

/* A sleep lasted ns. */
static inline void spin_slept(struct spin *s, uint64_t ns)
{
	unsigned max = spin_max();

	if (s->rest)
		s->rest--;
	else if (ns > max * 1000ull)
		s->budget_us /= 2;
	else if (s->budget_us < max / 2)
		s->budget_us = s->budget_us * 2 + 8;
	else
		s->budget_us = max;
}

/*
 * Others ran while we polled.  Woken from sleep we would have come no later,
 * and the switches to and fro were for nothing; which is all right once in a
 * while, as when they are those we then wait for.
 */
static inline void spin_crowd(struct spin *s, unsigned weight)
{
	s->crowd += (int)weight;
	if (s->crowd < SPIN_CROWD)
		return;
	s->crowd = SPIN_CROWD / 2;
	s->rest = SPIN_REST;
}

/*
 * Poll ready(arg) within the budget.
 * Return: true if it said so, false: sleep now.
 */
static inline bool spin_until(struct spin *s, bool (*ready)(void *arg),
    void *arg)
{
	unsigned max = spin_max();
	uint64_t now, end, took = 0;

	if (s->budget_us < max)
		max = s->budget_us;
	if (!max || s->rest)
		return false;
	now = clock_ns();
	end = now + max * 1000ull;
	while (!ready(arg)) {
		uint64_t before = now;

		if (now >= end) {
			s->budget_us -= (s->budget_us + 7) / 8;
			return false;
		}
		sched_yield();
		now = clock_ns();
		took = now - before;
		if (took > SPIN_HOG_NS) {
			spin_crowd(s, SPIN_CROWD);
			return ready(arg);
		}
	}
	if (took > SPIN_OTHERS_NS)
		spin_crowd(s, 1);
	else if (s->crowd > 4)
		s->crowd -= 4;
	else
		s->crowd = 0;
	return true;
}

#endif
