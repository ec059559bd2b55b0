/*
 * input.c: the receiving half: options of what comes, segments that are too
 * old (RFC 7323) or came twice (RFC 2883), and when to acknowledge.
 */
#include "stack/tcp/rec.h"

#include <string.h>
#include <sys/random.h>

#include "stack/core/counter.h"

#define OPTS_MAX	40
/*
 * Segments of one frame each are acknowledged every second one (RFC 5681
 * 4.2).  Longer ones only come over a bus, in batches, and are at its end.
 */
#define FRAME_MAX	16384

struct rec_opts rec_opts;

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* One option; o[1] is its length, and all of it is there. */
static void take(const uint8_t *o)
{
	if (o[0] == LWIP_TCP_OPT_TS && o[1] == LWIP_TCP_OPT_LEN_TS) {
		rec_opts.has_ts = true;
		rec_opts.tsval = get32(o + 2);
		rec_opts.tsecr = get32(o + 6);
	} else if (o[0] == 5 && o[1] >= 10 && o[1] % 8 == 2) {
		for (int i = 2; i < o[1] && rec_opts.n < 4; i += 8)
			rec_opts.block[rec_opts.n++] = (struct tcp_sack_range){
			    get32(o + i), get32(o + i + 4) };
	}
}

static void parse(const struct tcp_hdr *h, unsigned len, unsigned len1,
    const uint8_t *opt2)
{
	uint8_t o[OPTS_MAX];

	rec_opts.has_ts = false;
	rec_opts.n = 0;
	if (len > sizeof(o))
		return;
	if (len1 > len || !opt2)
		len1 = len;
	memcpy(o, h + 1, len1);
	if (len > len1)
		memcpy(o + len1, opt2, len - len1);
	for (unsigned i = 0; i < len && o[i] != LWIP_TCP_OPT_EOL;) {
		if (o[i] == LWIP_TCP_OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || o[i + 1] < 2 || i + o[i + 1] > len)
			return;
		take(o + i);
		i += o[i + 1];
	}
}

/*
 * RFC 7323 5.3: protection against wrapped sequence numbers.  An
 * acknowledgement without data that others have overtaken is common where
 * packets do that, and what it says still holds.
 */
static bool too_old(const struct tcp_pcb *pcb, uint8_t flags, uint32_t len)
{
	return len && pcb->flags & TF_TIMESTAMP && rec_opts.has_ts &&
	    !(flags & (TCP_RST | TCP_SYN)) &&
	    (int32_t)(rec_opts.tsval - pcb->ts_recent) < 0;
}

/*
 * What of it came before: all that is kept counts, and not only the few ranges
 * of it that are told of.
 */
static void look_for_duplicate(struct rec *r, uint32_t seq, uint32_t len)
{
	const struct tcp_pcb *pcb = r->pcb;
	const struct tcp_seg *seg;
	uint32_t end = seq + len, to = seq, run;

	if (TCP_SEQ_LT(seq, pcb->rcv_nxt)) {
		if (TCP_SEQ_GT(end, pcb->rcv_nxt))
			end = pcb->rcv_nxt;
		r->dup = (struct tcp_sack_range){ seq, end };
		return;
	}
	for (seg = oos_from(pcb, seq, &run); seg && TCP_SEQ_LT(to, end) &&
	    TCP_SEQ_LEQ(seg->tcphdr->seqno, to); seg = seg->next)
		if (TCP_SEQ_LT(to, seg->tcphdr->seqno + TCP_TCPLEN(seg)))
			to = seg->tcphdr->seqno + TCP_TCPLEN(seg);
	if (TCP_SEQ_GEQ(to, end))
		r->dup = (struct tcp_sack_range){ seq, end };
}

err_t rec_input(struct tcp_pcb *pcb, const struct tcp_hdr *h, u16_t optlen,
    u16_t opt1len, const u8_t *opt2, const struct pbuf *p)
{
	uint8_t flags = TCPH_FLAGS(h);
	uint32_t len = p->tot_len + (flags & TCP_FIN ? 1u : 0u);
	struct rec *r;

	parse(h, optlen, opt1len, opt2);
	if (pcb->state == SYN_SENT && rec_of(pcb))
		ecn_answered(rec_of(pcb), h);
	if (pcb->state == LISTEN || pcb->state == SYN_SENT)
		return ERR_OK;
	if (too_old(pcb, flags, len)) {
		counter_inc("tcp.paws");
		tcp_send_empty_ack(pcb);
		return ERR_VAL;
	}
	if (!oos_may_come(pcb, h->seqno, len))
		return ERR_VAL;
	r = rec_of(pcb);
	if (!r)
		return ERR_OK;
	r->heard = clock_ns();
	r->segs_in++;
	r->bytes_in += p->tot_len;
	ecn_input(r, h, len);
	if (len && pcb->flags & TF_SACK && pcb->state >= ESTABLISHED)
		look_for_duplicate(r, h->seqno, len);
	return ERR_OK;
}

void rec_input_done(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);

	if (r && r->dup.left != r->dup.right)
		tcp_send_empty_ack(pcb);
}

bool rec_ack_due(const struct tcp_pcb *pcb, u32_t len)
{
	return pcb->mss <= FRAME_MAX && len <= pcb->mss &&
	    pcb->rcv_nxt - pcb->ts_lastacksent >= 2 * rec_mss(pcb);
}

u8_t rec_sack_count(const struct tcp_pcb *pcb, u8_t optlen)
{
	const struct rec *r = rec_of(pcb);
	unsigned n = 0, fit = (OPTS_MAX - optlen - 4u) / 8;

	if (!(pcb->flags & TF_SACK))
		return 0;
	if (r && r->dup.left != r->dup.right)
		n++;
	for (int i = 0; i < LWIP_TCP_MAX_SACK_NUM &&
	    LWIP_TCP_SACK_VALID(pcb, i); i++)
		n++;
	return (u8_t)(n < fit ? n : fit);
}

static u32_t *put_block(u32_t *opts, const struct tcp_sack_range *b)
{
	*opts++ = lwip_htonl(b->left);
	*opts++ = lwip_htonl(b->right);
	return opts;
}

void rec_sack_put(const struct tcp_pcb *pcb, u32_t *opts, u8_t n)
{
	struct rec *r = rec_of(pcb);

	*opts++ = lwip_htonl(0x01010500u + 2 + n * 8u);
	if (r && r->dup.left != r->dup.right) {
		rec_stats.dsackout++;
		opts = put_block(opts, &r->dup);
		r->dup.left = r->dup.right;
		n--;
	}
	for (int i = 0; i < n; i++)
		opts = put_block(opts, &pcb->rcv_sacks[i]);
}

/* ms, from where nobody knows: how long the machine runs is its affair. */
u32_t rec_ts_at(uint64_t ns)
{
	static uint32_t base;

	if (!base && getrandom(&base, sizeof(base), 0) != sizeof(base))
		base = 1;
	return base + (uint32_t)(ns / CLOCK_NS_MS);
}

u32_t rec_tsval(void)
{
	return rec_ts_at(clock_ns());
}
