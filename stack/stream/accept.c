/*
 * accept.c: connections on their way from lwIP to accept(2); see accept.h.
 */
#include "stack/stream/accept.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/core/counter.h"
#include "stack/ip/addr.h"
#include "stack/ip/hooks.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/stream/halfopen.h"
#include "stack/stream/mss.h"
#include "stack/stream/halfopen.h"
#include "stack/stream/stream.h"
#include "stack/stream/tail.h"
#include "stack/wire/sys.h"

/* Of several listeners with SO_REUSEPORT, one by the client's port. */
#define HASH(port)	((port) * 2654435761u >> 8)

/* An established connection that waits to be handed over. */
struct accept_item {
	struct accept_item *next;
	struct wire_accept rec;
	int fd;			/* the program's end of its pair */
};

/*
 * Unread until accept(2): a pair that is closed with something unread tells
 * the other end so, and the connection is reset, whoever closed it: we, or
 * the kernel with the listening pair that its fd was in.
 */
static bool seal(int fd)
{
	static const char byte = WIRE_SEAL;

	return send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

void accept_drop(struct stream *st)
{
	struct accept_item *it;

	while ((it = st->pending)) {
		st->pending = it->next;
		close(it->fd);
		free(it);
	}
}

/* What one record takes of the pair's queue, by queued(); 0: not yet known. */
static int record_size;

static int queued(const struct stream *l)
{
	int n = 0;

	return ioctl(l->s.poll.fd, SIOCOUTQ, &n) < 0 ? 0 : n;
}

int accept_waiting(const struct stream *l)
{
	const struct accept_item *it;
	int n = 0;

	for (it = l->pending; it; it = it->next)
		n++;
	if (record_size)
		n += queued(l) / record_size;
	return n;
}

/*
 * More wait for accept(2) than listen(2) was told: as on Linux, one more than
 * that is let in, and a SYN after it gets no answer.
 */
static bool full(struct stream *l)
{
	/* Nobody tells when the program accepts: counted when it matters. */
	if (l->waiting > l->backlog)
		l->waiting = accept_waiting(l);
	return l->waiting > l->backlog;
}

/* Before lwIP makes a pcb of a SYN, which is in host byte order. */
err_t accept_admit(struct tcp_pcb *pcb, const struct tcp_hdr *syn)
{
	struct sock *l = pcb->state == LISTEN ? pcb->callback_arg : NULL;

	if (!l || (TCPH_FLAGS(syn) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return ERR_OK;
	l = port_pick(l, HASH(syn->src));
	if (full(stream_of(l))) {
		counter_inc("tcp.listen_full");
		event_full(l);
		return ERR_ABRT;
	}
	halfopen_begin(syn);
	return ERR_OK;
}

static bool send_record(struct stream *l, struct accept_item *it)
{
	return sys_send_fds(l->s.poll.fd, &it->rec, sizeof(it->rec), &it->fd, 1,
	    MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static bool hand_over(struct stream *l, struct accept_item *it)
{
	int before = record_size ? 0 : queued(l), after;

	if (!send_record(l, it))
		return false;
	if (!record_size) {
		after = queued(l);	/* less, if it was accepted by now */
		if (after > before)
			record_size = after - before;
	}
	return true;
}

/* Oldest first; what the pair has no room for waits for EPOLLOUT. */
void accept_flush(struct stream *l)
{
	struct accept_item *it;

	while ((it = l->pending)) {
		if (!hand_over(l, it)) {
			sock_watch(&l->s, l->s.events | EPOLLOUT);
			return;
		}
		l->pending = it->next;
		close(it->fd);
		free(it);
	}
	if (l->s.events & EPOLLOUT)
		sock_watch(&l->s, l->s.events & ~(uint32_t)EPOLLOUT);
}

/* Of the program's end, too, just as the library does it (hijack/plug.c). */
static void pair_sndbuf(const struct sock *s, int fd)
{
	int half = s->opt.sndbuf / 2, now = 0;	/* the kernel doubles it */
	socklen_t len = sizeof(now);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &now, &len) ||
	    s->opt.sndbuf >= now)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

static struct sock *accepted(struct sock *l, struct tcp_pcb *pcb, int *fd)
{
	struct wire_made made;
	uint64_t salt;
	struct sock *s;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return NULL;
	salt = sock_made(&made, sv[1]);
	if (sock_new(&s, &made, l->domain, l->type, l->protocol, sv[0],
	    &l->owner)) {
		close(sv[1]);
		return NULL;
	}
	if (!seal(sv[0]) || sock_name(s, sv[1], salt)) {
		close(sv[1]);
		sock_free(s);
		return NULL;
	}
	if (stream_of(l)->keeps_tail && seal(sv[1]))
		tail_begin(stream_of(s));
	s->opt = l->opt;
	if (s->opt.oobinline)
		setsockopt(sv[1], SOL_SOCKET, SO_OOBINLINE, &s->opt.oobinline,
		    sizeof(s->opt.oobinline));
	if (s->opt.sndbuf_set && !stream_of(l)->keeps_tail)
		pair_sndbuf(s, sv[1]);
	s->opt.defer_accept = 0;	/* the listener's own */
	addr_from_lwip(&s->local, &pcb->local_ip, pcb->local_port);
	addr_from_lwip(&s->peer, &pcb->remote_ip, pcb->remote_port);
	sock_set_state(s, SOCK_OPEN);
	stream_attach(stream_of(s), pcb);
	s->ops->apply(s);
	mss_fit(pcb);
	*fd = sv[1];
	return s;
}

err_t accept_add(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct sock *s;
	struct accept_item *it;
	struct stream *l;

	if (err != ERR_OK || !pcb || !arg)
		return ERR_VAL;
	l = stream_of(port_pick(arg, HASH(pcb->remote_port)));
	it = calloc(1, sizeof(*it));
	s = it ? accepted(&l->s, pcb, &it->fd) : NULL;
	if (!s) {
		free(it);
		counter_inc("tcp.accept_no_memory");
		return ERR_MEM;		/* lwIP resets the connection */
	}
	event_accept(s);
	it->rec.magic = WIRE_MAGIC;
	it->rec.sock = s->id;
	it->rec.listener = l->s.id;
	it->rec.peer = s->peer;
	addr_present(&it->rec.peer, l->s.domain);
	*(l->pending ? l->pending_end : &l->pending) = it;
	l->pending_end = &it->next;
	l->waiting++;
	sock_defer(&l->s);
	return ERR_OK;
}
