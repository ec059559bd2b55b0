/*
 * counter.h: events counted under a name, always, in the manner of Open
 * vSwitch's coverage counters.
 *
 * counter_inc("ip.no_route") is all: it declares the counter, and counts.
 * Names are layer.reason; one that several places count is shown once, with
 * the sum.  shmif netstat -s shows them, and shmif.1 says what each means.
 */
#ifndef STACK_COUNTER_H
#define STACK_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct counter {
	const char *name;
	uint64_t n;		/* relaxed: any thread adds */
};

/* The linker gathers pointers to all of them, from every file. */
#define counter_add(name_, by)						\
	do {								\
		static struct counter counter_ = { (name_), 0 };	\
		static struct counter *const entry_			\
		    __attribute__((section("shmif_counter"), used)) =	\
		    &counter_;						\
									\
		(void)entry_;						\
		__atomic_fetch_add(&counter_.n, (by), __ATOMIC_RELAXED);	\
	} while (0)
#define counter_inc(name)	counter_add(name, 1)

/* The i-th place that counts, in no order; NULL after the last. */
const struct counter *counter_at(unsigned i);
/* The sum of all places of that name. */
uint64_t counter_value(const char *name);

#endif
