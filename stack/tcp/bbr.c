/*
 * bbr.c: how much may be on its way over a long way: what the way takes, by
 * the rate at which data arrive and the shortest round trip
 * (draft-cardwell-iccrg-bbr-congestion-control-00 and
 * draft-cheng-iccrg-delivery-rate-estimation).  A loss is no sign of a full
 * queue there, so one on a bad way costs no more than its own repair.
 */
#include "stack/tcp/rec.h"

#define WAY_MIN		2000u			/* us; a bus is shorter */
#define HIGH_GAIN	2.885
#define CWND_GAIN	2.0
#define FULL_GROWTH	1.25
#define FULL_ROUNDS	3
#define SHORTEST_AGE	(10 * CLOCK_NS_S)
#define PROBE_RTT_NS	(200 * CLOCK_NS_MS)
#define CWND_MIN	4u			/* segments */
#define INITIAL		10u

static const double cycle[BBR_CYCLE] = { 1.25, 0.75, 1, 1, 1, 1, 1, 1 };

/*
 * The shortest round trip, us; where some packets overtake others that is one
 * of a few, and the longest counts.
 */
static uint32_t shortest(const struct rec *r)
{
	return r->reordering && r->late_rtt > r->bbr.rtt ? r->late_rtt :
	    r->bbr.rtt;
}

/* ns that a measurement has to take: else it was compressed on its way. */
static uint64_t enough(const struct rec *r)
{
	return shortest(r) * (r->reordering ? 750ull : 1000ull);
}

bool bbr_applies(const struct rec *r)
{
	return r->algorithm == REC_BBR && shortest(r) >= WAY_MIN;
}

void bbr_rtt(struct rec *r, uint32_t us, uint64_t now)
{
	struct bbr *b = &r->bbr;

	b->old = b->rtt && now - b->rtt_ns > SHORTEST_AGE;
	if (b->rtt && us > b->rtt && !b->old)
		return;
	b->rtt = us;
	b->rtt_ns = now;
}

/* Rates. */

void bbr_sent(struct rec *r, struct tcp_seg *seg, uint64_t now)
{
	struct bbr *b = &r->bbr;

	if (!rec_pipe(r))
		b->first_ns = b->arrived_ns = now;
	seg->first_ns = b->first_ns;
	seg->arrived_ns = b->arrived_ns;
	seg->arrived = b->arrived;
	seg->idle = b->idle_until != 0;
}

void bbr_arrived(struct rec *r, const struct tcp_seg *seg, uint64_t now)
{
	struct bbr *b = &r->bbr;

	b->arrived += TCP_TCPLEN(seg);
	b->arrived_ns = now;
	/* One that has overtaken others tells nothing of the way's rate. */
	if ((b->sampled && seg->arrived < b->from) || (r->reordering &&
	    now - seg->arrived_ns < enough(r)))
		return;
	b->sampled = true;
	b->from = seg->arrived;
	b->from_ns = seg->arrived_ns;
	b->send_ns = seg->sent_ns - seg->first_ns;
	b->sample_idle = seg->idle;
	b->first_ns = seg->sent_ns;
}

/* Nothing more to send now: what is measured until it arrives is no limit. */
void bbr_idle(struct rec *r)
{
	uint64_t until = r->bbr.arrived + rec_pipe(r);

	r->bbr.idle_until = until ? until : 1;
}

/* While there is little to send, what the way takes is not forgotten. */
static void next_round(struct bbr *b)
{
	b->round_end = b->arrived;
	b->round_start = true;
	b->conserve = false;
	if (b->sample_idle)
		return;
	b->rounds++;
	b->rate[b->rounds % BBR_ROUNDS] = 0;
}

double bbr_rate(const struct rec *r)
{
	double max = 0;

	for (int i = 0; i < BBR_ROUNDS; i++)
		if (r->bbr.rate[i] > max)
			max = r->bbr.rate[i];
	return max;
}

/* Bytes a second, of what has arrived since the last time. */
static void measure(struct rec *r)
{
	struct bbr *b = &r->bbr;
	uint64_t ns = b->arrived_ns - b->from_ns;
	double rate;

	b->round_start = false;
	if (!b->sampled)
		return;
	b->sampled = false;
	if (b->idle_until && b->arrived > b->idle_until)
		b->idle_until = 0;
	if (b->from >= b->round_end)
		next_round(b);
	if (b->send_ns > ns)
		ns = b->send_ns;
	if (ns < enough(r) || !ns)
		return;
	rate = (double)(b->arrived - b->from) * CLOCK_NS_S / (double)ns;
	if ((!b->sample_idle || rate >= bbr_rate(r)) &&
	    rate > b->rate[b->rounds % BBR_ROUNDS])
		b->rate[b->rounds % BBR_ROUNDS] = rate;
}

static double way(const struct rec *r, double gain)
{
	return gain * bbr_rate(r) * shortest(r) / 1e6;
}

/* Phases. */

static void look_if_full(struct rec *r)
{
	struct bbr *b = &r->bbr;
	double rate = bbr_rate(r);

	if (b->full || !b->round_start || b->sample_idle)
		return;
	if (rate >= b->full_rate * FULL_GROWTH) {
		b->full_rate = rate;
		b->full_rounds = 0;
	} else if (++b->full_rounds >= FULL_ROUNDS) {
		b->full = true;
	}
}

static void to_cycle(struct rec *r, uint64_t now)
{
	struct bbr *b = &r->bbr;

	b->phase = BBR_PROBE;
	/* Not all at the same time; and not down first. */
	b->turn = (uint8_t)(2 + (now >> 10) % (BBR_CYCLE - 2));
	b->turn_ns = now;
}

static void turn(struct rec *r, bool found, uint64_t now)
{
	struct bbr *b = &r->bbr;
	double gain = cycle[b->turn], pipe = rec_pipe(r);
	bool over = now - b->turn_ns > shortest(r) * 1000ull;

	if (gain > 1)
		over = over && (found || pipe >= way(r, gain));
	else if (gain < 1)
		over = over || pipe <= way(r, 1);
	if (!over)
		return;
	b->turn = (uint8_t)((b->turn + 1) % BBR_CYCLE);
	b->turn_ns = now;
}

/*
 * The shortest round trip is old, and may be one with our own queue in it:
 * for a moment there is none.
 */
static void look_for_shortest(struct rec *r, uint64_t now)
{
	struct bbr *b = &r->bbr;

	if (b->phase != BBR_RTT) {
		if (!b->old || b->sample_idle)
			return;
		bbr_loss(r);
		b->phase = BBR_RTT;
		b->hold_ns = 0;
	} else if (!b->hold_ns) {
		if (rec_pipe(r) <= CWND_MIN * rec_mss(r->pcb))
			b->hold_ns = now + PROBE_RTT_NS;
	} else if (now > b->hold_ns) {
		b->rtt_ns = now;
		if (r->pcb->cwnd < b->prior_cwnd)
			r->pcb->cwnd = b->prior_cwnd;
		b->phase = BBR_STARTUP;
		if (b->full)
			to_cycle(r, now);
	}
	b->old = false;
}

static void phases(struct rec *r, bool found, uint64_t now)
{
	struct bbr *b = &r->bbr;

	look_if_full(r);
	look_for_shortest(r, now);
	if (b->phase == BBR_STARTUP && b->full)
		b->phase = BBR_DRAIN;
	if (b->phase == BBR_DRAIN && rec_pipe(r) <= way(r, 1))
		to_cycle(r, now);
	if (b->phase == BBR_PROBE)
		turn(r, found, now);
}

static double pace_gain(const struct bbr *b)
{
	switch (b->phase) {
	case BBR_STARTUP:
		return HIGH_GAIN;
	case BBR_DRAIN:
		return 1 / HIGH_GAIN;
	case BBR_PROBE:
		return cycle[b->turn];
	case BBR_RTT:
		break;
	}
	return 1;
}

double bbr_pace(const struct rec *r)
{
	double rate = bbr_rate(r), first = r->srtt ?
	    INITIAL * rec_mss(r->pcb) * 1e6 / r->srtt : 0;

	/* The first few bytes tell nothing: not slower than the first window. */
	if (!r->bbr.full && rate < first)
		rate = first;
	return rate * pace_gain(&r->bbr);
}

void bbr_loss(struct rec *r)
{
	struct bbr *b = &r->bbr;
	uint32_t cwnd = r->pcb->cwnd;

	if (r->state >= REC_RECOVERY && cwnd < b->prior_cwnd)
		return;
	b->prior_cwnd = cwnd;
}

void bbr_step(struct rec *r, uint32_t lost, bool entered, bool left,
    uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;
	struct bbr *b = &r->bbr;
	uint32_t mss = rec_mss(pcb), n = r->delivered, pipe = rec_pipe(r);
	double target;
	uint32_t cwnd;

	measure(r);
	phases(r, lost, now);
	cwnd = pcb->cwnd;
	target = way(r, b->full ? CWND_GAIN : HIGH_GAIN) + 3 * mss;
	if (lost)
		cwnd = cwnd > lost + mss ? cwnd - lost : mss;
	if (left && cwnd < b->prior_cwnd) {
		cwnd = b->prior_cwnd;
		b->conserve = false;
	}
	if (entered) {
		b->conserve = true;
		b->round_end = b->arrived;
		cwnd = pipe + n;
	}
	if (b->conserve) {
		if (cwnd < pipe + n)
			cwnd = pipe + n;
	} else if (b->full) {
		cwnd = cwnd + n < target ? cwnd + n : (uint32_t)target;
	} else if (cwnd < target || b->arrived < INITIAL * mss) {
		cwnd += n;
	}
	pcb->cwnd = cwnd > CWND_MIN * mss && b->phase != BBR_RTT ? cwnd :
	    CWND_MIN * mss;
}
