/* sock.c: socket, bind, listen, shutdown: making virtual sockets. */
#include "hijack/sock.h"

#include <netinet/in.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>

#include "hijack/debug.h"
#include "hijack/family.h"
#include "hijack/fd.h"
#include "hijack/netlink.h"
#include "hijack/next.h"
#include "hijack/plug.h"
#include "hijack/rpc.h"
#include "hijack/watch.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define PROTO_MAX	263	/* Linux's IPPROTO_MAX */

/* What Linux checks before it looks for a protocol's code. */
int sock_check_kind(int domain, int type, int *protocol)
{
	int icmp = domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (domain == AF_PACKET)
		return type == SOCK_RAW || type == SOCK_DGRAM ? 0 :
		    type < 11 ? -ESOCKTNOSUPPORT : -EINVAL;
	if (*protocol < 0 || *protocol >= PROTO_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_STREAM:
		if (*protocol && *protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		*protocol = IPPROTO_TCP;
		return 0;
	case SOCK_DGRAM:
		if (*protocol && *protocol != IPPROTO_UDP && *protocol != icmp)
			return -EPROTONOSUPPORT;
		if (!*protocol)
			*protocol = IPPROTO_UDP;
		return 0;
	case SOCK_RAW:
		return *protocol ? 0 : -EPROTONOSUPPORT;
	default:
		return type < 11 ? -ESOCKTNOSUPPORT : -EINVAL;
	}
}

unsigned sock_fresh_mark(const struct wire_id *id)
{
	unsigned mark = id->domain == AF_INET6 ? MARK_V6 : 0;

	if (id->domain == AF_PACKET)
		return MARK_DGRAM | MARK_PACKET;
	if (id->type == SOCK_STREAM)
		return mark | MARK_FRESH;
	if (id->type == SOCK_RAW)
		mark |= MARK_RAW;
	else if (id->protocol != IPPROTO_UDP)
		mark |= MARK_PING;
	return mark | MARK_DGRAM;
}

/* The host's gift, close-on-exec and blocking so far. */
static int given_pair(struct wire_id *id, int flags,
    const struct wire_id *like)
{
	int fd = rpc_socket_given(id, like);

	if (fd < 0)
		return fd;
	if (flags & SOCK_NONBLOCK)
		sys_fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return fd;
}

/* One try, with a pair of its own. */
static int own_pair(struct wire_id *id, int flags,
    const struct wire_id *like)
{
	int pair = id->type == SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
	int sv[2], err;

	/* Close-on-exec at first: the far end must not leak into a child. */
	err = sys_socketpair(pair | SOCK_CLOEXEC | (flags & SOCK_NONBLOCK),
	    sv);
	if (err < 0)
		return err;
	err = rpc_socket(id, like, sv[0], sv[1]);
	if (!err)
		err = client_id_bind(sv[0], id);
	if (err) {
		sys_close(sv[0]);
		return err;
	}
	return sv[0];
}

/* flags as socket(2) takes them. */
static int make_pair(struct wire_id *id, int flags,
    const struct wire_id *like)
{
	int fd = own_pair(id, flags, like);

	if (fd == -EMFILE)
		fd = given_pair(id, flags, like);
	if (fd < 0)
		return fd;
	fd_mark_set(fd, sock_fresh_mark(id));
	if (!(flags & SOCK_CLOEXEC))
		sys_fcntl(fd, F_SETFD, 0);
	return fd;
}

int sock_make(int domain, int type, int protocol, const struct wire_id *like)
{
	int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK), kind, fd = 0;
	struct wire_id id = { .domain = domain, .fd = -1 };

	if (hj_sandboxed)
		return -ENETDOWN;	/* and never a socket of the host */
	kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (kind & ~0xf)
		return -EINVAL;
	fd = sock_check_kind(domain, kind, &protocol);
	for (int tries = 0; fd == 0 && tries < 3; tries++) {
		id.type = kind;
		id.protocol = protocol;
		fd = make_pair(&id, flags, like);
		if (fd != -ERESTART)
			return fd;
		fd = 0;
	}
	return fd ? fd : -ENETDOWN;
}

static void copy_option(int from, int to, int name)
{
	char val[32];
	socklen_t len = sizeof(val);

	if (sys_getsockopt(from, SOL_SOCKET, name, val, &len) == 0)
		sys_setsockopt(to, SOL_SOCKET, name, val, len);
}

/* Who gets SIGIO, and which signal that is. */
static void copy_signals(int from, int to, int fl)
{
	struct f_owner_ex owner;

	if (sys_fcntl(from, F_GETOWN_EX, (long)&owner) == 0 && owner.pid)
		sys_fcntl(to, F_SETOWN_EX, (long)&owner);
	if (sys_fcntl(from, F_GETSIG, 0) > 0)
		sys_fcntl(to, F_SETSIG, sys_fcntl(from, F_GETSIG, 0));
	if (fl > 0 && fl & O_ASYNC)
		sys_fcntl(to, F_SETFL, fl);
}

int sock_renew(int fd, const struct wire_id *id)
{
	int fl = sys_fcntl(fd, F_GETFL, 0), fdfl = sys_fcntl(fd, F_GETFD, 0);
	struct watches watches;
	int neu, err;

	neu = sock_make(id->domain, id->type | SOCK_CLOEXEC |
	    (fl > 0 && fl & O_NONBLOCK ? SOCK_NONBLOCK : 0), id->protocol,
	    id);
	if (neu < 0)
		return neu;
	copy_option(fd, neu, SO_RCVTIMEO);
	copy_option(fd, neu, SO_SNDTIMEO);
	copy_option(fd, neu, SO_LINGER);
	copy_option(fd, neu, SO_OOBINLINE);
	copy_signals(fd, neu, fl);
	watch_lift(&watches, fd);
	err = (int)SYS3(SYS_dup3, neu, fd, fdfl & FD_CLOEXEC ? O_CLOEXEC : 0);
	watch_put(&watches);
	sys_close(neu);
	fd_forget(fd);
	return err < 0 ? err : 0;
}

/* Both directions ended, as seen from our end. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return sys_poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

/* Can the host have an error for it? */
static bool is_ended(int fd, int err, struct wire_id *id)
{
	return !hj_sandboxed && (err || hung_up(fd)) &&
	    client_id_of(fd, id) && id->type == SOCK_STREAM;
}

int sock_true_error(int fd, int err)
{
	struct wire_id id;
	struct wire_rep rep;
	int val;

	if (!is_ended(fd, err, &id) ||
	    rpc_sock(&id, WIRE_GETSOCKOPT, SOL_SOCKET, SO_ERROR, sizeof(val),
	    NULL, 0, &rep) || rep.len < sizeof(val))
		return err;
	__builtin_memcpy(&val, rep.data, sizeof(val));
	return val > 0 && val < 4096 ? -val : err;
}

int sock_read_error(int fd, int err)
{
	struct wire_id id;
	struct wire_rep rep;

	if (!is_ended(fd, err, &id) ||
	    rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_READ, 0, 0, NULL, 0, &rep))
		return err;
	return -(int)(rep.value & 4095);
}

short sock_hung_up_events(int fd)
{
	struct wire_id id;
	struct wire_rep rep;

	if (!is_ended(fd, -1, &id))
		return 0;
	return POLLOUT | (rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_ERROR, 0, 0,
	    NULL, 0, &rep) == 0 && rep.value ? POLLERR : 0);
}

CALL(int, socket, "n:DTd", (int domain, int type, int protocol), domain, type,
    protocol)
{
	int fd;

	if (!hj_wants(domain) ||
	    (domain == AF_INET && (type & 0xf) == SOCK_PACKET) ||
	    (domain == AF_NETLINK && !netlink_has(protocol))) {
		fd = family_check(domain, type, protocol);
		fd = fd ? (int)hj_ret(fd) :
		    next.socket(domain, type, protocol);
	} else if (domain == AF_NETLINK) {
		fd = (int)hj_ret(netlink_make(type, protocol));
	} else {
		fd = (int)hj_ret(sock_make(domain, type, protocol, NULL));
	}
	fd_forget(fd);
	return fd;
}

static size_t shortest_name(int domain)
{
	return domain == AF_PACKET ? sizeof(struct sockaddr_ll) :
	    domain == AF_INET ? sizeof(struct sockaddr_in) :
	    offsetof(struct sockaddr_in6, sin6_scope_id);
}

CALL(int, bind, "i:fa", (int fd, const struct sockaddr *addr, socklen_t len),
    fd, addr, len)
{
	struct sockaddr_storage ss;
	struct wire_rep rep;
	struct wire_id id;
	int err;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.bind(fd, addr, len);
	if (id.domain == AF_NETLINK)
		return (int)hj_ret(netlink_bind(fd, addr, len));
	if (len > sizeof(ss))
		return (int)hj_ret(-EINVAL);
	err = hj_get(fd, &ss, addr, len);
	if (!err && len < shortest_name(id.domain))
		err = -EINVAL;
	if (!err)
		err = rpc_sock(&id, WIRE_BIND, 0, 0, 0, &ss, len, &rep);
	return (int)hj_ret(err);
}

CALL(int, listen, "i:fd", (int fd, int backlog), fd, backlog)
{
	struct wire_rep rep;
	struct wire_id id;
	unsigned mark;
	int err;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.listen(fd, backlog);
	if (id.type != SOCK_STREAM)
		return (int)hj_ret(-EOPNOTSUPP);
	err = rpc_sock(&id, WIRE_LISTEN, backlog, 0, 0, NULL, 0, &rep);
	if (err)
		return (int)hj_ret(err);
	mark = fd_mark(fd);
	if (!(mark & MARK_LISTEN)) {
		/* An idle listening socket polls as nothing, not writable. */
		plug_in(fd);
		fd_mark_set(fd, MARK_LISTEN | (mark & MARK_V6) |
		    (accept_inherits(fd) ? MARK_INHERIT : 0));
	}
	return 0;
}

/* Has one end only been shut down, which a pair shut both ways hides? */
static bool is_half_open(const struct wire_id *id)
{
	struct wire_rep rep;

	return rpc_sock(id, WIRE_QUERY, WIRE_QUERY_STATE, 0, 0, NULL, 0,
	    &rep) == 0 && rep.value == WIRE_STATE_CONNECTED;
}

/*
 * SHUT_RD of the pair would make the host's sends fail, where TCP goes on
 * taking data: so that half is the host's to do.
 */
static int shutdown_stream(int fd, const struct wire_id *id, unsigned mark,
    int how)
{
	struct wire_rep rep;
	int err;

	if (mark & MARK_LISTEN) {
		if (how == SHUT_WR)
			return 0;
		/* Wakes who waits in accept(2). */
		rpc_sock(id, WIRE_SHUTDOWN, how, 0, 0, NULL, 0, &rep);
		err = (int)SYS2(SYS_shutdown, fd, SHUT_RDWR);
		fd_mark_set(fd, MARK_FRESH | (mark & MARK_V6));
		return err;
	}
	/* After both ends TCP says so; the pair does not mind. */
	if (!mark && fd_mark_silent(fd))
		fd_mark_set(fd, 0);	/* connect(2) has nothing more to say */
	if (mark & MARK_FRESH)
		return -ENOTCONN;
	if (hung_up(fd))
		return is_half_open(id) ? 0 : -ENOTCONN;
	if (how != SHUT_RD) {
		err = (int)SYS2(SYS_shutdown, fd, how);
		return err == -EINVAL ? -ENOTCONN : err;
	}
	return rpc_sock(id, WIRE_SHUTDOWN, how, 0, 0, NULL, 0, &rep);
}

/*
 * Linux shuts an unconnected one down as well, though it says ENOTCONN:
 * programs use that to wake a reader.
 */
static int shutdown_dgram(int fd, unsigned mark, int how)
{
	bool peer = mark & MARK_PEER;

	if (how != SHUT_WR)
		mark |= MARK_RDSHUT;
	if (how != SHUT_RD)
		mark |= MARK_WRSHUT;
	fd_mark_set(fd, mark);
	/* Of writing alone poll(2) is not to tell. */
	if (mark & MARK_RDSHUT)
		SYS2(SYS_shutdown, fd, mark & MARK_WRSHUT ? SHUT_RDWR :
		    SHUT_RD);
	return peer ? 0 : -ENOTCONN;
}

CALL(int, shutdown, "i:fH", (int fd, int how), fd, how)
{
	struct wire_id id;
	unsigned mark;

	if (hj_sandboxed || !client_id_of(fd, &id) || id.domain == AF_NETLINK)
		return next.shutdown(fd, how);
	if (id.domain == AF_PACKET)
		return (int)hj_ret(-EOPNOTSUPP);
	if (how < SHUT_RD || how > SHUT_RDWR)
		return (int)hj_ret(-EINVAL);
	mark = fd_mark(fd);
	return (int)hj_ret(id.type == SOCK_STREAM ?
	    shutdown_stream(fd, &id, mark, how) :
	    shutdown_dgram(fd, mark, how));
}
