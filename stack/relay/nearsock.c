/*
 * nearsock.c: the sockets of programs, as a server has them; what happens to
 * one here is done to the far half's.
 */
#include "stack/relay/near.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/ring.h"
#include "stack/wire/sys.h"

#define GRAVES	4096	/* ids whose pair is closed, kept for questions */

struct near_accept {
	struct near_accept *next;
	struct wire_accept rec;
	int fd;			/* the program's end of its pair */
};

static struct table by_id, by_far, by_stream, by_key;
static unsigned open_sockets;
static struct near_name *graves[GRAVES];
static unsigned grave_next;

struct near_name *near_find(uint64_t id)
{
	struct entry *e = table_find(&by_id, id);

	return e ? table_of(struct near_name, by_id, e) : NULL;
}

uint64_t near_id_of(uint64_t far_id)
{
	struct entry *e = table_find(&by_far, far_id);

	return e ? table_of(struct near_name, by_far, e)->id : far_id;
}

struct near_sock *near_by_stream(uint32_t stream)
{
	struct entry *e = table_find(&by_stream, stream);

	return e ? (struct near_sock *)table_of(struct flow, by_stream, e) :
	    NULL;
}

unsigned near_open_sockets(void)
{
	return open_sockets;
}

/* Names. */

static struct near_name *name_new(uint64_t id)
{
	struct near_name *n = calloc(1, sizeof(*n));

	if (!n || table_put(&by_id, &n->by_id, id)) {
		free(n);
		return NULL;
	}
	n->id = id;
	return n;
}

static void name_free(struct near_name *n)
{
	if (!n)
		return;
	table_take(&by_id, &n->by_id);
	if (n->far_id)
		table_take(&by_far, &n->by_far);
	free(n);
}

/* A program that still has its end may ask what became of it. */
static void name_bury(struct near_name *n)
{
	n->sock = NULL;
	name_free(graves[grave_next]);
	graves[grave_next] = n;
	grave_next = (grave_next + 1) % GRAVES;
}

/* How it ends. */

static void tell(const struct near_sock *s, int op, const void *data,
    size_t n)
{
	struct relay_msg m = {
		.op = (uint8_t)op, .stream = (uint32_t)s->flow.by_stream.key,
	};

	link_tell(&near_link, &m, data, n, NULL, 0);
}

static void drop_pending(struct near_sock *s)
{
	struct near_accept *it;

	while ((it = s->pending)) {
		s->pending = it->next;
		close(it->fd);
		free(it);
	}
}

static void forget(struct near_sock *s)
{
	open_sockets -= s->counted;
	s->counted = false;
	s->state = NEAR_ENDED;
	drop_pending(s);
}

/* Our end is closed, too. */
static void hang_up(struct near_sock *s)
{
	forget(s);
	flow_close(&s->flow);
}

static void reset(struct near_sock *s)
{
	s->gone = true;
	forget(s);
	flow_reset(&s->flow, ECONNRESET);
}

/*
 * The program's end is closed, and nothing that was put into it is unread.
 * What it wrote is still read, to its end.
 */
static void closed(struct near_sock *s)
{
	uint64_t taken = s->flow.got;

	s->gone = true;
	if (s->state == NEAR_OPEN && (s->flow.back.len || s->hard)) {
		reset(s);
		return;
	}
	tell(s, RELAY_CLOSED, &taken, sizeof(taken));
	if (s->state != NEAR_OPEN || s->flow.sent_end)
		hang_up(s);
}

static void on_ended(struct flow *f)
{
	struct near_sock *s = (struct near_sock *)f;

	if (s->gone && f->watch.fd >= 0)
		hang_up(s);
}

/* Listening. */

/* What one record takes of the pair's queue, by queued(); 0: not yet known. */
static int record_size;

static int queued(const struct near_sock *s)
{
	int n = 0;

	return ioctl(s->flow.watch.fd, SIOCOUTQ, &n) < 0 ? 0 : n;
}

static bool push_record(struct near_sock *s, struct near_accept *it)
{
	int before = record_size ? 0 : queued(s), after;

	if (sys_send_fds(s->flow.watch.fd, &it->rec, sizeof(it->rec), &it->fd,
	    1, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
		return false;
	after = record_size ? 0 : queued(s);
	if (after > before)	/* less, if it was accepted by now */
		record_size = after - before;
	return true;
}

/* How many the programs have accepted, the far half wants to know. */
static void count_accepted(struct near_sock *s)
{
	unsigned waiting = record_size ? (unsigned)(queued(s) / record_size) :
	    0, taken = s->pushed - waiting;
	struct relay_msg m = {
		.op = RELAY_ACCEPTED,
		.stream = (uint32_t)s->flow.by_stream.key,
		.number = taken - s->taken,
	};

	if (taken == s->taken || waiting > s->pushed)
		return;
	s->taken = taken;
	link_tell(&near_link, &m, NULL, 0, NULL, 0);
}

static void push_records(struct near_sock *s)
{
	struct near_accept *it;

	while ((it = s->pending) && push_record(s, it)) {
		s->pending = it->next;
		s->pushed++;
		close(it->fd);
		free(it);
	}
	count_accepted(s);
}

/* Events of the pair. */

/* The program takes no more, and has ended what it sends: the host is to know. */
static void shut(struct near_sock *s)
{
	struct relay_msg m = {
		.op = RELAY_CUT, .stream = (uint32_t)s->flow.by_stream.key,
	};

	s->flow.ending = true;
	m.after = flow_drain(&s->flow);
	link_tell(&near_link, &m, NULL, 0, NULL, 0);
}

static void on_event(struct flow *f, uint32_t events)
{
	struct near_sock *s = (struct near_sock *)f;

	if (s->state == NEAR_LISTEN && events & EPOLLOUT)
		push_records(s);
	if (!(events & (EPOLLHUP | EPOLLERR)) || s->gone)
		return;
	if (events & EPOLLERR && s->state == NEAR_OPEN &&
	    s->type == SOCK_STREAM)
		reset(s);		/* with something unread */
	else if (events & EPOLLERR || client_end_closed(f->watch.fd))
		closed(s);
	else if (s->state == NEAR_OPEN && s->type == SOCK_STREAM && !f->done)
		shut(s);
}

/* Nobody reads there: it is closed, or shut down for reading. */
static void on_refused(struct flow *f)
{
	struct near_sock *s = (struct near_sock *)f;

	if (client_end_closed(f->watch.fd))
		reset(s);
	else
		tell(s, RELAY_CUT, NULL, 0);
}

static void on_done(struct flow *f)
{
	if (f->watch.fd >= 0)
		shutdown(f->watch.fd, SHUT_WR);
}

static void on_reset(struct flow *f, int error)
{
	(void)error;
	hang_up((struct near_sock *)f);
}

static void on_message(struct flow *f, const struct relay_msg *m,
    const uint8_t *data)
{
	if (m->op == RELAY_REPLY)
		near_reply(m, data);
	else
		near_told((struct near_sock *)f, m, data);
}

static void on_urgent(struct flow *f, uint64_t at)
{
	tell((struct near_sock *)f, RELAY_URGENT, &at, sizeof(at));
}

static bool on_dgram(struct flow *f, const uint8_t *p, size_t n)
{
	return near_ring_take((struct near_sock *)f, p, n);
}

static void on_free(struct flow *f)
{
	struct near_sock *s = (struct near_sock *)f;

	ring_free(s->packets.ring);
	table_take(&by_stream, &f->by_stream);
	table_take(&by_key, &s->by_key);
	drop_pending(s);
	if (s->name && s->gone)
		name_free(s->name);
	else if (s->name)
		name_bury(s->name);
	free(s);
}

static const struct flow_ops ops = {
	.event = on_event, .ended = on_ended, .refused = on_refused,
	.done = on_done, .reset = on_reset, .message = on_message,
	.urgent = on_urgent, .dgram = on_dgram, .free = on_free,
};

/* Making them. */

/* far_id 0: the one that follows from the stream. */
static int add(struct near_sock *s, uint64_t id, uint64_t far_id, int fd,
    const struct relay_open *o)
{
	int err;

	s->flow.watch.fd = -1;
	s->domain = o->domain;
	s->type = o->type;
	s->protocol = o->protocol;
	s->name = id ? name_new(id) : NULL;
	if (id && !s->name)
		err = -ENOMEM;
	else
		err = flow_start(&s->flow, fd, s->type != SOCK_STREAM, &ops);
	if (!err)
		err = flow_make_stream(&s->flow, &near_link, o);
	if (!err && table_put(&by_stream, &s->flow.by_stream,
	    (uint64_t)s->flow.stream.id))
		err = -ENOMEM;
	if (err) {
		if (s->name)
			name_free(s->name);
		s->name = NULL;
		return err;
	}
	/* Who has no name keeps nobody here: its program is connected. */
	if (!s->name)
		return 0;
	s->counted = true;
	open_sockets++;
	s->name->sock = s;
	s->name->stream = (uint32_t)s->flow.stream.id;
	s->name->far_id = far_id ? far_id :
	    relay_sock_id(near_link_number, s->name->stream);
	table_put(&by_far, &s->name->by_far, s->name->far_id);
	return 0;
}

/* One that could not be added: it may be watched already. */
static void undo(struct near_sock *s, int fd)
{
	if (s->flow.watch.fd < 0) {
		close(fd);
		free(s);
		return;
	}
	s->gone = true;
	watch_drop(&s->flow.watch);
}

static struct near_sock *make(uint64_t id, uint64_t far_id, int fd,
    const struct relay_open *o, int *err)
{
	struct near_sock *s = calloc(1, sizeof(*s));

	*err = -ENOMEM;
	if (!s) {
		close(fd);
		return NULL;
	}
	*err = add(s, id, far_id, fd, o);
	if (!*err)
		return s;
	undo(s, fd);
	return NULL;
}

int near_socket(uint64_t id, int domain, int type, int protocol, int fd,
    uint64_t like)
{
	struct near_name *n = like ? near_find(like) : NULL;
	struct relay_open o = {
		.kind = RELAY_SOCKET, .domain = domain, .type = type,
		.protocol = protocol, .like = n ? n->far_id : 0,
	};
	struct near_sock *s;
	int err;

	if (!id || near_find(id)) {
		close(fd);
		return -EINVAL;
	}
	s = make(id, 0, fd, &o, &err);
	if (s && type != SOCK_STREAM) {
		s->state = NEAR_OPEN;
		flow_open(&s->flow);
	}
	return err;
}

uint32_t near_news(uint64_t key, int fd)
{
	struct relay_open o = { .kind = RELAY_NEWS, .type = SOCK_DGRAM };
	struct entry *e = table_find(&by_key, key);
	struct near_sock *s;
	int err;

	if (fd < 0)
		return e ? (uint32_t)table_of(struct near_sock, by_key, e)->
		    flow.by_stream.key : 0;
	s = make(0, 0, fd, &o, &err);
	if (!s || table_put(&by_key, &s->by_key, key))
		return 0;
	return (uint32_t)s->flow.stream.id;
}

static bool seal(int fd)
{
	static const char byte = WIRE_SEAL;

	return send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

/* The socket of a connection. Return: the program's end, or -1. */
static int make_taken(const struct near_sock *l, uint32_t number,
    uint64_t far_id, uint64_t *id)
{
	struct relay_open o = {
		.kind = RELAY_TAKEN, .domain = l->domain, .type = l->type,
		.protocol = l->protocol, .number = number,
	};
	struct wire_id name = {
		.server = near_server_id, .domain = l->domain,
		.type = l->type, .protocol = l->protocol,
	};
	struct near_sock *s;
	int sv[2], err;

	if (sys_socketpair(SOCK_STREAM | SOCK_CLOEXEC, sv) < 0)
		return -1;
	client_id_new(&name);
	*id = name.sock;
	if (!seal(sv[0]) || client_id_bind(sv[1], &name)) {
		close(sv[0]);
		close(sv[1]);
		return -1;
	}
	s = make(*id, far_id, sv[0], &o, &err);
	if (!s) {
		close(sv[1]);
		return -1;
	}
	s->state = NEAR_OPEN;
	s->hard = l->hard;
	flow_open(&s->flow);
	return sv[1];
}

static void accept_one(struct near_sock *l, const struct relay_msg *m,
    const uint8_t *data)
{
	struct relay_msg no = { .op = RELAY_CLOSED, .number = m->number };
	struct near_accept *it = calloc(1, sizeof(*it));

	if (m->len != sizeof(it->rec) || !it)
		goto fail;
	memcpy(&it->rec, data, sizeof(it->rec));
	it->fd = l && l->state == NEAR_LISTEN ? make_taken(l, m->number,
	    it->rec.sock, &it->rec.sock) : -1;
	if (it->fd < 0)
		goto fail;
	it->rec.magic = WIRE_MAGIC;
	it->rec.listener = l->name->id;
	*(l->pending ? l->pending_end : &l->pending) = it;
	l->pending_end = &it->next;
	push_records(l);
	return;
fail:
	free(it);
	link_tell(&near_link, &no, NULL, 0, NULL, 0);
}

/* Connecting. */

static void unplug(struct near_sock *s)
{
	char buf[8192];

	while (s->plug && s->flow.watch.fd >= 0) {
		ssize_t n = recv(s->flow.watch.fd, buf, s->plug < sizeof(buf) ?
		    s->plug : sizeof(buf), MSG_DONTWAIT);

		if (n <= 0)
			break;
		s->plug -= (uint32_t)n;
	}
	s->plug = 0;
}

static void connected(struct near_sock *s)
{
	if (s->state != NEAR_FRESH && s->state != NEAR_CONNECTING)
		return;
	unplug(s);
	s->state = NEAR_OPEN;
	flow_open(&s->flow);
}

/*
 * As the host has done it: closed with the plug unread, or, if the program has
 * chosen the port (number), only shut down, so that we see it close.
 */
static void failed(struct near_sock *s, bool keep)
{
	if (s->state != NEAR_CONNECTING)
		return;
	if (!keep) {
		hang_up(s);
		return;
	}
	s->state = NEAR_ENDED;
	shutdown(s->flow.watch.fd, SHUT_RDWR);
	unplug(s);
	flow_end(&s->flow);
}

void near_asked(struct near_sock *s, const struct wire_req *req)
{
	struct linger l;

	if (req->op == WIRE_SETSOCKOPT && req->a == SOL_SOCKET &&
	    req->b == SO_LINGER && req->len >= sizeof(l) &&
	    s->type == SOCK_STREAM) {
		memcpy(&l, req->data, sizeof(l));
		s->hard = l.l_onoff && !l.l_linger;
	}
	if (req->op == WIRE_CONNECT && s->type == SOCK_STREAM &&
	    req->a == WIRE_CONNECT_ASYNC)
		s->plug += req->b > 0 && req->b <= WIRE_PLUG_MAX ?
		    (uint32_t)req->b : WIRE_PLUG;
}

static void listening(struct near_sock *s)
{
	if (s->state != NEAR_FRESH)
		return;
	s->state = NEAR_LISTEN;
	watch_set(&s->flow.watch, s->flow.watch.events | EPOLLOUT);
}

void near_answered(struct near_sock *s, int op, int a, int err)
{
	if (op == WIRE_LISTEN && !err)
		listening(s);
	if (op != WIRE_CONNECT || s->type != SOCK_STREAM)
		return;
	if (a != WIRE_CONNECT_ASYNC) {
		if (!err)
			connected(s);
	} else if (err == -EINPROGRESS) {
		if (s->state == NEAR_FRESH)
			s->state = NEAR_CONNECTING;
	} else if (s->state != NEAR_CONNECTING) {
		unplug(s);
	}
}

void near_told(struct near_sock *s, const struct relay_msg *m,
    const uint8_t *data)
{
	if (m->op == RELAY_ACCEPT) {
		accept_one(s, m, data);
		return;
	}
	if (!s || s->flow.watch.fd < 0)
		return;
	switch (m->op) {
	case RELAY_CONNECTED:
		connected(s);
		break;
	case RELAY_FAILED:
		failed(s, m->number);
		break;
	case RELAY_CUT:
		flow_cut(&s->flow);
		break;
	case RELAY_URGENT:
		flow_urgent_told(&s->flow, m, data);
		break;
	}
}
