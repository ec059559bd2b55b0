/*
 * control.c: the control socket: connections of programs and tools, from which
 * requests are taken.
 */
#include "stack/api/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/api/admin.h"
#include "stack/api/channel.h"
#include "stack/api/descr.h"
#include "stack/api/private.h"
#include "stack/api/proof.h"
#include "stack/api/request.h"
#include "stack/api/rights.h"
#include "stack/api/sockfile.h"
#include "stack/core/core.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define BATCH		64	/* requests of one connection per turn */
#define BACKLOG		4096	/* connections, as the machine lets us */

struct client {
	struct pollable poll;
	struct sock_owner owner;	/* of the last request */
	struct channels channels;
	struct rights rights;
	struct proofs proofs;
	struct client **stranger;	/* our place among them, or NULL */
};

/* The sockets that we listen on. */
static struct pollable doors[CONTROL_MAX];
static unsigned ndoors;
static struct pollable hatch = { .fd = -1 };	/* see client_hatch() */

/*
 * Who may not use the host, and has not shown a socket of it yet: one request
 * is taken of them.  A new one gets the place of an old one that says nothing.
 */
#define STRANGERS	64
static struct client *strangers[STRANGERS];

/* A request that names a channel has no socket for the reply. */
static void find_channel(struct request *r, const struct client *c)
{
	r->channel = -1;
	if (!r->req.reply || r->nfd == MAX_FDS)
		return;
	memmove(r->fd + 1, r->fd, (size_t)r->nfd * sizeof(r->fd[0]));
	r->fd[0] = -1;
	r->nfd++;
	r->channel = channel_fd(&c->channels, r->req.reply);
}

static void add_channel(struct request *r, struct client *c)
{
	uint64_t id = 0;
	int fd = request_take_fd(r, 0);

	if (r->req.len == sizeof(id))
		memcpy(&id, r->req.data, sizeof(id));
	if (fd >= 0)
		channel_add(&c->channels, id, fd);
}

static void collect(struct msghdr *m, struct request *r, struct client *c)
{
	struct cmsghdr *h;
	struct ucred cred;

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS) {
			r->nfd = (int)((h->cmsg_len - CMSG_LEN(0)) /
			    sizeof(int));
			memcpy(r->fd, CMSG_DATA(h),
			    (size_t)r->nfd * sizeof(int));
		} else if (h->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(h), sizeof(cred));
			if (cred.pid != c->owner.pid)
				admin_owner(&c->owner, cred.pid, cred.uid);
			c->owner.uid = cred.uid;
		}
	}
}

/*
 * Only ends of pairs come here, and memory, neither of which can make us wait.
 * Others are closed elsewhere.  false: there was one.
 */
static bool only_ours(struct request *r)
{
	bool ok = true;

	for (int i = 0; i < r->nfd; i++) {
		if (descr_is_pair(r->fd[i]) ||
		    descr_is_memory(r->fd[i]))
			continue;
		descr_close(r->fd[i]);
		r->fd[i] = -1;
		ok = false;
	}
	return ok;
}

static void admit(struct client *c)
{
	if (rights_none(&c->rights))
		return;
	if (c->stranger)
		*c->stranger = NULL;
	c->stranger = NULL;
	c->owner.rights = c->rights.may.bits;
	memcpy(c->owner.key, c->rights.key, sizeof(c->owner.key));
	private_client(1);
}

/* The descriptor behind the others shows the socket: see WIRE_SHOWS. */
static int take_proof(struct request *r, struct client *c, int flags)
{
	int err;

	if (!(r->req.flags & WIRE_SHOWS))
		return 0;
	/* We had no number for it. */
	if (flags & MSG_CTRUNC || !r->nfd)
		return -ENFILE;
	err = proof_show(&c->proofs, &r->req, r->fd[--r->nfd]);
	close(r->fd[r->nfd]);
	if (err > 0 && c->stranger) {
		rights_of_socket(&c->rights,
		    &sock_find(r->req.sock)->owner);
		admit(c);
	}
	return err < 0 ? err : 0;
}

/* A request whose form is right; flags: of recvmsg(2). */
static void take(struct request *r, struct client *c, int flags)
{
	r->err = take_proof(r, c, flags);
	find_channel(r, c);
	if (r->req.op == WIRE_CHANNEL)
		add_channel(r, c);
	else if (r->req.reply ? r->channel >= 0 : r->nfd >= 1 ||
	    r->req.op == WIRE_SETSOCKOPT || r->req.op == WIRE_NOTE)
		request_handle(r);
	else if (flags & MSG_CTRUNC)
		request_lost(r);
}

/* Whoever asks waits for the answer; else the next one comes at once. */
static bool answers(const struct request *r)
{
	switch (r->req.op) {
	case WIRE_SOCKET:
	case WIRE_SETSOCKOPT:
	case WIRE_CHANNEL:
	case WIRE_NOTE:
		return r->req.reply;
	}
	return true;
}

/*
 * 2: handled, and there is hardly another one now; 1: handled; 0: none now;
 * -1: the program is gone.
 */
static int receive(struct client *c)
{
	static struct request r;	/* under the core lock */
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(MAX_FDS * sizeof(int)) +
		    CMSG_SPACE(sizeof(struct ucred))];
	} ctl;
	struct iovec iov = { &r.req, sizeof(r.req) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &ctl, .msg_controllen = sizeof(ctl),
	};
	ssize_t n;
	bool ours;

	n = recvmsg(c->poll.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	r.nfd = 0;
	r.rep_fd = r.channel = -1;
	r.owner = &c->owner;
	r.rights = &c->rights;
	r.proofs = &c->proofs;
	memset(&r.rep, 0, WIRE_REP_HEAD);
	collect(&m, &r, c);
	ours = only_ours(&r) && n >= (ssize_t)WIRE_REQ_HEAD;
	if (ours && r.req.magic != WIRE_MAGIC)
		request_foreign(&r);
	else if (ours && n == (ssize_t)(WIRE_REQ_HEAD + r.req.len) &&
	    r.req.len <= WIRE_DATA)
		take(&r, c, m.msg_flags);
	for (int i = 0; i < r.nfd; i++)
		if (r.fd[i] >= 0)
			close(r.fd[i]);
	if (r.rep_fd >= 0)
		close(r.rep_fd);
	return n == 0 ? -1 : answers(&r) ? 2 : 1;
}

static void part(struct client *c)
{
	if (c->stranger)
		*c->stranger = NULL;
	else
		private_client(-1);
	channel_drop_all(&c->channels);
	proof_drop_all(&c->proofs);
	loop_retire(&c->poll);
}

static void on_request(struct pollable *p, uint32_t events)
{
	struct client *c = (struct client *)p;
	int r = 0;

	(void)events;
	for (int i = 0; i < BATCH && !p->dead; i++) {
		r = receive(c);
		if (r <= 0 || r == 2 || c->stranger)
			break;
	}
	if (!p->dead && (r < 0 || (r > 0 && c->stranger)))
		part(c);
}

/* One that has asked has been answered before it has to go. */
static void add_stranger(struct client *c)
{
	static unsigned next;
	struct client **s = &strangers[next++ % STRANGERS];

	if (*s)
		on_request(&(*s)->poll, 0);
	if (*s)
		part(*s);
	*s = c;
	c->stranger = s;
}

static void client_free(struct pollable *p)
{
	free(p);
}

int control_adopt(int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	int one = 1, e = -ENOMEM;

	if (!c || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one,
	    sizeof(one)) < 0)
		goto fail;
	c->poll = (struct pollable){ .fn = on_request, .free = client_free,
	    .fd = fd };
	c->owner.affinity = -1;
	rights_of_peer(&c->rights, fd);
	c->owner.conn = c->rights.number;
	e = loop_add(&c->poll, EPOLLIN);
	if (e)
		goto fail;
	if (rights_none(&c->rights))
		add_stranger(c);
	else
		admit(c);
	return 0;
fail:
	free(c);
	close(fd);
	return e;
}

/*
 * With no descriptor left a connection cannot even be refused, and would wake
 * us again at once: one is kept for that.
 */
static int spare_fd = -1;

static void refuse_one(int fd)
{
	static uint64_t told;
	uint64_t now = clock_ns();
	int c;

	if (spare_fd >= 0)
		close(spare_fd);
	c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (c >= 0)
		close(c);
	spare_fd = sys_null(O_CLOEXEC);
	if (now - told > 1000000000u)
		log_err("out of file descriptors; raise ulimit -n");
	told = now;
}

static void on_connection(struct pollable *p, uint32_t events)
{
	int fd;

	(void)events;
	while ((fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		control_adopt(fd);
	if (errno == EMFILE || errno == ENFILE)
		refuse_one(p->fd);
}

/* Is somebody serving there, perhaps somebody whom we may not ask? */
static bool alive(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool yes = connect(fd, (const struct sockaddr *)sun,
	    sizeof(*sun)) == 0 || errno != ECONNREFUSED;

	close(fd);
	return yes;
}

/* Without a hatch, in a sandbox perhaps, there is the door all the same. */
static int listen_hatch(void)
{
	struct sockaddr_un sun;
	socklen_t len = client_hatch(sock_server_id(), &sun);

	if (hatch.fd >= 0)
		return 0;
	hatch.fn = on_connection;
	hatch.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (hatch.fd >= 0 && bind(hatch.fd, (struct sockaddr *)&sun,
	    len) == 0 && listen(hatch.fd, BACKLOG) == 0)
		return loop_add(&hatch, EPOLLIN);
	log_debug("no way in for who holds a socket: %s", strerror(errno));
	if (hatch.fd >= 0)
		close(hatch.fd);
	hatch.fd = -1;
	return 0;
}

static int open_door(int fd)
{
	struct pollable *d = &doors[ndoors++];
	int e;

	if (spare_fd < 0)
		spare_fd = sys_null(O_CLOEXEC);
	d->fn = on_connection;
	d->fd = fd;
	e = loop_add(d, EPOLLIN);
	return e ? e : listen_hatch();
}

int control_listen(const struct sockaddr_un *sun,
    char err[static CONTROL_ERRLEN])
{
	struct stat st;
	int fd, e;

	if (ndoors == CONTROL_MAX) {
		snprintf(err, CONTROL_ERRLEN, "%s: too many URLs",
		    sun->sun_path);
		return -E2BIG;
	}
	if (lstat(sun->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode)) {
			snprintf(err, CONTROL_ERRLEN, "%s: exists and is not "
			    "a socket; choose another path", sun->sun_path);
			return -EADDRINUSE;
		}
		if (alive(sun)) {
			snprintf(err, CONTROL_ERRLEN, "%s: a server runs "
			    "there already; use it, or end it with shmif "
			    "halt", sun->sun_path);
			return -EADDRINUSE;
		}
		unlink(sun->sun_path);
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	e = fd < 0 ? -errno : sockfile_bind(fd, sun);
	if (!e && listen(fd, BACKLOG) < 0)
		e = -errno;
	if (e) {
		snprintf(err, CONTROL_ERRLEN, "%s: %s", sun->sun_path,
		    strerror(-e));
		if (fd >= 0)
			close(fd);
		return e;
	}
	return open_door(fd);
}

int control_serve(int fd)
{
	return ndoors == CONTROL_MAX ? -E2BIG : open_door(fd);
}

void control_unlisten(void)
{
	sockfile_remove_all();
}

void control_in_child(void)
{
	if (spare_fd >= 0)
		close(spare_fd);
	spare_fd = -1;
	sockfile_forget_all();
	ndoors = 0;
}
