/*
 * ecn.c: explicit congestion notification (RFC 3168): routers mark packets in
 * place of dropping them, the receiver tells the sender until that says that
 * it has heard (CWR), and the sender slows down as for a loss (cwnd.c).
 */
#include "lwip/ip.h"
#include "stack/tcp/rec.h"

enum { ECT0 = 2, CE = 3 };	/* of an IP header */
#define BOTH	(TCP_ECE | TCP_CWR)

int rec_ecn = 2;

static unsigned flags_of(const struct tcp_hdr *h)
{
	return lwip_ntohs(h->_hdrlen_rsvd_flags) & BOTH;
}

/* Of the packet that is being taken in. */
static unsigned mark(void)
{
	return CE & (ip_current_is_v6() ? IP6H_TC(ip6_current_header()) :
	    IPH_TOS(ip4_current_header()));
}

static void agree(struct rec *r, bool yes)
{
	r->ecn = yes;
	rec_stats.ecn += yes;
}

void rec_begun(struct tcp_pcb *pcb, const struct tcp_hdr *syn)
{
	struct rec *r;

	if (!rec_ecn || flags_of(syn) != BOTH || mark())
		return;
	r = rec_get(pcb);
	if (r)
		agree(r, true);
}

void ecn_answered(struct rec *r, const struct tcp_hdr *h)
{
	if (r->ecn_asked && !r->ecn && TCPH_FLAGS(h) & TCP_ACK)
		agree(r, flags_of(h) == TCP_ECE);
}

void ecn_input(struct rec *r, const struct tcp_hdr *h, uint32_t len)
{
	struct tcp_pcb *pcb = r->pcb;
	unsigned flags = flags_of(h), marked = mark();

	if (!r->ecn || pcb->state < ESTABLISHED || TCPH_FLAGS(h) & TCP_SYN)
		return;
	r->ecn_seen |= marked != 0;
	r->ece |= flags & TCP_ECE && TCPH_FLAGS(h) & TCP_ACK;
	if (!len)
		return;
	if (flags & TCP_CWR)
		r->ce = false;
	/* RFC 3168 6.1.5: what was sent again may be anybody's. */
	if (marked != CE || TCP_SEQ_LEQ(h->seqno + len, pcb->rcv_nxt) ||
	    TCP_SEQ_GEQ(h->seqno, pcb->rcv_nxt + pcb->rcv_wnd))
		return;
	rec_stats.cein++;
	r->ce = true;
	tcp_ack_now(pcb);
}

/* Of what has never been sent, and is no probe of a closed window. */
static bool is_new(const struct rec *r, uint32_t len)
{
	return len && !r->resending && !r->pcb->persist_backoff;
}

void rec_header(const struct tcp_pcb *pcb, const struct pbuf *p,
    struct tcp_hdr *h)
{
	struct rec *r = pcb && pcb->state != LISTEN ? rec_of(pcb) : NULL;
	unsigned flags = TCPH_FLAGS(h), set = 0;

	if (r && flags & TCP_SYN && flags & TCP_ACK) {
		set = r->ecn ? TCP_ECE : 0;
	} else if (r && flags & TCP_SYN) {
		/* Who cannot bear it is asked without it (RFC 3168 6.1.1.1). */
		set = rec_ecn == 1 && !r->resending ? BOTH : 0;
		r->ecn_asked |= set != 0;
	} else if (r && r->ecn && !(flags & TCP_RST)) {
		set = r->ce ? TCP_ECE : 0;
		if (r->cwr_due && is_new(r, p->tot_len -
		    (uint32_t)TCPH_HDRLEN_BYTES(h))) {
			set |= TCP_CWR;
			r->cwr_due = false;
		}
	}
	TCPH_UNSET_FLAG(h, BOTH);
	TCPH_SET_FLAG(h, set);
}

u8_t rec_ect(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
	const struct rec *r = rec_of(pcb);

	return r && r->ecn && is_new(r, seg->len) ? ECT0 : 0;
}
