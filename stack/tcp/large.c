/*
 * large.c: segments of several frames.
 *
 * Where an interface takes them (pbuf.seg_size), lwIP cuts what programs write
 * to segments of up to LARGE bytes, and the driver carries one as if it were a
 * frame.  It is cut where not all of it is to have the same fate: at the edge
 * of a window, at what the peer has of it, at what is sent again; and to single
 * frames where the interface takes no others.
 */
#include "bus/bus.h"
#include "stack/tcp/rec.h"

#define LARGE	(BUS_MTU_DEFAULT - 40 - 60)	/* bytes of payload */

/* Give back what was got for a segment that could not be made. */
static bool no_split(struct tcp_seg *s, struct pbuf *head, struct pbuf *tail)
{
	if (s)
		memp_free(MEMP_TCP_SEG, s);
	if (head)
		pbuf_free(head);
	if (tail)
		pbuf_free(tail);
	return false;
}

/* All of p's chain from byte skip on is cut off, and follows tail. */
static void cut_chain(struct pbuf *p, uint32_t skip, struct pbuf *tail)
{
	uint32_t rest = p->tot_len - skip;

	for (; skip > p->len; p = p->next) {
		p->tot_len = (u16_t)(p->tot_len - rest);
		skip -= p->len;
	}
	tail->payload = (u8_t *)p->payload + skip;
	tail->len = (u16_t)(p->len - skip);
	tail->tot_len = (u16_t)rest;
	tail->next = p->next;
	p->next = NULL;
	p->len = p->tot_len = (u16_t)skip;
}

bool large_split(struct tcp_pcb *pcb, struct tcp_seg *seg, uint32_t keep)
{
	uint32_t skip = seg->p->tot_len - seg->len + keep;
	struct tcp_seg *s = memp_malloc(MEMP_TCP_SEG);
	u16_t opts = (u16_t)(TCPH_HDRLEN_BYTES(seg->tcphdr) - TCP_HLEN);
	struct pbuf *head = pbuf_alloc(PBUF_TRANSPORT, opts, PBUF_RAM);
	struct pbuf *tail = pbuf_alloc(PBUF_RAW, 0, PBUF_ROM);

	/* Of its first pbuf, which has the headers, a driver may have hold. */
	if (!s || !head || !tail || seg->p->ref != 1 || skip <= seg->p->len ||
	    pbuf_add_header(head, TCP_HLEN))
		return no_split(s, head, tail);
	cut_chain(seg->p, skip, tail);
	pbuf_cat(head, tail);
	*s = *seg;
	s->p = head;
	s->len = (u16_t)(seg->len - keep);
	s->tcphdr = head->payload;
	*s->tcphdr = *seg->tcphdr;
	s->tcphdr->seqno = lwip_htonl(seg_begin(seg) + keep);
	TCPH_UNSET_FLAG(seg->tcphdr, TCP_PSH | TCP_FIN);
	seg->len = (u16_t)keep;
	seg->next = s;
	pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen + 2);
	if (seg->marks & SEG_SACKED)
		rec_of(pcb)->nsacked++;
	return true;
}

/* Frames may be joined that are as long as each other, and not too short. */
void large_route(struct tcp_pcb *pcb, bool takes)
{
	struct rec *r = rec_of(pcb);
	uint32_t mss = rec_mss(pcb);

	if (r)
		r->large = takes && !r->single && !r->cwr_due &&
		    mss >= 256 && mss % 2 == 0;
}

void large_single(struct tcp_pcb *pcb, bool on)
{
	struct rec *r = rec_of(pcb);

	if (r) {
		r->single = on;
		r->large = false;
	}
}

static bool is_large(const struct tcp_pcb *pcb)
{
	const struct rec *r = rec_of(pcb);

	return r && r->large;
}

/* Half of the peer's window, so that there are always two on their way. */
u16_t large_max(const struct tcp_pcb *pcb)
{
	uint32_t half = pcb->snd_wnd_max / 2, mss = rec_mss(pcb);
	uint32_t max = half < LARGE ? half : LARGE;

	if (is_large(pcb) && max >= 2 * mss)
		return (u16_t)(max / mss * mss + (pcb->mss - mss));
	return (u16_t)(half < pcb->mss ? half : pcb->mss);
}

bool large_cut(struct tcp_pcb *pcb, struct tcp_seg *seg, uint32_t max)
{
	uint32_t mss = rec_mss(pcb);

	if (!is_large(pcb) || max < mss)
		max = mss;
	if (seg->len <= max)
		return true;
	return large_split(pcb, seg, max / mss * mss);
}

bool large_fit(struct tcp_pcb *pcb, uint32_t wnd)
{
	struct tcp_seg *seg = pcb->unsent;
	uint32_t mss = rec_mss(pcb), sent, max;

	if (!seg || seg->len <= mss)
		return true;
	sent = seg_begin(seg) - pcb->lastack;
	max = wnd > sent ? wnd - sent : 0;
	if (max < mss && is_large(pcb))
		return true;	/* it waits */
	/* What is less than a frame waits for more (Nagle). */
	if (!seg->next && !(pcb->flags & (TF_NODELAY | TF_NAGLEMEMERR |
	    TF_FIN)) && max > seg->len / mss * mss)
		max = seg->len / mss * mss;
	return large_cut(pcb, seg, max);
}

void large_mark(const struct tcp_pcb *pcb, struct tcp_seg *seg)
{
	uint32_t mss = rec_mss(pcb);

	seg->p->seg_size = seg->len > mss ? (u16_t)mss : 0;
	lwip_stats.tcp.xmit += rec_packets(pcb, seg->len);
}
