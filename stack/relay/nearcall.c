/*
 * nearcall.c: the requests of programs go to the far half, and replies come
 * back.
 */
#include "stack/relay/near.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/wire/client.h"

#define MEMORY_IN_MAX	65536	/* bytes that come with a request */

/* A request that waits for its reply. */
struct pending {
	struct entry e;
	struct near_client *from;
	uint64_t channel;	/* where the reply goes, or */
	int fd;			/* this, or -1 */
	uint64_t sock;		/* what it was about */
	int op, a, b;
};

static struct table pending;
static uint32_t next_number;

/* Replies. */

static void answer_with(struct near_call *c, struct wire_rep *rep, int rep_fd)
{
	near_send_reply(c->from, c->req.reply, near_take_fd(c, 0), rep, rep_fd);
}

static void answer(struct near_call *c, int err)
{
	struct wire_rep rep = { .error = -err };

	answer_with(c, &rep, -1);
}

/* The host's ids in a table of sockets are ours for our programs. */
static void translate(int what, uint8_t *p, size_t n)
{
	size_t size = what == WIRE_DUMP_SOCK ? sizeof(struct wire_sock) :
	    what == WIRE_DUMP_SOCKINFO ? sizeof(struct wire_sockinfo) : 0;
	uint64_t id;

	static_assert(offsetof(struct wire_sock, id) == 0 &&
	    offsetof(struct wire_sockinfo, id) == 0, "the id is first");
	for (size_t i = 0; size && i + size <= n; i += size) {
		memcpy(&id, p + i, sizeof(id));
		id = near_id_of(id);
		memcpy(p + i, &id, sizeof(id));
	}
}

static int memory_of(const uint8_t *p, size_t n)
{
	int fd = memfd_create("shmif-reply", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	for (size_t done = 0; fd >= 0 && done < n; ) {
		ssize_t r = write(fd, p + done, n - done);

		if (r <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)r;
	}
	if (fd >= 0)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		    F_SEAL_WRITE);
	return fd;
}

static void adapt(const struct pending *p, struct wire_rep *rep)
{
	struct wire_trace t;

	if (p->op == WIRE_HELLO) {
		rep->value = near_server_id;
		rep->c = -1;
	} else if (p->op == WIRE_TRACE && rep->len == sizeof(t)) {
		memcpy(&t, rep->data, sizeof(t));
		t.sock = near_id_of(t.sock);
		memcpy(rep->data, &t, sizeof(t));
	}
}

void near_reply(const struct relay_msg *m, const uint8_t *data)
{
	struct entry *e = table_find(&pending, m->number);
	struct pending *p = e ? table_of(struct pending, e, e) : NULL;
	struct near_name *name;
	struct wire_rep rep;
	int fd = -1;
	size_t n;

	if (!p || m->len < WIRE_REP_HEAD)
		return;
	memcpy(&rep, data, WIRE_REP_HEAD);
	if (rep.len > WIRE_DATA || m->len < WIRE_REP_HEAD + rep.len)
		return;
	memcpy(rep.data, data + WIRE_REP_HEAD, rep.len);
	data += WIRE_REP_HEAD + rep.len;
	if (m->flags & RELAY_HAS_MEMORY) {
		n = m->len - WIRE_REP_HEAD - rep.len;
		if (p->op == WIRE_DUMP)
			translate(p->a, (uint8_t *)(uintptr_t)data, n);
		fd = memory_of(data, n);
	}
	table_take(&pending, &p->e);
	adapt(p, &rep);
	name = p->sock ? near_find(p->sock) : NULL;
	if (name && name->sock) {
		near_answered(name->sock, p->op, p->a, -rep.error);
		if (p->a == SOL_PACKET)
			near_ring_answered(name->sock, p->op, p->b, &rep);
	}
	near_send_reply(p->from, p->channel, p->fd, &rep, fd);
	near_client_put(p->from);
	free(p);
}

/* Requests. */

/* Keep where the reply goes. Return: its number, 0: nobody waits, or no memory. */
static uint32_t expect(struct near_call *c)
{
	struct pending *p;

	if (!c->req.reply && c->fd[0] < 0)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return 0;
	do {
		next_number++;
	} while (!next_number || table_find(&pending, next_number));
	if (table_put(&pending, &p->e, next_number)) {
		free(p);
		return 0;
	}
	p->from = c->from;
	near_client_get(p->from);
	p->channel = c->req.reply;
	p->fd = near_take_fd(c, 0);
	p->sock = c->req.sock;
	p->op = c->req.op;
	p->a = c->req.a;
	p->b = c->req.b;
	return next_number;
}

/* What a descriptor of memory holds. Return: bytes, 0: nothing of use. */
static size_t content(int fd, uint8_t *buf, size_t max)
{
	ssize_t n = fd >= 0 && fcntl(fd, F_GET_SEALS) >= 0 ?
	    pread(fd, buf, max, 0) : 0;

	return n > 0 ? (size_t)n : 0;
}

/* To the far half; stream: what it is about. */
static void forward(struct near_call *c, struct near_name *n, uint32_t stream)
{
	static uint8_t memory[MEMORY_IN_MAX];
	struct relay_msg m = { .op = RELAY_REQUEST, .stream = stream };
	size_t extra = 0;

	if (n && n->sock) {
		m.stream = n->stream;
		m.after = flow_drain(&n->sock->flow);
		near_asked(n->sock, &c->req);
		near_ring_asked(n->sock, &c->req);
	}
	if (c->req.op != WIRE_NOTIFY && c->nfd > 1)
		extra = content(c->fd[1], memory, sizeof(memory));
	m.number = expect(c);
	c->req.server = 0;
	c->req.reply = 0;
	if (n)
		c->req.sock = n->far_id;
	link_tell(&near_link, &m, &c->req, WIRE_REQ_HEAD + c->req.len, memory,
	    extra);
}

static bool is_pair(int fd, int type)
{
	int domain = -1, t = -1;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &t, &len) == 0 &&
	    domain == AF_UNIX && t == type;
}

static int pair_type(const struct wire_req *req)
{
	return req->b == SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
}

/* The program made the pair. */
static void socket_made(struct near_call *c)
{
	int fd = near_take_fd(c, 0);
	struct wire_made made;

	if (c->req.len != sizeof(made) || !is_pair(fd, pair_type(&c->req))) {
		close(fd);
		return;
	}
	memcpy(&made, c->req.data, sizeof(made));
	near_socket(made.id, c->req.a, c->req.b, c->req.c, fd, c->req.sock);
}

/* It cannot: it has one number left. */
static void socket_given(struct near_call *c)
{
	struct wire_id id = {
		.server = near_server_id, .domain = c->req.a,
		.type = c->req.b, .protocol = c->req.c,
	};
	struct wire_rep rep = { .error = ENFILE };
	int sv[2];

	if (sys_socketpair(pair_type(&c->req) | SOCK_CLOEXEC, sv) < 0) {
		answer(c, -ENFILE);
		return;
	}
	client_id_new(&id);
	if (client_id_bind(sv[1], &id) == 0)
		rep.error = -near_socket(id.sock, c->req.a, c->req.b, c->req.c,
		    sv[0], c->req.sock);
	else
		close(sv[0]);
	rep.value = id.sock;
	if (rep.error) {
		close(sv[1]);
		sv[1] = -1;
	}
	answer_with(c, &rep, sv[1]);
}

static void news(struct near_call *c)
{
	int fd = near_take_fd(c, 2);
	socklen_t len = sizeof(uint64_t);
	uint64_t key = 0;
	uint32_t stream;

	if (c->nfd > 1 && c->fd[1] >= 0)
		getsockopt(c->fd[1], SOL_SOCKET, SO_COOKIE, &key, &len);
	if (!key || (fd >= 0 && !is_pair(fd, SOCK_DGRAM))) {
		if (fd >= 0)
			close(fd);
		answer(c, -EINVAL);
		return;
	}
	stream = near_news(key, fd);
	if (stream)
		forward(c, NULL, stream);
	else
		answer(c, fd < 0 ? 0 : -ENOBUFS);	/* it had none */
}

/* Its memory is here. */
static bool ring_query(struct near_call *c, struct near_name *n)
{
	struct wire_rep rep = { .error = 0 };
	int err, fd = -1;

	if (!n->sock || !near_ring_query(n->sock, &c->req, &err, &fd))
		return false;
	rep.error = -err;
	answer_with(c, &rep, fd);
	return true;
}

/* Closed by the program, but the far half does not know all of it. */
static bool lingers(const struct near_call *c, const struct near_name *n)
{
	return c->req.op == WIRE_QUERY && c->req.a == WIRE_QUERY_LINGER &&
	    n->sock && n->sock->flow.watch.fd >= 0 &&
	    client_end_closed(n->sock->flow.watch.fd);
}

static void sock_request(struct near_call *c)
{
	struct near_name *n = near_find(c->req.sock);
	struct wire_rep busy = { .value = 1 };

	if (c->req.server && c->req.server != near_server_id)
		answer(c, -ENETDOWN);	/* of another's life */
	else if (!n && c->req.flags & WIRE_OF_OTHERS)
		forward(c, NULL, 0);
	else if (!n)
		answer(c, -ENOTCONN);
	else if (lingers(c, n))
		answer_with(c, &busy, -1);
	else if (!ring_query(c, n))
		forward(c, n, 0);
}

void near_handle(struct near_call *c)
{
	switch (c->req.op) {
	case WIRE_SOCKET:
		if (c->fd[0] >= 0)
			socket_made(c);
		else
			socket_given(c);
		break;
	case WIRE_LEND:
		answer(c, -EOPNOTSUPP);
		break;
	case WIRE_NOTIFY:
		news(c);
		break;
	case WIRE_BIND ... WIRE_QUERY:
	case WIRE_URGENT:
		sock_request(c);
		break;
	case WIRE_HELLO:
		c->req.a = 0;	/* where a program runs is of no interest there */
		c->req.len = (uint16_t)strnlen((char *)c->req.data,
		    c->req.len);
		forward(c, NULL, 0);
		break;
	default:
		forward(c, NULL, 0);
	}
}
