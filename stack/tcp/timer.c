/*
 * timer.c: what a connection does when nothing comes: it sends again, probes
 * its tail, waits for what may only be late, probes a window of zero, or asks
 * whether the peer is still there.
 *
 * All of them stand in one heap, by a time that is never too late: a
 * connection whose time moves on stays where it is, and is put right when its
 * turn comes.  So an acknowledgement costs nothing here.
 */
#include <stdlib.h>

#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/tcp/rec.h"

#define NEVER		UINT64_MAX
#define US		1000ull			/* ns */
#define PROBE_MIN	(10 * CLOCK_NS_MS)
#define PROBE_SLACK	(2 * CLOCK_NS_MS)
/* One segment alone is acknowledged late: ours wait 40 ms. */
#define ACK_LATE	(60 * CLOCK_NS_MS)
/*
 * An outage that is over is noticed when something is sent again.  Once that
 * takes so long, the first segment is also sent in the middle, without a
 * further doubling.
 */
#define ASK_FROM	(8 * CLOCK_NS_S)
#define ORPHAN_RETRIES	8	/* Linux's, of what no program has any more */

int (*rec_syn_retries)(const struct tcp_pcb *pcb);
enum rec_algorithm (*rec_algorithm)(const struct tcp_pcb *pcb);
int rec_synack_retries = 5;
int rec_data_retries = 15;

/*
 * The heap: four below each, so that it is flat, and the times beside the
 * names, so that a look at them touches no connection.  The root is at 1.
 */
static struct entry {
	uint64_t key;
	struct rec *r;
} *heap;
static unsigned count, room;

#define ABOVE(i)	(((i) + 2) / 4)
#define BELOW(i)	(4 * (i) - 2)	/* the first of them */

static void place(struct entry e, unsigned i)
{
	heap[i] = e;
	e.r->at = i;
}

static void up(struct entry e, unsigned i)
{
	for (; i > 1 && heap[ABOVE(i)].key > e.key; i = ABOVE(i))
		place(heap[ABOVE(i)], i);
	place(e, i);
}

static void down(struct entry e, unsigned i)
{
	unsigned j, first, k;

	for (; (first = BELOW(i)) <= count; i = j) {
		j = first;
		for (k = first + 1; k < first + 4 && k <= count; k++)
			if (heap[k].key < heap[j].key)
				j = k;
		if (heap[j].key >= e.key)
			break;
		place(heap[j], i);
	}
	place(e, i);
}

static bool grown(void)
{
	unsigned more = room ? 2 * room : 64;
	struct entry *h;

	if (count + 1 < room)
		return true;
	h = realloc(heap, more * sizeof(*h));
	if (!h) {
		counter_inc("tcp.no_memory");
		return false;
	}
	heap = h;
	room = more;
	return true;
}

void timer_forget(struct rec *r)
{
	struct entry last;
	unsigned i = r->at;

	r->at = 0;
	if (!i)
		return;
	last = heap[count--];
	if (last.r == r)
		return;
	if (i > 1 && heap[ABOVE(i)].key > last.key)
		up(last, i);
	else
		down(last, i);
}

static bool needed(void)
{
	return count > 0;
}

static void run(void);
static struct core_timer timer = { .fn = run, .needed = needed,
	.period = 1000 };

static void put(struct rec *r, uint64_t key)
{
	struct entry e = { key, r };

	if (!r->at) {
		if (!grown())
			return;
		up(e, ++count);
	} else if (key < heap[r->at].key) {
		up(e, r->at);
	}
	timer.due = heap[1].key;
}

/* When is what due? */

static void earlier(struct rec *r, uint64_t at, enum rec_what what)
{
	if (at >= r->due)
		return;
	r->due = at;
	r->what = what;
}

/* RFC 8985 7.2: may the last segment be probed for? */
static bool may_probe(const struct rec *r)
{
	return rec_has_sack(r) && !r->sacked && !r->probe_out &&
	    (r->state == REC_OPEN || r->state == REC_CWR) && r->srtt &&
	    !r->pcb->nrtx && r->pcb->state >= ESTABLISHED;
}

static uint64_t probe_after(const struct rec *r)
{
	uint64_t ns = 2 * US * r->srtt;

	ns += r->pcb->unacked->next || r->out > rec_mss(r->pcb) ?
	    PROBE_SLACK : ACK_LATE;
	return ns < PROBE_MIN ? PROBE_MIN : ns;
}

static void set_due(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;
	uint64_t from, rto = rtt_timeout(r, pcb->nrtx);

	r->due = NEVER;
	r->what = WHAT_NONE;
	if (r->budget < rec_mss(pcb) && (r->todo || pcb->unsent) &&
	    rec_pipe(r) < pcb->cwnd)
		earlier(r, r->pace_ns, WHAT_PACE);
	if (pcb->unacked) {
		/* Each answer to something new begins it anew: RFC 6298 5.3 */
		from = pcb->unacked->sent_ns;
		if (from < r->acked_ns)
			from = r->acked_ns;
		if (from < r->fired || pcb->nrtx)
			from = r->fired;
		earlier(r, from + rto, WHAT_RTO);
		if (rto >= ASK_FROM && !r->asked && pcb->state >= ESTABLISHED)
			earlier(r, from + rto / 2, WHAT_ASK);
		if (may_probe(r))
			earlier(r, r->moved + probe_after(r), WHAT_PROBE);
		if (r->reo_due)
			earlier(r, r->reo_due, WHAT_REORDER);
	} else if (pcb->unsent && pcb->persist_backoff) {
		earlier(r, r->began + rtt_timeout(r, r->probes), WHAT_PERSIST);
	} else if (pcb->unsent) {
		earlier(r, r->fired + rto, WHAT_RETRY);
	}
}

/* The window of zero has just been met, or it is over. */
static void look_at_window(struct rec *r)
{
	if (r->pcb->unacked || !r->pcb->persist_backoff) {
		r->began = 0;
	} else if (!r->began) {
		r->began = clock_ns();
		r->probes = 0;
	}
}

void timer_set(struct rec *r)
{
	look_at_window(r);
	if (!r->pcb->unacked && r->pcb->unsent && !r->fired)
		r->fired = clock_ns();	/* it could not be sent */
	set_due(r);
	if (r->due != NEVER)
		put(r, r->due);
}

/* What is done then.  false: the connection is gone. */

static bool give_up(struct rec *r, bool reset)
{
	tcp_abandon(r->pcb, reset);
	return false;
}

static unsigned retries(const struct rec *r)
{
	const struct tcp_pcb *pcb = r->pcb;

	if (pcb->state == SYN_SENT)
		return rec_syn_retries ? (unsigned)rec_syn_retries(pcb) :
		    TCP_SYNMAXRTX;
	if (pcb->state == SYN_RCVD)
		return (unsigned)rec_synack_retries;
	if (!pcb->callback_arg && rec_data_retries > ORPHAN_RETRIES)
		return ORPHAN_RETRIES;
	return (unsigned)rec_data_retries;
}

static bool on_rto(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;

	if (pcb->nrtx >= retries(r))
		return give_up(r, false);
	r->fired = now;
	r->pace_ns = 0;		/* it has waited long enough */
	r->asked = false;
	rec_stats.timeouts++;
	if (pcb->state < ESTABLISHED) {
		if (pcb->state == SYN_RCVD)
			pcb->nrtx++;
		rec_again(pcb);
		return true;
	}
	cwnd_timeout(r, now);
	pcb->nrtx++;
	tcp_output(pcb);
	return true;
}

/* Something new if there is and the peer's window takes it, else the last. */
static void on_probe(struct rec *r)
{
	struct tcp_pcb *pcb = r->pcb;
	uint32_t cwnd = pcb->cwnd, end = pcb->snd_nxt;
	struct tcp_seg *last = pcb->unacked;
	uint32_t mss = rec_mss(pcb);

	rec_stats.tailprobes++;
	if (pcb->unsent) {
		pcb->cwnd = rec_pipe(r) + mss;
		tcp_output(pcb);
		pcb->cwnd = cwnd;
	}
	r->probe_resent = pcb->snd_nxt == end;
	if (r->probe_resent) {
		while (last->next)
			last = last->next;
		if (last->len > mss && large_split(pcb, last,
		    (last->len - 1) / mss * mss))
			last = last->next;
		rec_resend(r, last, 0);
	}
	r->probe_out = true;
	r->probe_end = pcb->snd_nxt;
	/* A whole time-out from now on: RFC 8985 7.3. */
	r->fired = clock_ns();
}

static void on_reorder(struct rec *r)
{
	r->news = true;
	tcp_output(r->pcb);
}

/*
 * A closed window is asked for as a peer is that has been silent, and as Linux
 * does it: by a number that is no longer in the window.  With a byte of what is
 * to come, which a peer may take, a part of a segment would be sent that still
 * waits.
 */
static bool on_persist(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;

	if (pcb->persist_probe >= (unsigned)rec_data_retries)
		return give_up(r, false);
	r->began = now;
	if (r->probes < UINT8_MAX)
		r->probes++;
	if (pcb->snd_wnd == 0) {
		rec_stats.windowprobes++;
		if (pcb->persist_probe < UINT8_MAX)
			pcb->persist_probe++;
		tcp_keepalive(pcb);
	} else if (pcb->unsent->len <= pcb->snd_wnd ||
	    large_split(pcb, pcb->unsent, pcb->snd_wnd)) {
		tcp_output(pcb);
	}
	return true;
}

static bool on_retry(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;

	if (pcb->nrtx >= retries(r))
		return give_up(r, false);
	r->fired = now;
	pcb->nrtx++;
	tcp_output(pcb);
	return true;
}

static bool keeps_alive(const struct tcp_pcb *pcb)
{
	return ip_get_option(pcb, SOF_KEEPALIVE) &&
	    (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT);
}

static uint64_t keep_wait(const struct tcp_pcb *pcb)
{
	return (pcb->keep_idle + (uint64_t)pcb->keep_cnt_sent *
	    pcb->keep_intvl) * CLOCK_NS_MS;
}

/* RFC 1122 4.2.3.6; while data are on their way these ask. */
static bool on_keep(struct rec *r, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;

	if (!keeps_alive(pcb)) {
		r->keep_due = NEVER;
		return true;
	}
	r->keep_due = r->heard + keep_wait(pcb);
	if (pcb->unacked || pcb->unsent) {
		r->keep_due = now + pcb->keep_idle * CLOCK_NS_MS;
	} else if (r->keep_due <= now) {
		if (pcb->keep_cnt_sent >= pcb->keep_cnt)
			return give_up(r, true);
		rec_stats.keepprobes++;
		tcp_keepalive(pcb);
		pcb->keep_cnt_sent++;
		r->keep_due = r->heard + keep_wait(pcb);
	}
	return true;
}

void rec_keepalive(struct tcp_pcb *pcb)
{
	struct rec *r = rec_of(pcb);

	if (!r || !keeps_alive(pcb))
		return;
	r->keep_due = r->heard + keep_wait(pcb);
	put(r, r->keep_due);
}

static bool fire(struct rec *r, uint64_t now)
{
	bool lives = true;

	if (r->keep_due <= now && !on_keep(r, now))
		return false;
	if (r->due > now)
		return true;
	switch (r->what) {
	case WHAT_NONE:
		break;
	case WHAT_RTO:
		lives = on_rto(r, now);
		break;
	case WHAT_PROBE:
		on_probe(r);
		break;
	case WHAT_REORDER:
		on_reorder(r);
		break;
	case WHAT_ASK:
		r->asked = true;
		rec_resend(r, r->pcb->unacked, 0);
		break;
	case WHAT_PACE:
		tcp_output(r->pcb);
		break;
	case WHAT_PERSIST:
		lives = on_persist(r, now);
		break;
	case WHAT_RETRY:
		lives = on_retry(r, now);
		break;
	}
	return lives;
}

/*
 * Each is taken out, and put back to where it now belongs.  What it did may
 * have freed others, but itself only if it says so.
 */
static void run(void)
{
	uint64_t now = clock_ns(), next;
	struct rec *r;

	while (count && heap[1].key <= now) {
		r = heap[1].r;
		timer_forget(r);
		set_due(r);
		if (!fire(r, now))
			continue;
		timer_set(r);
		next = r->due < r->keep_due ? r->due : r->keep_due;
		if (next != NEVER)
			put(r, next);
	}
	timer.due = count ? heap[1].key : 0;
}

void timer_init(void)
{
	core_timer_add(&timer);
}
