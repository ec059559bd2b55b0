/* send.c: what may be sent, first what is lost; in place of tcp_output(). */
#include "stack/tcp/rec.h"

void rec_sent(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
	struct rec *r = rec_of(pcb);
	uint32_t len = TCP_TCPLEN(seg);

	if (!r)
		return;
	r->segs_out++;
	if (!len)
		return;
	seg->sent_ns = r->moved = clock_ns();
	seg->marks = 0;
	r->out += len;
	if (r->state == REC_RECOVERY)
		r->prr_out += len;
}

u32_t rec_window(const struct tcp_pcb *pcb)
{
	const struct rec *r = rec_of(pcb);
	uint32_t pipe, room;

	if (!r || !pcb->unsent || pcb->state < ESTABLISHED)
		return LWIP_MIN(pcb->snd_wnd, pcb->cwnd);
	pipe = rec_pipe(r);
	room = pcb->cwnd > pipe ? pcb->cwnd - pipe : 0;
	room += seg_begin(pcb->unsent) - pcb->lastack;
	return LWIP_MIN(pcb->snd_wnd, room);
}

err_t rec_resend(struct rec *r, struct tcp_seg *seg)
{
	struct tcp_pcb *pcb = r->pcb;
	err_t err = ERR_INPROGRESS;

	if (seg->p->ref == 1)
		err = rec_lwip_emit(pcb, seg);
	if (err != ERR_OK)
		return err;
	rec_mark_resent(r, seg, clock_ns());
	r->total_resent++;
	rec_stats.rexmit++;
	r->segs_out++;
	r->bytes_resent += seg->len;
	if (r->state == REC_RECOVERY)
		r->prr_out += (uint32_t)TCP_TCPLEN(seg);
	if (r->may_undo) {
		r->undo_left++;
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
		rec_resend(r, pcb->unacked);
}

err_t rec_repair(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);
	struct tcp_seg *seg;
	err_t err;

	if (!r || pcb->state < ESTABLISHED)
		return ERR_OK;
	if (r->news)
		cwnd_step(r, clock_ns());
	for (seg = pcb->unacked; seg && r->todo && rec_pipe(r) < pcb->cwnd;
	    seg = seg->next) {
		if ((seg->marks & (SEG_LOST | SEG_RESENT)) != SEG_LOST)
			continue;
		err = rec_resend(r, seg);
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
	r->limited = r->todo || (pcb->unsent && r->flight +
	    pcb->unsent->len > pcb->cwnd);
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
