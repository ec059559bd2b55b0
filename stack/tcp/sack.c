/* sack.c: what the peer's SACK blocks say (RFC 2018, 2883). */
#include <string.h>

#include "stack/tcp/rec.h"

/*
 * A first block below the acknowledgement, or within the second block, tells
 * of a segment that came twice.
 */
static bool is_dsack(const struct tcp_sack_range *b, unsigned n,
    uint32_t ackno)
{
	if (TCP_SEQ_GEQ(b[0].left, b[0].right))
		return false;
	if (TCP_SEQ_LEQ(b[0].right, ackno))
		return true;
	return n > 1 && TCP_SEQ_GEQ(b[0].left, b[1].left) &&
	    TCP_SEQ_LEQ(b[0].right, b[1].right);
}

static void take_dsack(struct rec *r, const struct tcp_sack_range *b)
{
	uint32_t n;

	rec_stats.dsackin++;
	r->total_dsacks++;
	r->dsack = true;
	rack_dsack(r);
	if (!r->may_undo || !r->undo_left ||
	    !TCP_SEQ_GEQ(b->left, r->undo_from))
		return;
	n = rec_packets(r->pcb, b->right - b->left);
	r->undo_left -= n < r->undo_left ? n : r->undo_left;
	r->spurious |= !r->undo_left;
}

/* Has it been told already, by the acknowledgement before? */
static bool known(const struct rec *r, const struct tcp_sack_range *b)
{
	for (int i = 0; i < 4; i++)
		if (r->told[i].left == b->left && r->told[i].right == b->right)
			return true;
	return false;
}

/*
 * Of a segment of several frames the block may have some: only these are left
 * between its ends.  A peer cannot have it cut to less than a frame.
 */
static struct tcp_seg *cut_out(struct rec *r, struct tcp_seg *seg,
    const struct tcp_sack_range *b)
{
	uint32_t mss = rec_mss(r->pcb), n = b->left - seg_begin(seg);

	if (TCP_SEQ_LT(seg_begin(seg), b->left)) {
		n = (n + mss - 1) / mss * mss;
		if (n < seg->len && large_split(r->pcb, seg, n))
			seg = seg->next;
	}
	if (TCP_SEQ_GT(seg_end(seg), b->right) &&
	    TCP_SEQ_LT(seg_begin(seg), b->right)) {
		n = (b->right - seg_begin(seg)) / mss * mss;
		if (n && n < seg->len)
			large_split(r->pcb, seg, n);
	}
	return seg;
}

/* false: not all of it. */
static bool take_block(struct rec *r, const struct tcp_sack_range *b,
    uint64_t now)
{
	struct tcp_seg *seg = r->hint;
	struct rec_walk walk = { 0 };

	if (!seg || TCP_SEQ_GT(seg_begin(seg), b->left))
		seg = r->pcb->unacked;
	for (; seg && TCP_SEQ_LT(seg_begin(seg), b->right); seg = seg->next) {
		if (!rec_may_step(&walk))
			return false;
		if (seg->marks & SEG_SACKED)
			continue;
		if (seg->len > rec_mss(r->pcb) &&
		    TCP_SEQ_GT(seg_end(seg), b->left))
			seg = cut_out(r, seg, b);
		if (TCP_SEQ_LT(seg_begin(seg), b->left) ||
		    TCP_SEQ_GT(seg_end(seg), b->right))
			continue;
		bbr_arrived(r, seg, now);
		rack_arrived(r, seg, now);
		if (!(seg->marks & SEG_AGAIN)) {
			rtt_sample(r, now - seg->sent_ns);
			rtt_shortest(r, now - seg->sent_ns, now);
		}
		r->delivered += (uint32_t)TCP_TCPLEN(seg);
		rec_mark_sacked(r, seg);
		r->hint = seg;
	}
	return true;
}

/*
 * From the lowest on: that one block stands before another does not say that
 * its segments came first, as the acknowledgement before it may be lost.
 */
static void sort(struct tcp_sack_range *b, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j && TCP_SEQ_LT(b[j].left,
		    b[j - 1].left); j--) {
			struct tcp_sack_range x = b[j];

			b[j] = b[j - 1];
			b[j - 1] = x;
		}
}

void rec_sack(struct rec *r, uint32_t ackno, uint64_t now)
{
	struct tcp_sack_range *b = rec_opts.block;
	unsigned i = 0, n = rec_opts.n;

	if (is_dsack(b, n, ackno)) {
		take_dsack(r, b);
		i = 1;
	}
	sort(b + i, n - i);
	for (; i < n; i++)
		if (TCP_SEQ_LT(b[i].left, b[i].right) &&
		    TCP_SEQ_GT(b[i].left, r->pcb->lastack) &&
		    TCP_SEQ_LEQ(b[i].right, r->pcb->snd_nxt) &&
		    !known(r, &b[i]) && !take_block(r, &b[i], now))
			b[i].left = b[i].right;	/* when it is told again */
	memset(r->told, 0, sizeof(r->told));
	memcpy(r->told, b, n * sizeof(*b));
}
