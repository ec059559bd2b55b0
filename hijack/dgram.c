/* dgram.c: what comes on datagram sockets; see dgram.h. */
#include "hijack/dgram.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include "hijack/addr.h"
#include "hijack/cmsg.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/wire.h"

#define RETRIES	64	/* messages without a proper header, in a row */
#define NO_DATA	(WIRE_DG_ERROR | WIRE_DG_WAKE)

int dgram_take_iov(int fd, struct iovec *to, const struct msghdr *m,
    size_t *total)
{
	size_t n = m->msg_iovlen;

	*total = 0;
	if (hj_get(fd, to, m->msg_iov, n * sizeof(*to)))
		return -EFAULT;
	for (size_t i = 0; i < n; i++) {
		if (to[i].iov_len > SSIZE_MAX - *total)
			return -EINVAL;
		*total += to[i].iov_len;
	}
	return 0;
}

/* Read the first message's header. Return: its whole length, 0 or -errno. */
static ssize_t peek(int fd, struct wire_dgram *h, int flags)
{
	struct iovec iov = { h, sizeof(*h) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sys_recvmsg(fd, &m, MSG_PEEK | MSG_TRUNC | flags);
}

bool dgram_is_valid(const struct wire_dgram *h, ssize_t n)
{
	/* cppcheck-suppress uninitvar ; the kernel has filled it */
	return n >= (ssize_t)sizeof(*h) && h->magic == WIRE_MAGIC;
}

int dgram_error_of(const struct wire_dgram *h)
{
	return h->err > 0 && h->err < 4096 ? h->err : EIO;
}

static void drop_first(int fd)
{
	char byte;

	sys_recv(fd, &byte, 1, MSG_DONTWAIT);
}

void dgram_drop_wakes(int fd)
{
	struct wire_dgram h;

	while (dgram_is_valid(&h, peek(fd, &h, MSG_DONTWAIT)) && h.flags & WIRE_DG_WAKE)
		drop_first(fd);
}

bool dgram_has_error(int fd)
{
	struct wire_dgram h;

	return dgram_is_valid(&h, peek(fd, &h, MSG_DONTWAIT)) &&
	    h.flags & WIRE_DG_ERROR;
}

bool dgram_is_ours(int fd)
{
	struct wire_dgram h;

	return dgram_is_valid(&h, peek(fd, &h, MSG_DONTWAIT)) &&
	    h.flags & WIRE_DG_ERROR && !h.local.family;
}

/* Without headers an error is not among the messages: the host has it. */
static int ask_error(int fd)
{
	struct wire_id id;
	struct wire_rep rep;
	int val = 0;

	if (client_id_of(fd, &id) && !rpc_sock(&id, WIRE_GETSOCKOPT,
	    SOL_SOCKET, SO_ERROR, sizeof(val), NULL, 0, &rep) &&
	    rep.len >= sizeof(val))
		memcpy(&val, rep.data, sizeof(val));
	return val > 0 && val < 4096 ? val : 0;
}

int dgram_take_error(int fd, unsigned mark)
{
	struct wire_dgram h;

	if (mark & MARK_BARE)
		return ask_error(fd);
	if (mark & MARK_PACKET)
		dgram_drop_wakes(fd);
	if (!dgram_is_valid(&h, peek(fd, &h, MSG_DONTWAIT)) ||
	    !(h.flags & WIRE_DG_ERROR))
		return 0;
	if (!(mark & MARK_RECVERR)) {
		drop_first(fd);
		return dgram_error_of(&h);
	}
	/* It stays, for MSG_ERRQUEUE, but is reported once. */
	if (mark & MARK_ERRSEEN)
		return 0;
	fd_mark_set(fd, mark | MARK_ERRSEEN);
	return dgram_error_of(&h);
}

int dgram_pending(int fd)
{
	struct wire_dgram h;
	ssize_t n = peek(fd, &h, MSG_DONTWAIT);

	return dgram_is_valid(&h, n) && !(h.flags & NO_DATA) ?
	    (int)(n - (ssize_t)sizeof(h)) : 0;
}

/*
 * One message into h and the program's buffers, which follow iov[0].
 * Return: its length or -errno.
 */
static ssize_t recv_one(int fd, struct wire_dgram *h, struct msghdr *m,
    struct iovec *iov, int flags)
{
	struct msghdr in = { .msg_iov = iov, .msg_iovlen = m->msg_iovlen + 1 };
	int keep = errno;
	ssize_t n;

	iov[0].iov_base = h;
	iov[0].iov_len = sizeof(*h);
	n = next.recvmsg(fd, &in, flags);
	if (n < 0) {
		n = -errno;
		errno = keep;
		return n == -ECONNRESET ? 0 : n;
	}
	m->msg_flags = in.msg_flags & MSG_TRUNC;
	return n;
}

/* The end of the pair: shut down by the program, or the host is gone. */
static ssize_t end_of_pair(int fd, struct msghdr *m, int flags)
{
	m->msg_namelen = 0;
	m->msg_controllen = 0;
	m->msg_flags = 0;
	if (!(fd_mark_ask(fd) & MARK_RDSHUT))
		return dgram_why_closed(fd);
	/* As UDP has it: the end is only for those who would wait. */
	return flags & MSG_DONTWAIT || sys_fcntl(fd, F_GETFL, 0) & O_NONBLOCK ?
	    -EAGAIN : 0;
}

static int give_name(int fd, struct msghdr *m, const struct wire_addr *a,
    bool v6)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_out(a, v6 ? AF_INET6 : AF_INET, &ss);

	if (m->msg_name && hj_put(fd, m->msg_name, &ss,
	    n < m->msg_namelen ? n : m->msg_namelen))
		return -EFAULT;
	m->msg_namelen = m->msg_name ? n : 0;
	return 0;
}

int dgram_give(int fd, unsigned mark, struct msghdr *m,
    const struct wire_dgram *h)
{
	if (give_name(fd, m, &h->peer, mark & MARK_V6))
		return -EFAULT;
	cmsg_write(fd, m, h, mark & MARK_V6);
	return 0;
}

/*
 * Where IP_RECVERR is on an error must stay in the queue for MSG_ERRQUEUE:
 * look before taking.  Return: 0: the first message is data now, or -errno.
 */
static int pass_error(int fd, unsigned mark, int flags)
{
	struct wire_dgram h;
	ssize_t n;

	for (int i = 0; i < RETRIES; i++) {
		n = peek(fd, &h, flags & MSG_DONTWAIT);
		if (n < 0)
			return (int)n;
		if (!dgram_is_valid(&h, n) || !(h.flags & WIRE_DG_ERROR))
			return 0;
		if (!(mark & MARK_ERRSEEN)) {
			fd_mark_set(fd, mark | MARK_ERRSEEN);
			return -dgram_error_of(&h);
		}
		drop_first(fd);		/* nobody wanted the details */
		mark &= ~(unsigned)MARK_ERRSEEN;
		fd_mark_set(fd, mark);
	}
	return -EAGAIN;
}

static ssize_t recv_error(int fd, unsigned mark, struct msghdr *m,
    struct iovec *iov)
{
	struct wire_dgram h;
	bool v6 = mark & MARK_V6;
	ssize_t n;

	if (!dgram_has_error(fd))
		return -EAGAIN;
	n = recv_one(fd, &h, m, iov, MSG_DONTWAIT);
	if (n < 0)
		return n;
	if (mark & MARK_ERRSEEN)
		fd_mark_set(fd, mark & ~(unsigned)MARK_ERRSEEN);
	if (!dgram_is_valid(&h, n) || !(h.flags & WIRE_DG_ERROR))
		return -EAGAIN;
	if (give_name(fd, m, &h.peer, v6))
		return -EFAULT;
	cmsg_write_error(fd, m, &h, v6);
	m->msg_flags |= MSG_ERRQUEUE;
	return n - (ssize_t)sizeof(h);
}

/* No header: it is the peer's, which is asked for if somebody wants it. */
static ssize_t recv_bare(int fd, struct msghdr *m, int flags)
{
	socklen_t room = m->msg_name ? m->msg_namelen : 0, len;
	struct msghdr in = *m;
	int keep = errno;
	struct wire_rep rep;
	struct wire_id id;
	ssize_t n;

	in.msg_name = in.msg_control = NULL;
	in.msg_namelen = 0;
	in.msg_controllen = 0;
	n = next.recvmsg(fd, &in, flags & (MSG_PEEK | MSG_TRUNC |
	    MSG_DONTWAIT));
	if (n < 0) {
		n = -errno;
		errno = keep;
		if (n == -EAGAIN)
			n = -ask_error(fd);
		return n ? n : -EAGAIN;
	}
	m->msg_flags = in.msg_flags;
	m->msg_controllen = 0;
	m->msg_namelen = 0;
	if (room && client_id_of(fd, &id) && !rpc_sock(&id, WIRE_GETPEERNAME,
	    0, 0, 0, NULL, 0, &rep)) {
		len = rep.len < room ? rep.len : room;
		if (hj_put(fd, m->msg_name, rep.data, len))
			return -EFAULT;
		m->msg_namelen = rep.len;
	}
	return n;
}

ssize_t dgram_recv(int fd, unsigned mark, struct msghdr *m, int flags)
{
	struct wire_dgram h;
	size_t total;
	ssize_t n;

	if (m->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;

	struct iovec iov[m->msg_iovlen + 1];

	n = dgram_take_iov(fd, iov + 1, m, &total);
	if (n)
		return n;
	if (mark & MARK_PACKET && flags & ~(MSG_PEEK | MSG_DONTWAIT |
	    MSG_TRUNC | MSG_ERRQUEUE))
		return -EINVAL;
	if (mark & MARK_BARE)
		return flags & MSG_ERRQUEUE ? -EAGAIN : recv_bare(fd, m, flags);
	if (flags & MSG_ERRQUEUE)	/* only what was asked for is in it */
		return mark & MARK_RECVERR ? recv_error(fd, mark, m, iov) :
		    -EAGAIN;
	for (int i = 0; i < RETRIES; i++) {
		n = mark & MARK_RECVERR ? pass_error(fd, mark, flags) : 0;
		if (n)
			return n;
		n = recv_one(fd, &h, m, iov, flags & (MSG_PEEK | MSG_TRUNC |
		    MSG_DONTWAIT));
		if (n == 0)
			return end_of_pair(fd, m, flags);
		if (n < 0)
			return n;
		if (dgram_is_valid(&h, n) && !(h.flags & NO_DATA))
			break;
		if (flags & MSG_PEEK)
			drop_first(fd);
		if (dgram_is_valid(&h, n) && h.flags & WIRE_DG_ERROR)
			return -dgram_error_of(&h);
	}
	if (!dgram_is_valid(&h, n))
		return -EAGAIN;
	n -= (ssize_t)sizeof(h);
	return dgram_give(fd, mark, m, &h) ? -EFAULT : n;
}
