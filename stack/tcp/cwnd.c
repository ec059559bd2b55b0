/*
 * cwnd.c: the states of congestion control, and how much may be on its way:
 * slow start and CUBIC while all is well, proportional rate reduction (RFC
 * 6937) in recovery, one segment after a time-out; and back to what it was
 * when nothing had been lost (RFC 3522, 3708).
 */
#include "stack/tcp/rec.h"

#include <string.h>

#define INITIAL		10u		/* segments, RFC 6928 */

void cwnd_first(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;

	/* RFC 6298 5.7: a lost SYN tells of a bad way. */
	pcb->cwnd = (r->total_resent > 1 ? 1u : INITIAL) * rec_mss(pcb);
	pcb->ssthresh = REC_SSTHRESH_NONE;
	if (r->total_resent && !r->srtt)
		r->rto = 3000000;
}

/* RFC 5681 4.1: what was once right need not be after a pause. */
void cwnd_idle(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;
	uint64_t pause = now - r->moved, rto = rtt_timeout(r, 0);
	uint32_t cwnd = pcb->cwnd, least = INITIAL * rec_mss(pcb);

	for (; pause > rto && cwnd > least; pause -= rto)
		cwnd /= 2;
	if (cwnd == pcb->cwnd)
		return;
	if (pcb->ssthresh < pcb->cwnd / 4 * 3)
		pcb->ssthresh = pcb->cwnd / 4 * 3;
	pcb->cwnd = cwnd < least ? least : cwnd;
	r->epoch_ns = 0;
}

static void undo_begin(struct rec *r)
{
	r->prior_cwnd = r->pcb->cwnd;
	r->prior_ssthresh = r->pcb->ssthresh;
	r->may_undo = true;
	r->undo_from = r->pcb->lastack;
	r->undo_left = 0;
	r->resent_ts = 0;
}

static void enter(struct rec *r, enum rec_state state)
{
	if (r->state == REC_CWR) {
		r->state = state;	/* once a round trip is enough */
		return;
	}
	undo_begin(r);
	bbr_loss(r);
	r->cwr_due = r->ecn;
	r->state = state;
	r->high = r->pcb->snd_nxt;
	r->pcb->ssthresh = cubic_loss(r);
	r->prr_out = r->prr_delivered = 0;
}

void cwnd_probe_lost(struct rec *r)
{
	if (r->state >= REC_CWR)
		return;
	rec_stats.recoveries++;
	enter(r, REC_CWR);
	r->pcb->cwnd = r->pcb->ssthresh;
	r->may_undo = false;
	r->state = REC_OPEN;
}

static void undo(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;
	struct tcp_seg *seg;

	if (!r->spurious || !r->may_undo)
		return;
	if (pcb->cwnd < r->prior_cwnd)
		pcb->cwnd = r->prior_cwnd;
	if (pcb->ssthresh < r->prior_ssthresh)
		pcb->ssthresh = r->prior_ssthresh;
	for (seg = pcb->unacked; seg; seg = seg->next)
		if (seg->marks & SEG_LOST && !(seg->marks & SEG_RESENT))
			rec_mark_none(r, seg);
	rec_stats.spurious++;
	r->may_undo = false;
	r->state = REC_OPEN;
	r->frto = FRTO_NONE;
	r->epoch_ns = 0;
	if (r->rack_again)	/* but it has answered what was sent at first */
		r->rack_ns = 0;
}

/* All that was sent before the loss has arrived. */
static bool leave(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;

	if (r->state < REC_CWR || TCP_SEQ_LT(pcb->lastack, r->high))
		return false;
	/* Without SACK, duplicates of it may still come (RFC 6582 4). */
	if (!rec_has_sack(r) && pcb->lastack == r->high && pcb->unacked)
		return false;
	/* The peer has to hear CWR first. */
	if (r->state == REC_CWR && pcb->lastack == r->high)
		return false;
	if (r->state != REC_LOSS)
		pcb->cwnd = pcb->ssthresh;
	if (r->reo_keep && !--r->reo_keep)
		r->reo_mult = 1;
	r->state = REC_OPEN;
	r->frto = FRTO_NONE;
	r->may_undo = false;
	r->dups = 0;
	return true;
}

/* RFC 6937, with its conservative bound while more is found to be lost. */
static void reduce(struct rec *r, bool found)
{
	struct tcp_pcb *pcb = r->pcb;
	int64_t mss = rec_mss(pcb), pipe = rec_pipe(r), n, due;

	r->prr_delivered += r->delivered;
	due = (int64_t)r->prr_delivered - r->prr_out;
	if (pipe > pcb->ssthresh) {
		n = ((int64_t)r->prr_delivered * pcb->ssthresh +
		    r->prior_cwnd - 1) / r->prior_cwnd - r->prr_out;
	} else {
		n = due > r->delivered ? due : r->delivered;
		if (r->advanced && !found)
			n += mss;
		if (n > pcb->ssthresh - pipe)
			n = pcb->ssthresh - pipe;
	}
	if (n < mss && !r->prr_out)
		n = mss;
	pcb->cwnd = (tcpwnd_size_t)(pipe + (n > 0 ? n : 0));
}

static void grow(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;
	uint32_t n = r->delivered, part;

	if (pcb->cwnd < pcb->ssthresh) {
		if (!r->limited && pcb->cwnd >= 2 * r->flight)
			return;
		part = pcb->ssthresh - pcb->cwnd;
		part = n < part ? n : part;
		pcb->cwnd += part;
		n -= part;
	}
	if (n && r->limited)
		cubic_grow(r, n, now);
}

/* RFC 3168 6.1.2: as a loss, and no more than once for what is on its way. */
static void told_of_congestion(struct rec *r)
{
	rec_stats.ecncuts++;
	enter(r, REC_CWR);
	r->may_undo = false;
	if (!r->out) {
		r->pcb->cwnd = r->pcb->ssthresh;
		r->state = REC_OPEN;
	}
}

/* Something new is there, and Nagle's algorithm and the peer let it go. */
static bool has_new(const struct rec *r)
{
	const struct tcp_pcb *pcb = r->pcb;
	uint32_t mss = rec_mss(pcb), out = pcb->snd_nxt - pcb->lastack;

	return pcb->unsent && pcb->snd_wnd >= out + mss &&
	    (pcb->unsent->len >= mss || pcb->unsent->next ||
	    pcb->flags & (TF_NODELAY | TF_FIN));
}

/*
 * Was the time-out spurious (RFC 5682 2.1, 3.1)?  Yes if one arrives that was
 * sent once only, before it; no if what is new arrives before, or duplicates
 * come.
 */
static void look_at_timeout(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;

	if (r->state != REC_LOSS || !r->frto)
		return;
	if (r->original)
		r->spurious = true;
	else if (r->advanced && r->frto == FRTO_FIRST &&
	    TCP_SEQ_LT(pcb->lastack, r->high) && has_new(r))
		r->frto = FRTO_NEW;
	else if (r->advanced || r->delivered || pcb->dupacks)
		r->frto = FRTO_NONE;
}

void cwnd_step(struct rec *r, uint64_t now)
{
	uint32_t todo = r->todo, lost;
	bool left, entered;

	if (rec_algorithm)
		r->algorithm = rec_algorithm(r->pcb);
	look_at_timeout(r);
	undo(r);
	left = leave(r);
	rack_detect(r, now);
	lost = r->todo > todo ? r->todo - todo : 0;
	entered = lost && r->state < REC_RECOVERY;
	if (entered) {
		rec_stats.recoveries++;
		enter(r, REC_RECOVERY);
	} else if (r->ece && r->state < REC_CWR) {
		entered = true;
		told_of_congestion(r);
	}
	if (r->state <= REC_DISORDER)
		r->state = r->sacked || r->dups ? REC_DISORDER : REC_OPEN;
	if (bbr_applies(r))
		bbr_step(r, lost, entered, left, now);
	else if (rec_reducing(r))
		reduce(r, lost);
	else if (r->acked)
		grow(r, now);
	r->news = r->advanced = r->dsack = r->spurious = r->original = false;
	r->ece = false;
	r->acked = r->delivered = 0;
}

/* The peer dropped what it had SACKed (RFC 2018 8): all is to be sent. */
static void reneged(struct rec *r)
{
	struct tcp_seg *seg;

	for (seg = r->pcb->unacked; seg; seg = seg->next)
		if (seg->marks & SEG_SACKED)
			rec_mark_none(r, seg);
	memset(r->told, 0, sizeof(r->told));
}

void cwnd_timeout(struct rec *r, uint64_t now)
{
	uint64_t wait = rack_wait(r);
	struct tcp_pcb *pcb = r->pcb;
	struct tcp_seg *seg;
	bool first = r->state <= REC_DISORDER ||
	    TCP_SEQ_GEQ(pcb->lastack, r->high);

	if (first)
		r->frto = FRTO_FIRST;
	else if (!pcb->nrtx)
		r->frto = FRTO_NONE;
	if (first || (r->state == REC_LOSS && !pcb->nrtx)) {
		undo_begin(r);
		bbr_loss(r);
		r->cwr_due = r->ecn;
		pcb->ssthresh = cubic_loss(r);
	}
	if (pcb->unacked && pcb->unacked->marks & SEG_SACKED)
		reneged(r);
	for (seg = pcb->unacked; seg; seg = seg->next)
		if (!(seg->marks & SEG_SACKED) && (seg == pcb->unacked ||
		    !rec_has_sack(r) || seg->sent_ns + wait <= now))
			rec_mark_lost(r, seg);
	r->state = REC_LOSS;
	r->high = pcb->snd_nxt;
	r->dups = 0;
	r->reo_due = 0;
	r->probe_out = false;
	pcb->cwnd = rec_pipe(r) + rec_mss(pcb);
}
