/*
 * farcall.c: the near half's requests, as a program would make them; the
 * replies come by channels, one for each request that is under way.
 */
#include "stack/relay/far.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define CHANNELS_MAX	4000	/* requests at once; the host allows 4096 */
/* Ops whose reply is ours. */
#define CLOSE_AFTER	-1
#define MAP_AFTER	-2
#define FORGET_AFTER	-3

struct far_channel {
	struct watch watch;	/* first */
	struct far_channel *next;	/* of the idle */
	struct far_channel *next_all;
	struct far *far;
	uint64_t id;
	bool busy;
	/* The request. */
	uint32_t number, stream;
	int op, a, b;
};

struct far_post {
	struct far_post *next;
	struct wire_req req;
	int fd[SYS_FDS], nfd;
};

/* To the host. */

static int post_now(struct far *far, struct wire_req *req, const int *fds,
    int nfds)
{
	int err;

	req->magic = WIRE_MAGIC;
	do {
		err = (int)sys_send_fds(far->ctl.fd, req, WIRE_REQ_HEAD +
		    req->len, fds, nfds, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (err == -EINTR);
	return err < 0 ? err : 0;
}

static void post_free(struct far_post *p)
{
	for (int i = 0; i < p->nfd; i++)
		close(p->fd[i]);
	free(p);
}

/* What waits for room; each turn tries again. */
static void post_waiting(struct far *far)
{
	struct far_post *p;

	while ((p = far->post)) {
		if (post_now(far, &p->req, p->fd, p->nfd) == -EAGAIN)
			return;
		far->post = p->next;
		post_free(p);
	}
}

int far_send(struct far *far, struct wire_req *req, const int *fds, int nfds)
{
	struct far_post *p;
	int err = far->post ? -EAGAIN : post_now(far, req, fds, nfds);

	if (err != -EAGAIN)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->req = *req;
	for (; p->nfd < nfds; p->nfd++) {
		p->fd[p->nfd] = fcntl(fds[p->nfd], F_DUPFD_CLOEXEC, 3);
		if (p->fd[p->nfd] < 0) {
			post_free(p);
			return -EMFILE;
		}
	}
	if (!far->post)
		far->post_end = &far->post;
	*far->post_end = p;
	far->post_end = &p->next;
	return 0;
}

/* Replies. */

static void tell_reply(struct far *far, const struct far_channel *ch,
    uint64_t after, const struct wire_rep *rep, const void *memory, size_t n)
{
	struct relay_msg m = {
		.op = RELAY_REPLY, .number = ch->number, .stream = ch->stream,
		.after = after, .flags = memory ? RELAY_HAS_MEMORY : 0,
	};

	if (ch->number)
		link_tell(&far->link, &m, rep, WIRE_REP_HEAD + rep->len,
		    memory, n);
}

/* What came with the reply. Return: mapped, or NULL; *n bytes. */
static void *map_memory(int fd, size_t *n)
{
	struct stat st;
	void *p;

	*n = 0;
	if (fd < 0 || fcntl(fd, F_GET_SEALS) < 0 || fstat(fd, &st) < 0 ||
	    st.st_size > (off_t)RELAY_MEMORY_MAX)
		return NULL;
	if (!st.st_size)
		return &errno;	/* no bytes of it are looked at */
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*n = (size_t)st.st_size;
	return p;
}

static void answered(struct far_channel *ch, struct wire_rep *rep, int fd)
{
	struct far *far = ch->far;
	struct far_sock *s = ch->stream ? far_by_stream(far, ch->stream) :
	    NULL;
	uint64_t after = 0;
	size_t n;
	void *p = map_memory(fd, &n);

	if (ch->op == CLOSE_AFTER) {
		if (s)
			flow_close(&s->flow);
	} else if (ch->op == MAP_AFTER) {
		if (s)
			far_ring_memory(s, fd);
	} else if (ch->op != FORGET_AFTER) {
		if (s)
			after = flow_drain(&s->flow);
		tell_reply(far, ch, after, rep, p, n);
		if (s)
			far_answered(s, ch->op, ch->a, -rep->error);
		if (s && ch->a == SOL_PACKET)
			far_ring_answered(s, ch->op, ch->b, -rep->error);
	}
	if (n)
		munmap(p, n);
}

static void channel_free(struct watch *w)
{
	far_put(((struct far_channel *)w)->far);
	free(w);
}

static void channel_event(struct watch *w, uint32_t events)
{
	struct far_channel *ch = (struct far_channel *)w;
	struct wire_rep rep;
	int fd = -1, err;

	(void)events;
	err = client_recv(w->fd, &rep, &fd);
	if (err == -EAGAIN)
		return;
	if (err || !ch->busy) {
		link_fail(&ch->far->link, "the host does not answer");
		return;
	}
	ch->busy = false;
	answered(ch, &rep, fd);
	if (fd >= 0)
		close(fd);
	ch->next = ch->far->idle;
	ch->far->idle = ch;
}

/* Return: a channel that is the caller's until its reply comes, or NULL. */
static struct far_channel *channel_get(struct far *far)
{
	struct wire_req req = { .op = WIRE_CHANNEL, .len = sizeof(uint64_t) };
	struct far_channel *ch = far->idle;
	socklen_t len = sizeof(ch->id);
	int sv[2], err;

	if (ch) {
		far->idle = ch->next;
		return ch;
	}
	if (far->channels >= CHANNELS_MAX ||
	    sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv) < 0)
		return NULL;
	ch = calloc(1, sizeof(*ch));
	if (!ch) {
		close(sv[0]);
		close(sv[1]);
		return NULL;
	}
	ch->far = far;
	ch->next_all = far->all;
	far->all = ch;
	ch->watch = (struct watch){ .fn = channel_event, .free = channel_free,
	    .fd = sv[0] };
	far->refs++;
	far->channels++;
	getsockopt(sv[0], SOL_SOCKET, SO_COOKIE, &ch->id, &len);
	memcpy(req.data, &ch->id, sizeof(ch->id));
	err = watch_add(&ch->watch, EPOLLIN);
	if (!err)
		err = far_send(far, &req, &sv[1], 1);
	close(sv[1]);
	if (!err)
		return ch;
	far->all = ch->next_all;
	far->channels--;
	watch_drop(&ch->watch);
	return NULL;
}

/* Requests. */

static void refuse(struct far *far, const struct relay_msg *m, int err)
{
	struct far_channel none = {
		.number = m->number, .stream = m->stream,
	};
	struct wire_rep rep = { .magic = WIRE_MAGIC, .error = -err };

	tell_reply(far, &none, 0, &rep, NULL, 0);
}

/* What a host does for one that is not on its machine. */
static bool may_ask(const struct wire_req *req)
{
	switch (req->op) {
	case WIRE_HELLO:
	case WIRE_BIND ... WIRE_TRACE:
	case WIRE_YIELD:
	case WIRE_NOTIFY:
	case WIRE_URGENT:
	case WIRE_NAMES:
	case WIRE_FAULT:
		return true;
	default:
		return false;
	}
}

static int memory_of(const void *p, size_t n)
{
	int fd = memfd_create("shmif-request", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, p, n) != (ssize_t)n) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * The descriptors that go with it: memory, or for WIRE_NOTIFY our end of a
 * pair as the socket, and the first time its other end.  Return: how many.
 */
static int companions(struct far_sock *s, const struct wire_req *req,
    const uint8_t *extra, size_t n, int fd[2])
{
	int nfds = 0;

	if (req->op == WIRE_NOTIFY && s && s->flow.watch.fd >= 0) {
		fd[nfds] = fcntl(s->flow.watch.fd, F_DUPFD_CLOEXEC, 3);
		nfds += fd[nfds] >= 0;
		if (nfds && s->news >= 0)
			fd[nfds++] = s->news;
		s->news = -1;
	} else if (n) {
		fd[nfds] = memory_of(extra, n);
		nfds += fd[nfds] >= 0;
	}
	return nfds;
}

/* It was closed, but is not yet so for the host. */
static bool lingers(const struct far_sock *s, const struct wire_req *req)
{
	return s && req->op == WIRE_QUERY && req->a == WIRE_QUERY_LINGER &&
	    s->closing && s->flow.watch.fd >= 0;
}

/* What keeps its tail is the program's pair, and not ours. */
static void plain(struct wire_req *req)
{
	if (req->op == WIRE_CONNECT)
		req->b = 0;
	if (req->op == WIRE_SETSOCKOPT && req->a == SOL_SHMIF &&
	    req->b == SHMIF_TAIL)
		req->len = 0;	/* refused */
}

static void ask(struct far *far, struct far_sock *s,
    const struct relay_msg *m, struct wire_req *req, const int *fd, int nfds)
{
	struct far_channel *ch = m->number ? channel_get(far) : NULL;
	int err;

	if (m->number && !ch) {
		refuse(far, m, -ENFILE);
		return;
	}
	if (s) {
		far_asked(s, req);
		far_ring_asked(s, req);
	}
	plain(req);
	req->server = 0;
	req->reply = ch ? ch->id : 0;
	if (ch) {
		ch->busy = true;
		ch->number = m->number;
		ch->stream = m->stream;
		ch->op = req->op;
		ch->a = req->a;
		ch->b = req->b;
	}
	err = far_send(far, req, fd, nfds);
	if (err)
		link_fail(&far->link, "the host has ended");
}

void far_request(struct far *far, struct far_sock *s,
    const struct relay_msg *m, const uint8_t *data)
{
	struct wire_rep busy = { .magic = WIRE_MAGIC, .value = 1 };
	struct far_channel to = { .number = m->number, .stream = m->stream };
	struct wire_req req;
	size_t rest;
	int fd[2], nfds;

	if (m->len < WIRE_REQ_HEAD)
		return;
	memcpy(&req, data, WIRE_REQ_HEAD);
	if (req.len > WIRE_DATA || m->len < WIRE_REQ_HEAD + req.len)
		return;
	memcpy(req.data, data + WIRE_REQ_HEAD, req.len);
	data += WIRE_REQ_HEAD + req.len;
	rest = m->len - WIRE_REQ_HEAD - req.len;
	if (!may_ask(&req)) {
		refuse(far, m, -EOPNOTSUPP);
		return;
	}
	if (lingers(s, &req)) {
		tell_reply(far, &to, 0, &busy, NULL, 0);
		return;
	}
	if (req.op == WIRE_HELLO) {
		req.a = 0;
		req.len = (uint16_t)strnlen((char *)req.data, req.len);
	}
	req.flags &= ~(uint32_t)WIRE_SHOWS;
	nfds = companions(s, &req, data, rest, fd);
	ask(far, s, m, &req, fd, nfds);
	while (nfds--)
		close(fd[nfds]);
}

/* Ask about a socket for ourselves; op says what the reply is for. */
static bool ask_for_us(struct far_sock *s, struct wire_req *req, int op)
{
	struct far_channel *ch = channel_get(s->far);

	if (!ch)
		return false;
	req->sock = s->id;
	req->reply = ch->id;
	ch->busy = true;
	ch->number = 0;
	ch->stream = (uint32_t)s->flow.by_stream.key;
	ch->op = op;
	if (far_send(s->far, req, NULL, 0))
		link_fail(&s->far->link, "the host has ended");
	return true;
}

/*
 * To the host a program that has left nothing unread has closed in good order:
 * that it is a reset has to be said, and be heard before.
 */
void far_abort(struct far_sock *s)
{
	static const struct linger hard = { 1, 0 };
	struct wire_req req = {
		.op = WIRE_SETSOCKOPT, .a = SOL_SOCKET, .b = SO_LINGER,
		.len = sizeof(hard),
	};
	bool open = s->type == SOCK_STREAM && s->state == FAR_OPEN;

	if (s->aborted)
		return;
	s->state = FAR_ENDED;
	s->flow.discard = true;
	memcpy(req.data, &hard, sizeof(hard));
	s->aborted = open && ask_for_us(s, &req, CLOSE_AFTER);
	if (!s->aborted)
		flow_close(&s->flow);
}

void far_ask_ring(struct far_sock *s)
{
	struct wire_req req = { .op = WIRE_QUERY, .a = WIRE_QUERY_RING };

	ask_for_us(s, &req, MAP_AFTER);
}

void far_ask_ready(struct far_sock *s)
{
	struct wire_req req = { .op = WIRE_QUERY, .a = WIRE_QUERY_READY };

	ask_for_us(s, &req, FORGET_AFTER);
}

/* The control connection. */

void far_calls_end(struct far *far)
{
	struct far_channel *ch;
	struct far_post *p;

	while ((p = far->post)) {
		far->post = p->next;
		post_free(p);
	}
	far->idle = NULL;
	while ((ch = far->all)) {
		far->all = ch->next_all;
		watch_drop(&ch->watch);
	}
	watch_close(&far->ctl);
}

/* What it has answered before it ended is still to be told: to `halt` at least. */
static void last_replies(struct far *far)
{
	struct far_channel *ch;

	for (ch = far->all; ch && !far->link.down; ch = ch->next_all)
		if (ch->busy)
			channel_event(&ch->watch, EPOLLIN);
	link_settle(&far->link);
}

void far_ctl_event(struct watch *w, uint32_t events)
{
	struct far *far = table_of(struct far, ctl, w);

	if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
		last_replies(far);
		link_fail(&far->link, "the host has ended");
	} else {
		post_waiting(far);
	}
}
