/*
 * tcp.c: a connected stream: bytes from the program's pair to lwIP and back.
 *
 * lwIP's callbacks only note what happened and defer the rest to
 * stream_flush(), which runs when lwIP is not on the stack: there a connection
 * may be closed or aborted without telling its caller.
 */
#include "stack/stream/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/iface.h"
#include "stack/ip/pmtu.h"
#include "stack/sock/port.h"
#include "stack/sock/sock.h"
#include "stack/stream/accept.h"
#include "stack/stream/conn.h"
#include "stack/stream/txbuf.h"

#define RX_IOV		64
/*
 * What is on its way to the peer shall stay in a CPU's cache, so all streams
 * share this.  Over a way that is long a stream may have twice its share, and
 * twice that, until it comes to TCP_SND_BUF.
 */
#define TX_SHARED	(2u << 20)
#define TX_SHARE_MIN	(128u << 10)
#define TX_WIDE_MAX	4
#define TX_LONG		(20 * 1000000ull)	/* ns from full to acknowledged */

static uint32_t sending;	/* streams with tx_bytes */

/* From lwIP to the program. */

static bool rx_append(struct sock *s, struct pbuf *p)
{
	struct rx_queue *q = &s->rx;

	if (q->count == q->cap) {
		uint32_t cap = q->cap ? q->cap * 2 : 8;
		struct pbuf **v = malloc(cap * sizeof(*v));

		if (!v)
			return false;
		for (uint32_t i = 0; i < q->count; i++)
			v[i] = q->v[(q->head + i) % q->cap];
		free(q->v);
		q->v = v;
		q->cap = cap;
		q->head = 0;
	}
	q->v[(q->head + q->count++) % q->cap] = p;
	q->bytes += p->tot_len;
	return true;
}

/* The queue from byte `skip` on. */
static int rx_iov(const struct rx_queue *q, uint32_t skip, struct iovec *iov)
{
	int n = 0;

	skip += q->skip;
	for (uint32_t i = 0; i < q->count && n < RX_IOV; i++) {
		struct pbuf *p = q->v[(q->head + i) % q->cap];

		for (; p && n < RX_IOV; p = p->next) {
			if (skip >= p->len) {
				skip -= p->len;
				continue;
			}
			iov[n].iov_base = (uint8_t *)p->payload + skip;
			iov[n++].iov_len = p->len - skip;
			skip = 0;
		}
	}
	return n;
}

static void rx_consume(struct rx_queue *q, uint32_t n)
{
	if (!q->count)
		return;
	q->bytes -= n;
	n += q->skip;
	while (q->count && n >= q->v[q->head]->tot_len) {
		n -= q->v[q->head]->tot_len;
		pbuf_free(q->v[q->head]);
		q->head = (q->head + 1) % q->cap;
		q->count--;
	}
	q->skip = n;
	if (!q->count) {
		free(q->v);
		memset(q, 0, sizeof(*q));
	}
}

static void tx_count(struct sock *s, uint32_t added, uint32_t gone)
{
	sending -= s->tx_bytes > 0;
	s->tx_bytes += added - gone;
	sending += s->tx_bytes > 0;
}

static void tx_drop(struct sock *s)
{
	struct txbuf *c;

	while ((c = s->tx_head)) {
		s->tx_head = c->next;
		txbuf_bury(c);
	}
	s->tx_tail = NULL;
	tx_count(s, 0, s->tx_bytes);
	s->tx_unwritten = 0;
}

static void drop_queues(struct sock *s)
{
	tx_drop(s);
	rx_consume(&s->rx, s->rx.bytes);
	rx_consume(&s->out, s->out.bytes);
}

/* Only what the pair took is acknowledged as received (window). */
static void rx_taken(struct sock *s, struct rx_queue *q, uint32_t n)
{
	rx_consume(q, n);
	while (s->tcp && n) {
		u16_t part = n > 0xffff ? 0xffff : (u16_t)n;

		tcp_recved(s->tcp, part);
		n -= part;
	}
}

/*
 * Without the core lock: the program that this wakes may run at once.
 * Return: bytes taken, or -errno if none.
 */
static long rx_send(void *arg)
{
	struct sock *s = arg;
	struct iovec iov[RX_IOV];
	struct msghdr m = { .msg_iov = iov };
	uint32_t sent = 0;
	ssize_t n;

	while (sent < s->out.bytes) {
		m.msg_iovlen = (size_t)rx_iov(&s->out, sent, iov);
		n = sendmsg(s->poll.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return sent ? (long)sent : -errno;
		sent += (uint32_t)n;
	}
	return sent;
}

static void rx_sent(uint64_t id, long ret)
{
	struct sock *s = sock_find(id);

	if (!s)
		return;
	s->out_busy = false;
	if (ret > 0) {
		rx_taken(s, &s->out, (uint32_t)ret);
	} else if (ret == -EAGAIN || ret == -ENOBUFS) {
		/* If there is room again by now, that makes an event too. */
		s->out_blocked = true;
		sock_watch(s, s->events | EPOLLOUT);
		return;
	} else if (!s->gone) {
		s->rx_discard = true;	/* SHUT_RD; a close is told apart */
	}
	sock_defer(s);
}

/* Nothing is left to hand over: then the end, if it came. */
static void rx_done(struct sock *s)
{
	if (s->events & EPOLLOUT)
		sock_watch(s, s->events & ~(uint32_t)EPOLLOUT);
	if (s->rx_eof && !s->rx_fin && s->poll.fd >= 0) {
		s->rx_fin = true;
		shutdown(s->poll.fd, SHUT_WR);
	}
}

static bool rx_empty(const struct sock *s)
{
	return !s->rx.count && !s->out.count;
}

static void rx_push(struct sock *s)
{
	if (s->out_busy || s->out_blocked)
		return;
	if (s->rx_discard || s->poll.fd < 0) {
		rx_taken(s, &s->out, s->out.bytes);
		rx_taken(s, &s->rx, s->rx.bytes);
	}
	if (rx_empty(s)) {
		rx_done(s);
		return;
	}
	if (s->gone)
		return;		/* close_gone() decides */
	if (!s->out.count) {
		s->out = s->rx;
		memset(&s->rx, 0, sizeof(s->rx));
	}
	s->out_busy = core_after(&(struct core_after){ .out = rx_send,
	    .fin = rx_sent, .arg = s, .id = s->id });
	if (!s->out_busy)
		sock_defer(s);
}

/* From the program to lwIP. */

static void tx_write(struct sock *s)
{
	struct txbuf *c;

	for (c = s->tx_head; c && s->tx_unwritten; c = c->next) {
		while (c->written < c->len) {
			uint32_t n = c->len - c->written;

			if (n > 0xffff)
				n = 0xffff;
			if (n > s->tcp->snd_buf)
				n = s->tcp->snd_buf;
			if (!n || tcp_write(s->tcp, c->data + c->written,
			    (u16_t)n, 0) != ERR_OK)
				return;
			c->written += n;
			s->tx_unwritten -= n;
		}
	}
}

static uint32_t tx_share(const struct sock *s)
{
	uint32_t share = TX_SHARED / (sending ? sending : 1);

	return (share > TX_SHARE_MIN ? share : TX_SHARE_MIN) << s->tx_wide;
}

/* Bytes that may be read from the pair. */
static uint32_t tx_room(const struct sock *s)
{
	uint32_t room = s->tcp->snd_buf > s->tx_unwritten ?
	    s->tcp->snd_buf - s->tx_unwritten : 0;
	uint32_t share = tx_share(s);

	share = share > s->tx_bytes ? share - s->tx_bytes : 0;
	return room < share ? room : share;
}

/* Its share is used up, and most of it is not here but on its way. */
static void tx_stopped(struct sock *s)
{
	if (!s->tx_full_ns && s->tx_wide < TX_WIDE_MAX &&
	    s->tcp->snd_nxt - s->tcp->lastack > tx_share(s) / 2)
		s->tx_full_ns = core_now_ns();
}

static void tx_moves(struct sock *s)
{
	if (!s->tx_full_ns)
		return;
	s->tx_wide += core_now_ns() - s->tx_full_ns > TX_LONG;
	s->tx_full_ns = 0;
}

/* Read the pair once; false: nothing there, or the end. */
static bool tx_read(struct sock *s, uint32_t room)
{
	struct txbuf *c = s->tx_tail;
	uint32_t want;
	ssize_t n;

	if (!c || TXBUF_SIZE - c->len < TXBUF_SIZE / 8) {
		c = txbuf_get();
		if (!c)
			return false;
		if (s->tx_tail)
			s->tx_tail->next = c;
		else
			s->tx_head = c;
		s->tx_tail = c;
	}
	want = TXBUF_SIZE - c->len < room ? TXBUF_SIZE - c->len : room;
	n = recv(s->poll.fd, c->data + c->len, want, MSG_DONTWAIT);
	if (n <= 0) {
		s->readable = false;
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			s->tx_eof = true;
			s->reset |= n < 0;
		}
		return false;
	}
	c->len += (uint32_t)n;
	tx_count(s, (uint32_t)n, 0);
	s->tx_unwritten += (uint32_t)n;
	/*
	 * Less than asked for: the pair was empty; news make a new edge, but
	 * for an end of file whose edge came with these bytes.
	 */
	if ((uint32_t)n < want && !s->writes_done)
		s->readable = false;
	return true;
}

/* An empty chunk at the end is not worth keeping for an idle connection. */
static void tx_trim(struct sock *s)
{
	if (s->tx_head && !s->tx_bytes) {
		txbuf_put(s->tx_head);
		s->tx_head = s->tx_tail = NULL;
	}
}

/*
 * As long as lwIP has room.  After a stop for want of room the next read
 * waits until it is worth a system call.
 */
static void tx_pull(struct sock *s)
{
	uint32_t enough = s->tx_bytes > TXBUF_SIZE ? TXBUF_SIZE / 2 : 1, room;

	while (s->tcp && s->readable && !s->tx_eof && s->poll.fd >= 0 &&
	    (room = tx_room(s)) >= enough &&
	    s->tcp->snd_queuelen < TCP_SND_QUEUELEN / 2) {
		if (!tx_read(s, room))
			return;
		tx_write(s);
	}
	if (s->tcp && s->readable)
		tx_stopped(s);
}

static bool corked(const struct sock *s)
{
	return s->opt.cork && !s->tx_eof && s->tcp &&
	    TCP_SND_BUF - s->tcp->snd_buf < s->tcp->mss;
}

static void tx_push(struct sock *s)
{
	if (!s->tcp)
		return;
	delack_soon(s);
	if (s->tx_unwritten)
		tx_write(s);
	if (s->tx_eof && !s->tx_fin && !s->tx_unwritten && !s->gone &&
	    tcp_shutdown(s->tcp, 0, 1) == ERR_OK)
		s->tx_fin = true;
	if (!corked(s)) {
		shmif_batch_begin();
		tcp_output(s->tcp);
		shmif_batch_end();
	} else if (s->tcp->flags & TF_ACK_NOW) {
		tcp_send_empty_ack(s->tcp);
	}
}

/* lwIP keeps the pcb (TIME_WAIT, FIN_WAIT) but tells us no more. */
static void detach(struct sock *s)
{
	tcp_arg(s->tcp, NULL);
	tcp_recv(s->tcp, NULL);
	tcp_sent(s->tcp, NULL);
	tcp_err(s->tcp, NULL);
	s->tcp = NULL;
}

void stream_reset(struct sock *s)
{
	struct tcp_pcb *pcb = s->tcp;

	if (pcb) {
		detach(s);
		tcp_abort(pcb);
	}
	drop_queues(s);
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
 * The program's end is closed and all it wrote was read: FIN, or RST if it
 * left something unread, as RFC 2525 2.17 asks for.
 */
static void close_gone(struct sock *s)
{
	if (s->tcp && (s->reset || !rx_empty(s) || rx_pending(s->tcp) ||
	    (s->opt.linger_on && !s->opt.linger_s))) {
		stream_reset(s);
	} else if (s->tcp && !s->tx_unwritten) {
		/* Its data stays referenced until it is acknowledged. */
		if (s->tx_fin)
			tcp_shutdown(s->tcp, 1, 0);
		else if (tcp_close(s->tcp) != ERR_OK)
			return;	/* no memory: tried again at the next event */
		s->tx_fin = true;
		if (!s->tx_bytes)
			detach(s);
		else
			tcp_output(s->tcp);
	}
	if (!s->tcp)
		sock_free(s);
	else
		sock_hang_up(s);
}

static void stream_flush(struct sock *s)
{
	if (s->state == SOCK_LISTEN) {
		accept_flush(s);
		return;
	}
	if (s->state != SOCK_OPEN && s->state != SOCK_CLOSED)
		return;
	rx_push(s);
	tx_pull(s);
	tx_push(s);
	tx_trim(s);
	if (!s->tcp)
		tx_drop(s);	/* lwIP gave it up: nobody sends that */
	if (s->gone && !s->out_busy && (s->tx_eof || !s->tcp)) {
		close_gone(s);
		return;
	}
	/* Both directions are done: what is left is lwIP's TIME_WAIT. */
	if (s->tcp && s->rx_eof && s->tx_fin && !s->tx_bytes)
		detach(s);
	if (!s->tcp && rx_empty(s) && !s->gone && s->state == SOCK_OPEN) {
		sock_set_state(s, SOCK_CLOSED);
		/* RST, time-out: the program sees EOF, asks for SO_ERROR. */
		if (s->so_error)
			sock_hang_up(s);
	}
}

static void stream_input_events(struct sock *s, uint32_t events)
{
	if (s->state == SOCK_LISTEN) {
		if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
			sock_free(s);
		else
			accept_flush(s);
		return;
	}
	if (events & EPOLLERR)
		s->gone = s->reset = true;
	else if (events & EPOLLHUP)
		s->gone = s->gone || sock_end_closed(s);
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->writes_done = true;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->readable = true;
	if (events & EPOLLOUT)
		s->out_blocked = false;
	if (s->state == SOCK_OPEN || s->state == SOCK_CLOSED) {
		if (s->state == SOCK_CLOSED && s->gone)
			s->tx_eof = true;
		stream_flush(s);
	} else if (s->gone) {
		connect_abandon(s);
	}
}

static void stream_drain(struct sock *s)
{
	if (s->state == SOCK_OPEN) {
		s->readable = true;
		stream_flush(s);
	}
}

/* lwIP's callbacks. */

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct sock *s = arg;

	(void)err;
	/* A large segment: every second segment is acknowledged (RFC 5681 4.2). */
	if (p && p->tot_len > pcb->mss)
		tcp_ack_now(pcb);
	if (!p)
		s->rx_eof = true;
	else if (s->gone)
		pbuf_free(p);	/* lwIP resets by itself, after tcp_close() */
	else if (!rx_append(s, p))
		return ERR_MEM;	/* lwIP offers it again */
	sock_defer(s);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct sock *s = arg;
	uint32_t n = len;

	(void)pcb;
	while (n && s->tx_head) {
		struct txbuf *c = s->tx_head;
		uint32_t part = c->written - c->acked;

		if (part > n)
			part = n;
		c->acked += part;
		n -= part;
		tx_count(s, 0, part);
		if (c->acked < c->len || (!c->next && c->len < TXBUF_SIZE))
			break;
		s->tx_head = c->next;
		if (!s->tx_head)
			s->tx_tail = NULL;
		txbuf_put(c);
	}
	tx_moves(s);
	/* This may be the last we hear of a pcb that is closed both ways. */
	if (s->gone && s->tx_fin && !s->tx_bytes)
		detach(s);
	sock_defer(s);
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	struct sock *s = arg;

	s->tcp = NULL;		/* lwIP has freed it */
	if (s->state == SOCK_CONNECTING) {
		connect_failed(s, err == ERR_RST ? ECONNREFUSED : ETIMEDOUT);
		return;
	}
	/* Linux: who was told already that no more comes cannot write. */
	if (err != ERR_CLSD)
		s->so_error = s->rx_eof && err == ERR_RST ? EPIPE :
		    errno_from_lwip(err);
	s->tx_fin = true;
	sock_defer(s);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)err;	/* always ERR_OK, failures go to on_err() */
	pmtu_fit(pcb);
	connect_established(arg);
	return ERR_OK;
}

void stream_attach(struct sock *s, struct tcp_pcb *pcb)
{
	s->tcp = pcb;
	tcp_arg(pcb, s);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
	stream_ops.apply(s);
}

int stream_start_connect(struct sock *s, const ip_addr_t *ip, uint16_t port)
{
	err_t err = tcp_connect(s->tcp, ip, port, on_connected);

	return -errno_from_lwip(err);
}

void stream_tx_ready(void)
{
	tcp_txnow();
}

uint32_t stream_outq(const struct sock *s)
{
	return s->tx_bytes;
}

uint32_t stream_inq(const struct sock *s)
{
	return s->rx.bytes + s->out.bytes;
}

/* The socket is freed: nothing of lwIP's may point to it any more. */
static void stream_release(struct sock *s)
{
	if (s->state == SOCK_LISTEN)
		listen_stop(s);
	else
		stream_reset(s);
}

static int stream_shutdown(struct sock *s, int how)
{
	if (s->state != SOCK_OPEN && s->state != SOCK_LISTEN &&
	    s->state != SOCK_CLOSED)
		return -ENOTCONN;
	if (s->state == SOCK_LISTEN) {
		if (how != SHUT_WR)
			sock_free(s);
		return 0;
	}
	if (how != SHUT_WR) {
		s->rx_discard = true;
		s->rx_eof = true;	/* the program reads what is there, then EOF */
		rx_push(s);
	}
	return 0;
}

const struct sock_ops stream_ops = {
	.open = connect_open,
	.release = stream_release,
	.bind = connect_bind,
	.connect = connect_start,
	.listen = listen_start,
	.shutdown = stream_shutdown,
	.input = stream_input_events,
	.drain = stream_drain,
	.flush = stream_flush,
	.apply = connect_apply,
	.in_child = accept_drop,
};
