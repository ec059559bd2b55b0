/*
 * io.c: read, recv, write, send and their forms.
 *
 * On a connected stream, and on everything that is not ours, these are libc's
 * functions with one look at a table of hints before (fd.h); what is left
 * to do comes after an error.
 */
#include "hijack/io.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>

#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/netlink.h"
#include "hijack/next.h"
#include "hijack/packet.h"
#include "hijack/rpc.h"
#include "hijack/sock.h"
#include "hijack/procsys.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

/* Flags that a pair takes otherwise than TCP. */
#define RECV_ODD	(MSG_TRUNC | MSG_ERRQUEUE | MSG_OOB)
#define SEND_ODD	(MSG_OOB | MSG_FASTOPEN)

bool io_is_stream(int fd)
{
	struct wire_id id;

	return !hj_sandboxed && client_id_of(fd, &id) &&
	    id.type == SOCK_STREAM;
}

ssize_t io_stream_end(int fd, ssize_t r, size_t n)
{
	int keep = errno, err;

	if (hj_sandboxed || (r == 0 && (!n || !(fd_hint_of(fd) & FD_SOCKET))) ||
	    (r < 0 && keep != ECONNRESET))
		return r;
	err = sock_read_error(fd, r ? -keep : 0);
	errno = err ? -err : keep;
	return err ? -1 : 0;
}

static ssize_t recvmsg_odd(int fd, struct msghdr *m, int flags);

ssize_t io_recv_marked(int fd, unsigned mark, struct msghdr *m, int flags)
{
	ssize_t n;

	if (mark & MARK_DGRAM)
		return hj_ret(dgram_recv(fd, mark, m, flags));
	if (mark & MARK_NETLINK)
		return mark & MARK_SETTING ? 0 : netlink_recv(fd, m, flags);
	if (mark & (MARK_FRESH | MARK_LISTEN))
		return hj_ret(flags & MSG_ERRQUEUE ? -EAGAIN :
		    flags & MSG_OOB && mark & MARK_FRESH ? -EINVAL : -ENOTCONN);
	if (flags & RECV_ODD)
		return recvmsg_odd(fd, m, flags);
	n = next.recvmsg(fd, m, flags);
	fd_mark(fd);		/* it is over by now, and known as a stream */
	return io_read_done(fd, n, 1);
}

static ssize_t broken_pipe(int flags)
{
	if (!(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	return hj_ret(-EPIPE);
}

/*
 * A write to a socket failed, with SIGPIPE held back.  TCP first tells why the
 * connection ended, and that without a signal.
 */
static ssize_t send_failed(int fd, int flags)
{
	int err = -errno, drop;
	socklen_t len = sizeof(drop);

	if (err != -EPIPE && err != -ECONNRESET)
		return -1;
	if (io_is_stream(fd)) {
		err = sock_true_error(fd, err);
		/* Told once: the pair's own idea of it goes, too. */
		sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &drop, &len);
	}
	if (err == -EPIPE)
		return broken_pipe(flags);
	return hj_ret(err);
}

/* Known to be a socket; a filter may forbid all but the plain calls. */
static inline bool is_socket(int fd)
{
	return fd_hint_of(fd) & FD_SOCKET && !hj_sandboxed;
}

/* TCP takes no data before it is connected; what the plug leaves room for. */
static int await_connection(int fd, int flags)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(struct timeval);
	struct timeval limit = { 0, 0 };
	int n = sys_poll(&p, 1, 0), ms = -1;

	if (n)
		return n < 0 ? n : 0;
	if (flags & MSG_DONTWAIT || sys_fcntl(fd, F_GETFL, 0) & O_NONBLOCK)
		return -EAGAIN;
	sys_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
	if (limit.tv_sec || limit.tv_usec)
		ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
	n = sys_poll(&p, 1, ms);
	return n == 0 ? -EAGAIN : n < 0 ? n : 0;
}

/*
 * sendmsg with MSG_OOB: the kernel puts a mark into the pair, and the host is
 * told to look for it.  Without such marks the data go in line.
 */
static ssize_t send_urgent(int fd, const struct msghdr *m, int flags)
{
	struct wire_id id;
	struct wire_rep rep;
	ssize_t n;

	if (client_id_of(fd, &id))
		rpc_sock(&id, WIRE_URGENT, 0, 0, 0, NULL, 0, &rep);
	n = next.sendmsg(fd, m, flags);
	return n < 0 && errno == EOPNOTSUPP ?
	    next.sendmsg(fd, m, flags & ~MSG_OOB) : n;
}

static ssize_t send_stream(int fd, const struct msghdr *m, int flags)
{
	ssize_t n;

	if (unlikely(flags & MSG_OOB))
		n = send_urgent(fd, m, flags | MSG_NOSIGNAL);
	else
		n = next.sendmsg(fd, m, flags | MSG_NOSIGNAL);
	return likely(n >= 0) ? n : send_failed(fd, flags);
}

static ssize_t send_connecting(int fd, const struct msghdr *m, int flags)
{
	int err = await_connection(fd, flags);

	if (err)
		return hj_ret(err);
	fd_mark(fd);		/* puts its buffer right */
	return send_stream(fd, m, flags);
}

ssize_t io_send_marked(int fd, unsigned mark, const struct msghdr *m,
    int flags)
{
	int err;

	if (mark & MARK_PACKET)
		return hj_ret(packet_send(fd, m, flags));
	if (mark & MARK_DGRAM)
		return hj_ret(dgram_send(fd, mark, m, flags));
	if (mark & MARK_NETLINK)
		return hj_ret(mark & MARK_SETTING ? procsys_write(fd, m) :
		    netlink_send(fd, m));
	err = io_check_name(fd, m);
	if (err)
		return hj_ret(err);
	if (flags & MSG_FASTOPEN)
		return hj_ret(-EOPNOTSUPP);
	if (mark & (MARK_FRESH | MARK_LISTEN))
		return broken_pipe(flags);
	return send_connecting(fd, m, flags);
}

/* One buffer as a message. */
static ssize_t recv_marked(int fd, unsigned mark, void *buf, size_t n,
    int flags)
{
	struct iovec iov = { buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return io_recv_marked(fd, mark, &m, flags);
}

static ssize_t send_marked(int fd, unsigned mark, const void *buf, size_t n,
    int flags)
{
	struct iovec iov = { (void *)buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return io_send_marked(fd, mark, &m, flags);
}

/* TCP throws n bytes away for MSG_TRUNC, whatever the buffer. */
static ssize_t discard(int fd, size_t n, int flags)
{
	char scratch[8192];
	size_t done = 0;
	ssize_t r;

	do {
		size_t part = n - done < sizeof(scratch) ? n - done :
		    sizeof(scratch);

		r = next.recv(fd, scratch, part, done && !(flags &
		    MSG_WAITALL) ? flags | MSG_DONTWAIT : flags);
		if (r > 0)
			done += (size_t)r;
	} while (r > 0 && done < n && !(flags & MSG_PEEK));
	return done ? (ssize_t)done : io_read_done(fd, r, n);
}

/*
 * Urgent data are the kernel's on the pair, where it has them; without them
 * there are none, ever.
 */
static ssize_t recv_urgent(int fd, struct msghdr *m, int flags)
{
	ssize_t r = next.recvmsg(fd, m, flags);

	return r < 0 && errno == EOPNOTSUPP ? hj_ret(-EINVAL) : r;
}

/*
 * recv of no bytes waits for some, on a pair and on TCP.  When that time is
 * over TCP has nothing to say.
 */
static ssize_t nothing_came(int fd, int flags)
{
	return errno != EAGAIN || flags & MSG_DONTWAIT ||
	    sys_fcntl(fd, F_GETFL, 0) & O_NONBLOCK ? -1 : 0;
}

static ssize_t recv_nothing(int fd, int flags)
{
	ssize_t r = next.recv(fd, NULL, 0, flags);

	return r < 0 ? nothing_came(fd, flags) : r;
}

/* recv with a flag of RECV_ODD, or of nothing, on an fd without a mark. */
static ssize_t recv_odd(int fd, void *buf, size_t n, int flags)
{
	struct iovec iov = { buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (!io_is_stream(fd))
		return next.recv(fd, buf, n, flags);
	if (flags & MSG_ERRQUEUE)
		return hj_ret(-EAGAIN);
	if (flags & MSG_OOB)
		return recv_urgent(fd, &m, flags);
	return n ? discard(fd, n, flags & ~MSG_TRUNC) :
	    recv_nothing(fd, flags & ~MSG_TRUNC);
}

/* What readv(2) and writev(2) do not even look at a datagram socket for. */
static bool is_nothing(int fd, const struct iovec *iov, int n)
{
	struct iovec v;

	for (int i = 0; i < n; i++)
		if (hj_get(fd, &v, &iov[i], sizeof(v)) || v.iov_len)
			return false;
	return n >= 0;
}

HOOK(ssize_t, read, int fd, void *buf, size_t n)
{
	unsigned mark = fd_mark(fd);

	if (unlikely(mark && !n))
		return 0;
	if (unlikely(mark))
		return recv_marked(fd, mark, buf, n, 0);
	return io_read_done(fd, next.read(fd, buf, n), n);
}
HOOK_ALIAS(__read, read);

HOOK(ssize_t, readv, int fd, const struct iovec *iov, int n)
{
	unsigned mark = fd_mark(fd);
	struct msghdr m = { .msg_iov = (struct iovec *)iov };

	if (likely(!mark))
		return io_read_done(fd, next.readv(fd, iov, n), n > 0);
	if (n < 0)
		return hj_ret(-EINVAL);
	if (is_nothing(fd, iov, n))
		return 0;
	m.msg_iovlen = (size_t)n;
	return io_recv_marked(fd, mark, &m, 0);
}

HOOK(ssize_t, recv, int fd, void *buf, size_t n, int flags)
{
	unsigned mark = fd_mark(fd);

	if (unlikely(mark))
		return recv_marked(fd, mark, buf, n, flags);
	if (unlikely(flags & RECV_ODD || !n))
		return recv_odd(fd, buf, n, flags);
	return io_read_done(fd, next.recv(fd, buf, n, flags), n);
}

/* The sender's address, cut to the room; as addr_give(), for data calls. */
static int give_from(int fd, const struct sockaddr_storage *ss, socklen_t n,
    struct sockaddr *addr, socklen_t *len)
{
	socklen_t room;

	if (hj_get(fd, &room, len, sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	return hj_put(fd, addr, ss, room < n ? room : n) ||
	    hj_put(fd, len, &n, sizeof(n)) ? -EFAULT : 0;
}

HOOK(ssize_t, recvfrom, int fd, void *buf, size_t n, int flags,
    struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_storage ss;
	struct iovec iov = { buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned mark = fd_mark(fd);
	ssize_t r;

	if (likely(!mark)) {
		if (unlikely(flags & RECV_ODD || !n) && io_is_stream(fd)) {
			if (addr && !hj_no_memory(len))
				*len = 0;
			return recv_odd(fd, buf, n, flags);
		}
		return io_read_done(fd, next.recvfrom(fd, buf, n, flags, addr,
		    len), n);
	}
	if (addr) {
		m.msg_name = &ss;
		m.msg_namelen = sizeof(ss);
	}
	r = io_recv_marked(fd, mark, &m, flags);
	if (r >= 0 && addr) {
		int err = give_from(fd, &ss, m.msg_namelen, addr, len);

		if (err)
			return hj_ret(err);
	}
	return r;
}

/* Nothing came with the data. */
static ssize_t recvmsg_ended(struct msghdr *m)
{
	if (m->msg_name)
		m->msg_namelen = 0;
	m->msg_controllen = 0;
	m->msg_flags = 0;
	return 0;
}

static ssize_t recvmsg_odd(int fd, struct msghdr *m, int flags)
{
	struct msghdr h;
	struct iovec v;
	size_t n = 0;

	if (!io_is_stream(fd))
		return next.recvmsg(fd, m, flags);
	if (hj_get(fd, &h, m, sizeof(h)))
		return hj_ret(-EFAULT);
	for (size_t i = 0; i < h.msg_iovlen; i++) {
		if (hj_get(fd, &v, &h.msg_iov[i], sizeof(v)))
			return hj_ret(-EFAULT);
		n += v.iov_len;
	}
	if (flags & MSG_OOB && !(flags & MSG_ERRQUEUE))
		return recv_urgent(fd, m, flags);
	recvmsg_ended(m);
	return recv_odd(fd, NULL, n, flags);
}

static ssize_t recvmsg_marked(int fd, unsigned mark, struct msghdr *m,
    int flags)
{
	struct msghdr h;
	int err = io_take_header(fd, &h, m);
	ssize_t r;

	if (err)
		return hj_ret(err);
	r = io_recv_marked(fd, mark, &h, flags);
	if (r < 0)
		return r;
	if (m->msg_name)
		m->msg_namelen = h.msg_namelen;
	m->msg_controllen = h.msg_controllen;
	m->msg_flags = h.msg_flags;
	return r;
}

ssize_t io_recvmsg(int fd, struct msghdr *m, int flags)
{
	unsigned mark = fd_mark(fd);
	ssize_t r;

	if (unlikely(mark))
		return recvmsg_marked(fd, mark, m, flags);
	if (unlikely(flags & RECV_ODD))
		r = recvmsg_odd(fd, m, flags);
	else
		r = next.recvmsg(fd, m, flags);
	if (r < 0 && errno == EAGAIN && !(flags & RECV_ODD) &&
	    is_nothing(fd, m->msg_iov, (int)m->msg_iovlen) && io_is_stream(fd))
		return nothing_came(fd, flags) ? -1 : recvmsg_ended(m);
	if (r < 0)
		return io_read_done(fd, r, 1);
	if (m->msg_controllen)
		io_forget_rights(m);
	return io_read_done(fd, r, m->msg_iovlen);
}

HOOK(ssize_t, recvmsg, int fd, struct msghdr *m, int flags)
{
	return io_recvmsg(fd, m, flags);
}

HOOK(ssize_t, write, int fd, const void *buf, size_t n)
{
	unsigned mark = fd_mark(fd);

	if (unlikely(mark))
		return send_marked(fd, mark, buf, n, 0);
	if (is_socket(fd)) {
		ssize_t r = next.send(fd, buf, n, MSG_NOSIGNAL);

		if (likely(r >= 0))
			return r;
		if (errno != ENOTSOCK)
			return send_failed(fd, 0);
	}
	return next.write(fd, buf, n);
}
HOOK_ALIAS(__write, write);

HOOK(ssize_t, writev, int fd, const struct iovec *iov, int n)
{
	unsigned mark = fd_mark(fd);
	struct msghdr m = { .msg_iov = (struct iovec *)iov };

	m.msg_iovlen = (size_t)n;
	if (likely(!mark)) {
		if (is_socket(fd) && n > 0 && n <= IOV_MAX) {
			ssize_t r = next.sendmsg(fd, &m, MSG_NOSIGNAL);

			if (likely(r >= 0))
				return r;
			if (is_nothing(fd, iov, n))
				return 0;
			if (errno != ENOTSOCK)
				return send_failed(fd, 0);
		}
		return next.writev(fd, iov, n);
	}
	if (n < 0)
		return hj_ret(-EINVAL);
	return is_nothing(fd, iov, n) ? 0 : io_send_marked(fd, mark, &m, 0);
}

static inline ssize_t send_done(int fd, ssize_t r, int flags)
{
	return likely(r >= 0) ? r : send_failed(fd, flags);
}

/* A flag of SEND_ODD, an address or control data, on an fd without a mark. */
static ssize_t send_odd(int fd, const struct msghdr *m, int flags)
{
	struct msghdr plain;
	int err;

	if (!io_is_stream(fd))
		return next.sendmsg(fd, m, flags);
	err = io_check_name(fd, m);
	if (err)
		return hj_ret(err);
	if (flags & MSG_FASTOPEN)
		return hj_ret(-EISCONN);
	/* TCP ignores the address; the pair must not see fds or options. */
	plain = *m;
	plain.msg_name = NULL;
	plain.msg_namelen = 0;
	plain.msg_control = NULL;
	plain.msg_controllen = 0;
	return send_stream(fd, &plain, flags);
}

HOOK(ssize_t, send, int fd, const void *buf, size_t n, int flags)
{
	struct iovec iov = { (void *)buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned mark = fd_mark(fd);

	if (unlikely(mark))
		return io_send_marked(fd, mark, &m, flags);
	if (unlikely(flags & SEND_ODD))
		return send_odd(fd, &m, flags);
	if (is_socket(fd))
		return send_done(fd, next.send(fd, buf, n, flags |
		    MSG_NOSIGNAL), flags);
	return next.send(fd, buf, n, flags);
}
HOOK_ALIAS(__send, send);

HOOK(ssize_t, sendto, int fd, const void *buf, size_t n, int flags,
    const struct sockaddr *addr, socklen_t len)
{
	struct iovec iov = { (void *)buf, n };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = (void *)addr, .msg_namelen = len,
	};
	unsigned mark = fd_mark(fd);

	if (unlikely(mark))
		return io_send_marked(fd, mark, &m, flags);
	if (unlikely(flags & SEND_ODD || addr) && io_is_stream(fd))
		return send_odd(fd, &m, flags);
	if (!addr && is_socket(fd))
		return send_done(fd, next.send(fd, buf, n, flags |
		    MSG_NOSIGNAL), flags);
	return next.sendto(fd, buf, n, flags, addr, len);
}

ssize_t io_sendmsg(int fd, const struct msghdr *m, int flags)
{
	unsigned mark = fd_mark(fd);
	struct msghdr h;
	int err;

	if (unlikely(mark)) {
		err = io_take_header(fd, &h, m);
		if (err)
			return hj_ret(err);
		if (!h.msg_namelen)
			h.msg_name = NULL;	/* as the kernel reads it */
		return io_send_marked(fd, mark, &h, flags);
	}
	if (unlikely(hj_get(fd, &h, m, sizeof(h))))
		return next.sendmsg(fd, m, flags);	/* it knows the errno */
	if (unlikely(flags & SEND_ODD || h.msg_name || h.msg_controllen))
		return send_odd(fd, m, flags);
	if (is_socket(fd))
		return send_done(fd, next.sendmsg(fd, m, flags |
		    MSG_NOSIGNAL), flags);
	return next.sendmsg(fd, m, flags);
}

HOOK(ssize_t, sendmsg, int fd, const struct msghdr *m, int flags)
{
	return io_sendmsg(fd, m, flags);
}

/*
 * The forms that _FORTIFY_SOURCE makes of them: `room` is the size of the
 * buffer as the compiler knows it.
 */
HOOK(ssize_t, __read_chk, int fd, void *buf, size_t n, size_t room)
{
	if (n > room)
		hj_chk_fail();
	return hook_read(fd, buf, n);
}

HOOK(ssize_t, __recv_chk, int fd, void *buf, size_t n, size_t room, int flags)
{
	if (n > room)
		hj_chk_fail();
	return hook_recv(fd, buf, n, flags);
}

HOOK(ssize_t, __recvfrom_chk, int fd, void *buf, size_t n, size_t room,
    int flags, struct sockaddr *addr, socklen_t *len)
{
	if (n > room)
		hj_chk_fail();
	return hook_recvfrom(fd, buf, n, flags, addr, len);
}
