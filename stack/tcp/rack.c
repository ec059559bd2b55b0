/*
 * rack.c: what is lost: sent before something that has arrived, and longer ago
 * than a round trip and some reordering may take (RFC 8985).  Where the peer
 * has no SACK, duplicate acknowledgements are counted (RFC 5681, 6582).
 */
#include "stack/tcp/rec.h"

#define US		1000u	/* ns */
#define DUP_THRESH	3
#define REO_KEEP	16	/* recoveries */
#define REO_MULT_MAX	255

static bool sent_after(uint64_t t1, uint32_t end1, uint64_t t2, uint32_t end2)
{
	return t1 > t2 || (t1 == t2 && TCP_SEQ_GT(end1, end2));
}

/*
 * One that is too fast, or has a time stamp of before the segment was sent
 * again.
 */
static bool answers_first(const struct rec *r, const struct tcp_seg *seg,
    uint32_t us)
{
	return us < r->min_rtt || rec_older(seg->sent_ns);
}

void rack_arrived(struct rec *r, const struct tcp_seg *seg, uint64_t now)
{
	uint32_t us = (uint32_t)((now - seg->sent_ns) / US);

	if (!(seg->marks & SEG_AGAIN) && TCP_SEQ_LEQ(seg_end(seg), r->high))
		r->original = true;
	if (TCP_SEQ_LT(seg_end(seg), r->fack) && !(seg->marks & SEG_AGAIN)) {
		r->reordering = true;
		r->total_reordered++;
		rec_stats.reordered++;
	}
	if (TCP_SEQ_GT(seg_end(seg), r->fack))
		r->fack = seg_end(seg);
	if (seg->marks & SEG_AGAIN && answers_first(r, seg, us))
		return;
	if (!sent_after(seg->sent_ns, seg_end(seg), r->rack_ns, r->rack_end))
		return;
	r->rack_ns = seg->sent_ns;
	r->rack_end = seg_end(seg);
	r->rack_again = seg->marks & SEG_AGAIN;
	r->rack_rtt = us;
}

/* What was sent again had come: wait longer, once a round trip. */
void rack_dsack(struct rec *r)
{
	if (TCP_SEQ_LT(r->pcb->lastack, r->reo_round))
		return;
	r->reo_round = r->pcb->snd_nxt;
	if (r->reo_mult < REO_MULT_MAX)
		r->reo_mult++;
	r->reo_keep = REO_KEEP;
}

static uint32_t rack_window(const struct rec *r)
{
	uint32_t us;

	if (!r->reordering && (r->state >= REC_RECOVERY ||
	    r->nsacked >= DUP_THRESH ||
	    r->sacked > (DUP_THRESH - 1) * rec_mss(r->pcb)))
		return 0;
	if (r->min_rtt == UINT32_MAX)
		return 0;
	us = r->reo_mult * (r->min_rtt / 4);
	return us < r->srtt ? us : r->srtt;
}

uint64_t rack_wait(const struct rec *r)
{
	return ((uint64_t)r->rack_rtt + rack_window(r)) * US;
}

/*
 * Where some packets overtake others, the others take as long as the longest
 * round trips; the shortest, that of one that has overtaken all, tells nothing
 * there.  What was long once, or led to duplicates, counts up to a round trip.
 */
static uint64_t late_wait(const struct rec *r)
{
	uint64_t wait = rack_wait(r), late = r->late_rtt, more;

	if (!r->reordering)
		return wait;
	more = r->later_rtt - r->late_rtt + late / 8 +
	    (r->reo_mult - 1) * (late / 4);
	late = US * (late + (more < r->srtt ? more : r->srtt));
	return late > wait ? late : wait;
}

/* All that was sent before what has arrived, and has not itself. */
static void detect(struct rec *r, uint64_t now)
{
	uint64_t wait = late_wait(r);
	struct tcp_seg *seg;
	struct rec_walk walk = { 0 };

	for (seg = r->pcb->unacked; seg; seg = seg->next) {
		if (!rec_may_step(&walk)) {
			r->reo_due = now + CLOCK_NS_MS;
			break;
		}
		if (seg->marks & SEG_SACKED || (seg->marks & (SEG_LOST |
		    SEG_RESENT)) == SEG_LOST)
			continue;
		if (!sent_after(r->rack_ns, r->rack_end, seg->sent_ns,
		    seg_end(seg))) {
			/* Nothing behind the last one was sent before it. */
			if (!(seg->marks & SEG_AGAIN))
				break;
			continue;
		}
		if (seg->sent_ns + wait <= now)
			rec_mark_lost(r, seg);
		else if (seg->sent_ns + wait > r->reo_due)
			r->reo_due = seg->sent_ns + wait;
	}
}

/* The first one, on the third duplicate or when it is all that was repaired. */
static void detect_reno(struct rec *r)
{
	struct tcp_seg *seg = r->pcb->unacked;
	uint32_t mss = rec_mss(r->pcb);

	if (!seg || seg->marks & (SEG_LOST | SEG_RESENT))
		return;
	if (r->state == REC_RECOVERY ? r->advanced :
	    r->pcb->dupacks >= DUP_THRESH) {
		if (seg->len > mss)
			large_split(r->pcb, seg, mss);
		rec_mark_lost(r, seg);
	}
}

void rack_detect(struct rec *r, uint64_t now)
{
	r->reo_due = 0;
	if (!rec_has_sack(r))
		detect_reno(r);
	else if (r->rack_ns)
		detect(r, now);
}
