/* dgramout.c: what goes out of datagram sockets; see dgram.h. */
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include "hijack/addr.h"
#include "hijack/cmsg.h"
#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define NEVER_TOO_LONG 1452	/* bytes; on most paths */
#define LONGEST6	65487	/* bytes of payload in IPv6 */
#define SEGMENTS	128	/* of a message that is cut, as on Linux */

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

/* Linux lets a ping socket send echo requests, nothing else. */
static int check_echo(unsigned mark, const struct iovec *iov, size_t iovlen,
    size_t total)
{
	unsigned char head[2] = { 0 };
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
static int make_header(int fd, unsigned mark, const struct msghdr *m,
    struct wire_dgram *h)
{
	int err = 0;

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
	return m->msg_controllen ? cmsg_read(fd, mark, m, h) : 0;
}

static bool is_udp(unsigned mark)
{
	return !(mark & (MARK_RAW | MARK_PING | MARK_PACKET));
}

/* Urgent data, which IPv4 refuses, also where it is an IPv6 socket's way. */
static bool goes_by_v4(int fd, unsigned mark, const struct dgram_out *o)
{
	struct sockaddr_in6 a = { .sin6_family = AF_UNSPEC };
	struct wire_id id;
	struct wire_rep rep;

	if (!(mark & MARK_V6))
		return true;
	if (o->m->msg_name)
		hj_get(fd, &a, o->m->msg_name, o->m->msg_namelen < sizeof(a) ?
		    o->m->msg_namelen : sizeof(a));
	else if (client_id_of(fd, &id) && !rpc_sock(&id, WIRE_GETPEERNAME, 0,
	    0, 0, NULL, 0, &rep) && rep.len >= sizeof(a))
		memcpy(&a, rep.data, sizeof(a));
	return a.sin6_family == AF_INET || (a.sin6_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&a.sin6_addr));
}

int dgram_prepare(int fd, unsigned mark, struct dgram_out *o)
{
	struct wire_dgram *h = &o->h;
	int err = 0;

	if (o->flags & MSG_OOB && goes_by_v4(fd, mark, o))
		return -EOPNOTSUPP;
	if (is_udp(mark) && (o->flags & MSG_MORE || o->extra & EXTRA_CORK))
		h->flags |= WIRE_DG_MORE;
	if (o->flags & MSG_DONTROUTE)
		h->flags |= WIRE_DG_DONTROUTE;
	h->segment = o->extra & EXTRA_SEGMENT;
	/* Whereto the first piece has said. */
	if (!(o->extra & EXTRA_PENDING))
		err = make_header(fd, mark, o->m, h);
	if (!err && o->total > size_limit(mark, h))
		err = -EMSGSIZE;
	if (!err && mark & MARK_PING)
		err = check_echo(mark, o->iov, o->m->msg_iovlen, o->total);
	if (!err && mark & MARK_WRSHUT && !(mark & MARK_RAW))
		err = -EPIPE;
	if (!err && h->segment && !(h->flags & WIRE_DG_MORE) &&
	    o->total > (size_t)h->segment * SEGMENTS)
		err = -EINVAL;
	return err;
}

/* Linux gives a port to a socket that sends, before it looks at what. */
static void bind_any(int fd, unsigned mark)
{
	struct sockaddr_in6 any = {
		.sin6_family = mark & MARK_V6 ? AF_INET6 : AF_INET,
	};
	struct wire_id id;
	struct wire_rep rep;

	if (client_id_of(fd, &id))
		rpc_sock(&id, WIRE_BIND, 0, 0, 0, &any, mark & MARK_V6 ?
		    sizeof(any) : sizeof(struct sockaddr_in), &rep);
}

/* An earlier send's error comes first, as a connected socket reports it. */
static int prepare(int fd, unsigned mark, struct dgram_out *o)
{
	int err = dgram_prepare(fd, mark, o);

	if (err && err != -EFAULT && !(mark & (MARK_RAW | MARK_PACKET)) &&
	    o->m->msg_namelen <= sizeof(struct sockaddr_storage))
		bind_any(fd, mark);
	return err || !(mark & (MARK_PEER | MARK_RECVERR)) ? err :
	    -dgram_take_error(fd, mark);
}

bool dgram_must_ask(unsigned mark, const struct dgram_out *o)
{
	size_t n = o->total, segment = o->h.segment;

	if (o->h.flags & WIRE_DG_MORE || o->extra & EXTRA_PENDING)
		return true;
	if (segment)
		return (n < segment ? n : segment) > NEVER_TOO_LONG;
	return mark & MARK_WHOLE ? n > NEVER_TOO_LONG :
	    mark & MARK_V6 && !o->h.peer.family && n > LONGEST6;
}

/*
 * The host may find a message too long that is not to be cut, or what was
 * gathered.  It looks at what was written before it answers a question.
 */
static int ask(int fd, unsigned mark)
{
	struct wire_id id;
	struct wire_rep rep;

	if (!client_id_of(fd, &id) || rpc_sock(&id, WIRE_QUERY,
	    WIRE_QUERY_STATE, 0, 0, NULL, 0, &rep) || !dgram_is_ours(fd))
		return 0;
	return dgram_take_error(fd, mark);
}

/* The host has closed its end: it is gone, or could not make the socket. */
int dgram_why_closed(int fd)
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

ssize_t dgram_write(int fd, unsigned mark, struct dgram_out *o,
    int (*head)(int fd, unsigned mark, struct dgram_out *o))
{
	if (o->m->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;

	struct iovec iov[o->m->msg_iovlen + 1];
	struct msghdr out = {
		.msg_iov = iov, .msg_iovlen = o->m->msg_iovlen + 1,
	};
	int keep = errno, err;

	o->iov = iov + 1;
	o->h = (struct wire_dgram){ .magic = WIRE_MAGIC };
	err = dgram_take_iov(fd, iov + 1, o->m, &o->total);
	if (!err)
		err = head(fd, mark, o);
	if (err)
		return err;
	iov[0] = (struct iovec){ &o->h, sizeof(o->h) };
	if (next.sendmsg(fd, &out, (o->flags & MSG_DONTWAIT) |
	    MSG_NOSIGNAL) >= 0)
		return (ssize_t)o->total;
	err = -errno;
	errno = keep;
	return err == -EPIPE || err == -ECONNRESET || err == -ECONNREFUSED ?
	    dgram_why_closed(fd) : err;
}

ssize_t dgram_send(int fd, unsigned mark, const struct msghdr *m, int flags)
{
	struct dgram_out o = {
		.m = m, .flags = flags,
		.extra = mark & MARK_EXTRA ? fd_extra(fd) : 0,
	};
	ssize_t n = dgram_write(fd, mark, &o, prepare);
	unsigned extra = o.extra & ~(unsigned)EXTRA_PENDING;
	int err = 0;

	if (n >= 0 && dgram_must_ask(mark, &o))
		err = -ask(fd, mark);
	if (n >= 0 && !err && o.h.flags & WIRE_DG_MORE)
		extra |= EXTRA_PENDING;
	if (n >= 0 && extra != o.extra)
		fd_extra_set(fd, extra);
	return err ? err : n;
}
