/* nearclient.c: the control connections of programs; see near.h. */
#include "stack/relay/near.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNELS_MAX	4096	/* of one connection */

struct channel {
	struct watch watch;	/* first */
	struct channel *next;
	struct near_client *of;
	uint64_t id;
};

struct near_client {
	struct watch watch;	/* first */
	struct channel *channels;
	unsigned nchannels, waiting;	/* of its requests are under way */
	bool freed;
};

static struct watch listener = { .fn = NULL, .fd = -1 };
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

static void channel_add(struct near_client *c, uint64_t id, int fd)
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

static int channel_fd(const struct near_client *c, uint64_t id)
{
	for (const struct channel *ch = c->channels; ch; ch = ch->next)
		if (ch->id == id)
			return ch->watch.fd;
	return -1;
}

/* What requests need. */

int near_take_fd(struct near_call *c, int i)
{
	int fd = i < c->nfd ? c->fd[i] : -1;

	if (fd >= 0)
		c->fd[i] = -1;
	return fd;
}

void near_client_get(struct near_client *c)
{
	c->waiting++;
}

void near_client_put(struct near_client *c)
{
	c->waiting--;
	if (c->freed && !c->waiting)
		free(c);
}

void near_send_reply(const struct near_client *c, uint64_t channel, int fd,
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

/* Connections. */

static void take_fds(struct msghdr *m, struct near_call *c)
{
	struct cmsghdr *h;

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		c->nfd = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(c->fd, CMSG_DATA(h), (size_t)c->nfd * sizeof(int));
	}
}

static void channel_asked(struct near_call *c)
{
	uint64_t id = 0;
	int fd = near_take_fd(c, 0);

	if (c->req.len == sizeof(id))
		memcpy(&id, c->req.data, sizeof(id));
	if (fd >= 0)
		channel_add(c->from, id, fd);
}

static bool is_whole(const struct wire_req *req, ssize_t n)
{
	return req->len <= WIRE_DATA &&
	    n == (ssize_t)(WIRE_REQ_HEAD + req->len);
}

/* A request of another version: the answer's number says that of ours. */
static void refuse(struct near_call *c)
{
	struct wire_rep rep = { .error = EPROTO };

	near_send_reply(c->from, 0, near_take_fd(c, 0), &rep, -1);
}

/*
 * The socket that the request is about may be behind the other descriptors.
 * Only programs of the user who has us come here, and they have all its sockets
 * already.
 */
static void drop_proof(struct near_call *c)
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
static int receive(struct near_client *from)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SYS_FDS * sizeof(int))];
	} ctl;
	struct near_call c = { .from = from };
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
	if (n >= (ssize_t)WIRE_REQ_HEAD && c.req.magic != WIRE_MAGIC) {
		refuse(&c);
	} else if (n >= (ssize_t)WIRE_REQ_HEAD && is_whole(&c.req, n)) {
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
			near_handle(&c);
	}
	for (int i = 0; i < SYS_FDS; i++)
		if (c.fd[i] >= 0)
			close(c.fd[i]);
	return n == 0 ? -1 : 1;
}

static void on_request(struct watch *w, uint32_t events)
{
	struct near_client *c = (struct near_client *)w;
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
	struct near_client *c = (struct near_client *)w;

	c->freed = true;
	if (!c->waiting)
		free(c);
}

static void on_connection(struct watch *w, uint32_t events)
{
	struct near_client *c;
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
