/*
 * connect.c: connect, for streams and datagrams.
 *
 * A non-blocking connect plugs the socket first: it then polls as nothing
 * until the host takes the plug out (connected) or closes its end with the
 * plug unread (failed), which the kernel shows as TCP's refused state.
 */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include "hijack/debug.h"
#include "hijack/fd.h"
#include "hijack/netlink.h"
#include "hijack/next.h"
#include "hijack/plug.h"
#include "hijack/rpc.h"
#include "hijack/sock.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

struct target {
	struct sockaddr_storage ss;
	socklen_t len;
};

static void request(struct wire_req *req, const struct target *to, int a)
{
	memset(req, 0, WIRE_REQ_HEAD);
	req->op = WIRE_CONNECT;
	req->a = a;
	req->len = (uint16_t)to->len;
	memcpy(req->data, &to->ss, to->len);
}

/* Plug fd and tell the host; the attempt goes on by itself. */
static int connect_async(int fd, const struct wire_id *id,
    const struct target *to, unsigned mark)
{
	struct wire_req req;
	struct wire_rep rep;
	int err;

	request(&req, to, WIRE_CONNECT_ASYNC);
	req.b = plug_in(fd);
	err = rpc_call_on(id, &req, NULL, 0, &rep, NULL);
	if (err == -EINPROGRESS)
		fd_mark_set(fd, MARK_CONNECTING | (mark & MARK_V6));
	else
		plug_out(fd);
	return err;
}

static void abandon(void *wait)
{
	rpc_done(wait, false);
}

/* By itself: the macros jump, and what is live over them may be clobbered. */
static __attribute__((noinline)) ssize_t read_reply(struct rpc_wait *w,
    struct wire_rep *rep)
{
	ssize_t n;

	pthread_cleanup_push(abandon, w);
	n = next.recv(w->fd, rep, sizeof(*rep), 0);
	pthread_cleanup_pop(0);
	return n;
}

/*
 * Sleep in a read of the reply socket: it is restarted after a signal, or not,
 * exactly where the kernel's connect would be, and can be cancelled.
 */
static int wait_reply(struct rpc_wait *w, int fd, struct wire_rep *rep)
{
	static const struct timeval none;
	socklen_t len = sizeof(struct timeval);
	struct timeval limit = none;
	int keep = errno;
	ssize_t n;

	/* SO_SNDTIMEO is connect's limit; the next one's may be none. */
	sys_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
	if (limit.tv_sec || limit.tv_usec)
		sys_setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		    sizeof(limit));
	n = read_reply(w, rep);
	if (n < 0)
		n = errno == EAGAIN ? -EINPROGRESS : -errno;
	errno = keep;
	if (limit.tv_sec || limit.tv_usec)
		sys_setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &none,
		    sizeof(none));
	if (n < 0)
		return (int)n;
	if (n < (ssize_t)WIRE_REP_HEAD || rep->magic != WIRE_MAGIC)
		return rpc_lost();
	return -(rep->error & 4095);
}

/* Wait for the outcome of an attempt that is under way. */
static int wait_connected(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(struct timeval);
	struct timeval limit = { 0, 0 };
	int ms = -1, n;

	sys_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
	if (limit.tv_sec || limit.tv_usec)
		ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
	n = sys_poll(&p, 1, ms);
	return n == 0 ? -EALREADY : n < 0 ? n : p.revents;
}

/* connect(2) again, on an attempt under way: Linux tells how it went, once. */
static int connect_check(int fd, const struct wire_id *id, bool block)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int n = sys_poll(&p, 1, 0), err;

	if (n >= 0)
		n = p.revents;
	if (!n && !fd_mark(fd))
		n = POLLOUT;	/* over before, and its buffer is full */
	if (!n && block)
		n = wait_connected(fd);
	if (n <= 0)
		return n ? n : -EALREADY;
	if (n & (POLLERR | POLLHUP)) {
		err = sock_true_error(fd, -ECONNABORTED);
		sock_renew(fd, id);
		return err;
	}
	fd_mark(fd);		/* puts its buffer right */
	fd_mark_set(fd, 0);
	return 0;
}

/*
 * A blocking call ends before the attempt: from now on fd must look as if it
 * was connecting.  It cannot be plugged, since the host may find the
 * connection established and read the plug as data at any moment; so
 * the attempt is made anew, asynchronously, with a new pair.
 */
static int connect_anew(int fd, const struct wire_id *old,
    const struct target *to)
{
	struct wire_id id;
	int err = sock_renew(fd, old);

	if (err)
		return err;
	return client_id_of(fd, &id) ?
	    connect_async(fd, &id, to, fd_mark(fd)) : -EBADF;
}

static int connect_blocking(int fd, const struct wire_id *id,
    const struct target *to, unsigned mark)
{
	struct wire_req req;
	struct wire_rep rep;
	struct rpc_wait w;
	int err, late;

	request(&req, to, 0);
	err = rpc_send(id, &req, &w);
	if (err == -EMFILE) {
		err = connect_async(fd, id, to, mark);
		return err == -EINPROGRESS ? connect_check(fd, id, true) : err;
	}
	if (err)
		return err;
	rep.magic = 0;
	err = wait_reply(&w, fd, &rep);
	if ((err == -EINTR || err == -EINPROGRESS) &&
	    client_recv(w.fd, &rep, NULL) == 0)
		err = -(rep.error & 4095);	/* it came just now */
	rpc_done(&w, rep.magic == WIRE_MAGIC);
	if (err == -EINTR || err == -EINPROGRESS) {
		late = connect_anew(fd, id, to);
		if (late != -EINPROGRESS)
			err = late;
	}
	if (!err)
		fd_mark_set(fd, 0);
	return err;
}

static int connect_stream(int fd, const struct wire_id *id,
    const struct target *to)
{
	unsigned mark = fd_mark_silent(fd);
	int fl = sys_fcntl(fd, F_GETFL, 0);
	bool block = fl >= 0 && !(fl & O_NONBLOCK);

	if (to->ss.ss_family == AF_UNSPEC)
		return mark & MARK_FRESH ? 0 : sock_renew(fd, id);
	if (mark & MARK_CONNECTING)
		return connect_check(fd, id, block);
	if (!(mark & MARK_FRESH))
		return -EISCONN;
	return block ? connect_blocking(fd, id, to, mark) :
	    connect_async(fd, id, to, mark);
}

static int connect_dgram(int fd, const struct wire_id *id,
    const struct target *to)
{
	unsigned mark = fd_mark(fd) & ~(unsigned)MARK_PEER;
	struct wire_rep rep;
	int err;

	err = rpc_sock(id, WIRE_CONNECT, 0, 0, 0, &to->ss, to->len, &rep);
	if (!err)
		fd_mark_set(fd, to->ss.ss_family == AF_UNSPEC ? mark :
		    mark | MARK_PEER);
	return err;
}

CALL(int, connect, "i:fa", (int fd, const struct sockaddr *addr, socklen_t len),
    fd, addr, len)
{
	struct target to;
	struct wire_id id;
	int err;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.connect(fd, addr, len);
	if (id.domain == AF_NETLINK)
		return (int)hj_ret(netlink_bind(fd, addr, len));
	if ((int)len < (int)sizeof(sa_family_t) || len > sizeof(to.ss))
		return (int)hj_ret(-EINVAL);
	memset(&to, 0, sizeof(to));
	to.len = len;
	err = hj_get(fd, &to.ss, addr, len);
	if (err)
		return (int)hj_ret(err);
	return (int)hj_ret(id.type == SOCK_STREAM ?
	    connect_stream(fd, &id, &to) : connect_dgram(fd, &id, &to));
}
HOOK_ALIAS(__connect, connect);
