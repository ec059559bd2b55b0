/*
 * opt.c: setsockopt and getsockopt: nothing may fall through to the pair,
 * whose answers are those of a unix socket.
 */
#include "hijack/hijack.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "hijack/debug.h"
#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/linger.h"
#include "hijack/netlink.h"
#include "hijack/next.h"
#include "hijack/packet.h"
#include "hijack/plug.h"
#include "hijack/rpc.h"
#include "hijack/sock.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

/* Options of sys/socket.h of later kernels. */
#define RCVTIMEO_NEW	66
#define SNDTIMEO_NEW	67

/* The kernel's own on the pair: time-outs, and how a stream is read. */
static bool is_native(const struct wire_id *id, int level, int name)
{
	if (level != SOL_SOCKET)
		return false;
	switch (name) {
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
	case RCVTIMEO_NEW:
	case SNDTIMEO_NEW:
	case SO_COOKIE:
		return true;
	case SO_RCVLOWAT:
	case SO_PEEK_OFF:
		return id->type == SOCK_STREAM;
	default:
		return false;
	}
}

/*
 * Filters are programs for the kernel, given by address: a socket without
 * one only sees more than it asked for.
 */
static bool is_filter(int level, int name)
{
	return level == SOL_SOCKET && (name == SO_ATTACH_FILTER ||
	    name == SO_DETACH_FILTER);
}

/* UDP: how messages are cut, or gathered. */
static void keep_udp(int fd, int name, int val)
{
	unsigned extra = fd_extra(fd);

	if (name == UDP_SEGMENT)
		extra = (extra & ~(unsigned)EXTRA_SEGMENT) |
		    ((unsigned)val & EXTRA_SEGMENT);
	else if (name == UDP_CORK && val)
		extra |= EXTRA_CORK;
	else if (name == UDP_CORK)	/* what was begun has gone */
		extra &= ~(unsigned)(EXTRA_CORK | EXTRA_PENDING);
	else
		return;
	fd_extra_set(fd, extra);
}

/* Data calls must know of these without asking. */
static void keep_option(int fd, int level, int name, int on)
{
	unsigned mark = fd_mark(fd), bit;

	if (level == SOL_SHMIF && name == SHMIF_OWNER)
		plug_tail = true;	/* of others: this is an entry */
	if (!(mark & MARK_DGRAM))
		return;
	if (level == IPPROTO_UDP)
		keep_udp(fd, name, on);
	if ((level == IPPROTO_IP && name == IP_RECVERR) ||
	    (level == IPPROTO_IPV6 && name == IPV6_RECVERR))
		bit = MARK_RECVERR, fd_recverr_used |= on;
	else if (level == SOL_SOCKET && name == SO_BROADCAST)
		bit = MARK_BROADCAST;
	else if (level == SOL_SHMIF && name == SHMIF_BARE)
		bit = MARK_BARE;
	else if ((level == IPPROTO_IP && name == IP_MTU_DISCOVER) ||
	    (level == IPPROTO_IPV6 && name == IPV6_MTU_DISCOVER))
		bit = MARK_WHOLE, on = on == IP_PMTUDISC_DO ||
		    on == IP_PMTUDISC_PROBE;
	else
		return;
	mark &= ~(unsigned)(bit | (bit == MARK_RECVERR ? MARK_ERRSEEN : 0));
	fd_mark_set(fd, on ? mark | bit : mark);
}

/*
 * Options that take any int and never fail, and that programs set for each
 * connection: nobody needs to wait for the answer.  Not for datagrams: the
 * next one would overtake it.
 */
static bool is_sure(const struct wire_id *id, int level, int name,
    socklen_t len)
{
	if (len != sizeof(int) || id->type != SOCK_STREAM)
		return false;
	if (level == SOL_SOCKET)
		return name == SO_KEEPALIVE || name == SO_REUSEADDR ||
		    name == SO_OOBINLINE;
	return level == IPPROTO_TCP &&
	    (name == TCP_NODELAY || name == TCP_CORK || name == TCP_QUICKACK);
}

static bool has_blocks(const uint8_t *data)
{
	struct tpacket_req req;

	memcpy(&req, data, sizeof(req));
	return req.tp_block_nr;
}

/* A level that the socket has not: nobody looks at the value. */
static bool is_foreign(const struct wire_id *id, int level)
{
	return id->type != SOCK_RAW && id->domain != AF_PACKET &&
	    level != SOL_SOCKET && level != IPPROTO_IP &&
	    level != id->protocol &&
	    (level != IPPROTO_IPV6 || id->domain != AF_INET6);
}

static int set(int fd, const struct wire_id *id, int level, int name,
    const void *val, socklen_t len)
{
	uint8_t data[WIRE_DATA] = { 0 };
	struct wire_rep rep;
	int err, first;

	if ((int)len < 0 || len > sizeof(data))
		return -EINVAL;
	if (is_filter(level, name) && id->domain != AF_PACKET)
		return 0;
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER)
		return packet_attach(id, val, len);
	/* A value that is too short is not even read at these. */
	if (len < sizeof(int) && level != IPPROTO_IP &&
	    id->type != SOCK_RAW && id->domain != AF_PACKET &&
	    !is_foreign(id, level) && hj_get(fd, data, val, len))
		return -EINVAL;
	/* At that level Linux reads zero where there is no value. */
	err = !val && level == IPPROTO_IPV6 ? 0 : hj_get(fd, data, val, len);
	if (err && is_foreign(id, level))
		err = 0;
	if (!err)
		err = is_sure(id, level, name, len) ?
		    rpc_tell(id, WIRE_SETSOCKOPT, level, name, data, len) :
		    rpc_sock(id, WIRE_SETSOCKOPT, level, name, 0, data, len,
		    &rep);
	if (!err) {
		memcpy(&first, data, sizeof(first));
		keep_option(fd, level, name, first);
		if (level == SOL_PACKET && name == PACKET_RX_RING)
			packet_ring_set(fd, has_blocks(data));
		if (level == SOL_SOCKET && name == SO_LINGER &&
		    id->type == SOCK_STREAM)
			linger_set(fd, data, len);
		/* Urgent data are the pair's own. */
		if (level == SOL_SOCKET && name == SO_OOBINLINE &&
		    id->type == SOCK_STREAM)
			sys_setsockopt(fd, level, name, data, len);
		if (level == SOL_SOCKET && (name == SO_SNDBUF ||
		    name == SO_SNDBUFFORCE) && id->type == SOCK_STREAM)
			plug_size(fd, first, fd_mark(fd) &
			    (MARK_LISTEN | MARK_CONNECTING));
	}
	return err;
}

/* What the kernel keeps on a listener's pair its connections have as well. */
static int set_native(int fd, int level, int name, const void *val,
    socklen_t len)
{
	int r = next.setsockopt(fd, level, name, val, len);
	unsigned mark = r ? 0 : fd_mark(fd);

	if (mark & MARK_LISTEN && !(mark & MARK_DGRAM))
		fd_mark_set(fd, mark | MARK_INHERIT);
	return r;
}

CALL(int, setsockopt, "i:fo", (int fd, int level, int name, const void *val,
    socklen_t len), fd, level, name, val, len)
{
	struct wire_id id;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.setsockopt(fd, level, name, val, len);
	if (is_native(&id, level, name))
		return set_native(fd, level, name, val, len);
	if (id.domain == AF_NETLINK) {
		if (level != SOL_SOCKET)
			return (int)hj_ret(netlink_set_option(fd, level,
			    name, val, len));
		/* The queue is ours. */
		if (name == SO_SNDBUF || name == SO_SNDBUFFORCE ||
		    is_filter(level, name))
			return 0;
		return next.setsockopt(fd, level, name, val, len);
	}
	return (int)hj_ret(set(fd, &id, level, name, val, len));
}

/*
 * SO_ERROR.  A stream's pair shows whether there can be one: an attempt or a
 * connection that failed has hung up.  Only then the host is asked.
 */
static int get_error(int fd, const struct wire_id *id, int *val)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err, n;

	if (id->type != SOCK_STREAM) {
		*val = dgram_take_error(fd, fd_mark(fd));
		return 0;
	}
	*val = 0;
	n = sys_poll(&p, 1, 0);
	sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, val, &len);
	if (n > 0 && p.revents & (POLLHUP | POLLERR)) {
		err = sock_true_error(fd, -*val);
		*val = -err;
	}
	return 0;
}

/* Answered here. Return: 0, or -ENOSYS: ask the host. */
static int get_local(int fd, const struct wire_id *id, int name, int *val)
{
	switch (name) {
	case SO_TYPE:
		*val = id->type;
		return 0;
	case SO_DOMAIN:
		*val = id->domain;
		return 0;
	case SO_PROTOCOL:
		*val = id->protocol;
		return 0;
	case SO_ACCEPTCONN:
		*val = id->type == SOCK_STREAM &&
		    fd_mark(fd) & MARK_LISTEN;
		return 0;
	case SO_ERROR:
		return get_error(fd, id, val);
	default:
		return -ENOSYS;
	}
}

/* Where Linux reads a length below zero as a very large one. */
static bool has_any_length(const struct wire_id *id, int level)
{
	return level != SOL_SOCKET && level != IPPROTO_IP &&
	    level != SOL_PACKET && level != id->protocol;
}

static int get(int fd, const struct wire_id *id, int level, int name,
    void *user, socklen_t *user_len)
{
	struct wire_rep rep;
	socklen_t len, n;
	int val = 0, err;

	if (hj_get(fd, &len, user_len, sizeof(len)))
		return -EFAULT;
	if ((int)len < 0 && has_any_length(id, level))
		len = sizeof(int);
	if ((int)len < 0)
		return -EINVAL;
	if (level == SOL_SOCKET && get_local(fd, id, name, &val) == 0) {
		memcpy(rep.data, &val, sizeof(val));
		rep.len = sizeof(val);
	} else {
		/* PACKET_HDRLEN asks about the number that is there. */
		if (level == SOL_PACKET && len >= sizeof(val) &&
		    hj_get(fd, &val, user, sizeof(val)))
			return -EFAULT;
		err = rpc_sock(id, WIRE_GETSOCKOPT, level, name,
		    len < WIRE_DATA ? (int)len : WIRE_DATA, &val, sizeof(val),
		    &rep);
		if (err)
			return err;
	}
	n = len < rep.len ? len : rep.len;
	if (hj_put(fd, user, rep.data, n) ||
	    hj_put(fd, user_len, &n, sizeof(n)))
		return -EFAULT;
	return 0;
}

CALL(int, getsockopt, "i:fO", (int fd, int level, int name, void *val,
    socklen_t *len), fd, level, name, val, len)
{
	struct wire_id id;
	int err;

	if (hj_sandboxed || !client_id_of(fd, &id) ||
	    is_native(&id, level, name))
		return next.getsockopt(fd, level, name, val, len);
	if (id.domain == AF_NETLINK) {
		err = netlink_option(&id, level, name, val, len);
		return err == -ENOSYS ? next.getsockopt(fd, level, name, val,
		    len) : (int)hj_ret(err);
	}
	return (int)hj_ret(get(fd, &id, level, name, val, len));
}
