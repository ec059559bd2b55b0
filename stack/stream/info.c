/* info.c: a connection's numbers as Linux shows them. */
#include <stdio.h>
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/stream/accept.h"
#include "stack/stream/stream.h"
#include "stack/stream/tcpinfo.h"
#include "stack/tcp/rec.h"

static const uint8_t linux_state[] = {
	[CLOSED] = TCP_CLOSE,
	[LISTEN] = TCP_LISTEN,
	[SYN_SENT] = TCP_SYN_SENT,
	[SYN_RCVD] = TCP_SYN_RECV,
	[ESTABLISHED] = TCP_ESTABLISHED,
	[FIN_WAIT_1] = TCP_FIN_WAIT1,
	[FIN_WAIT_2] = TCP_FIN_WAIT2,
	[CLOSE_WAIT] = TCP_CLOSE_WAIT,
	[CLOSING] = TCP_CLOSING,
	[LAST_ACK] = TCP_LAST_ACK,
	[TIME_WAIT] = TCP_TIME_WAIT,
};

int stream_linux_state(const struct sock *s)
{
	const struct tcp_pcb *pcb = stream_of_const(s)->pcb;

	if (s->state == SOCK_LISTEN)
		return TCP_LISTEN;
	if (!pcb || pcb->state >= sizeof(linux_state))
		return TCP_CLOSE;
	return linux_state[pcb->state];
}

static uint32_t packets(const struct tcp_pcb *pcb, uint32_t bytes)
{
	return bytes ? rec_packets(pcb, bytes) : 0;
}

static void fill_pcb_info(struct stream_info *ti, const struct tcp_pcb *pcb)
{
	ti->tcpi_retransmits = ti->tcpi_backoff = pcb->nrtx;
	ti->tcpi_probes = pcb->persist_probe;
	ti->tcpi_options =
	    (pcb->flags & TF_TIMESTAMP ? TCPI_OPT_TIMESTAMPS : 0) |
	    (pcb->flags & TF_SACK ? TCPI_OPT_SACK : 0) |
	    (pcb->flags & TF_WND_SCALE ? TCPI_OPT_WSCALE : 0);
	ti->tcpi_snd_wscale = pcb->snd_scale & 15;
	ti->tcpi_rcv_wscale = pcb->rcv_scale & 15;
	ti->tcpi_snd_mss = rec_mss(pcb);
	ti->tcpi_rcv_mss = rec_mss(pcb);
	ti->tcpi_advmss = rec_mss(pcb);
	ti->tcpi_snd_cwnd = pcb->cwnd / (rec_mss(pcb) ? rec_mss(pcb) : 1);
	ti->tcpi_snd_ssthresh = pcb->ssthresh >= REC_SSTHRESH_NONE ?
	    INT32_MAX : packets(pcb, pcb->ssthresh);
	ti->tcpi_rcv_space = pcb->rcv_wnd;
	ti->tcpi_pmtu = pcb->mss + (IP_IS_V6_VAL(pcb->remote_ip) ? 60u : 40u);
	ti->tcpi_snd_wnd = pcb->snd_wnd;
	ti->tcpi_notsent_bytes = pcb->snd_lbb - pcb->snd_nxt;
}

static void fill_recovery(struct stream_info *ti, const struct rec *r)
{
	const struct tcp_pcb *pcb = r->pcb;

	ti->tcpi_options |= (r->ecn ? TCPI_OPT_ECN : 0) |
	    (r->ecn_seen ? TCPI_OPT_ECN_SEEN : 0);
	ti->tcpi_ca_state = (uint8_t)r->state;
	ti->tcpi_rto = (uint32_t)(rtt_timeout(r, pcb->nrtx) / 1000);
	ti->tcpi_rtt = r->srtt;
	ti->tcpi_rttvar = r->rttvar;
	ti->tcpi_min_rtt = r->min_rtt;
	ti->tcpi_unacked = packets(pcb, r->out);
	ti->tcpi_sacked = packets(pcb, r->sacked);
	ti->tcpi_lost = packets(pcb, r->lost);
	ti->tcpi_retrans = packets(pcb, r->resent);
	ti->tcpi_reordering = r->reordering ? packets(pcb, pcb->cwnd) : 3;
	ti->tcpi_last_data_recv = ti->tcpi_last_ack_recv =
	    (uint32_t)((clock_ns() - r->heard) / CLOCK_NS_MS);
	ti->tcpi_last_data_sent =
	    (uint32_t)((clock_ns() - r->moved) / CLOCK_NS_MS);
	ti->tcpi_total_retrans = r->total_resent;
	ti->tcpi_bytes_acked = r->bytes_acked;
	ti->tcpi_bytes_received = r->bytes_in;
	ti->tcpi_segs_out = r->segs_out;
	ti->tcpi_segs_in = r->segs_in;
	ti->tcpi_bytes_retrans = r->bytes_resent;
	ti->tcpi_bytes_sent = r->bytes_resent + r->bytes_acked + r->out;
	ti->tcpi_dsack_dups = r->total_dsacks;
	ti->tcpi_reord_seen = r->total_reordered;
}

void stream_fill_info(const struct sock *s, struct stream_info *ti)
{
	const struct tcp_pcb *pcb = stream_of_const(s)->pcb;

	ti->tcpi_state = (uint8_t)stream_linux_state(s);
	if (!pcb || s->state == SOCK_LISTEN) {
		/* What a connection would begin with. */
		ti->tcpi_snd_cwnd = 10;
		if (s->state != SOCK_LISTEN) {
			ti->tcpi_rto = 1000000;
			ti->tcpi_snd_mss = 536;
			ti->tcpi_rcv_mss = s->state == SOCK_CLOSED ? 536 : 0;
		}
		return;
	}
	fill_pcb_info(ti, pcb);
	if (rec_of(pcb))
		fill_recovery(ti, rec_of(pcb));
}

static void fill_pcb(const struct tcp_pcb *pcb, struct wire_sockinfo *w)
{
	const struct rec *r = rec_of(pcb);

	w->in_flight = pcb->snd_nxt - pcb->lastack;
	w->rcv_wnd = pcb->rcv_wnd;
	w->snd_wnd = pcb->snd_wnd;
	w->cwnd = pcb->cwnd;
	w->ssthresh = pcb->ssthresh;
	w->retransmits = pcb->nrtx;
	w->mss = pcb->mss;
	if (!r)
		return;
	w->rtt_us = r->srtt;
	w->rttvar_us = r->rttvar;
	w->rto_us = (uint32_t)(rtt_timeout(r, pcb->nrtx) / 1000);
	w->min_rtt_us = r->min_rtt == UINT32_MAX ? 0 : r->min_rtt;
	w->sacked = r->sacked;
	w->lost = r->lost;
	w->total_retransmits = r->total_resent;
	w->dsacks = r->total_dsacks;
	w->reordered = r->total_reordered;
}

void stream_fill_sockinfo(const struct sock *s, struct wire_sockinfo *w)
{
	const struct stream *st = stream_of_const(s);

	w->recvq = stream_inq(s);
	w->sendq = stream_outq(s);
	if (s->state == SOCK_LISTEN) {
		w->backlog = (uint32_t)st->backlog;
		w->waiting = (uint32_t)accept_waiting(st);
		return;
	}
	snprintf(w->rx, sizeof(w->rx), "%s", stream_rx_name(st->rx_state));
	snprintf(w->tx, sizeof(w->tx), "%s", stream_tx_name(st->tx_state));
	snprintf(w->end, sizeof(w->end), "%s", stream_end_name(st->end));
	w->unsent = st->tx_unwritten;
	if (st->pcb)
		fill_pcb(st->pcb, w);
	if (s->peer.family)
		w->pmtu = (uint32_t)route_mtu(&s->peer);
}
