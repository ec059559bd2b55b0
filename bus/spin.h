/*
 * spin.h: polling for a moment instead of sleeping at once.
 *
 * A wake-up of an idle CPU costs 25-40 us on a virtual machine, more than the
 * whole way of a packet; a round trip with six of them 100 us and more.  So
 * who sleeps looks a while longer if that would have helped the last times:
 * the budget grows when a sleep turned out to be short and shrinks when
 * polling was in vain.  Between looks the CPU is
 * offered to others; if one takes it, polling would only be in its way, and
 * is left alone for a while.
 */
#ifndef BUS_SPIN_H
#define BUS_SPIN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SPIN_DEFAULT_US	50	/* the longest; sysctl net.busy_poll */
#define SPIN_TAKEN_NS	1500u	/* a longer yield: somebody else ran */
#define SPIN_REST	256u	/* sleeps without polling after that */

extern int spin_max_us;		/* wait.c's; any thread reads it */

static inline unsigned spin_max(void)
{
	return (unsigned)__atomic_load_n(&spin_max_us, __ATOMIC_RELAXED);
}

struct spin {
	unsigned budget_us;	/* 0: sleep at once */
	unsigned rest;		/* sleeps to go until it may grow again */
};

static inline uint64_t spin_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

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
 * Poll ready(arg) within the budget.
 * Return: true if it said so, false: sleep now.
 */
static inline bool spin_until(struct spin *s, bool (*ready)(void *arg),
    void *arg)
{
	unsigned max = spin_max();
	uint64_t now = spin_now(), end, before;

	if (s->budget_us < max)
		max = s->budget_us;
	if (!max)
		return false;
	end = now + max * 1000ull;
	do {
		if (ready(arg))
			return true;
		before = now;
		sched_yield();
		now = spin_now();
		if (now - before > SPIN_TAKEN_NS) {
			s->budget_us = 0;
			s->rest = SPIN_REST;
			return ready(arg);
		}
	} while (now < end);
	s->budget_us -= (s->budget_us + 7) / 8;
	return false;
}

#endif
