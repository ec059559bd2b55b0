/* rtt.c: round trips, and the retransmission time-out of RFC 6298. */
#include "stack/tcp/rec.h"

#define US		1000u			/* ns */
#define RTO_FIRST	1000000u		/* us */
#define RTO_MIN		200000u
#define RTO_MAX		120000000u
#define SHORTEST_AGE	(300 * CLOCK_NS_S)	/* the way may have changed */

void rtt_init(struct rec *r)
{
	r->rto = RTO_FIRST;
	r->min_rtt = UINT32_MAX;
}

/*
 * As Linux reads RFC 6298: the variance counts for the 200 ms at least, so
 * that an acknowledgement that is delayed is not taken for a loss.
 */
void rtt_sample(struct rec *r, uint64_t ns)
{
	uint32_t us = ns / US > RTO_MAX ? RTO_MAX : (uint32_t)(ns / US);
	uint32_t diff;

	if (!us)
		us = 1;
	rtt_longest(r, ns);
	if (!r->srtt) {
		r->srtt = us;
		r->rttvar = us / 2;
	} else {
		diff = us > r->srtt ? us - r->srtt : r->srtt - us;
		/* Many samples a round trip: down slowly, up at once. */
		r->rttvar = diff > r->rttvar ?
		    r->rttvar + (diff - r->rttvar) / 4 :
		    r->rttvar - (r->rttvar - diff) / 16;
		r->srtt = us > r->srtt ? r->srtt + diff / 8 :
		    r->srtt - diff / 8;
	}
	r->rto = r->srtt + (4 * r->rttvar > RTO_MIN ? 4 * r->rttvar : RTO_MIN);
	if (r->rto > RTO_MAX)
		r->rto = RTO_MAX;
}

void rtt_longest(struct rec *r, uint64_t ns)
{
	uint32_t us = ns / US > RTO_MAX ? RTO_MAX : (uint32_t)(ns / US);

	if (us >= r->late_rtt)
		r->late_rtt = us;
	else
		r->late_rtt -= (r->late_rtt - us) / 64;
	if (us >= r->later_rtt)
		r->later_rtt = us;
	else
		r->later_rtt -= (r->later_rtt - us) / 1024;
}

void rtt_shortest(struct rec *r, uint64_t ns, uint64_t now)
{
	uint32_t us = ns / US > UINT32_MAX - 1 ? UINT32_MAX - 1 :
	    (uint32_t)(ns / US);

	bbr_rtt(r, us ? us : 1, now);
	if (us > r->min_rtt && now - r->min_rtt_ns < SHORTEST_AGE)
		return;
	r->min_rtt = us ? us : 1;
	r->min_rtt_ns = now;
}

uint64_t rtt_timeout(const struct rec *r, unsigned backoff)
{
	uint64_t us = backoff > 20 ? RTO_MAX : (uint64_t)r->rto << backoff;

	return (us > RTO_MAX ? RTO_MAX : us) * US;
}
