/*
 * walk.c: walks along queues of segments.
 *
 * A queue is as long as the window, and the peer says, with every segment that
 * it sends, that one be walked.  Few walks are far: the rest is what a stranger
 * does.  So all of a host that are share a fifth of the time, and what comes
 * when that is spent is as if it had been lost on its way.
 */
#include "stack/core/counter.h"
#include "stack/tcp/rec.h"

#define SHARE		5
#define AT_ONCE		CLOCK_NS_MS	/* after a pause */
#define SEGMENT		25		/* ns, with a miss of the cache */
#define SEGMENT_MOST	200		/* more was somebody else's */

static uint64_t free_at;	/* ns: no walks until then */

static bool may(uint64_t now)
{
	if (free_at <= now)
		return true;
	counter_inc("tcp.walk_limited");
	return false;
}

static void spend(uint64_t ns, uint64_t now)
{
	if (free_at + SHARE * AT_ONCE < now)
		free_at = now - SHARE * AT_ONCE;
	free_at += SHARE * ns;
}

bool rec_may_walk(unsigned n)
{
	uint64_t now;

	if (n <= REC_NEAR)
		return true;
	now = clock_ns();
	if (!may(now))
		return false;
	spend((uint64_t)n * SEGMENT, now);
	return true;
}

bool rec_may_go_on(struct rec_walk *w)
{
	uint64_t now = clock_ns(), ns = now - w->since;

	if (w->since)
		spend(ns < REC_NEAR * SEGMENT_MOST ? ns :
		    REC_NEAR * SEGMENT_MOST, now);
	w->since = now;
	return may(now);
}
