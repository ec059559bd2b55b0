/*
 * spin.h: polling for a moment instead of sleeping at once.
 *
 * A wake-up of an idle CPU costs 25-40 us on a virtual machine, more than the
 * whole way of a packet.  So who sleeps looks a while longer if that would
 * have helped the last times: the budget grows when a sleep turned out to be
 * short and shrinks when polling was in vain.  Each look gives the CPU to
 * anyone else who can use it.
 */
#ifndef BUS_SPIN_H
#define BUS_SPIN_H

#include <sched.h>
#include <stdint.h>

#define SPIN_MAX_US	50u

struct spin {
	unsigned budget_us;	/* 0..SPIN_MAX_US; 0: sleep at once */
};

/* A sleep lasted ns. */
static inline void spin_slept(struct spin *s, uint64_t ns)
{
	if (ns > SPIN_MAX_US * 1000ull)
		s->budget_us /= 2;
	else if (s->budget_us < SPIN_MAX_US / 2)
		s->budget_us = s->budget_us * 2 + 8;
	else
		s->budget_us = SPIN_MAX_US;
}

static inline void spin_missed(struct spin *s)
{
	s->budget_us -= (s->budget_us + 7) / 8;
}

static inline void spin_pause(void)
{
	sched_yield();
}

#endif
