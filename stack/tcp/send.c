/* send.c: what may be sent, first what is lost; in place of tcp_output(). */
#include "stack/tcp/rec.h"

/*
 * Pacing: over a long way segments leave as it takes them, and not all at
 * once.  Timers are of ms, and late under load: so much is made up for.
 */
#define PACE_AHEAD	CLOCK_NS_MS
#define PACE_LATE	(4 * CLOCK_NS_MS)
#define PACE_FIRST	10	/* segments go at once */

static void set_budget(struct rec *r)
{
	uint64_t now;
	double rate;

	r->budget = INT64_MAX;
	if (!bbr_applies(r) || r->segs_out < PACE_FIRST)
		return;
	now = clock_ns();
	rate = bbr_pace(r);
	if (r->pace_ns + PACE_LATE < now)
		r->pace_ns = now - PACE_LATE;
	if (r->pace_ns >= now + PACE_AHEAD)
		r->budget = 0;
	else
		r->budget = (int64_t)((double)(now + PACE_AHEAD - r->pace_ns) *
		    rate / 1e9) + rec_mss(r->pcb);
}

static void spend(struct rec *r, uint32_t len)
{
	double rate;

	if (r->budget == INT64_MAX)
		return;
	rate = bbr_pace(r);
	r->budget -= len;
	if (rate > 0)
		r->pace_ns += (uint64_t)(len * 1e9 / rate);
}

void rec_sent(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
	struct rec *r = rec_of(pcb);
	uint32_t len = TCP_TCPLEN(seg);

	if (!r)
		return;
	r->segs_out += rec_packets(pcb, seg->len);
	if (!len)
		return;
	seg->sent_ns = r->moved = clock_ns();
	seg->marks = 0;
	bbr_sent(r, seg, seg->sent_ns);
	r->out += len;
	spend(r, len);
	if (rec_reducing(r))
		r->prr_out += len;
}

u32_t rec_seq(const struct tcp_pcb *pcb)
{
	uint32_t edge = pcb->lastack + pcb->snd_wnd;

	return TCP_SEQ_GT(pcb->snd_nxt, edge) ? edge : pcb->snd_nxt;
}

/* Two segments that are new (RFC 5682 2.1 step 2b). */
static uint32_t frto_room(const struct rec *r)
{
	uint32_t two = 2 * rec_mss(r->pcb), n = r->pcb->snd_nxt - r->high;

	return n < two ? two - n : 0;
}

u32_t rec_window(const struct tcp_pcb *pcb)
{
	const struct rec *r = rec_of(pcb);
	uint32_t pipe, room;

	if (!r || !pcb->unsent || pcb->state < ESTABLISHED)
		return LWIP_MIN(pcb->snd_wnd, pcb->cwnd);
	pipe = rec_pipe(r);
	room = pcb->cwnd > pipe ? pcb->cwnd - pipe : 0;
	if (r->frto == FRTO_NEW)
		room = LWIP_MIN(room, frto_room(r));
	if (room > r->budget)
		room = r->budget > 0 ? (uint32_t)r->budget : 0;
	room += seg_begin(pcb->unsent) - pcb->lastack;
	return LWIP_MIN(pcb->snd_wnd, room);
}

err_t rec_resend(struct rec *r, struct tcp_seg *seg, uint32_t max)
{
	struct tcp_pcb *pcb = r->pcb;
	err_t err = ERR_INPROGRESS;
	uint32_t packets;
	uint64_t now;

	/* A SYN that one from the peer has crossed is a SYN|ACK from then on. */
	if (pcb->state != SYN_SENT)
		TCPH_SET_FLAG(seg->tcphdr, TCP_ACK);
	r->resending = true;
	if (seg->p->ref == 1)
		err = rec_lwip_emit(pcb, seg, max);
	r->resending = false;
	if (err != ERR_OK)
		return err;
	now = clock_ns();
	bbr_sent(r, seg, now);
	rec_mark_resent(r, seg, now);
	spend(r, TCP_TCPLEN(seg));
	packets = rec_packets(pcb, seg->len);
	r->total_resent += packets;
	rec_stats.rexmit += packets;
	r->segs_out += packets;
	r->bytes_resent += seg->len;
	if (rec_reducing(r))
		r->prr_out += (uint32_t)TCP_TCPLEN(seg);
	if (r->may_undo) {
		r->undo_left += packets;
		if (!r->resent_ts)
			r->resent_ts = rec_tsval();
	}
	return ERR_OK;
}

void rec_again(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);

	/* A SYN that is answered wrongly counts as one that is not. */
	if (pcb->state == SYN_SENT && pcb->nrtx < UINT8_MAX)
		pcb->nrtx++;
	if (r && pcb->unacked)
		rec_resend(r, pcb->unacked, 0);
}

err_t rec_repair(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);
	struct tcp_seg *seg;
	uint32_t room;
	err_t err;

	if (!r || pcb->state < ESTABLISHED)
		return ERR_OK;
	if (r->news)
		cwnd_step(r, clock_ns());
	set_budget(r);
	if (r->frto == FRTO_NEW)
		return ERR_OK;	/* what is new goes first */
	for (seg = pcb->unacked; seg && r->todo && r->budget > 0 &&
	    rec_pipe(r) < pcb->cwnd; seg = seg->next) {
		if ((seg->marks & (SEG_LOST | SEG_RESENT)) != SEG_LOST)
			continue;
		room = pcb->cwnd - rec_pipe(r);
		if (room > r->budget)
			room = (uint32_t)r->budget;
		err = rec_resend(r, seg, room);
		if (err == ERR_INPROGRESS)
			continue;	/* it has not even left */
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* A handshake, or a stream; what is closed only answers. */
static bool sends(const struct tcp_pcb *pcb)
{
	return pcb->unsent && pcb->state >= SYN_SENT &&
	    pcb->state != TIME_WAIT;
}

static void after(struct tcp_pcb *pcb, struct rec *r)
{
	r->flight = rec_pipe(r);
	if (!pcb->unsent && !r->todo && r->flight < pcb->cwnd)
		bbr_idle(r);
	r->limited = r->todo || (pcb->unsent && r->flight +
	    LWIP_MIN(pcb->unsent->len, rec_mss(pcb)) > pcb->cwnd);
	timer_set(r);
}

err_t tcp_output(struct tcp_pcb *pcb)
{
	struct rec *r;
	err_t err;

	if (tcp_input_pcb == pcb)
		return ERR_OK;	/* called again when the input is done */
	r = sends(pcb) ? rec_get(pcb) : rec_of(pcb);
	if (r && pcb->unsent && !pcb->unacked && pcb->state >= ESTABLISHED)
		cwnd_idle(r, clock_ns());
	err = rec_repair(pcb);
	if (err == ERR_OK)
		err = rec_lwip_output(pcb);
	else
		tcp_set_flags(pcb, TF_NAGLEMEMERR);	/* tcp_txnow() */
	if (r)
		after(pcb, r);
	return err;
}
