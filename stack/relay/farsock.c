/*
 * farsock.c: the far half's sockets: a program's ends of pairs that the host
 * has the others of; what happens to one here is done to the near half's.
 */
#include "stack/relay/far.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/ring.h"
#include "stack/wire/sys.h"

#define WAITING_MAX	128	/* connections ahead of accept(2) */

/* A connection that the near half has been told of. */
struct accepted {
	struct entry e;
	uint64_t id;
	int fd;
};

static struct far_sock *sock_of(struct flow *f)
{
	return (struct far_sock *)f;
}

struct far_sock *far_by_stream(struct far *far, uint32_t stream)
{
	struct entry *e = table_find(&far->by_stream, stream);

	return e ? sock_of(table_of(struct flow, by_stream, e)) : NULL;
}

static void tell(struct far_sock *s, int op, uint32_t number,
    const void *data, size_t n)
{
	struct relay_msg m = {
		.op = (uint8_t)op, .number = number,
		.stream = (uint32_t)s->flow.by_stream.key,
	};

	link_tell(&s->far->link, &m, data, n, NULL, 0);
}

/* Listening. */

/*
 * The seal stays unread, so that the connection is reset if it is closed
 * before the near half has taken it.
 */
static bool take_record(struct far_sock *s)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	struct wire_accept rec;
	struct iovec iov = { &rec, sizeof(rec) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof(c),
	};
	struct accepted *a;
	ssize_t n;
	int fd = -1;

	memset(&c, 0, sizeof(c));
	n = recvmsg(s->flow.watch.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	if (m.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    c.h.cmsg_level == SOL_SOCKET && c.h.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	if (fd < 0)
		return true;
	a = n == sizeof(rec) ? calloc(1, sizeof(*a)) : NULL;
	if (!a || table_put(&s->far->accepted, &a->e,
	    ++s->far->next_accepted)) {
		free(a);
		close(fd);
		return true;
	}
	a->fd = fd;
	a->id = rec.sock;
	s->waiting++;
	tell(s, RELAY_ACCEPT, (uint32_t)a->e.key, &rec, sizeof(rec));
	return true;
}

static void take_records(struct far_sock *s)
{
	while (s->state == FAR_LISTEN && s->waiting <= s->backlog &&
	    take_record(s))
		;
}

/* Return: its descriptor, the caller's now; -1: there is none. */
static int take_accepted(struct far *far, uint32_t number, uint64_t *id)
{
	struct entry *e = table_find(&far->accepted, number);
	struct accepted *a = e ? table_of(struct accepted, e, e) : NULL;
	int fd;

	if (!a)
		return -1;
	fd = a->fd;
	*id = a->id;
	table_take(&far->accepted, e);
	free(a);
	return fd;
}

/* How it ends. */

/* Did the program that closed its end leave something unread? */
static bool left_some(const struct far_sock *s)
{
	uint64_t gave = s->flow.sent - s->flow.sent_end;
	int waiting = 0;

	if (s->state != FAR_OPEN || s->type != SOCK_STREAM)
		return false;
	ioctl(s->flow.watch.fd, FIONREAD, &waiting);
	return gave + s->flow.ahead.len > s->taken || waiting;
}

/* The near half's program has closed its end, and all it wrote is written. */
static void finish(struct far_sock *s)
{
	if (s->aborted || left_some(s))
		far_abort(s);
	else
		flow_close(&s->flow);
}

static void on_ended(struct flow *f)
{
	(void)f;
}

static void on_refused(struct flow *f)
{
	struct far_sock *s = sock_of(f);

	if (!s->cut && s->state == FAR_OPEN)
		tell(s, RELAY_CUT, 0, NULL, 0);
	s->cut = true;
}

static void on_done(struct flow *f)
{
	if (f->watch.fd < 0)
		return;
	if (sock_of(f)->closing)
		finish(sock_of(f));
	else
		shutdown(f->watch.fd, SHUT_WR);
}

static void on_reset(struct flow *f, int error)
{
	(void)error;
	if (f->watch.fd >= 0)
		far_abort(sock_of(f));
}

/* Connecting. */

static void plug(struct far_sock *s)
{
	static const char bytes[WIRE_PLUG];
	socklen_t len = sizeof(int);
	int size = 0, tiny = 1;

	if (!s->sndbuf && getsockopt(s->flow.watch.fd, SOL_SOCKET, SO_SNDBUF,
	    &size, &len) == 0)
		s->sndbuf = size / 2;	/* the kernel doubles it */
	setsockopt(s->flow.watch.fd, SOL_SOCKET, SO_SNDBUF, &tiny,
	    sizeof(tiny));
	send(s->flow.watch.fd, bytes, sizeof(bytes), MSG_DONTWAIT |
	    MSG_NOSIGNAL);
}

static void plug_out(struct far_sock *s)
{
	setsockopt(s->flow.watch.fd, SOL_SOCKET, SO_SNDBUF, &s->sndbuf,
	    sizeof(s->sndbuf));
}

static void start_open(struct far_sock *s)
{
	s->state = FAR_OPEN;
	flow_open(&s->flow);
}

/* The attempt is over: its plug is gone, or the host has closed its end. */
static void outcome(struct far_sock *s, uint32_t events)
{
	struct flow *f = &s->flow;

	if (events & (EPOLLHUP | EPOLLERR)) {
		s->state = FAR_ENDED;
		tell(s, RELAY_FAILED, !(events & EPOLLERR), NULL, 0);
		if (events & EPOLLERR)
			flow_close(f);
		else
			flow_end(f);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	watch_set(&f->watch, f->watch.events & ~(uint32_t)EPOLLOUT);
	plug_out(s);
	tell(s, RELAY_CONNECTED, 0, NULL, 0);
	start_open(s);
}

/* Events of the pair. */

static void on_event(struct flow *f, uint32_t events)
{
	struct far_sock *s = sock_of(f);

	if (s->state == FAR_CONNECTING) {
		outcome(s, events);
	} else if (s->state == FAR_LISTEN && !(events & (EPOLLHUP |
	    EPOLLERR))) {
		take_records(s);
	} else if (events & EPOLLERR || (events & EPOLLHUP &&
	    s->state != FAR_OPEN && s->state != FAR_ENDED)) {
		flow_reset(f, ECONNRESET);
		s->state = FAR_ENDED;
	} else if (events & EPOLLHUP) {
		on_refused(f);
	} else if (s->closing && left_some(s)) {
		finish(s);		/* it came when nobody was there to read */
	}
}

static void on_urgent(struct flow *f, uint64_t at)
{
	tell(sock_of(f), RELAY_URGENT, 0, &at, sizeof(at));
}

static void on_message(struct flow *f, const struct relay_msg *m,
    const uint8_t *data)
{
	struct far_sock *s = sock_of(f);

	if (m->op == RELAY_REQUEST)
		far_request(s->far, s, m, data);
	else
		far_told(s->far, s, m, data);
}

static void on_free(struct flow *f)
{
	struct far_sock *s = sock_of(f);

	table_take(&s->far->by_stream, &f->by_stream);
	if (s->news >= 0)
		close(s->news);
	ring_free(s->packets.ring);
	far_put(s->far);
	free(s);
}

static const struct flow_ops ops = {
	.event = on_event, .ended = on_ended, .refused = on_refused,
	.done = on_done, .reset = on_reset, .message = on_message,
	.urgent = on_urgent, .fetch = far_ring_fetch, .free = on_free,
};

/* Making them. */

/* A pair for the host. Return: the program's end, or -errno. */
static int ask_socket(struct far *far, uint64_t id,
    const struct relay_open *o)
{
	struct wire_req req = {
		.op = WIRE_SOCKET, .a = o->domain, .b = o->type,
		.c = o->protocol, .sock = o->like,
		.len = sizeof(struct wire_made),
	};
	struct wire_made made = { .id = id };
	socklen_t len = sizeof(made.cookie);
	struct wire_id name = {
		.server = far->server_id, .sock = id, .domain = o->domain,
		.type = o->type, .protocol = o->protocol,
	};
	int sv[2], err;

	err = sys_socketpair((o->type == SOCK_STREAM ? SOCK_STREAM :
	    SOCK_SEQPACKET) | SOCK_CLOEXEC, sv);
	if (err < 0)
		return err;
	getsockopt(sv[0], SOL_SOCKET, SO_COOKIE, &made.cookie, &len);
	memcpy(req.data, &made, sizeof(made));
	err = client_id_bind(sv[0], &name);
	if (!err)
		err = far_send(far, &req, &sv[1], 1);
	close(sv[1]);
	if (!err)
		return sv[0];
	close(sv[0]);
	return err;
}

/* A socket for WIRE_NOTIFY, whose end has a name as a program's has. */
static int ask_news(int *theirs)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	int sv[2];

	if (sys_socketpair(SOCK_DGRAM | SOCK_CLOEXEC, sv) < 0)
		return -ENFILE;
	bind(sv[0], (struct sockaddr *)&any, sizeof(sa_family_t));
	*theirs = sv[1];
	return sv[0];
}

static bool unseal(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 1 && byte == WIRE_SEAL;
}

static int make_fd(struct far_sock *s, uint32_t stream,
    const struct relay_open *o)
{
	int fd;

	switch (o->kind) {
	case RELAY_SOCKET:
		s->id = relay_sock_id(s->far->number, stream);
		return ask_socket(s->far, s->id, o);
	case RELAY_NEWS:
		return ask_news(&s->news);
	case RELAY_TAKEN:
		fd = take_accepted(s->far, o->number, &s->id);
		if (fd >= 0 && !unseal(fd)) {
			close(fd);
			fd = -1;
		}
		return fd;
	}
	return -1;
}

struct link_stream *far_opened(struct link *l, int32_t id,
    const struct relay_open *o)
{
	struct far_sock *s = calloc(1, sizeof(*s));
	int fd;

	if (!s)
		return NULL;
	s->far = (struct far *)l;
	s->news = -1;
	s->type = o->kind == RELAY_NEWS ? SOCK_DGRAM : o->type;
	fd = make_fd(s, (uint32_t)id, o);
	if (fd < 0 || table_put(&s->far->by_stream, &s->flow.by_stream,
	    (uint64_t)id)) {
		if (fd >= 0)
			close(fd);
		if (s->news >= 0)
			close(s->news);
		free(s);
		return NULL;
	}
	s->far->refs++;
	flow_take_stream(&s->flow, l, id);
	if (flow_start(&s->flow, fd, s->type != SOCK_STREAM, &ops)) {
		s->flow.stream.id = 0;
		watch_drop(&s->flow.watch);
		return NULL;
	}
	if (s->type != SOCK_STREAM || o->kind == RELAY_TAKEN)
		start_open(s);
	return &s->flow.stream;
}

void far_socks_end(struct far *far)
{
	struct entry *e;

	for (size_t i = 0; i < far->by_stream.size; i++)
		for (e = far->by_stream.bucket[i]; e; e = e->next)
			watch_drop(&table_of(struct flow, by_stream,
			    e)->watch);
	for (size_t i = 0; i < far->accepted.size; i++)
		while ((e = far->accepted.bucket[i])) {
			struct accepted *a = table_of(struct accepted, e, e);

			far->accepted.bucket[i] = e->next;
			far->accepted.count--;
			close(a->fd);
			free(a);
		}
}

/* What is asked and told. */

void far_asked(struct far_sock *s, const struct wire_req *req)
{
	if (req->op == WIRE_CONNECT && s->type == SOCK_STREAM &&
	    req->a == WIRE_CONNECT_ASYNC && s->flow.watch.fd >= 0 &&
	    s->state == FAR_FRESH)
		plug(s);
	if (req->op == WIRE_LISTEN)
		s->backlog = req->a < 0 || req->a > WAITING_MAX ?
		    WAITING_MAX : (unsigned)req->a;
}

void far_answered(struct far_sock *s, int op, int a, int err)
{
	struct watch *w = &s->flow.watch;

	if (w->fd < 0 || s->state != FAR_FRESH || s->type != SOCK_STREAM)
		return;
	if (op == WIRE_LISTEN && !err) {
		s->state = FAR_LISTEN;
		take_records(s);
	} else if (op == WIRE_CONNECT && a != WIRE_CONNECT_ASYNC) {
		if (!err)
			start_open(s);
	} else if (op == WIRE_CONNECT && err == -EINPROGRESS) {
		s->state = FAR_CONNECTING;
		watch_set(w, w->events | EPOLLOUT);
	} else if (op == WIRE_CONNECT) {
		plug_out(s);
	}
}

static void closed(struct far_sock *s, const struct relay_msg *m,
    const uint8_t *data)
{
	if (m->len != sizeof(s->taken) || s->flow.watch.fd < 0)
		return;
	memcpy(&s->taken, data, sizeof(s->taken));
	s->closing = true;
	if (s->flow.done || s->state != FAR_OPEN || left_some(s))
		finish(s);
}

void far_told(struct far *far, struct far_sock *s, const struct relay_msg *m,
    const uint8_t *data)
{
	uint64_t id;
	int fd;

	switch (m->op) {
	case RELAY_CLOSED:
		if (s) {
			closed(s, m, data);
		} else if (!m->stream) {
			fd = take_accepted(far, m->number, &id);
			if (fd >= 0)
				close(fd);	/* with its seal */
		}
		break;
	case RELAY_ACCEPTED:
		if (s && m->number <= s->waiting) {
			s->waiting -= m->number;
			take_records(s);
		}
		break;
	case RELAY_CUT:
		if (s && s->state == FAR_OPEN)
			flow_cut(&s->flow);
		break;
	case RELAY_URGENT:
		if (s)
			flow_urgent_told(&s->flow, m, data);
		break;
	}
}
