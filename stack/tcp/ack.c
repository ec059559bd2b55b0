/* ack.c: an acknowledgement: what it frees, and what it tells. */
#include "stack/tcp/rec.h"

/* What one that moves lastack on covers. */
struct covered {
	uint64_t first_ns, last_ns;	/* sent once only; 0: none */
	bool again;			/* one was sent more than once */
	bool head;			/* the first of them is known: */
	uint64_t head_ns;		/* it was sent again then; 0: not */
};

static void arrived(struct rec *r, struct tcp_seg *seg, struct covered *c,
    uint64_t now)
{
	uint32_t len = TCP_TCPLEN(seg);

	if (!(seg->marks & SEG_SACKED)) {
		r->delivered += len;
		bbr_arrived(r, seg, now);
		rack_arrived(r, seg, now);
		if (!c->head && seg->marks & SEG_AGAIN)
			c->head_ns = seg->sent_ns;
		c->head = true;
		if (seg->marks & SEG_AGAIN) {
			c->again = true;
		} else {
			if (!c->first_ns)
				c->first_ns = seg->sent_ns;
			c->last_ns = seg->sent_ns;
		}
	}
	rec_mark_none(r, seg);
	r->out -= len;
	if (r->hint == seg)
		r->hint = NULL;
}

static u32_t release(struct tcp_pcb *pcb, struct tcp_seg **list)
{
	struct tcp_seg *seg = *list;
	u32_t len = seg->len;

	*list = seg->next;
	pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen - pbuf_clen(seg->p));
	tcp_seg_free(seg);
	return len;
}

/* Of what was sent more than once the time stamp tells which one it was. */
static void measure_again(struct rec *r, uint64_t now)
{
	uint64_t ns = (rec_tsval() - rec_opts.tsecr) * CLOCK_NS_MS;

	if (!rec_opts.has_ts || !rec_opts.tsecr)
		return;
	if (r->srtt) {
		rtt_longest(r, ns);
		return;
	}
	rtt_sample(r, ns);
	rtt_shortest(r, ns, now);
}

static void measure(struct rec *r, const struct covered *c, uint64_t now)
{
	if (c->first_ns) {
		rtt_sample(r, now - c->first_ns);
		rtt_shortest(r, now - c->last_ns, now);
	} else if (c->again) {
		measure_again(r, now);
	}
}

/*
 * Does it answer what was sent before that time (RFC 3522)?  That is noted a
 * moment after the time stamp was made, and may be in the next ms.
 */
bool rec_older(uint64_t ns)
{
	return rec_opts.has_ts && rec_opts.tsecr &&
	    TCP_SEQ_LT(rec_opts.tsecr + 1, rec_ts_at(ns));
}

/*
 * Of several segments the time stamp is that of the first (RFC 7323 4.3); only
 * if that one was sent again, and in this recovery, it tells whether it was
 * lost.
 */
static u32_t advance(struct rec *r, uint32_t ackno, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;
	struct covered c = { 0 };
	struct tcp_seg *seg;
	u32_t bytes = 0;

	while (pcb->unacked && TCP_SEQ_LEQ(seg_end(pcb->unacked), ackno)) {
		arrived(r, pcb->unacked, &c, now);
		bytes += release(pcb, &pcb->unacked);
	}
	seg = pcb->unacked;
	if (seg && TCP_SEQ_LT(seg_begin(seg), ackno) &&
	    large_split(pcb, seg, ackno - seg_begin(seg))) {
		arrived(r, seg, &c, now);
		bytes += release(pcb, &pcb->unacked);
	}
	measure(r, &c, now);
	if (c.head_ns && r->resent_ts && rec_older(c.head_ns) &&
	    TCP_SEQ_GEQ(rec_ts_at(c.head_ns), r->resent_ts))
		r->spurious = true;
	r->acked += ackno - pcb->lastack;
	r->bytes_acked += bytes;
	r->advanced = true;
	r->moved = r->acked_ns = now;
	r->dups = r->dups > r->acked ? r->dups - r->acked : 0;
	pcb->lastack = ackno;
	pcb->snd_buf += bytes;
	pcb->nrtx = pcb->dupacks = pcb->polltmr = 0;
	return bytes;
}

/* Without SACK each stands for a segment that has left the network. */
static void duplicate(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;
	uint32_t mss = rec_mss(pcb);

	if (pcb->dupacks < UINT8_MAX)
		pcb->dupacks++;
	if (!rec_has_sack(r) && r->dups + 2 * mss <= r->out) {
		r->dups += mss;
		r->delivered += mss;
	}
}

/*
 * A tail loss probe is answered: if it carried something for the second time,
 * and that was not told to be a duplicate, it has repaired a loss.
 */
static void probe_answered(struct rec *r, uint32_t ackno, bool plain)
{
	if (!r->probe_out || TCP_SEQ_LT(ackno, r->probe_end))
		return;
	if (!r->probe_resent || r->dsack) {
		r->probe_out = false;
	} else if (TCP_SEQ_GT(ackno, r->probe_end)) {
		r->probe_out = false;
		cwnd_probe_lost(r);
	} else if (plain) {
		r->probe_out = false;
	}
}

u32_t rec_ack(struct tcp_pcb *pcb, u32_t ackno, u16_t tcplen, bool wnd_same)
{
	struct rec *r = rec_of(pcb);
	bool newer = TCP_SEQ_GT(ackno, pcb->lastack), dup;
	u32_t bytes = 0;
	uint64_t now;

	if (TCP_SEQ_GT(ackno, pcb->snd_nxt)) {
		tcp_send_empty_ack(pcb);	/* of what was never sent */
		return 0;
	}
	if (!r || (!newer && !pcb->unacked))
		return 0;
	now = clock_ns();
	dup = !newer && ackno == pcb->lastack && !tcplen && wnd_same;
	if (newer)
		bytes = advance(r, ackno, now);
	else if (dup)
		duplicate(r);
	if (rec_opts.n && rec_has_sack(r))
		rec_sack(r, ackno, now);
	probe_answered(r, ackno, dup && !rec_opts.n);
	r->news = true;
	return bytes;
}

void rec_established(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);
	struct tcp_seg *syn = pcb->unacked;
	uint64_t now = clock_ns();

	if (!r) {
		pcb->cwnd = 10u * pcb->mss;
		return;
	}
	if (syn && TCPH_FLAGS(syn->tcphdr) & TCP_SYN) {
		/* Ours, which lwIP takes off its queue next. */
		measure(r, &(struct covered){ .again = syn->marks & SEG_AGAIN,
		    .first_ns = syn->marks & SEG_AGAIN ? 0 : syn->sent_ns,
		    .last_ns = syn->sent_ns }, now);
		/* It has waited for a time-out, perhaps; others do not. */
		r->late_rtt = r->later_rtt = 0;
		rec_mark_none(r, syn);
		r->out -= (uint32_t)TCP_TCPLEN(syn);
	}
	r->fack = r->high = r->reo_round = pcb->lastack;
	r->rack_ns = 0;
	cwnd_first(r);
	pcb->nrtx = 0;
	r->moved = r->heard = now;
	rec_keepalive(pcb);
}
