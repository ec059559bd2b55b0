/*
 * ooseq.c: what came out of order, without walking through all that has.
 *
 * Behind a hole, nearly all of what comes goes to the end of the queue: where
 * that is, and how much there is, is remembered.  What goes elsewhere is looked
 * for as lwIP does, if there is time for that (walk.c).
 */
#include "stack/tcp/rec.h"

#define WALKS		4	/* lwIP's, and those for what came twice */

static unsigned limit = UINT16_MAX;	/* of pbufs, as it was said last */

void oos_forget(struct rec *r)
{
	if (r->oos_last)
		r->oos_last->last_of = NULL;
	r->oos_last = NULL;
}

/* Is it behind all that there is? */
static bool goes_last(const struct rec *r, uint32_t seq)
{
	return r->oos_last && TCP_SEQ_GT(seq, r->oos_last->tcphdr->seqno);
}

struct tcp_seg *oos_from(const struct tcp_pcb *pcb, u32_t seq, u32_t *run)
{
	const struct rec *r = rec_of(pcb);

	if (!r || !goes_last(r, seq))
		return pcb->ooseq;
	*run = r->oos_run;
	return r->oos_last;
}

void oos_last(struct tcp_pcb *pcb, struct tcp_seg *seg, u32_t run)
{
	struct rec *r = rec_of(pcb);

	if (!r || !seg)
		return;
	if (r->oos_last)
		seg = r->oos_last;
	while (seg->next)
		seg = seg->next;
	oos_forget(r);
	r->oos_last = seg;
	r->oos_run = run;
	seg->last_of = &r->oos_last;
	if (seg == pcb->ooseq)
		r->oos_most = 0;	/* it is the first */
}

struct tcp_seg *oos_count(struct tcp_pcb *pcb, const struct pbuf *p, u16_t max)
{
	struct rec *r = rec_of(pcb);
	struct tcp_seg *seg;

	limit = max;
	if (!r)
		return pcb->ooseq;
	r->oos_most += pbuf_clen(p);
	if (r->oos_most <= max)
		return NULL;
	r->oos_most = 0;
	for (seg = pcb->ooseq; seg; seg = seg->next)
		r->oos_most += pbuf_clen(seg->p);
	return r->oos_most > max ? pcb->ooseq : NULL;
}

bool oos_may_come(const struct tcp_pcb *pcb, uint32_t seq, uint32_t len)
{
	const struct rec *r = rec_of(pcb);

	if (!r || !len || !pcb->ooseq || TCP_SEQ_LEQ(seq, pcb->rcv_nxt))
		return true;
	if (goes_last(r, seq) && r->oos_most < limit)
		return true;
	return rec_may_walk(WALKS * r->oos_most);
}
