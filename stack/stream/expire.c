/*
 * expire.c: how long a connection waits for its peer: TCP_USER_TIMEOUT, and
 * what nobody owns any more (an orphan), by Linux's rules.  lwIP's own limits
 * are longer, and it probes a window of zero for ever if the peer answers.
 */

#include "lwip/priv/tcp_priv.h"
#include "stack/stream/stream.h"

#define RTO_MIN_MS	200	/* Linux's; it doubles with each try */
#define ORPHAN_RETRIES	8	/* of Linux, where the setting is 0 */
/* Until Linux's probes of a window of zero are two minutes apart. */
#define ORPHAN_PROBED_MS	(RTO_MIN_MS * ((1u << 10) - 1))

int expire_orphan_retries;

/* Does the peer say anything? */
static bool answers(const struct tcp_pcb *pcb)
{
	return pcb->persist_backoff ? pcb->persist_probe < 2 : !pcb->nrtx;
}

/* What is sent may go unacknowledged for so many ms; 0: no limit of ours. */
static uint64_t limit(const struct stream *st)
{
	int retries = expire_orphan_retries ? expire_orphan_retries :
	    ORPHAN_RETRIES;

	if (st->s.opt.user_timeout > 0)
		return (uint64_t)st->s.opt.user_timeout;
	if (!st->s.gone)
		return 0;
	return answers(st->pcb) ? ORPHAN_PROBED_MS :
	    RTO_MIN_MS * ((2ull << retries) - 1);
}

/* Keep-alive probes: with a user time-out it decides, not their number. */
static bool silent(const struct stream *st)
{
	const struct tcp_pcb *pcb = st->pcb;

	return st->s.opt.user_timeout > 0 && pcb->keep_cnt_sent &&
	    (uint64_t)(tcp_ticks - pcb->tmr) * TCP_SLOW_INTERVAL >=
	    (uint64_t)st->s.opt.user_timeout;
}

bool expire_due(struct stream *st)
{
	const struct tcp_pcb *pcb = st->pcb;
	uint64_t now = clock_ns(), ms = limit(st);

	if (st->lastack != pcb->lastack || (!pcb->unacked && !pcb->unsent)) {
		st->lastack = pcb->lastack;
		st->lastack_ns = now;
	}
	return silent(st) || (ms &&
	    now - st->lastack_ns >= ms * CLOCK_NS_MS);
}
