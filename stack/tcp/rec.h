/*
 * rec.h: what a connection needs besides lwIP's pcb to get over losses.
 *
 * lwIP keeps the queues, the states and the frames; what an acknowledgement
 * says, what is lost, when and how much is sent (again) is decided here.  It
 * is called from lwIP's source through stack/stream/lwip.sed:
 *
 *	rec_input	a segment came; its options	input.c
 *	rec_ack		it acknowledges something	ack.c, sack.c
 *	tcp_output	what may be sent is sent	send.c, large.c
 *	timer.c		what has to be done later
 *	rec_header	marks in place of losses	ecn.c
 *
 * A segment stays in pcb->unacked from when it was first sent until it is
 * acknowledged; what is known of it is in seg->marks, and summed up in struct
 * rec, in bytes, so that segments of any length may be mixed.  Acknowledgements
 * only note what came.  What follows from them is done once a batch, in
 * tcp_output().
 */
#ifndef STACK_TCP_REC_H
#define STACK_TCP_REC_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "stack/tcp/args.h"
#include "stack/wire/clock.h"

/* Bits of seg->marks, of a segment in pcb->unacked. */
enum {
	SEG_SACKED = 1,		/* the peer has it, and not what is before it */
	SEG_LOST = 2,
	SEG_RESENT = 4,		/* sent again, and that is on its way */
	SEG_AGAIN = 8,		/* sent more than once: no round trip of it */
};

/* With the values of Linux's tcpi_ca_state. */
enum rec_state { REC_OPEN, REC_DISORDER, REC_CWR, REC_RECOVERY, REC_LOSS };

#define REC_SSTHRESH_NONE	(1u << 30)	/* bytes: no loss */

/* TCP_CONGESTION; REC_BBR is CUBIC over short ways. */
enum rec_algorithm { REC_BBR, REC_CUBIC, REC_RENO };

/*
 * RFC 5682, after a time-out: the first segment was sent again; its answer does
 * not tell which one it is for, so what is new is sent; the answer to that
 * tells.
 */
enum rec_frto { FRTO_NONE, FRTO_FIRST, FRTO_NEW };

/* What the timer is for. */
enum rec_what { WHAT_NONE, WHAT_RTO, WHAT_PROBE, WHAT_REORDER, WHAT_PERSIST,
	WHAT_RETRY, WHAT_PACE, WHAT_ASK };

/* bbr.c's. */
enum { BBR_ROUNDS = 10, BBR_CYCLE = 8 };
enum bbr_phase { BBR_STARTUP, BBR_DRAIN, BBR_PROBE, BBR_RTT };
struct bbr {
	enum bbr_phase phase;
	uint64_t arrived, arrived_ns;	/* bytes in all; the last of them */
	uint64_t first_ns;	/* the first of those being measured was sent */
	uint64_t idle_until;	/* arrived; 0: there was enough to send */
	/* The sample that is being taken: of the segment sent last. */
	bool sampled, sample_idle;
	uint64_t from, from_ns, send_ns;
	double rate[BBR_ROUNDS];	/* bytes/s, the most of a round trip */
	uint32_t rounds;
	uint64_t round_end;
	bool round_start;
	bool full;		/* the way takes no more */
	double full_rate;
	unsigned full_rounds;	/* without growth */
	uint8_t turn;		/* of the cycle of gains */
	uint64_t turn_ns;
	uint32_t rtt;		/* us, the shortest for 10 s */
	uint64_t rtt_ns;
	bool old;		/* it was */
	uint64_t hold_ns;	/* as little is on its way until then */
	bool conserve;		/* as much is sent as has arrived */
	uint32_t prior_cwnd;
};

struct rec {
	struct tcp_pcb *pcb;
	bool large;		/* its interface takes several frames at once */
	bool single;		/* but each is to have its own header */
	enum rec_state state;
	enum rec_algorithm algorithm;

	/* The scoreboard: bytes of pcb->unacked, segments where it says so. */
	uint32_t out;		/* all */
	uint32_t sacked, lost, resent;	/* with these marks */
	uint32_t todo;		/* lost and not resent: to be sent again */
	uint32_t nsacked;	/* segments */
	uint32_t dups;		/* bytes of duplicate ACKs, without SACK */
	uint32_t fack;		/* the highest number that the peer has */
	struct tcp_seg *hint;	/* where the last SACK block was found */
	struct tcp_sack_range told[4];	/* the blocks of the last one */

	/* What came since the last tcp_output(). */
	bool news;
	bool advanced;		/* pcb->lastack did */
	bool dsack;		/* a duplicate was told */
	bool spurious;		/* the first one sent again was not lost */
	bool original;		/* one of before high arrived, sent once only */
	uint32_t acked, delivered;	/* bytes; also by SACK */

	/* Round trips, us; srtt 0: none known. */
	uint32_t srtt, rttvar, rto;
	uint32_t min_rtt;
	uint32_t late_rtt;	/* the longest, with those of late */
	uint32_t later_rtt;	/* the same, and remembered for longer */
	uint64_t min_rtt_ns;	/* when it was measured */

	/* RFC 8985: of the segment sent last that has arrived. */
	uint64_t rack_ns;
	uint32_t rack_end, rack_rtt;	/* us */
	bool rack_again;	/* it was sent more than once */
	uint32_t reo_mult;	/* of a quarter of min_rtt */
	uint32_t reo_keep;	/* recoveries until it is 1 again */
	uint32_t reo_round;	/* it grows once until this is acknowledged */
	bool reordering;	/* was seen */
	uint64_t reo_due;	/* some are lost then, if not acknowledged; 0 */
	uint32_t probe_end;	/* of the tail loss probe, with probe_out */
	bool probe_out, probe_resent;

	/* Congestion: pcb->cwnd and pcb->ssthresh, bytes. */
	uint32_t high;		/* recovery ends when this is acknowledged */
	uint32_t prior_cwnd, prior_ssthresh;	/* to go back to */
	uint32_t prr_out, prr_delivered;
	bool may_undo;
	uint32_t undo_from;	/* lastack when this began */
	uint32_t undo_left;	/* sent again, and not told to be duplicates */
	uint32_t resent_ts;	/* time stamp of the first one sent again */
	enum rec_frto frto;	/* in REC_LOSS */
	bool limited;		/* cwnd is what stops us */
	uint32_t flight;	/* rec_pipe() after the last tcp_output() */
	double w_max, w_est, k;	/* RFC 9438, segments and s */
	uint64_t epoch_ns;
	struct bbr bbr;
	uint64_t pace_ns;	/* up to then has been sent */
	int64_t budget;		/* bytes that may be sent now */

	/* Times, ns. */
	enum rec_what what;
	uint64_t due, keep_due;	/* UINT64_MAX: never */
	unsigned at;		/* in the heap of timer.c; 0: nowhere */
	uint64_t fired;		/* the retransmission timer, at last */
	bool asked;		/* and half of its time has passed */
	uint64_t moved;		/* something new was sent or acknowledged */
	uint64_t acked_ns;	/* the latter */
	uint64_t heard;		/* a segment came */
	uint64_t began;		/* to probe a window of zero */
	uint8_t probes;		/* of it */

	/* The receiving half. */
	struct tcp_sack_range dup;	/* to be told; left == right: none */
	struct tcp_seg *oos_last;	/* of pcb->ooseq; NULL: not known */
	uint32_t oos_run;	/* where it, and what is before it, begins */
	unsigned oos_most;	/* pbufs of pcb->ooseq, at most */

	/* ECN */
	bool ecn;		/* both sides do it */
	bool ecn_asked, ecn_seen;	/* by our SYN; in a packet that came */
	bool ce;		/* one was marked, and the peer is to hear it */
	bool ece;		/* we have heard it */
	bool cwr_due;		/* and the peer is to hear that */
	bool resending;		/* by rec_resend() */

	/* Totals. */
	uint32_t total_resent, total_dsacks, total_reordered;
	uint64_t bytes_acked, bytes_in, bytes_resent;
	uint32_t segs_in, segs_out;
};

/* What netstat -s shows; of all connections, ever. */
extern struct rec_stats {
	STAT_COUNTER rexmit;		/* segments sent again */
	STAT_COUNTER timeouts, recoveries, tailprobes;
	STAT_COUNTER spurious;		/* of these, taken back */
	STAT_COUNTER reordered, dsackin, dsackout;
	STAT_COUNTER windowprobes, keepprobes;
	STAT_COUNTER ecn;		/* connections that agreed on it */
	STAT_COUNTER cein;		/* segments that came marked */
	STAT_COUNTER ecncuts;		/* of the window, as the peer said so */
} rec_stats;

static inline struct rec *rec_of(const struct tcp_pcb *pcb)
{
	return pcb->ext_args[PCBARG_REC].data;
}

static inline uint32_t seg_begin(const struct tcp_seg *seg)
{
	return lwip_ntohl(seg->tcphdr->seqno);
}

static inline uint32_t seg_end(const struct tcp_seg *seg)
{
	return seg_begin(seg) + (uint32_t)TCP_TCPLEN(seg);
}

/* Bytes of payload of a full segment. */
static inline uint32_t rec_mss(const struct tcp_pcb *pcb)
{
	uint32_t opts = pcb->flags & TF_TIMESTAMP ?
	    LWIP_TCP_OPT_LEN_TS_OUT : 0;

	return pcb->mss > opts ? pcb->mss - opts : 1;
}

/* What a peer says that it takes: 0 is any, and as in Linux 48 the least. */
static inline u16_t rec_peer_mss(u16_t mss)
{
	return mss == 0 || mss > TCP_MSS ? TCP_MSS : mss < 48 ? 48 : mss;
}

/* How many frames carry that much payload. */
static inline uint32_t rec_packets(const struct tcp_pcb *pcb, uint32_t bytes)
{
	uint32_t mss = rec_mss(pcb);

	return bytes > mss ? (bytes + mss - 1) / mss : 1;
}

/* PRR goes on. */
static inline bool rec_reducing(const struct rec *r)
{
	return r->state == REC_RECOVERY || r->state == REC_CWR;
}

static inline bool rec_has_sack(const struct rec *r)
{
	return r->pcb->flags & TF_SACK;
}

/* Bytes that are thought to be on their way. */
uint32_t rec_pipe(const struct rec *r);

/* rec.c: life, and marks. */
/* The connection's, made if need be; NULL: no memory. */
struct rec *rec_get(struct tcp_pcb *pcb);
void rec_drop(struct tcp_pcb *pcb);	/* only TIME_WAIT is left */
void rec_mark_sacked(struct rec *r, struct tcp_seg *seg);
void rec_mark_lost(struct rec *r, struct tcp_seg *seg);
void rec_mark_resent(struct rec *r, struct tcp_seg *seg, uint64_t now);
void rec_mark_none(struct rec *r, struct tcp_seg *seg);	/* but SEG_AGAIN */
/* pcb->mss has become less: what is on its way and longer is lost. */
void rec_too_long(struct tcp_pcb *pcb);

/* input.c: a segment that came, before lwIP has it. */
/* An lwIP hook; not ERR_OK: it is to be dropped. */
err_t rec_input(struct tcp_pcb *pcb, const struct tcp_hdr *h, u16_t optlen,
    u16_t opt1len, const u8_t *opt2, const struct pbuf *p);
/* lwIP has it: what cannot wait until the batch is over. */
void rec_input_done(struct tcp_pcb *pcb);
/* On data of len bytes in order: is an acknowledgement due now? */
bool rec_ack_due(const struct tcp_pcb *pcb, u32_t len);
/* The options of the segment that is being taken in. */
struct rec_opts {
	bool has_ts;
	uint32_t tsval, tsecr;
	unsigned n;
	struct tcp_sack_range block[4];
};
extern struct rec_opts rec_opts;
/* SACK blocks to be sent: how many fit behind optlen bytes, and they. */
u8_t rec_sack_count(const struct tcp_pcb *pcb, u8_t optlen);
void rec_sack_put(const struct tcp_pcb *pcb, u32_t *opts, u8_t n);
u32_t rec_tsval(void);
u32_t rec_ts_at(uint64_t ns);	/* what it was then */
bool rec_older(uint64_t ns);	/* what came answers what was sent before */

/* ack.c: an acknowledgement.  Return: bytes of data it freed. */
u32_t rec_ack(struct tcp_pcb *pcb, u32_t ackno, u16_t tcplen, bool wnd_same);
/* The SYN was acknowledged: lwIP is about to set cwnd. */
void rec_established(struct tcp_pcb *pcb);

/* sack.c: blocks that the peer sent, in rec_opts, with this ackno. */
void rec_sack(struct rec *r, uint32_t ackno, uint64_t now);

/* walk.c: may n segments be looked at?  false: not now. */
#define REC_NEAR	16	/* always */
bool rec_may_walk(unsigned n);
/* The same, asked before each. */
struct rec_walk {
	unsigned n;
	uint64_t since;		/* ns, when it was asked for what is far */
};
bool rec_may_go_on(struct rec_walk *w);
static inline bool rec_may_step(struct rec_walk *w)
{
	return ++w->n % REC_NEAR || rec_may_go_on(w);
}

/*
 * ooseq.c, for lwIP: where the search for seq's place begins; run: of those
 * before it that stand without a hole, where they do.
 */
struct tcp_seg *oos_from(const struct tcp_pcb *pcb, u32_t seq, u32_t *run);
/* The last is seg, or behind it; run: where it and those before it begin. */
void oos_last(struct tcp_pcb *pcb, struct tcp_seg *seg, u32_t run);
/* p was queued.  Return: where to begin to look for more than max; NULL: no. */
struct tcp_seg *oos_count(struct tcp_pcb *pcb, const struct pbuf *p, u16_t max);
void oos_forget(struct rec *r);		/* it is about to go */
/* Is there time to find the place of what came? */
bool oos_may_come(const struct tcp_pcb *pcb, uint32_t seq, uint32_t len);

/* rtt.c */
void rtt_init(struct rec *r);
/* Measured: what the time-out is made of; and the shortest way. */
void rtt_sample(struct rec *r, uint64_t ns);
void rtt_shortest(struct rec *r, uint64_t ns, uint64_t now);
/* Measured, also of what was sent again: the longest. */
void rtt_longest(struct rec *r, uint64_t ns);
/* The retransmission time-out with its back-off, ns. */
uint64_t rtt_timeout(const struct rec *r, unsigned backoff);

/* rack.c: RFC 8985, and RFC 6582 for peers without SACK. */
void rack_arrived(struct rec *r, const struct tcp_seg *seg, uint64_t now);
void rack_dsack(struct rec *r);
/* Mark what is lost by now; sets reo_due. */
void rack_detect(struct rec *r, uint64_t now);
/* How long after it was sent a segment may be acknowledged (RFC 8985), ns. */
uint64_t rack_wait(const struct rec *r);

/* cwnd.c: the states, and how much may be on its way. */
void cwnd_step(struct rec *r, uint64_t now);	/* after news */
void cwnd_timeout(struct rec *r, uint64_t now);	/* RTO: all is lost */
void cwnd_idle(struct rec *r, uint64_t now);	/* after a pause */
void cwnd_first(struct rec *r);			/* once established */
void cwnd_probe_lost(struct rec *r);	/* a probe repaired a loss */

/* cubic.c: RFC 9438. */
uint32_t cubic_loss(struct rec *r);	/* the new ssthresh, bytes */
void cubic_grow(struct rec *r, uint32_t acked, uint64_t now);

/* bbr.c: of a long way, in place of the two above. */
bool bbr_applies(const struct rec *r);
void bbr_sent(struct rec *r, struct tcp_seg *seg, uint64_t now);
void bbr_arrived(struct rec *r, const struct tcp_seg *seg, uint64_t now);
void bbr_rtt(struct rec *r, uint32_t us, uint64_t now);
void bbr_idle(struct rec *r);	/* there is nothing more to send */
void bbr_loss(struct rec *r);	/* recovery or a time-out begins */
/* After news; lost: bytes found to be; entered, left: recovery. */
void bbr_step(struct rec *r, uint32_t lost, bool entered, bool left,
    uint64_t now);
double bbr_rate(const struct rec *r);	/* bytes/s; 0: not known */
double bbr_pace(const struct rec *r);	/* the same, to send at */

/* send.c */
/* lwIP's tcp_output(), under another name; ours has the old one. */
err_t rec_lwip_output(struct tcp_pcb *pcb);
/* lwIP's tcp_output_segment(), of at most max bytes or one frame. */
err_t rec_lwip_emit(struct tcp_pcb *pcb, struct tcp_seg *seg, u32_t max);
/* lwIP sent a segment for the first time. */
void rec_sent(struct tcp_pcb *pcb, struct tcp_seg *seg);
/* Bytes from pcb->lastack on that may be sent, of what is new. */
u32_t rec_window(const struct tcp_pcb *pcb);
/*
 * The sequence number of what has no data.  A peer may have taken back some of
 * its window, and beyond it hears neither RST nor ACK (RFC 9293 3.10.7.4).
 */
u32_t rec_seq(const struct tcp_pcb *pcb);
/*
 * Once more, its first max bytes, in whole frames; what is behind them is a
 * segment of its own then.  ERR_INPROGRESS: a driver still has it.
 */
err_t rec_resend(struct rec *r, struct tcp_seg *seg, uint32_t max);
/* The first segment once more, for a handshake. */
void rec_again(struct tcp_pcb *pcb);
/* What is lost and may be sent again, is; tcp_output() does it too. */
err_t rec_repair(struct tcp_pcb *pcb);

/* ecn.c: RFC 3168. */
extern int rec_ecn;	/* sysctl: 0 no, 1 ask for it, 2 if the peer asks */
/* A SYN for a listener has made pcb. */
void rec_begun(struct tcp_pcb *pcb, const struct tcp_hdr *syn);
void ecn_answered(struct rec *r, const struct tcp_hdr *h);	/* our SYN */
/* A segment came, with so many bytes and FIN. */
void ecn_input(struct rec *r, const struct tcp_hdr *h, uint32_t len);
/* One is about to leave, without a checksum yet: its flags. */
void rec_header(const struct tcp_pcb *pcb, const struct pbuf *p,
    struct tcp_hdr *h);
u8_t rec_ect(const struct tcp_pcb *pcb, const struct tcp_seg *seg);

/* large.c: segments of several frames. */
/* Cut seg behind keep bytes; false: it cannot be now, and is as it was. */
bool large_split(struct tcp_pcb *pcb, struct tcp_seg *seg, uint32_t keep);
/* The connection's interface takes such segments, or not. */
void large_route(struct tcp_pcb *pcb, bool takes);
/* Each frame has something of its own in its header, or no longer. */
void large_single(struct tcp_pcb *pcb, bool on);
/* Payload and options of the longest that may be made. */
u16_t large_max(const struct tcp_pcb *pcb);
/*
 * Cut seg, or the first of pcb->unsent, to what may leave at once: at most max
 * bytes, or what wnd bytes from pcb->lastack on have room for, in whole frames.
 * It is no less than a frame.  false: no memory.
 */
bool large_cut(struct tcp_pcb *pcb, struct tcp_seg *seg, uint32_t max);
bool large_fit(struct tcp_pcb *pcb, uint32_t wnd);
/* It is about to leave: count its frames, and tell the driver of them. */
void large_mark(const struct tcp_pcb *pcb, struct tcp_seg *seg);

/* timer.c */
void timer_init(void);
void timer_set(struct rec *r);	/* anything changed */
void timer_forget(struct rec *r);
/* SO_KEEPALIVE or its times were set. */
void rec_keepalive(struct tcp_pcb *pcb);
/* How often a SYN of that pcb is sent again; the socket layer's. */
extern int (*rec_syn_retries)(const struct tcp_pcb *pcb);
/* Which algorithm it has chosen; the same. */
extern enum rec_algorithm (*rec_algorithm)(const struct tcp_pcb *pcb);
extern int rec_synack_retries, rec_data_retries;	/* sysctl */

#endif
