/* stream.c: a connected stream: its states, and how it ends; see stream.h. */
#include "stack/stream/stream.h"

#include <errno.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/core/log.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/tcp/rec.h"

/* States. */

static const char *const rx_names[] = {
	[RX_OPEN] = "open",
	[RX_DISCARD] = "discard",
	[RX_EOF] = "eof",
	[RX_SHUT] = "shut",
	[RX_DONE] = "done",
};
static const char *const tx_names[] = {
	[TX_OPEN] = "open",
	[TX_ENDING] = "ending",
	[TX_EOF] = "eof",
	[TX_FIN] = "fin",
};
static const char *const end_names[] = {
	[END_OPEN] = "open",
	[END_CLOSED] = "closed",
	[END_RESET] = "reset",
};
static_assert(sizeof(rx_names) / sizeof(rx_names[0]) == RX_NUM &&
    sizeof(tx_names) / sizeof(tx_names[0]) == TX_NUM &&
    sizeof(end_names) / sizeof(end_names[0]) == END_NUM,
    "a name for every state");

const char *stream_rx_name(enum stream_rx rx)
{
	return rx_names[rx];
}

const char *stream_tx_name(enum stream_tx tx)
{
	return tx_names[tx];
}

const char *stream_end_name(enum stream_end end)
{
	return end_names[end];
}

static void log_change(const struct stream *st, const char *what,
    const char *from, const char *to)
{
	log_debug("socket %llx: %s %s -> %s", (unsigned long long)st->s.id,
	    what, from, to);
}

void stream_set_rx(struct stream *st, enum stream_rx to)
{
	if (to <= st->rx_state)
		return;
	if (log_verbose)
		log_change(st, "receiving", rx_names[st->rx_state],
		    rx_names[to]);
	st->rx_state = to;
}

void stream_set_tx(struct stream *st, enum stream_tx to)
{
	if (to <= st->tx_state)
		return;
	if (log_verbose)
		log_change(st, "sending", tx_names[st->tx_state],
		    tx_names[to]);
	st->tx_state = to;
}

void stream_set_end(struct stream *st, enum stream_end to)
{
	if (to <= st->end)
		return;
	if (log_verbose)
		log_change(st, "program's end", end_names[st->end],
		    end_names[to]);
	st->end = to;
	if (st->s.state != SOCK_FRESH && st->s.state != SOCK_CONNECTING)
		event_close(&st->s, to == END_RESET ? "with data unread" : "");
	st->s.gone = true;
}

/* How it ends. */

/* lwIP keeps the pcb (TIME_WAIT, FIN_WAIT) but tells us no more. */
static void detach(struct stream *st)
{
	tcp_arg(st->pcb, NULL);
	tcp_recv(st->pcb, NULL);
	tcp_sent(st->pcb, NULL);
	tcp_err(st->pcb, NULL);
	tcp_poll(st->pcb, NULL, 0);
	st->pcb = NULL;
}

void stream_reset(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	if (pcb) {
		event_reset(&st->s, "this host");
		detach(st);
		tcp_abort(pcb);
	}
	data_drop(st);
}

void stream_hang_up(struct stream *st)
{
	sock_hang_up(&st->s);
	st->out_busy = false;
}

void stream_show_reset(struct stream *st)
{
	port_release(&st->s);
	stream_hang_up(st);
}

/*
 * lwIP holds data we have not taken; tcp_close() would then reset and free
 * the pcb without a word.
 */
static bool rx_pending(const struct tcp_pcb *pcb)
{
	return (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) &&
	    (pcb->refused_data || pcb->rcv_wnd != TCP_WND_MAX(pcb));
}

/*
 * RST and not FIN, as RFC 2525 2.17 asks for, or SO_LINGER.  That is at once,
 * as on Linux: what does not fit into the peer's window now is lost.
 */
static bool ends_by_reset(const struct stream *st)
{
	return st->end == END_RESET || !data_rx_empty(st) || st->rx_lost ||
	    rx_pending(st->pcb) ||
	    (st->s.opt.linger_on && !st->s.opt.linger_s);
}

/* The connection is over; our end stays until the program closes its own. */
static void over(struct stream *st)
{
	struct sock *s = &st->s;

	data_tx_drop(st);
	if (st->broken && s->state == SOCK_OPEN) {
		stream_set_rx(st, st->rx_state == RX_DISCARD ? RX_SHUT :
		    RX_EOF);
		data_cut(st);
		data_rx_push(st);
	}
	if (s->state == SOCK_OPEN && (st->broken || data_rx_empty(st))) {
		sock_set_state(s, SOCK_CLOSED);
		if (!s->bound_port)
			port_release(s);
	}
}

int stream_read_error(struct stream *st)
{
	return st->fin_seen ? 0 : sock_take_error(&st->s);
}

/* The program's end is closed, and nothing of it is still to be read. */
static void close_gone(struct stream *st)
{
	if (st->pcb && ends_by_reset(st)) {
		stream_reset(st);
	} else if (st->pcb && !st->tx_unwritten) {
		/* Its data stays referenced until it is acknowledged. */
		if (st->tx_state == TX_FIN)
			tcp_shutdown(st->pcb, 1, 0);
		else if (tcp_close(st->pcb) != ERR_OK)
			return;	/* no memory: tried again at the next event */
		stream_set_tx(st, TX_FIN);
		if (!st->tx_bytes)
			detach(st);
		else
			tcp_output(st->pcb);
	}
	if (!st->pcb)
		sock_free(&st->s);
	else
		stream_hang_up(st);
}

void stream_flush(struct sock *s)
{
	struct stream *st = stream_of(s);

	if (s->state != SOCK_OPEN && s->state != SOCK_CLOSED)
		return;
	if (st->expired && st->pcb)
		tcp_abandon(st->pcb, 0);	/* on_err() hears of it */
	else if (st->unwanted && st->pcb)
		tcp_abort(st->pcb);
	data_rx_push(st);
	data_tx_pull(st);
	data_tx_push(st);
	data_tx_trim(st);
	if (s->gone && !st->out_busy && (!st->pcb || st->tx_state >= TX_EOF ||
	    ends_by_reset(st))) {
		close_gone(st);
		return;
	}
	/* Both directions are done: what is left is lwIP's TIME_WAIT. */
	if (st->pcb && st->fin_seen && st->tx_state == TX_FIN && !st->tx_bytes)
		detach(st);
	if (!st->pcb)
		over(st);
}

/* lwIP's callbacks. */

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct stream *st = arg;
	uint16_t n;

	(void)err;
	/* Several segments: every second one is acknowledged (RFC 5681 4.2). */
	if (p && rec_ack_due(pcb, p->tot_len))
		tcp_send_empty_ack(pcb);
	else if (p && p->tot_len > pcb->mss)
		tcp_ack_now(pcb);
	if (!p) {
		st->fin_seen = true;
		delack_fin(pcb);
		stream_set_rx(st, st->rx_state == RX_DISCARD ? RX_SHUT :
		    RX_EOF);
	} else if (st->s.gone) {
		/* Nobody is left to read that: the peer has to know. */
		pbuf_free(p);
		stream_set_end(st, END_RESET);
	} else if (st->tx_state == TX_FIN && (st->rx_state == RX_DISCARD ||
	    st->rx_state >= RX_SHUT)) {
		/* Shut down both ways: Linux takes no more, and says so. */
		pbuf_free(p);
		st->unwanted = true;
	} else if (n = p->tot_len, data_append(st, p)) {
		urgent_queued(st, n);
	} else {
		return ERR_MEM;	/* lwIP offers it again */
	}
	sock_defer(&st->s);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct stream *st = arg;

	(void)pcb;
	data_acked(st, len);
	urgent_acked(st);
	/* This may be the last we hear of a pcb that is closed both ways. */
	if (st->s.gone && st->tx_state == TX_FIN && !st->tx_bytes)
		detach(st);
	sock_defer(&st->s);
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	struct stream *st = arg;

	st->pcb = NULL;		/* lwIP has freed it */
	if (err == ERR_RST)
		event_reset(&st->s, "the peer");
	else if (err != ERR_CLSD)
		event_reset(&st->s, "this host, since nobody answers");
	/* Linux: whose peer has closed before has a broken pipe. */
	if (err != ERR_CLSD) {
		st->s.so_error = st->unwanted ? ECONNRESET : err == ERR_RST &&
		    st->fin_seen && st->tx_state == TX_OPEN ? EPIPE :
		    errno_from_lwip(err);
		st->broken = true;
	}
	stream_set_tx(st, TX_FIN);
	sock_defer(&st->s);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct stream *st = arg;

	(void)pcb;
	if (expire_due(st)) {
		st->expired = true;
		sock_defer(&st->s);
	}
	return ERR_OK;
}

void stream_attach(struct stream *st, struct tcp_pcb *pcb)
{
	st->pcb = pcb;
	st->urgent.rx_next = pcb->rcv_nxt;
	tcp_arg(pcb, st);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
	tcp_poll(pcb, on_poll, EXPIRE_TICKS);
}
