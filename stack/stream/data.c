/* data.c: a stream's bytes, between the program's pair and lwIP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/core/counter.h"
#include "stack/core/trim.h"
#include "stack/ip/iface.h"
#include "stack/stream/stream.h"
#include "stack/stream/tail.h"
#include "stack/stream/txbuf.h"
#include "stack/tcp/rec.h"

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

/*
 * A small segment takes many times its size, and the peer's window counts only
 * what it carries.  So once the program is behind, small ones are copied
 * together.
 */
#define RX_BEHIND	16		/* segments that wait */
#define RX_SMALL	(8u << 10)	/* bytes of payload */
#define RX_MERGED	(16u << 10)

int data_rx_max = 512;
static uint64_t rx_kept;	/* bytes in queues of all streams */

static struct pbuf *rx_last(const struct rx_queue *q)
{
	return q->count ? q->v[(q->head + q->count - 1) % q->cap] : NULL;
}

static bool rx_put(struct rx_queue *q, struct pbuf *p)
{
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
	return true;
}

/*
 * Append the bytes of p to the last buffer of the queue, or to a new one.
 * merged: the last one is such a buffer, and not a segment.
 */
static bool rx_merge(struct stream *st, struct pbuf *p)
{
	struct pbuf *last = st->rx_merged ? rx_last(&st->rx) : NULL;
	uint16_t n = p->tot_len;

	if (!last || last->len + n > RX_MERGED) {
		last = pbuf_alloc(PBUF_RAW, RX_MERGED, PBUF_RAM);
		if (!last)
			return false;
		last->len = last->tot_len = 0;
		if (!rx_put(&st->rx, last)) {
			pbuf_free(last);
			return false;
		}
		st->rx_merged = true;
	}
	pbuf_copy_partial(p, (uint8_t *)last->payload + last->len, n, 0);
	last->len = last->tot_len = (uint16_t)(last->len + n);
	pbuf_free(p);
	return true;
}

bool data_append(struct stream *st, struct pbuf *p)
{
	uint16_t n = p->tot_len;

	if (rx_kept >> 20 >= (uint64_t)data_rx_max) {
		counter_inc("tcp.rx_memory");
		return false;
	}
	if (st->rx.count >= RX_BEHIND && n <= RX_SMALL) {
		if (!rx_merge(st, p))
			return false;
	} else {
		if (!rx_put(&st->rx, p))
			return false;
		st->rx_merged = false;
	}
	st->rx.bytes += n;
	rx_kept += n;
	trim_count(n);
	return true;
}

/* At most max bytes of the queue, from byte `skip` on. */
static int rx_iov(const struct rx_queue *q, uint32_t skip, uint32_t max,
    struct iovec *iov)
{
	int n = 0;

	skip += q->skip;
	for (uint32_t i = 0; i < q->count && max && n < RX_IOV; i++) {
		struct pbuf *p = q->v[(q->head + i) % q->cap];

		for (; p && max && n < RX_IOV; p = p->next) {
			uint32_t part;

			if (skip >= p->len) {
				skip -= p->len;
				continue;
			}
			part = p->len - skip < max ? p->len - skip : max;
			iov[n].iov_base = (uint8_t *)p->payload + skip;
			iov[n++].iov_len = part;
			max -= part;
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
	rx_kept -= n;
	trim_count(-(int64_t)n);
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

static void tx_count(struct stream *st, uint32_t added, uint32_t gone)
{
	sending -= st->tx_bytes > 0;
	st->tx_bytes += added - gone;
	sending += st->tx_bytes > 0;
}

void data_tx_drop(struct stream *st)
{
	struct txbuf *c;

	while ((c = st->tx_head)) {
		st->tx_head = c->next;
		txbuf_bury(c);
	}
	st->tx_tail = NULL;
	tx_count(st, 0, st->tx_bytes);
	st->tx_unwritten = 0;
}

void data_drop(struct stream *st)
{
	data_tx_drop(st);
	rx_consume(&st->rx, st->rx.bytes);
	rx_consume(&st->out, st->out.bytes);
}

void data_cut(struct stream *st)
{
	static char sink[65536];	/* under the core lock */
	int room = 8 << 20;		/* as much as the kernel allows */

	if (st->s.poll.fd < 0)
		return;
	/* In this order: what is written in between is refused. */
	shutdown(st->s.poll.fd, SHUT_RD);
	while (!st->keeps_tail &&
	    recv(st->s.poll.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	if (!data_rx_empty(st)) {
		setsockopt(st->s.poll.fd, SOL_SOCKET, SO_SNDBUF, &room,
		    sizeof(room));
		st->out_blocked = false;
	}
}

/* Only what the pair took is acknowledged as received (window). */
static void rx_taken(struct stream *st, struct rx_queue *q, uint32_t n)
{
	rx_consume(q, n);
	if (q == &st->out)
		urgent_taken(st, n);
	while (st->pcb && n) {
		u16_t part = n > 0xffff ? 0xffff : (u16_t)n;

		tcp_recved(st->pcb, part);
		n -= part;
	}
}

/*
 * Without the core lock: the program that this wakes may run at once.
 * Return: bytes taken, or -errno if none.
 */
static long rx_send(void *arg)
{
	struct stream *st = arg;
	struct iovec iov[RX_IOV];
	struct msghdr m = { .msg_iov = iov };
	uint32_t sent = 0, max;
	int flags;
	ssize_t n;

	while (sent < st->out.bytes) {
		max = urgent_part(st, sent, &flags);
		m.msg_iovlen = (size_t)rx_iov(&st->out, sent, max, iov);
		n = sendmsg(st->s.poll.fd, &m, flags);
		if (n < 0 && flags & MSG_OOB && errno == EOPNOTSUPP)
			n = sendmsg(st->s.poll.fd, &m, flags & ~MSG_OOB);
		if (n < 0)
			return sent ? (long)sent : -errno;
		sent += (uint32_t)n;
	}
	return sent;
}

static void rx_sent(uint64_t id, long ret)
{
	struct stream *st = stream_of(sock_find(id));

	if (!st)
		return;
	st->out_busy = false;
	if (ret > 0) {
		rx_taken(st, &st->out, (uint32_t)ret);
	} else if (ret == -EAGAIN || ret == -ENOBUFS) {
		/* If there is room again by now, that makes an event too. */
		st->out_blocked = true;
		sock_watch(&st->s, st->s.events | EPOLLOUT);
		return;
	} else if (!st->s.gone) {
		/* Shut down for reading, or a close that is not seen yet. */
		st->unwanted = st->tx_state == TX_FIN;
		stream_set_rx(st, st->rx_state == RX_EOF ? RX_SHUT :
		    RX_DISCARD);
	}
	sock_defer(&st->s);
}

/* Nothing is left to hand over: then the end, if it came. */
static void rx_done(struct stream *st)
{
	if (st->s.events & EPOLLOUT)
		sock_watch(&st->s, st->s.events & ~(uint32_t)EPOLLOUT);
	if ((st->rx_state == RX_EOF || st->rx_state == RX_SHUT) &&
	    st->s.poll.fd >= 0) {
		stream_set_rx(st, RX_DONE);
		if (st->broken && st->keeps_tail && !st->fin_seen)
			stream_show_reset(st);
		else
			shutdown(st->s.poll.fd, SHUT_WR);
	}
}

/* The program takes no more. */
static bool discarding(const struct stream *st)
{
	return st->rx_state == RX_DISCARD || st->rx_state == RX_SHUT ||
	    st->rx_state == RX_DONE || st->s.poll.fd < 0;
}

bool data_rx_empty(const struct stream *st)
{
	return !st->rx.count && !st->out.count;
}

void data_rx_push(struct stream *st)
{
	if (st->out_busy)
		return;
	if (discarding(st)) {
		/* As on Linux, where it would lie unread. */
		st->rx_lost |= !data_rx_empty(st);
		st->out_blocked = false;
		rx_taken(st, &st->out, st->out.bytes);
		rx_taken(st, &st->rx, st->rx.bytes);
	} else if (st->out_blocked) {
		return;
	}
	if (data_rx_empty(st)) {
		rx_done(st);
		return;
	}
	if (st->s.gone)
		return;		/* close_gone() decides */
	if (!st->out.count) {
		st->out = st->rx;
		memset(&st->rx, 0, sizeof(st->rx));
		urgent_out(st);
	}
	st->out_busy = core_after(&(struct core_after){ .out = rx_send,
	    .fin = rx_sent, .arg = st, .id = st->s.id });
	if (!st->out_busy)
		sock_defer(&st->s);
}

/* From the program to lwIP. */

static void tx_write(struct stream *st)
{
	struct txbuf *c;

	for (c = st->tx_head; c && st->tx_unwritten; c = c->next) {
		while (c->written < c->len) {
			uint32_t n = c->len - c->written;

			if (n > 0xffff)
				n = 0xffff;
			if (n > st->pcb->snd_buf)
				n = st->pcb->snd_buf;
			if (!n || tcp_write(st->pcb, c->data + c->written,
			    (u16_t)n, 0) != ERR_OK)
				return;
			c->written += n;
			st->tx_unwritten -= n;
		}
	}
}

static uint32_t tx_share(const struct stream *st)
{
	uint32_t share = TX_SHARED / (sending ? sending : 1);

	return (share > TX_SHARE_MIN ? share : TX_SHARE_MIN) << st->tx_wide;
}

/* What SO_SNDBUF allows, whatever its share is. */
static uint32_t tx_most(const struct stream *st)
{
	return st->s.opt.sndbuf_set ? (uint32_t)st->s.opt.sndbuf : UINT32_MAX;
}

/* Bytes that may be read from the pair. */
static uint32_t tx_room(const struct stream *st)
{
	uint32_t room = st->pcb->snd_buf > st->tx_unwritten ?
	    st->pcb->snd_buf - st->tx_unwritten : 0;
	uint32_t share = tx_share(st), most = tx_most(st);

	if (share > most)
		share = most;
	share = share > st->tx_bytes ? share - st->tx_bytes : 0;
	return room < share ? room : share;
}

/* Its share is used up, and most of it is not here but on its way. */
static void tx_stopped(struct stream *st)
{
	if (!st->tx_full_ns && st->tx_wide < TX_WIDE_MAX &&
	    st->pcb->snd_nxt - st->pcb->lastack > tx_share(st) / 2)
		st->tx_full_ns = clock_ns();
}

static void tx_moves(struct stream *st)
{
	if (!st->tx_full_ns)
		return;
	st->tx_wide += clock_ns() - st->tx_full_ns > TX_LONG;
	st->tx_full_ns = 0;
}

/* Read the pair once; false: nothing there, or the end. */
static bool tx_read(struct stream *st, uint32_t room)
{
	struct txbuf *c = st->tx_tail;
	uint32_t want;
	ssize_t n;

	if (!c || TXBUF_SIZE - c->len < TXBUF_SIZE / 8) {
		c = txbuf_get();
		if (!c)
			return false;
		if (st->tx_tail)
			st->tx_tail->next = c;
		else
			st->tx_head = c;
		st->tx_tail = c;
	}
	want = TXBUF_SIZE - c->len < room ? TXBUF_SIZE - c->len : room;
	n = st->urgent.look ? urgent_recv(st, c->data + c->len, want) :
	    st->keeps_tail ? tail_recv(st, c->data + c->len, want) :
	    recv(st->s.poll.fd, c->data + c->len, want, MSG_DONTWAIT);
	if (n <= 0) {
		st->s.readable = false;
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			stream_set_tx(st, TX_EOF);
			if (n < 0)
				stream_set_end(st, END_RESET);
		}
		return false;
	}
	c->len += (uint32_t)n;
	tx_count(st, (uint32_t)n, 0);
	st->tx_unwritten += (uint32_t)n;
	/*
	 * Less than asked for: the pair was empty; news make a new edge, but
	 * for an end of file whose edge came with these bytes, and what is
	 * behind a mark.
	 */
	if ((uint32_t)n < want && st->tx_state == TX_OPEN && !st->urgent.look)
		st->s.readable = false;
	return true;
}

/* An empty chunk at the end is not worth keeping for an idle connection. */
void data_tx_trim(struct stream *st)
{
	if (st->tx_head && !st->tx_bytes) {
		txbuf_put(st->tx_head);
		st->tx_head = st->tx_tail = NULL;
	}
}

/*
 * As long as lwIP has room.  After a stop for want of room the next read
 * waits until it is worth a system call.
 */
void data_tx_pull(struct stream *st)
{
	uint32_t enough = st->tx_bytes > TXBUF_SIZE ? TXBUF_SIZE / 2 : 1, room;

	while (st->pcb && st->s.readable && st->tx_state < TX_EOF &&
	    st->s.poll.fd >= 0 &&
	    (room = tx_room(st)) >= enough &&
	    st->pcb->snd_queuelen < TCP_SND_QUEUELEN / 2) {
		if (!tx_read(st, room))
			return;
		tx_write(st);
	}
	if (st->pcb && st->s.readable)
		tx_stopped(st);
}

/* What is urgent does not wait, nor does what leaves no room for more. */
static bool tx_hurries(const struct stream *st)
{
	return st->urgent.tx_due || st->tx_bytes >= tx_most(st);
}

/* Half of a small buffer is as good as a full segment, as it is on Linux. */
static bool corked(const struct stream *st)
{
	uint32_t half = tx_most(st) / 2, queued;

	if (!st->s.opt.cork || st->tx_state >= TX_EOF || !st->pcb ||
	    tx_hurries(st))
		return false;
	queued = TCP_SND_BUF - st->pcb->snd_buf;
	return queued < rec_mss(st->pcb) && queued < half;
}

void data_tx_push(struct stream *st)
{
	if (!st->pcb)
		return;
	delack_soon(st);
	if (st->tx_unwritten)
		tx_write(st);
	if (st->tx_state == TX_EOF && !st->tx_unwritten && !st->s.gone &&
	    tcp_shutdown(st->pcb, 0, 1) == ERR_OK)
		stream_set_tx(st, TX_FIN);
	if (!corked(st)) {
		bool hurries = tx_hurries(st);

		if (hurries)
			tcp_nagle_disable(st->pcb);
		iface_batch_begin();
		tcp_output(st->pcb);
		iface_batch_end();
		if (hurries && !st->s.opt.nodelay)
			tcp_nagle_enable(st->pcb);
	} else {
		rec_repair(st->pcb);
		if (st->pcb->flags & TF_ACK_NOW)
			tcp_send_empty_ack(st->pcb);
	}
}

void data_acked(struct stream *st, uint32_t n)
{
	while (n && st->tx_head) {
		struct txbuf *c = st->tx_head;
		uint32_t part = c->written - c->acked;

		if (part > n)
			part = n;
		c->acked += part;
		n -= part;
		tx_count(st, 0, part);
		if (c->acked < c->len || (!c->next && c->len < TXBUF_SIZE))
			break;
		st->tx_head = c->next;
		if (!st->tx_head)
			st->tx_tail = NULL;
		txbuf_put(c);
	}
	tx_moves(st);
}

uint32_t stream_outq(const struct sock *s)
{
	return stream_of_const(s)->tx_bytes;
}

uint32_t stream_inq(const struct sock *s)
{
	const struct stream *st = stream_of_const(s);

	return st->rx.bytes + st->out.bytes;
}
