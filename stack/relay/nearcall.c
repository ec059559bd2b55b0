/*
 * nearcall.c: the control connections of programs: requests go to the far half,
 * and replies come back.
 */
#include "stack/relay/near.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define CHANNELS_MAX	4096	/* of one connection */
#define MEMORY_IN_MAX	65536	/* bytes that come with a request */

struct channel {
	struct watch watch;	/* first */
	struct channel *next;
	struct client *of;
	uint64_t id;
};

struct client {
	struct watch watch;	/* first */
	struct channel *channels;
	unsigned nchannels, waiting;	/* of its requests are under way */
	bool freed;
};

/* A request that waits for its reply. */
struct pending {
	struct entry e;
	struct client *from;
	uint64_t channel;	/* where the reply goes, or */
	int fd;			/* this, or -1 */
	uint64_t sock;		/* what it was about */
	int op, a;
};

/* One that came, with its descriptors. */
struct call {
	struct wire_req req;
	struct client *from;
	int fd[SYS_FDS];
	int nfd;
};

static struct watch listener = { .fn = NULL, .fd = -1 };
static struct table pending;
static uint32_t next_number;
static unsigned clients;
static bool was_used;

unsigned near_clients(void)
{
	return clients;
}

bool near_was_used(void)
{
	return was_used;
}

/* Channels. */

static void channel_free(struct watch *w)
{
	free(w);
}

static void channel_drop(struct channel *ch)
{
	struct channel **at = &ch->of->channels;

	while (*at != ch)
		at = &(*at)->next;
	*at = ch->next;
	ch->of->nchannels--;
	watch_drop(&ch->watch);
}

static void channel_end(struct watch *w, uint32_t events)
{
	(void)events;
	channel_drop((struct channel *)w);
}

static void channel_add(struct client *c, uint64_t id, int fd)
{
	struct channel *ch = c->nchannels < CHANNELS_MAX && id ?
	    calloc(1, sizeof(*ch)) : NULL;

	if (!ch) {
		close(fd);
		return;
	}
	ch->watch = (struct watch){ .fn = channel_end, .free = channel_free,
	    .fd = fd };
	ch->id = id;
	ch->of = c;
	ch->next = c->channels;
	c->channels = ch;
	c->nchannels++;
	if (watch_add(&ch->watch, EPOLLIN | EPOLLRDHUP))
		channel_drop(ch);
}

static int channel_fd(const struct client *c, uint64_t id)
{
	for (const struct channel *ch = c->channels; ch; ch = ch->next)
		if (ch->id == id)
			return ch->watch.fd;
	return -1;
}

/* Replies. */

static void client_put(struct client *c)
{
	c->waiting--;
	if (c->freed && !c->waiting)
		free(c);
}

static void send_reply(const struct client *c, uint64_t channel, int fd,
    struct wire_rep *rep, int rep_fd)
{
	int to = channel ? channel_fd(c, channel) : fd;

	rep->magic = WIRE_MAGIC;
	if (to >= 0)
		sys_send_fds(to, rep, WIRE_REP_HEAD + rep->len, &rep_fd,
		    rep_fd >= 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (rep_fd >= 0)
		close(rep_fd);
	if (fd >= 0)
		close(fd);
}

static int take_fd(struct call *c, int i)
{
	int fd = i < c->nfd ? c->fd[i] : -1;

	if (fd >= 0)
		c->fd[i] = -1;
	return fd;
}

static void answer_with(struct call *c, struct wire_rep *rep, int rep_fd)
{
	send_reply(c->from, c->req.reply, take_fd(c, 0), rep, rep_fd);
}

static void answer(struct call *c, int err)
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
	if (name && name->sock)
		near_answered(name->sock, p->op, p->a, -rep.error);
	send_reply(p->from, p->channel, p->fd, &rep, fd);
	client_put(p->from);
	free(p);
}

/* Requests. */

/* Keep where the reply goes. Return: its number, 0: nobody waits, or no memory. */
static uint32_t expect(struct call *c)
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
	p->from->waiting++;
	p->channel = c->req.reply;
	p->fd = take_fd(c, 0);
	p->sock = c->req.sock;
	p->op = c->req.op;
	p->a = c->req.a;
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
static void forward(struct call *c, struct near_name *n, uint32_t stream)
{
	static uint8_t memory[MEMORY_IN_MAX];
	struct relay_msg m = { .op = RELAY_REQUEST, .stream = stream };
	size_t extra = 0;

	if (n && n->sock) {
		m.stream = n->stream;
		m.after = flow_drain(&n->sock->flow);
		near_asked(n->sock, &c->req);
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
static void socket_made(struct call *c)
{
	int fd = take_fd(c, 0);
	struct wire_made made;

	if (c->req.len != sizeof(made) || !is_pair(fd, pair_type(&c->req))) {
		close(fd);
		return;
	}
	memcpy(&made, c->req.data, sizeof(made));
	near_socket(made.id, c->req.a, c->req.b, c->req.c, fd, c->req.sock);
}

/* It cannot: it has one number left. */
static void socket_given(struct call *c)
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

static void news(struct call *c)
{
	int fd = take_fd(c, 2);
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

/* Rings are memory that is shared, which machines do not. */
static bool about_ring(const struct wire_req *req)
{
	if (req->op == WIRE_QUERY)
		return req->a == WIRE_QUERY_RING || req->a == WIRE_QUERY_READY;
	return (req->op == WIRE_SETSOCKOPT || req->op == WIRE_GETSOCKOPT) &&
	    req->a == SOL_PACKET && (req->b == PACKET_RX_RING ||
	    req->b == PACKET_VERSION || req->b == PACKET_HDRLEN);
}

/* Closed by the program, but the far half does not know all of it. */
static bool lingers(const struct call *c, const struct near_name *n)
{
	return c->req.op == WIRE_QUERY && c->req.a == WIRE_QUERY_LINGER &&
	    n->sock && n->sock->flow.watch.fd >= 0 &&
	    client_end_closed(n->sock->flow.watch.fd);
}

static void sock_request(struct call *c)
{
	struct near_name *n = near_find(c->req.sock);
	struct wire_rep busy = { .value = 1 };

	if (c->req.server && c->req.server != near_server_id)
		answer(c, -ENETDOWN);	/* of another's life */
	else if (!n && c->req.flags & WIRE_OF_OTHERS)
		forward(c, NULL, 0);
	else if (!n)
		answer(c, -ENOTCONN);
	else if (about_ring(&c->req))
		answer(c, -ENOPROTOOPT);
	else if (lingers(c, n))
		answer_with(c, &busy, -1);
	else
		forward(c, n, 0);
}

static void handle(struct call *c)
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
	case WIRE_URGENT:
		answer(c, 0);	/* it goes in line */
		break;
	case WIRE_NOTIFY:
		news(c);
		break;
	case WIRE_BIND ... WIRE_QUERY:
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

/* Connections. */

static void take_fds(struct msghdr *m, struct call *c)
{
	struct cmsghdr *h;

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		c->nfd = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(c->fd, CMSG_DATA(h), (size_t)c->nfd * sizeof(int));
	}
}

static void channel_asked(struct call *c)
{
	uint64_t id = 0;
	int fd = take_fd(c, 0);

	if (c->req.len == sizeof(id))
		memcpy(&id, c->req.data, sizeof(id));
	if (fd >= 0)
		channel_add(c->from, id, fd);
}

static bool is_whole(const struct wire_req *req, ssize_t n)
{
	return n >= (ssize_t)WIRE_REQ_HEAD && req->magic == WIRE_MAGIC &&
	    req->len <= WIRE_DATA && n == (ssize_t)(WIRE_REQ_HEAD + req->len);
}

/*
 * The socket that the request is about may be behind the other descriptors.
 * Only programs of the user who has us come here, and they have all its sockets
 * already.
 */
static void drop_proof(struct call *c)
{
	if (c->req.flags & WIRE_SHOWS && c->nfd) {
		c->nfd--;
		if (c->fd[c->nfd] >= 0)
			close(c->fd[c->nfd]);
		c->fd[c->nfd] = -1;
	}
	c->req.flags &= ~(uint32_t)WIRE_SHOWS;
}

/* 1: handled; 0: none now; -1: the program is gone. */
static int receive(struct client *from)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SYS_FDS * sizeof(int))];
	} ctl;
	struct call c = { .from = from };
	struct iovec iov = { &c.req, sizeof(c.req) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &ctl, .msg_controllen = sizeof(ctl),
	};
	ssize_t n;

	for (int i = 0; i < SYS_FDS; i++)
		c.fd[i] = -1;
	n = recvmsg(from->watch.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	take_fds(&m, &c);
	if (is_whole(&c.req, n)) {
		/* Who names a channel has no socket for the reply. */
		if (c.req.reply && c.nfd < SYS_FDS) {
			memmove(c.fd + 1, c.fd, (size_t)c.nfd * sizeof(int));
			c.fd[0] = -1;
			c.nfd++;
		}
		drop_proof(&c);
		if (c.req.op == WIRE_CHANNEL)
			channel_asked(&c);
		else
			handle(&c);
	}
	for (int i = 0; i < SYS_FDS; i++)
		if (c.fd[i] >= 0)
			close(c.fd[i]);
	return n == 0 ? -1 : 1;
}

static void on_request(struct watch *w, uint32_t events)
{
	struct client *c = (struct client *)w;
	int r;

	(void)events;
	while ((r = receive(c)) > 0)
		;
	if (!r)
		return;
	while (c->channels)
		channel_drop(c->channels);
	clients--;
	watch_drop(w);
}

static void client_free(struct watch *w)
{
	struct client *c = (struct client *)w;

	c->freed = true;
	if (!c->waiting)
		free(c);
}

static void on_connection(struct watch *w, uint32_t events)
{
	struct client *c;
	int fd;

	(void)events;
	while ((fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		c = calloc(1, sizeof(*c));
		if (!c) {
			close(fd);
			continue;
		}
		c->watch = (struct watch){ .fn = on_request,
		    .free = client_free, .fd = fd };
		if (watch_add(&c->watch, EPOLLIN | EPOLLRDHUP)) {
			close(fd);
			free(c);
			continue;
		}
		clients++;
		was_used = true;
	}
}

int near_listen(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	int e;

	/* Who starts us has the lock: nobody serves there. */
	unlink(sun->sun_path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ||
	    listen(fd, 4096) < 0) {
		e = -errno;
		if (fd >= 0)
			close(fd);
		return e;
	}
	listener.fn = on_connection;
	listener.fd = fd;
	return watch_add(&listener, EPOLLIN);
}
