/*
 * accept.c: accept and accept4: one record with one fd off the listening pair.
 *
 * As with the kernel, whoever has no number free gets EMFILE before he waits,
 * and the connection stays in the queue.  None is held during the wait, since
 * what held it would be the listening socket once more, for forked children
 * to inherit.
 */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/time.h>

#include "hijack/addr.h"
#include "hijack/debug.h"
#include "hijack/fd.h"
#include "hijack/linger.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "hijack/sock.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define RETRIES	64	/* malformed records in a row */
#define GONE_PAUSE	100	/* ms */

static int check_number(int like)
{
	int fd = sys_fcntl(like, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	sys_close(fd);
	return 0;
}

struct record {
	union {
		struct wire_accept rec;
		char bytes[sizeof(struct wire_accept) + 1];
	};
	int fd;
};

/* Its connection counts as accepted from here on. */
static bool unseal(int fd)
{
	char byte;

	return sys_recv(fd, &byte, 1, MSG_DONTWAIT) == 1 && byte == WIRE_SEAL;
}

/*
 * flags: of accept4(2).  Return: 0 and *r, -EAGAIN... as recvmsg(2), -EPROTO:
 * not a record.
 */
static int take(int fd, int flags, struct record *r)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov = { &r->rec, sizeof(r->rec) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof(c),
	};
	int keep = errno;
	ssize_t n;

	memset(&c, 0, sizeof(c));
	r->fd = -1;
	n = next.recvmsg(fd, &m, flags & SOCK_CLOEXEC ? MSG_CMSG_CLOEXEC : 0);
	if (n < 0) {
		n = -errno;
		errno = keep;
		return (int)n;
	}
	if (m.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    c.h.cmsg_level == SOL_SOCKET && c.h.cmsg_type == SCM_RIGHTS)
		memcpy(&r->fd, CMSG_DATA(&c.h), sizeof(int));
	if (n == 0)
		return -ENOTCONN;
	if (n == sizeof(r->rec) && r->rec.magic == WIRE_MAGIC && r->fd >= 0 &&
	    unseal(r->fd))
		return 0;
	if (r->fd >= 0)
		sys_close(r->fd);
	return m.msg_flags & MSG_CTRUNC ? -EMFILE : -EPROTO;
}

/*
 * The pair has no more to give: someone shut the listening socket down, or the
 * host is gone.
 */
static int ended(int fd)
{
	static bool before;	/* a race costs one turn more */
	struct wire_id id;
	struct wire_rep rep;
	int err;

	if (!client_id_of(fd, &id))
		return -EINVAL;
	err = rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_STATE, 0, 0, NULL, 0, &rep);
	if (err != -ENETDOWN)
		return -EINVAL;
	/*
	 * Such a socket polls ready for ever; a server that tries again and
	 * again, as most do, shall not take a whole CPU for it.
	 */
	if (before)
		sys_poll(NULL, 0, GONE_PAUSE);
	before = true;
	return err;
}

/*
 * A connection has its listener's time-outs, which are the kernel's to keep;
 * that of SO_LINGER, as large as the others, is kept for us.
 */
static const int inherited[] = {
	SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT,
};
#define INHERITED (sizeof(inherited) / sizeof(inherited[0]))

/* false: it is as on a new socket. */
static bool get_inherited(int fd, int name, struct timeval *val)
{
	socklen_t len = sizeof(*val);

	memset(val, 0, sizeof(*val));
	return sys_getsockopt(fd, SOL_SOCKET, name, val, &len) == 0 &&
	    (val->tv_sec > 1 || val->tv_usec ||
	    (val->tv_sec && name != SO_RCVLOWAT));
}

bool accept_inherits(int fd)
{
	struct timeval val;

	for (size_t i = 1; i < INHERITED; i++)
		if (get_inherited(fd, inherited[i], &val))
			return true;
	return false;
}

static void inherit(int from, int to, unsigned mark)
{
	struct timeval val;

	for (size_t i = linger_used ? 0 : 1;
	    i < (mark & MARK_INHERIT ? INHERITED : 1); i++)
		if (get_inherited(from, inherited[i], &val))
			sys_setsockopt(to, SOL_SOCKET, inherited[i], &val,
			    sizeof(val));
}

static int accept_one(int fd, unsigned mark, void *addr, socklen_t *len,
    int flags)
{
	int err = check_number(fd);
	struct sockaddr_storage ss;
	struct record r;
	socklen_t n;

	if (err)
		return err;
	err = -EPROTO;
	for (int i = 0; i < RETRIES && err == -EPROTO; i++)
		err = take(fd, flags, &r);
	if (err)
		return err == -ENOTCONN || err == -ECONNRESET ? ended(fd) : err;
	rpc_accepted(&r.rec);
	inherit(fd, r.fd, mark);
	if (flags & SOCK_NONBLOCK)
		sys_fcntl(r.fd, F_SETFL, O_RDWR | O_NONBLOCK);
	fd_is_plain(r.fd);
	if (addr) {
		n = addr_out(&r.rec.peer, mark & MARK_V6 ? AF_INET6 : AF_INET,
		    &ss);
		err = addr_give(&ss, n, addr, len);
		if (err) {
			sys_close(r.fd);
			return err;
		}
	}
	return r.fd;
}

/* Return: the fd, -errno, or -ENOSYS: not ours. */
static int accept_any(int fd, void *addr, socklen_t *len, int flags)
{
	struct wire_id id;
	unsigned mark;

	if (hj_sandboxed)
		return -ENOSYS;
	mark = fd_mark_ask(fd);
	if (!(mark & MARK_LISTEN) || mark & MARK_DGRAM) {
		if (!client_id_of(fd, &id))
			return -ENOSYS;
		if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
			return -EINVAL;
		return id.type == SOCK_STREAM ? -EINVAL : -EOPNOTSUPP;
	}
	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	return accept_one(fd, mark, addr, len, flags);
}

CALL(int, accept, "n:fA", (int fd, struct sockaddr *addr, socklen_t *len), fd,
    addr, len)
{
	int r = accept_any(fd, addr, len, 0);

	if (r == -ENOSYS) {
		r = next.accept(fd, addr, len);
		fd_forget(r);
		return r;
	}
	return (int)hj_ret(r);
}

CALL(int, accept4, "n:fAS", (int fd, struct sockaddr *addr, socklen_t *len,
    int flags), fd, addr, len, flags)
{
	int r = accept_any(fd, addr, len, flags);

	if (r == -ENOSYS) {
		r = next.accept4(fd, addr, len, flags);
		fd_forget(r);
		return r;
	}
	return (int)hj_ret(r);
}
