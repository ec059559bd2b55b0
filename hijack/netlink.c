/*
 * netlink.c: NETLINK_ROUTE and NETLINK_GENERIC sockets, answered for the
 * virtual host.
 *
 * Such a socket is one AF_UNIX datagram socket that is bound to a name of its
 * own.  A request never leaves the program: the send call composes the
 * answers and sends them to that very name, so that they wait in the
 * socket's own receive queue and poll, read, dup and fork are the kernel's.
 */
#include "hijack/netlink.h"

#include <linux/genetlink.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hijack/addr.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/nlgen.h"
#include "hijack/nltable.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define REQUEST_USUAL	4096		/* bytes of requests in one send */
#define REQUEST_MAX	65536		/* with a table of tc(8)'s in it */
#define QUEUE		(4 << 20)	/* bytes, for long lists */

int netlink_make(int type, int protocol)
{
	int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK), fd, err;
	int size = QUEUE;
	struct wire_id id = {
		.domain = AF_NETLINK, .type = type & ~flags,
		.protocol = protocol, .sock = (uint64_t)getpid(),
	};

	if (id.type != SOCK_RAW && id.type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (getrandom(&id.server, sizeof(id.server), GRND_NONBLOCK) !=
	    sizeof(id.server))
		return -EAGAIN;
	fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_DGRAM | flags, 0);
	if (fd < 0)
		return fd;
	err = client_id_bind(fd, &id);
	if (err < 0) {
		sys_close(fd);
		return err;
	}
	sys_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fd_mark_set(fd, MARK_NETLINK);
	return fd;
}

/* A socket for the host that what it sends comes to fd. */
static int make_return(int fd)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int back = (int)SYS3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC,
	    0), err;

	if (back < 0)
		return back;
	err = (int)SYS3(SYS_getsockname, fd, &sun, &len);
	if (!err)
		err = (int)SYS3(SYS_connect, back, &sun, len);
	if (!err)
		return back;
	sys_close(back);
	return err;
}

static int notify(int fd, enum wire_notify_op op, uint32_t groups)
{
	struct wire_notify n = { op, groups };
	struct wire_req req = { .op = WIRE_NOTIFY, .len = sizeof(n) };
	int back = op == WIRE_NOTIFY_LEAVE ? -1 : make_return(fd), err;
	int fds[2] = { fd, back };
	struct wire_rep rep;

	if (back < 0 && op != WIRE_NOTIFY_LEAVE)
		return back;
	memcpy(req.data, &n, sizeof(n));
	err = rpc_call(&req, fds, back < 0 ? 1 : 2, &rep, NULL);
	if (back >= 0)
		sys_close(back);
	return err;
}

static bool is_route(int fd)
{
	struct wire_id id;

	return client_id_of(fd, &id) && id.protocol == NETLINK_ROUTE;
}

int netlink_set_option(int fd, int level, int name, const void *val,
    socklen_t len)
{
	uint32_t group, most = is_route(fd) ? RTNLGRP_MAX : GENL_ID_CTRL;

	if (level != SOL_NETLINK || (name != NETLINK_ADD_MEMBERSHIP &&
	    name != NETLINK_DROP_MEMBERSHIP))
		return 0;	/* no other one changes what comes */
	if (len < sizeof(group))
		return -EINVAL;
	if (hj_copy_in(&group, val, sizeof(group)))
		return -EFAULT;
	if (!group || group > most)
		return -EINVAL;
	/* No news but those of 32 groups. */
	if (group > 32 || most != RTNLGRP_MAX)
		return 0;
	return notify(fd, name == NETLINK_ADD_MEMBERSHIP ? WIRE_NOTIFY_JOIN :
	    WIRE_NOTIFY_LEAVE, 1u << (group - 1));
}

/* The port id is given. */
int netlink_bind(int fd, const void *addr, socklen_t len)
{
	struct sockaddr_nl nl;

	if (len < sizeof(nl))
		return -EINVAL;
	if (hj_copy_in(&nl, addr, sizeof(nl)))
		return -EFAULT;
	if (nl.nl_family != AF_NETLINK)
		return -EINVAL;
	return nl.nl_groups && is_route(fd) ?
	    notify(fd, WIRE_NOTIFY_SET, nl.nl_groups) : 0;
}

int netlink_name(const struct wire_id *id, void *addr, socklen_t *len)
{
	struct sockaddr_nl nl = {
		.nl_family = AF_NETLINK,
		.nl_pid = id ? (uint32_t)id->sock : 0,
	};

	return addr_give(&nl, sizeof(nl), addr, len);
}

int netlink_option(const struct wire_id *id, int level, int name, void *val,
    socklen_t *len)
{
	socklen_t room;
	int v;

	if (level != SOL_SOCKET)
		v = 0;
	else if (name == SO_TYPE)
		v = id->type;
	else if (name == SO_DOMAIN)
		v = AF_NETLINK;
	else if (name == SO_PROTOCOL)
		v = id->protocol;
	else
		return -ENOSYS;
	if (hj_copy_in(&room, len, sizeof(room)))
		return -EFAULT;
	if (room > sizeof(v))
		room = sizeof(v);
	return hj_copy_out(val, &v, room) || hj_copy_out(len, &room,
	    sizeof(room)) ? -EFAULT : 0;
}

static void put_error(struct nlmsg_out *o, const struct nlmsghdr *h, int err)
{
	const char *why = err ? o->why : NULL;
	/* With an error comes all of the request: pyroute2 relies on that. */
	bool whole = err && h->nlmsg_len <= NLMSG_ROOM / 2;
	size_t n = whole ? h->nlmsg_len : sizeof(*h);
	struct nlmsgerr *e = nlmsg_begin(o, NLMSG_ERROR, (whole ? 0 :
	    NLM_F_CAPPED) | (why ? NLM_F_ACK_TLVS : 0), sizeof(e->error) + n);

	e->error = err;
	memcpy(&e->msg, h, n);
	if (why)
		nlmsg_attr_str(o, NLMSGERR_ATTR_MSG, why);
	nlmsg_end(o);
}

/* A list ends, well or with an error that came up on the way. */
static void put_done(struct nlmsg_out *o, int err)
{
	*(int *)nlmsg_begin(o, NLMSG_DONE, NLM_F_MULTI | (err ?
	    NLM_F_ACK_TLVS : 0), sizeof(int)) = err;
	if (err)
		nlmsg_attr_str(o, NLMSGERR_ATTR_MSG, o->why);
	nlmsg_end(o);
}

static void answer(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	/* Of each four numbers the third is GET. */
	bool get = !o->generic && h->nlmsg_type % 4 == 2;
	bool dump = get && h->nlmsg_flags & NLM_F_DUMP;
	int err;

	o->seq = h->nlmsg_seq;
	o->why = NULL;
	if (h->nlmsg_type < NLMSG_MIN_TYPE ||
	    !(h->nlmsg_flags & NLM_F_REQUEST) || (!o->generic &&
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtgenmsg)))) {
		if (h->nlmsg_flags & NLM_F_ACK)
			put_error(o, h, 0);
		return;
	}
	if (o->generic)
		err = nlgen_answer(o, h);
	else if (get)
		err = nltable_get(o, h);
	else
		err = nltable_change(o, h);
	if (err == 1 || (dump && o->why)) {
		put_done(o, err == 1 ? 0 : err);
	} else if (err < 0 || (h->nlmsg_flags & NLM_F_ACK && !dump)) {
		put_error(o, h, err);
	}
}

/*
 * All parts of the message into one buffer.
 * Return: its size or -errno; -EMSGSIZE: it is larger.
 */
static ssize_t gather(int fd, char *buf, size_t size, const struct msghdr *m)
{
	struct iovec v;
	size_t used = 0;

	if (m->msg_iovlen > 1024)
		return -EMSGSIZE;
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		if (hj_get(fd, &v, &m->msg_iov[i], sizeof(v)))
			return -EFAULT;
		if (v.iov_len > size - used)
			return -EMSGSIZE;
		if (hj_copy_in(buf + used, v.iov_base, v.iov_len))
			return -EFAULT;
		used += v.iov_len;
	}
	return (ssize_t)used;
}

/* n bytes of requests. Return: n or -errno. */
static ssize_t answer_all(int fd, struct nlmsghdr *h, ssize_t n)
{
	struct nlmsg_out o = { .fd = fd };
	size_t left = (size_t)n;
	struct wire_id id;

	if (!client_id_of(fd, &id))
		return -EBADF;
	o.pid = (uint32_t)id.sock;
	o.generic = id.protocol == NETLINK_GENERIC;
	while (left >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) &&
	    h->nlmsg_len <= left) {
		size_t step = NLMSG_ALIGN(h->nlmsg_len);

		answer(&o, h);
		if (step >= left)
			break;
		left -= step;
		h = (struct nlmsghdr *)((char *)h + step);
	}
	nlmsg_flush(&o);
	return o.err ? o.err : n;
}

/* One that no stack should have to hold. */
static ssize_t send_large(int fd, const struct msghdr *m)
{
	long at = SYS6(SYS_mmap, 0, REQUEST_MAX, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	if (at < 0 && at > -4096)
		return -ENOBUFS;
	n = gather(fd, (char *)at, REQUEST_MAX, m);
	if (n >= 0)
		n = answer_all(fd, (struct nlmsghdr *)at, n);
	SYS2(SYS_munmap, at, REQUEST_MAX);
	return n;
}

ssize_t netlink_send(int fd, const struct msghdr *m)
{
	union {
		char data[REQUEST_USUAL];
		struct nlmsghdr h;
	} in;
	ssize_t n = gather(fd, in.data, sizeof(in.data), m);

	if (n == -EMSGSIZE)
		return send_large(fd, m);
	return n < 0 ? n : answer_all(fd, &in.h, n);
}

/* What the kernel sends is nobody's: pid, uid and gid 0. */
static void fix_credentials(struct msghdr *m)
{
	static const struct ucred kernel;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_CREDENTIALS &&
		    c->cmsg_len >= CMSG_LEN(sizeof(kernel)))
			memcpy(CMSG_DATA(c), &kernel, sizeof(kernel));
}

/* All that comes, comes from the kernel: port 0. */
ssize_t netlink_recv(int fd, struct msghdr *m, int flags)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	void *name = m->msg_name;
	socklen_t room = m->msg_namelen;
	ssize_t n;

	m->msg_name = NULL;
	m->msg_namelen = 0;
	n = next.recvmsg(fd, m, flags);
	m->msg_name = name;
	m->msg_namelen = room;
	if (n < 0)
		return n;
	fix_credentials(m);
	if (name) {
		if (hj_put(fd, name, &nl, room < sizeof(nl) ? room :
		    sizeof(nl)))
			return hj_ret(-EFAULT);
		m->msg_namelen = sizeof(nl);
	}
	return n;
}
