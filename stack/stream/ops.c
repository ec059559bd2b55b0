/* ops.c: what programs and the host ask of streams, in any state. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/addr.h"
#include "stack/ip/input.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/stream/accept.h"
#include "stack/stream/connect.h"
#include "stack/stream/mss.h"
#include "stack/stream/halfopen.h"
#include "stack/stream/stream.h"
#include "stack/tcp/rec.h"

static void listener_input(struct stream *st, uint32_t events)
{
	if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
		event_close(&st->s, "");
		sock_free(&st->s);
	} else {
		accept_flush(st);
	}
}

static void input(struct sock *s, uint32_t events)
{
	struct stream *st = stream_of(s);

	if (s->state == SOCK_LISTEN) {
		listener_input(st, events);
		return;
	}
	if (events & EPOLLERR)
		stream_set_end(st, END_RESET);
	else if (events & EPOLLHUP && !s->gone && sock_end_closed(s))
		stream_set_end(st, END_CLOSED);
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		stream_set_tx(st, TX_ENDING);
	if (events & EPOLLPRI)
		urgent_expect(st);
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->readable = true;
	if (events & EPOLLOUT)
		st->out_blocked = false;
	if (s->state == SOCK_OPEN || s->state == SOCK_CLOSED) {
		if (s->state == SOCK_CLOSED && s->gone)
			stream_set_tx(st, TX_EOF);
		stream_flush(s);
	} else if (s->gone) {
		connect_abandon(st);
	}
}

static void drain(struct sock *s)
{
	if (s->state == SOCK_OPEN) {
		s->readable = true;
		stream_flush(s);
	}
}

static void flush(struct sock *s)
{
	if (s->state == SOCK_LISTEN)
		accept_flush(stream_of(s));
	else
		stream_flush(s);
}

static bool is_kind(int domain, int type, int *protocol)
{
	if ((domain != AF_INET && domain != AF_INET6) || type != SOCK_STREAM ||
	    (*protocol && *protocol != IPPROTO_TCP))
		return false;
	*protocol = IPPROTO_TCP;
	return true;
}

/* The socket is freed: nothing of lwIP's may point to it any more. */
static void release(struct sock *s)
{
	struct stream *st = stream_of(s);

	port_release(s);
	if (s->state == SOCK_LISTEN)
		listen_stop(st);
	else
		stream_reset(st);
	if (st->reply_fd >= 0)
		close(st->reply_fd);
}

static int shut(struct sock *s, int how)
{
	struct stream *st = stream_of(s);

	if (s->state != SOCK_OPEN && s->state != SOCK_LISTEN &&
	    s->state != SOCK_CLOSED)
		return -ENOTCONN;
	if (s->state == SOCK_LISTEN) {
		if (how != SHUT_WR)
			sock_free(s);
		return 0;
	}
	if (how != SHUT_WR) {
		/* The program reads what is in the pair, then the end. */
		stream_set_rx(st, RX_SHUT);
		data_rx_push(st);
	}
	return 0;
}

static void error(struct sock *s, const struct ip_error *e)
{
	if (s->state == SOCK_CONNECTING && e->err != EMSGSIZE)
		connect_failed(stream_of(s), e->err);
}

static bool sent(const struct ip_error *e)
{
	struct tcp_pcb *pcb;
	ip_addr_t here, there;

	if (e->proto != IPPROTO_TCP)
		return false;
	addr_to_lwip(&here, &e->local);
	addr_to_lwip(&there, &e->peer);
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->local_port == ntohs(e->local.port) &&
		    pcb->remote_port == ntohs(e->peer.port) &&
		    ip_addr_zoneless_eq(&pcb->remote_ip, &there) &&
		    ip_addr_zoneless_eq(&pcb->local_ip, &here))
			break;
	/* One who does not see the packets has to guess this. */
	return pcb && TCP_SEQ_BETWEEN(e->seq, pcb->lastack, pcb->snd_nxt);
}

static void in_child(struct sock *s)
{
	struct stream *st = stream_of(s);

	if (st->reply_fd >= 0)
		close(st->reply_fd);
	accept_drop(st);
}

static void fill(const struct sock *s, struct wire_sock *w)
{
	w->state = (uint32_t)stream_linux_state(s);
	w->recvq = stream_inq(s);
	w->sendq = stream_outq(s);
}

static bool tcp_needed(void)
{
	return tcp_active_pcbs || tcp_tw_pcbs;
}

void stream_init(void)
{
	static const struct sock_ops ops = {
		.size = sizeof(struct stream),
		.is_kind = is_kind,
		.open = connect_open,
		.release = release,
		.bind = connect_bind,
		.connect = connect_start,
		.listen = listen_start,
		.shutdown = shut,
		.input = input,
		.drain = drain,
		.flush = flush,
		.apply = connect_apply,
		.error = error,
		.in_child = in_child,
		.fill = fill,
		.fill_info = stream_fill_sockinfo,
		.tx_ready = tcp_txnow,
		.sent = sent,
		.path_mtu = mss_path,
		.port_used = connect_port_used,
		.tuple_used = connect_tuple_used,
	};
	static struct core_timer timer = {
		.fn = tcp_tmr, .needed = tcp_needed, .period = TCP_TMR_INTERVAL,
	};

	sock_ops_add(&ops);
	core_timer_add(&timer);
	timer_init();
	delack_init();
	connect_init();
	halfopen_init();
}
