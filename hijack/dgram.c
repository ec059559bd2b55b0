/* dgram.c: data calls on datagram sockets; see dgram.h. */
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
#define NEVER_TOO_LONG 1452	/* bytes; on most paths */
#define LONGEST6	65487	/* bytes of payload in IPv6 */

/* The largest payload an IP packet can carry. */
static size_t size_limit(unsigned mark, const struct wire_dgram *h)
{
	bool v6 = mark & MARK_V6 && h->peer.family != AF_INET &&
	    !IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)h->peer.ip);

	if (mark & MARK_RAW)
		return 65535;
	if (mark & MARK_PING)
		return v6 ? 65535 : 65515;
	/*
	 * The headers of IPv6 count in the host's 16 bits of length.  Who has
	 * no peer here is connected, to an IPv4 address perhaps.
	 */
	return v6 && h->peer.family ? LONGEST6 : 65507;
}

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

static bool valid(const struct wire_dgram *h, ssize_t n)
{
	/* cppcheck-suppress uninitvar ; the kernel has filled it */
	return n >= (ssize_t)sizeof(*h) && h->magic == WIRE_MAGIC;
}

/* Never a number that could be taken for a count. */
static int error_of(const struct wire_dgram *h)
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

	while (valid(&h, peek(fd, &h, MSG_DONTWAIT)) && h.flags & WIRE_DG_WAKE)
		drop_first(fd);
}

bool dgram_has_error(int fd)
{
	struct wire_dgram h;

	return valid(&h, peek(fd, &h, MSG_DONTWAIT)) &&
	    h.flags & WIRE_DG_ERROR;
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
	if (!valid(&h, peek(fd, &h, MSG_DONTWAIT)) ||
	    !(h.flags & WIRE_DG_ERROR))
		return 0;
	if (!(mark & MARK_RECVERR)) {
		drop_first(fd);
		return error_of(&h);
	}
	/* It stays, for MSG_ERRQUEUE, but is reported once. */
	if (mark & MARK_ERRSEEN)
		return 0;
	fd_mark_set(fd, mark | MARK_ERRSEEN);
	return error_of(&h);
}

int dgram_pending(int fd)
{
	struct wire_dgram h;
	ssize_t n = peek(fd, &h, MSG_DONTWAIT);

	return valid(&h, n) && !(h.flags & NO_DATA) ?
	    (int)(n - (ssize_t)sizeof(h)) : 0;
}

/* Linux lets a ping socket send echo requests, nothing else. */
static int check_echo(unsigned mark, const struct iovec *iov, size_t iovlen,
    size_t total)
{
	unsigned char head[2];
	size_t got = 0;

	if (total < 8)
		return -EINVAL;
	for (size_t i = 0; i < iovlen && got < sizeof(head); i++) {
		size_t n = iov[i].iov_len;

		if (n > sizeof(head) - got)
			n = sizeof(head) - got;
		if (hj_copy_in(head + got, iov[i].iov_base, n))
			return -EFAULT;
		got += n;
	}
	return head[0] == (mark & MARK_V6 ? 128 : 8) && !head[1] ? 0 : -EINVAL;
}

static int make_peer(int fd, struct wire_addr *a, unsigned mark,
    const struct msghdr *m)
{
	struct sockaddr_storage ss;

	if (m->msg_namelen > sizeof(ss))
		return -EINVAL;
	memset(&ss, 0, sizeof(struct sockaddr_in6));
	if (hj_get(fd, &ss, m->msg_name, m->msg_namelen))
		return -EFAULT;
	return addr_in(a, mark & MARK_V6, &ss, m->msg_namelen);
}

/* Where to, and all else the program says beside its data. 0 or -errno. */
static int make_header(int fd, struct wire_dgram *h, unsigned mark,
    const struct msghdr *m, int flags)
{
	int err = 0;

	memset(h, 0, sizeof(*h));
	h->magic = WIRE_MAGIC;
	if (flags & MSG_OOB && !(mark & MARK_V6))
		return -EOPNOTSUPP;
	if (flags & MSG_MORE && !(mark & (MARK_RAW | MARK_PING)))
		h->flags |= WIRE_DG_MORE;
	if (flags & MSG_DONTROUTE)
		h->flags |= WIRE_DG_DONTROUTE;
	if (m->msg_name)
		err = make_peer(fd, &h->peer, mark, m);
	if (err)
		return err;
	if (!h->peer.family && !(mark & MARK_PEER))
		return -EDESTADDRREQ;
	if (h->peer.family && !h->peer.port &&
	    !(mark & (MARK_RAW | MARK_PING)))
		return -EINVAL;
	if (h->peer.family == AF_INET && !(mark & MARK_BROADCAST) &&
	    !memcmp(h->peer.ip, "\xff\xff\xff\xff", 4))
		return -EACCES;
	return m->msg_controllen ? cmsg_read(fd, m, h) : 0;
}

/*
 * The host may find a message too long that is not to be cut.  It looks at
 * what was written before it answers a question.
 */
static int was_too_long(int fd, unsigned mark)
{
	struct wire_id id;
	struct wire_rep rep;

	if (!client_id_of(fd, &id) || rpc_sock(&id, WIRE_QUERY,
	    WIRE_QUERY_STATE, 0, 0, NULL, 0, &rep))
		return 0;
	return dgram_take_error(fd, mark);
}

/* The host has closed its end: it is gone, or could not make the socket. */
static int why_closed(int fd)
{
	struct wire_id id;
	struct wire_rep rep;
	int err = -ENETDOWN;

	if (client_id_of(fd, &id))
		err = rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_STATE, 0, 0, NULL,
		    0, &rep);
	return err == -ENOBUFS || err == -ENOMEM || err == -ENFILE ? err :
	    -ENETDOWN;
}

ssize_t dgram_send(int fd, unsigned mark, const struct msghdr *m, int flags)
{
	struct wire_dgram h;
	size_t total;
	int err;

	if (m->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;

	struct iovec iov[m->msg_iovlen + 1];
	struct msghdr out = { .msg_iov = iov, .msg_iovlen = m->msg_iovlen + 1 };
	int keep = errno;
	ssize_t n;

	err = dgram_take_iov(fd, iov + 1, m, &total);
	if (!err)
		err = make_header(fd, &h, mark, m, flags);
	if (!err && total > size_limit(mark, &h))
		err = -EMSGSIZE;
	if (!err && mark & MARK_PING)
		err = check_echo(mark, iov + 1, m->msg_iovlen, total);
	if (!err && mark & MARK_WRSHUT && !(mark & MARK_RAW))
		err = -EPIPE;
	/* An earlier send's error, as a connected socket reports it. */
	if (!err && mark & (MARK_PEER | MARK_RECVERR))
		err = -dgram_take_error(fd, mark);
	if (err)
		return err;
	iov[0].iov_base = &h;
	iov[0].iov_len = sizeof(h);
	n = next.sendmsg(fd, &out, (flags & MSG_DONTWAIT) | MSG_NOSIGNAL);
	if (n >= 0 && (mark & MARK_WHOLE ? total > NEVER_TOO_LONG :
	    mark & MARK_V6 && !h.peer.family && total > LONGEST6))
		err = -was_too_long(fd, mark);
	if (n >= 0)
		return err ? err : n - (ssize_t)sizeof(h);
	err = -errno;
	errno = keep;
	return err == -EPIPE || err == -ECONNRESET || err == -ECONNREFUSED ?
	    why_closed(fd) : err;
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
static ssize_t end_of_pair(int fd, int flags)
{
	if (!(fd_mark_ask(fd) & MARK_RDSHUT))
		return why_closed(fd);
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
		if (!valid(&h, n) || !(h.flags & WIRE_DG_ERROR))
			return 0;
		if (!(mark & MARK_ERRSEEN)) {
			fd_mark_set(fd, mark | MARK_ERRSEEN);
			return -error_of(&h);
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
	if (!valid(&h, n) || !(h.flags & WIRE_DG_ERROR))
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
	bool v6 = mark & MARK_V6;
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
	if (flags & MSG_ERRQUEUE)
		return recv_error(fd, mark, m, iov);
	for (int i = 0; i < RETRIES; i++) {
		n = mark & MARK_RECVERR ? pass_error(fd, mark, flags) : 0;
		if (n)
			return n;
		n = recv_one(fd, &h, m, iov, flags & (MSG_PEEK | MSG_TRUNC |
		    MSG_DONTWAIT));
		if (n == 0)
			return end_of_pair(fd, flags);
		if (n < 0)
			return n;
		if (valid(&h, n) && !(h.flags & NO_DATA))
			break;
		if (flags & MSG_PEEK)
			drop_first(fd);
		if (valid(&h, n) && h.flags & WIRE_DG_ERROR)
			return -error_of(&h);
	}
	if (!valid(&h, n))
		return -EAGAIN;
	if (give_name(fd, m, &h.peer, v6))
		return -EFAULT;
	cmsg_write(fd, m, &h, v6);
	return n - (ssize_t)sizeof(h);
}
