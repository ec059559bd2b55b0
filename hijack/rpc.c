/*
 * rpc.c: the control connection and what goes over it.
 *
 * The connection is one word: its fd number and the low bits of its socket
 * cookie.  The cookie is compared before each use, since programs close
 * and reuse numbers they do not own; if it differs the connection is
 * lost and a new one is made.  Nothing is ever closed by number without that
 * comparison.
 */
#include "hijack/rpc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "hijack/affinity.h"
#include "hijack/channel.h"
#include "hijack/cramped.h"
#include "hijack/fd.h"
#include "hijack/held.h"
#include "hijack/known.h"
#include "hijack/spawn.h"
#include "stack/wire/client.h"
#include "stack/wire/right.h"
#include "stack/wire/sys.h"

#define CALL_MS		30000	/* a host that takes longer is taken for dead */
#define COOKIE_BITS	44
#define COOKIE_MASK	(((uint64_t)1 << COOKIE_BITS) - 1)

static uint64_t ctl;		/* (fd + 1) << COOKIE_BITS | cookie; 0: none */
static uint64_t ctl_server;	/* id of the host behind it */
static uint32_t ctl_rights;	/* what we may do there, enum right */
static bool gone;		/* it was there and ended */
static bool told_gone, told_absent, told_poor;

static int ctl_number(uint64_t c)
{
	return (int)(c >> COOKIE_BITS) - 1;
}

static uint64_t cookie_of(int fd)
{
	return fd_cookie(fd) & COOKIE_MASK;
}

static bool ctl_valid(uint64_t c)
{
	return c && cookie_of(ctl_number(c)) == (c & COOKIE_MASK);
}

int rpc_ctl_fd(void)
{
	return ctl_number(__atomic_load_n(&ctl, __ATOMIC_ACQUIRE));
}

bool rpc_is_ctl(int fd)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE);

	return c && ctl_number(c) == fd && ctl_valid(c);
}

void rpc_ctl_move(void)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE);
	int from = ctl_number(c), to;

	if (!ctl_valid(c))
		return;
	to = sys_fcntl(from, F_DUPFD_CLOEXEC, from + 1);
	if (to < 0)
		to = sys_fcntl(from, F_DUPFD_CLOEXEC, 3);
	if (to < 0)
		return;
	if (__atomic_compare_exchange_n(&ctl, &c, (uint64_t)(to + 1) <<
	    COOKIE_BITS | (c & COOKIE_MASK), false, __ATOMIC_RELEASE,
	    __ATOMIC_RELAXED))
		sys_close(from);
	else
		sys_close(to);
}

static void not_allowed(void)
{
	unsigned long uid = (unsigned long)SYS0(SYS_geteuid);
	char text[24], *p = text + sizeof(text) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + uid % 10);
	} while (uid /= 10);
	hj_warn_once(&told_absent, hj_set.what, ": no permission to use the "
	    "virtual host; its owner can let you: shmif_server -o allow=", p,
	    NULL);
}

static int absent(int err)
{
	bool url = hj_set.host == HJ_HOST_URL && !hj_set.relay;

	switch (err) {
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOBUFS:
		return err;
	case -EACCES:
	case -EPERM:
		/* Of a private one, it was told what could not be made. */
		if (hj_set.host == HJ_HOST_PRIVATE)
			break;
		not_allowed();
		return -EACCES;
	case -EPROTO:
		hj_warn_once(&told_absent, hj_set.what,
		    ": what serves there is no shmif_server of this version",
		    NULL);
		break;
	default:
		if (url)
			hj_warn_once(&told_absent, hj_set.what,
			    ": no server there; start one with shmif_server ",
			    hj_set.what, NULL);
	}
	return -ENETDOWN;
}

/* Is there another way in, since that one is closed? */
static bool is_closed(int err)
{
	return err == -EACCES || err == -EPERM || err == -ENOENT ||
	    err == -ENOTDIR;
}

/* about: the socket that is asked about, or NULL */
static int ctl_open(const struct wire_id *about, struct client_hello *hello)
{
	struct timeval limit = { .tv_sec = CALL_MS / 1000 };
	int fd, held;

	switch (hj_set.host) {
	case HJ_HOST_URL:
		fd = hj_set.relay ? spawn_connect(fd_floor(), hello) :
		    client_connect(&hj_set.sun, program_invocation_short_name,
		    fd_floor(), hello);
		if (is_closed(fd)) {
			held = held_connect(about, fd_floor(), hello);
			fd = held < 0 ? fd : held;
		}
		break;
	case HJ_HOST_PRIVATE:
		fd = held_connect_private(about, fd_floor(), hello);
		if (fd < 0)
			fd = spawn_connect(fd_floor(), hello);
		break;
	default:
		hj_warn_once(&told_absent, "neither RUMP_SERVER nor SHMIF_BUS "
		    "is set: no virtual host to make sockets on", NULL);
		return -ENETDOWN;
	}
	if (fd < 0)
		return absent(fd);
	/* A stopped host makes no program wait for ever. */
	sys_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

/* One attempt. Return: the fd of a valid control connection, or -errno. */
static int ctl_get(const struct wire_id *about)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE), cookie;
	struct client_hello hello = { .want_affinity = true };
	struct channel ch;
	int fd;

	for (int tries = 0; tries < 8; tries++) {
		if (ctl_valid(c))
			return ctl_number(c);
		fd = ctl_open(about, &hello);
		if (fd < 0)
			return fd;
		affinity_map(&hello);
		cookie = cookie_of(fd);
		/* Another thread's connection is to the same host. */
		__atomic_store_n(&ctl_server, hello.server, __ATOMIC_RELEASE);
		__atomic_store_n(&ctl_rights, hello.rights, __ATOMIC_RELEASE);
		if (__atomic_compare_exchange_n(&ctl, &c, (uint64_t)(fd + 1) <<
		    COOKIE_BITS | cookie, false, __ATOMIC_ACQ_REL,
		    __ATOMIC_ACQUIRE)) {
			/* While there are numbers for it. */
			if (channel_take(&ch, fd, cookie))
				channel_give(&ch);
			return fd;
		}
		sys_close(fd);
	}
	return -ENETDOWN;
}

static bool take_channel(struct channel *ch, int ctl_fd)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE);

	return ctl_number(c) == ctl_fd &&
	    channel_take(ch, ctl_fd, c & COOKIE_MASK);
}

static void pause_ms(unsigned ms)
{
	sys_poll(NULL, 0, (int)ms);
}

/* Pauses between attempts, in ms: none, then 0.1 to 0.9 s, then 1 to 10 s. */
static unsigned backoff(unsigned try)
{
	if (try < 10)
		return try * 100;
	return try < 20 ? (try - 9) * 1000 : 10000;
}

/* The host was there and is gone: do as RUMPHIJACK_RETRYCONNECT says. */
static int ctl_again(const struct wire_id *about)
{
	unsigned long waited = 0;
	int fd;

	switch (hj_set.retry) {
	case HJ_RETRY_NEVER:
		return -ENETDOWN;
	case HJ_RETRY_DIE:
		_exit(1);
	case HJ_RETRY_ONCE:
		fd = ctl_get(about);
		break;
	default:
		for (unsigned try = 0; ; try++) {
			unsigned ms = backoff(try);

			if (hj_set.retry == HJ_RETRY_SECONDS &&
			    waited + ms > hj_set.retry_s * 1000ul)
				return -ENETDOWN;
			pause_ms(ms);
			waited += ms;
			fd = ctl_get(about);
			if (fd >= 0)
				break;
		}
	}
	if (fd >= 0) {
		__atomic_store_n(&gone, false, __ATOMIC_RELAXED);
		__atomic_store_n(&told_gone, false, __ATOMIC_RELAXED);
		hj_warn(hj_set.what, ": connected again", NULL);
	}
	return fd;
}

/* About a socket there is nothing to wait for: it went with its host. */
static int ctl_ready(const struct wire_id *about)
{
	hj_init();
	if (hj_sandboxed)
		return -ENETDOWN;
	if (!__atomic_load_n(&gone, __ATOMIC_RELAXED))
		return ctl_get(about);
	if (about && hj_set.retry != HJ_RETRY_DIE)
		return -ENETDOWN;
	return ctl_again(about);
}

/*
 * A reply socket that closes without a reply while the connection itself
 * lives: the host had no descriptor left to take it.
 */
static bool ctl_alive(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	/* One that is killed closes this one, too, but perhaps not at once. */
	return sys_poll(&p, 1, 200) == 0;
}

/* Forget a connection whose other end is closed. */
static int ctl_drop(int fd)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE);

	if (c && ctl_number(c) == fd && ctl_valid(c) &&
	    __atomic_compare_exchange_n(&ctl, &c, 0, false, __ATOMIC_ACQ_REL,
	    __ATOMIC_RELAXED))
		sys_close(fd);
	__atomic_store_n(&gone, true, __ATOMIC_RELAXED);
	hj_warn_once(&told_gone, hj_set.what, ": the virtual host is gone",
	    hj_set.retry >= HJ_RETRY_SECONDS ? ", trying to connect again" :
	    "", NULL);
	return -ENETDOWN;
}

int rpc_lost(void)
{
	int fd = rpc_ctl_fd();

	return fd >= 0 && ctl_alive(fd) ? -ENFILE : ctl_drop(fd);
}

/* Of all errors of a call, those that mean the host has ended. */
static bool is_gone(int err)
{
	switch (err) {
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
	case -ECONNREFUSED:
	case -EPROTO:
	case -ETIMEDOUT:
	case -EAGAIN:
		return true;
	default:
		return false;
	}
}

static int call_channel(struct channel *ch, int fd, struct wire_req *req,
    const int *fds, int nfds, struct wire_rep *rep, int *rep_fd)
{
	int err;

	req->reply = ch->id;
	err = client_post(fd, req, fds, nfds);
	req->reply = 0;
	if (!err)
		err = client_wait(ch->fd, rep, rep_fd, CALL_MS, false);
	if (err)
		channel_drop(ch);
	else
		channel_give(ch);
	return err;
}

static int call_once(int fd, struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd)
{
	struct channel ch;
	int err;

	if (take_channel(&ch, fd)) {
		err = call_channel(&ch, fd, req, fds, nfds, rep, rep_fd);
		/* The host had no descriptor for it, and did nothing. */
		if (err != -EPIPE || !ctl_alive(fd))
			return err;
	}
	err = client_call(fd, req, fds, nfds, rep, rep_fd, CALL_MS, false);

	/* A program at its limit can still ask about the sockets it has. */
	return err == -EMFILE && !rep_fd ?
	    cramped_call(fd, req, fds, nfds, rep, CALL_MS) : err;
}

/* What goes with a request about a socket. */
struct parcel {
	int fd[SYS_FDS - 1];
	int n;
	uint64_t ctl;		/* cookie of the connection it is for */
};

/* The socket itself is the last, unless the host knows it. */
static void pack(struct parcel *p, const struct wire_id *id,
    struct wire_req *req, int ctl_fd, const int *fds, int nfds)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE);

	for (p->n = 0; p->n < nfds; p->n++)
		p->fd[p->n] = fds[p->n];
	p->ctl = ctl_number(c) == ctl_fd ? c & COOKIE_MASK : 0;
	req->flags &= ~(uint32_t)WIRE_SHOWS;
	if (!id)
		return;
	req->server = id->server;
	req->sock = id->sock;
	if (id->fd < 0 || known_is(id->sock, p->ctl))
		return;
	p->fd[p->n++] = id->fd;
	req->flags |= WIRE_SHOWS;
}

/* It was sent, and whoever asks next does so after it. */
static void packed(const struct parcel *p, const struct wire_req *req)
{
	if (req->flags & WIRE_SHOWS)
		known_add(req->sock, p->ctl, false);
}

/* The host has not seen it, though we thought so. */
static bool show_again(const struct wire_id *id, const struct wire_req *req,
    int err)
{
	if (err != -EBADF || !id)
		return false;
	known_drop(id->sock);
	return id->fd >= 0 && !(req->flags & WIRE_SHOWS);
}

int rpc_call_on(const struct wire_id *id, struct wire_req *req, const int *fds,
    int nfds, struct wire_rep *rep, int *rep_fd)
{
	struct parcel p;
	int fd, err;

	for (int tries = 0; ; tries++) {
		fd = ctl_ready(id);
		if (fd < 0)
			return fd;
		pack(&p, id, req, fd, fds, nfds);
		err = call_once(fd, req, p.fd, p.n, rep, rep_fd);
		if (!err) {
			packed(&p, req);
			err = -(rep->error & 4095);
			if (!show_again(id, req, err) || tries >= 3)
				return err;
			continue;
		}
		/* Closed under us by another thread: a new one is made. */
		if ((err == -EBADF || err == -ENOTSOCK) && tries < 3)
			continue;
		if (!is_gone(err))
			return err;
		if (err == -EPIPE && ctl_alive(fd))
			return -ENFILE;
		ctl_drop(fd);
		/* A socket of the host that is gone is gone with it. */
		if (id || tries || hj_set.retry == HJ_RETRY_NEVER)
			return -ENETDOWN;
	}
}

int rpc_call(struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd)
{
	return rpc_call_on(NULL, req, fds, nfds, rep, rep_fd);
}

int rpc_sock(const struct wire_id *id, enum wire_op op, int a, int b, int c,
    const void *data, size_t len, struct wire_rep *rep)
{
	struct wire_req req = {
		.op = (uint16_t)op, .a = a, .b = b, .c = c,
		.len = (uint16_t)len,
	};

	if (len > WIRE_DATA)
		return -EINVAL;
	if (len)
		memcpy(req.data, data, len);
	return rpc_call_on(id, &req, NULL, 0, rep, NULL);
}

int rpc_tell(const struct wire_id *id, enum wire_op op, int a, int b,
    const void *data, size_t len)
{
	struct wire_req req = {
		.op = (uint16_t)op, .a = a, .b = b, .len = (uint16_t)len,
	};
	int fd = ctl_ready(id), err;
	struct parcel p;

	if (fd < 0)
		return fd;
	memcpy(req.data, data, len);
	pack(&p, id, &req, fd, NULL, 0);
	err = client_post(fd, &req, p.fd, p.n);
	if (!err)
		packed(&p, &req);
	return is_gone(err) ? ctl_drop(fd) : err;
}

int rpc_send(const struct wire_id *id, struct wire_req *req,
    struct rpc_wait *w)
{
	int fd = ctl_ready(id), err;
	struct parcel p;

	if (fd < 0)
		return fd;
	pack(&p, id, req, fd, NULL, 0);
	w->has_channel = take_channel(&w->channel, fd);
	if (w->has_channel) {
		w->fd = w->channel.fd;
		req->reply = w->channel.id;
		err = client_post(fd, req, p.fd, p.n);
		if (err)
			channel_drop(&w->channel);
	} else {
		err = w->fd = client_send(fd, req, p.fd, p.n);
	}
	if (err < 0)
		return is_gone(err) ? ctl_drop(fd) : err;
	packed(&p, req);
	return 0;
}

void rpc_done(struct rpc_wait *w, bool answered)
{
	if (!w->has_channel)
		sys_close(w->fd);
	else if (answered)
		channel_give(&w->channel);
	else
		channel_drop(&w->channel);
}

int rpc_socket(struct wire_id *id, const struct wire_id *like, int ours,
    int theirs)
{
	struct wire_req req = {
		.op = WIRE_SOCKET, .a = id->domain, .b = id->type,
		.c = id->protocol, .len = sizeof(struct wire_made),
	};
	int fd = ctl_ready(NULL), err = fd;
	struct wire_made made;
	struct parcel p;

	if (fd >= 0) {
		client_id_new(id);
		made = (struct wire_made){ id->sock, fd_cookie(ours) };
		if (!made.cookie)
			hj_warn_once(&told_poor, "this kernel, or what stands "
			    "for it, has no SO_COOKIE: no virtual sockets "
			    "here", NULL);
		memcpy(req.data, &made, sizeof(made));
		pack(&p, like, &req, fd, &theirs, 1);
		id->server = __atomic_load_n(&ctl_server, __ATOMIC_ACQUIRE);
		req.server = id->server;
		err = client_post(fd, &req, p.fd, p.n);
		if (!err)
			known_add(id->sock, p.ctl, true);
	}
	sys_close(theirs);
	/* The host counts that; it does not answer. */
	if (!err && (id->domain == AF_PACKET || id->type == SOCK_RAW) &&
	    !(__atomic_load_n(&ctl_rights, __ATOMIC_ACQUIRE) & RIGHT_RAW))
		return -EPERM;
	if (fd < 0 || !err)
		return err;
	if (!is_gone(err))
		return err;
	ctl_drop(fd);
	return hj_set.retry == HJ_RETRY_NEVER ? -ENETDOWN : -ERESTART;
}

int rpc_socket_given(struct wire_id *id, const struct wire_id *like)
{
	struct wire_req req = {
		.op = WIRE_SOCKET, .a = id->domain, .b = id->type,
		.c = id->protocol,
	};
	struct wire_rep rep;
	int fd = -1, err;

	err = rpc_call_on(like, &req, NULL, 0, &rep, &fd);
	if (err)
		return err;
	id->server = __atomic_load_n(&ctl_server, __ATOMIC_ACQUIRE);
	id->sock = rep.value;
	return fd < 0 ? -EMFILE : fd;
}

void rpc_accepted(const struct wire_accept *rec)
{
	uint64_t c = __atomic_load_n(&ctl, __ATOMIC_ACQUIRE) & COOKIE_MASK;

	if (known_is_made(rec->listener, c))
		known_add(rec->sock, c, true);
}
