/* info.c: a connection's numbers as Linux shows them. */
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/stream/accept.h"
#include "stack/stream/stream.h"

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

void stream_fill_info(const struct sock *s, struct tcp_info *ti)
{
	const struct tcp_pcb *pcb = stream_of_const(s)->pcb;

	ti->tcpi_state = (uint8_t)stream_linux_state(s);
	if (!pcb || s->state == SOCK_LISTEN) {
		/* What a connection would begin with. */
		ti->tcpi_snd_cwnd = 10;
		if (s->state != SOCK_LISTEN) {
			ti->tcpi_rto = LWIP_TCP_RTO_TIME * 1000;
			ti->tcpi_snd_mss = 536;
			ti->tcpi_rcv_mss = s->state == SOCK_CLOSED ? 536 : 0;
		}
		return;
	}
	ti->tcpi_retransmits = pcb->nrtx;
	ti->tcpi_options = TCPI_OPT_SACK |
	    (pcb->flags & TF_WND_SCALE ? TCPI_OPT_WSCALE : 0);
	ti->tcpi_snd_wscale = pcb->snd_scale & 15;
	ti->tcpi_rcv_wscale = pcb->rcv_scale & 15;
	/* lwIP counts time in ticks of 500 ms; sa is 8 times the average. */
	ti->tcpi_rto = (uint32_t)pcb->rto * TCP_SLOW_INTERVAL * 1000;
	ti->tcpi_rtt = (uint32_t)(pcb->sa >> 3) * TCP_SLOW_INTERVAL * 1000;
	ti->tcpi_rttvar = (uint32_t)(pcb->sv >> 2) * TCP_SLOW_INTERVAL * 1000;
	ti->tcpi_snd_mss = pcb->mss;
	ti->tcpi_rcv_mss = pcb->mss;
	ti->tcpi_advmss = pcb->mss;
	ti->tcpi_snd_cwnd = pcb->mss ? pcb->cwnd / pcb->mss : 0;
	ti->tcpi_snd_ssthresh = pcb->mss ? pcb->ssthresh / pcb->mss : 0;
	ti->tcpi_unacked = pcb->mss ?
	    (pcb->snd_nxt - pcb->lastack + pcb->mss - 1) / pcb->mss : 0;
	ti->tcpi_rcv_space = pcb->rcv_wnd;
	ti->tcpi_pmtu = pcb->mss + 40u;
}

static void fill_pcb(const struct tcp_pcb *pcb, struct wire_sockinfo *w)
{
	uint32_t tick = TCP_SLOW_INTERVAL * 1000;	/* us */

	w->in_flight = pcb->snd_nxt - pcb->lastack;
	w->rcv_wnd = pcb->rcv_wnd;
	w->snd_wnd = pcb->snd_wnd;
	w->cwnd = pcb->cwnd;
	w->ssthresh = pcb->ssthresh;
	w->rtt_us = (uint32_t)(pcb->sa >> 3) * tick;
	w->rttvar_us = (uint32_t)(pcb->sv >> 2) * tick;
	w->rto_us = (uint32_t)pcb->rto * tick;
	w->retransmits = pcb->nrtx;
	w->mss = pcb->mss;
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
