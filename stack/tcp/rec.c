/* rec.c: life of a connection's record, and the marks of its segments. */
#include "stack/tcp/rec.h"

#include <assert.h>
#include <stdlib.h>

#include "stack/core/counter.h"

struct rec_stats rec_stats;

static_assert(LWIP_TCP_PCB_NUM_EXT_ARGS == PCBARG_NUM, "a place for each");

static void destroy(u8_t id, void *data)
{
	struct rec *r = data;

	(void)id;
	if (r) {
		timer_forget(r);
		oos_forget(r);
	}
	free(r);
}

static const struct tcp_ext_arg_callbacks callbacks = { .destroy = destroy };

struct rec *rec_get(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r) {
		counter_inc("tcp.no_memory");
		return NULL;
	}
	r->pcb = pcb;
	r->due = r->keep_due = UINT64_MAX;
	r->fack = r->high = r->reo_round = pcb->lastack;
	r->reo_mult = 1;
	r->budget = INT64_MAX;
	rtt_init(r);
	pcb->ext_args[PCBARG_REC] = (struct tcp_pcb_ext_args){
		.callbacks = &callbacks, .data = r,
	};
	return r;
}

void rec_drop(struct tcp_pcb *pcb)
{
	destroy(0, rec_of(pcb));
	pcb->ext_args[PCBARG_REC].data = NULL;
}

uint32_t rec_pipe(const struct rec *r)
{
	uint32_t gone = r->sacked + r->lost;

	if (!rec_has_sack(r))
		gone += r->dups;
	return r->resent + (r->out > gone ? r->out - gone : 0);
}

static void unmark(struct rec *r, struct tcp_seg *seg, uint8_t marks)
{
	uint32_t len = TCP_TCPLEN(seg);
	uint8_t m = seg->marks;

	if ((m & (SEG_LOST | SEG_RESENT)) == SEG_LOST)
		r->todo -= len;
	if (m & marks & SEG_SACKED) {
		r->sacked -= len;
		r->nsacked--;
	}
	if (m & marks & SEG_LOST)
		r->lost -= len;
	if (m & marks & SEG_RESENT)
		r->resent -= len;
	m &= (uint8_t)~marks;
	if ((m & (SEG_LOST | SEG_RESENT)) == SEG_LOST)
		r->todo += len;
	seg->marks = m;
}

void rec_mark_none(struct rec *r, struct tcp_seg *seg)
{
	unmark(r, seg, SEG_SACKED | SEG_LOST | SEG_RESENT);
}

void rec_mark_sacked(struct rec *r, struct tcp_seg *seg)
{
	unmark(r, seg, SEG_LOST | SEG_RESENT);
	seg->marks |= SEG_SACKED;
	r->sacked += TCP_TCPLEN(seg);
	r->nsacked++;
}

void rec_mark_lost(struct rec *r, struct tcp_seg *seg)
{
	unmark(r, seg, SEG_LOST | SEG_RESENT);
	seg->marks |= SEG_LOST;
	r->lost += TCP_TCPLEN(seg);
	r->todo += TCP_TCPLEN(seg);
}

void rec_mark_resent(struct rec *r, struct tcp_seg *seg, uint64_t now)
{
	if (!(seg->marks & SEG_RESENT)) {
		if (seg->marks & SEG_LOST)
			r->todo -= TCP_TCPLEN(seg);
		r->resent += TCP_TCPLEN(seg);
	}
	seg->marks |= SEG_RESENT | SEG_AGAIN;
	seg->sent_ns = now;
}

void rec_too_long(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);
	struct tcp_seg *seg;

	for (seg = r ? pcb->unacked : NULL; seg; seg = seg->next)
		if (seg->len > rec_mss(pcb) && !(seg->marks & SEG_SACKED))
			rec_mark_lost(r, seg);
}
