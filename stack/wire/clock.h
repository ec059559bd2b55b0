/* clock.h: the time, in nanoseconds.  Everything asks here. */
#ifndef STACK_CLOCK_H
#define STACK_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_MS	1000000ull
#define CLOCK_NS_S	1000000000ull

static inline uint64_t clock_ns_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_NS_S + (uint64_t)ts.tv_nsec;
}

/* CLOCK_MONOTONIC: for time-outs; does not jump when somebody sets the date. */
static inline uint64_t clock_ns(void)
{
	return clock_ns_of(CLOCK_MONOTONIC);
}

/* CLOCK_REALTIME: for time stamps that others read. */
static inline uint64_t clock_real_ns(void)
{
	return clock_ns_of(CLOCK_REALTIME);
}

static inline struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / CLOCK_NS_S),
	    .tv_nsec = (long)(ns % CLOCK_NS_S) };
}

#endif
