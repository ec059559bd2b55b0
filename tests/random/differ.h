/*
 * differ.h: where a virtual host is not as the kernel, by design or in turns
 * that no program is known to take, so that random sequences leave it out or
 * do not show it.  Here is why; what else differs is in conform.differ.
 *
 * A sequence has in it, or else does without:
 *
 * with.urgent	urgent data: the byte polls as readable and counts for
 *		FIONREAD, so then neither is shown
 * with.ends	shutdowns for reading: what comes after them is lost, on an
 *		unconnected datagram socket as well, so nothing more is sent
 * with.corks	data that are held back: for a timer, for which all must wait
 * with.empty	empty datagrams, which look like an error that waits
 */
#ifndef TESTS_RANDOM_DIFFER_H
#define TESTS_RANDOM_DIFFER_H

#include <netinet/udp.h>

#include "tests/random/slots.h"

static bool reading_ended;	/* by SHUT_RD, of some socket */

static bool is_mapped(const union any_addr *a)
{
	return a->sa.sa_family == AF_INET ||
	    IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static bool has_port(const struct slot *s)
{
	union any_addr own;
	socklen_t len = sizeof(own);

	return getsockname(s->fd, &own.sa, &len) == 0 && own.in.sin_port;
}

static bool has_datagrams(const struct slot *s)
{
	int n = 0;

	return s->type == SOCK_DGRAM && ioctl(s->fd, FIONREAD, &n) == 0 &&
	    n > 0;
}

/* Or something like one. */
static bool may_have_datagrams(const struct slot *s)
{
	return has_datagrams(s) || (with.empty && s->type == SOCK_DGRAM &&
	    poll_fd(s->fd, POLLIN, 0) & (POLLIN | POLLERR));
}

/*
 * A datagram to where there is no way, by its address or since the socket has
 * one of the other family: sending does not wait for the host, so the error
 * comes with a later call.
 */
static bool far(const struct slot *s, const union any_addr *to)
{
	static const uint8_t net[] = { 192, 0, 2 };
	int only = get_int(s->fd, IPPROTO_IPV6, IPV6_V6ONLY);
	union any_addr own;
	socklen_t len = sizeof(own);

	if (s->domain == AF_INET)
		return !memcmp(&to->in.sin_addr, net, 3);
	if (to->sa.sa_family == AF_UNSPEC)
		return true;
	if (to->sa.sa_family == AF_INET ? !memcmp(&to->in.sin_addr, net, 3) :
	    to->in6.sin6_addr.s6_addr[0] == 0x20 ||
	    !memcmp(to->in6.sin6_addr.s6_addr + 12, net, 3))
		return true;
	if (getsockname(s->fd, &own.sa, &len) < 0 ||
	    IN6_IS_ADDR_UNSPECIFIED(&own.in6.sin6_addr))
		return only && is_mapped(to);
	return is_mapped(&own) != is_mapped(to);
}

/*
 * Where the address 0.0.0.0 or :: leads from a socket that has an address: on
 * Linux to this one, or as before.
 */
static bool to_itself(const struct slot *s, const union any_addr *to)
{
	union any_addr own;
	socklen_t len = sizeof(own);
	const struct in6_addr *a = &to->in6.sin6_addr;

	if (getsockname(s->fd, &own.sa, &len) < 0 ||
	    (own.sa.sa_family == AF_INET ? !own.in.sin_addr.s_addr :
	    IN6_IS_ADDR_UNSPECIFIED(&own.in6.sin6_addr)))
		return false;
	if (to->sa.sa_family == AF_INET || s->domain == AF_INET)
		return !to->in.sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(a) || (IN6_IS_ADDR_V4MAPPED(a) &&
	    !a->s6_addr32[3]);
}

/* A TCP socket whose connection failed or ended gets no new name. */
static bool differs_bind(const struct slot *s)
{
	return s->used && state_of(s) == TCP_CLOSE;
}

/*
 * Connecting makes a TCP socket anew, which its duplicates do not follow.  A
 * datagram socket that is connected to where there is no way, or to no port,
 * tells so with a later call.  After a TCP socket's connection by IPv4 failed,
 * one by IPv6 stays without an answer on Linux.  A datagram socket for IPv6
 * only is told that there is no way by IPv4, not that the family is wrong.
 */
static bool differs_connect(const struct slot *s, const union any_addr *to)
{
	if (s->type == SOCK_STREAM && s->domain == AF_INET6 && s->used &&
	    !is_mapped(to) && to->sa.sa_family != AF_UNSPEC &&
	    state_of(s) == TCP_CLOSE)
		return true;
	if (s->type == SOCK_DGRAM && s->domain == AF_INET6 &&
	    to->sa.sa_family == AF_INET &&
	    get_int(s->fd, IPPROTO_IPV6, IPV6_V6ONLY))
		return true;
	return s->copied || to_itself(s, to) || (s->type == SOCK_DGRAM &&
	    (!to->in.sin_port || (s->used && far(s, to))));
}

/* A connection that AF_UNSPEC ends leaves no SO_ERROR behind. */
static bool differs_after(const struct slot *s, const union any_addr *to)
{
	return to->sa.sa_family == AF_UNSPEC && s->type == SOCK_STREAM &&
	    s->used;
}

/*
 * to: the address, or NULL; empty: it may be.  An error waits behind what has
 * come already.  A datagram whose memory is not there is refused before
 * anything else is done or seen to: the socket gets no port by it.  One that is
 * held back gives it a port when it is sent.
 */
static bool differs_send(const struct slot *s, const union any_addr *to,
    bool empty)
{
	if (reading_ended || may_have_datagrams(s))
		return true;
	return s->type == SOCK_DGRAM && ((empty && !with.empty) ||
	    (with.corks && !has_port(s)) || strstr(what, "EFAULT") ||
	    (to && (far(s, to) || to_itself(s, to))));
}

/*
 * Of a reset connection, reading nothing is told of the reset, and throwing
 * away is not.  An urgent byte is not announced any more when what is before it
 * was thrown away.
 */
static bool differs_recv(const struct slot *s, const struct msghdr *m,
    int flags)
{
	size_t size = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		size += m->msg_iov[i].iov_len;
	if (s->type == SOCK_STREAM && with.urgent && (flags & MSG_TRUNC))
		return true;
	return state_of(s) == TCP_CLOSE && (!size || (flags & MSG_TRUNC));
}

/* Reading many messages from it gives its end first, then the error. */
static bool differs_recv_many(const struct slot *s)
{
	return state_of(s) == TCP_CLOSE;
}

/*
 * What was not sent when a connection ended is not counted any more.  Of other
 * sockets SIOCOUTQNSD is refused, whatever memory there is.
 */
static bool differs_ioctl(const struct slot *s, unsigned long name)
{
	return name == SIOCOUTQNSD && (s->type == SOCK_DGRAM ||
	    state_of(s) == TCP_CLOSE);
}

/*
 * A listener that was shut down for reading stays shut, and without a
 * connection a shutdown leaves no trace.
 */
static bool differs_shutdown(const struct slot *s, int how)
{
	bool reads = how == SHUT_RD || how == SHUT_RDWR;

	if (reads && !with.ends)
		return true;
	if (s->type != SOCK_STREAM)
		return false;
	return (reads && get_int(s->fd, SOL_SOCKET, SO_ACCEPTCONN)) ||
	    (state_of(s) == TCP_CLOSE && how >= 0 && how < 3);
}

/* Made anew, as connect(2) does, the other one stays as it is. */
static bool differs_dup(const struct slot *s)
{
	return s->type == SOCK_STREAM && state_of(s) != TCP_ESTABLISHED;
}

/* What depends on the interface, the machine, or when the host looks. */
static bool differs_get(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_INCOMING_CPU;
	return level == IPPROTO_TCP && (name == TCP_MAXSEG ||
	    name == TCP_WINDOW_CLAMP || name == TCP_QUICKACK);
}

/*
 * What comes beside a datagram is chosen when it arrives, not when it is read.
 * A bind to port 0 takes one at once, whatever IP_BIND_ADDRESS_NO_PORT says,
 * and IP_TRANSPARENT lets nothing be bound to.  Where memory is not there and
 * something else is wrong, another error may be told.  IPV6_V6ONLY can be set
 * where a connection is by IPv4 already, and a window clamped to 0 on a
 * listener.  Nagle's algorithm stays off, for rest's sake.
 */
static bool differs_set(const struct slot *s, int level, int name)
{
	if (may_have_datagrams(s) || strstr(what, "EFAULT"))
		return true;
	switch (level) {
	case IPPROTO_IP:
		return name == IP_BIND_ADDRESS_NO_PORT ||
		    name == IP_TRANSPARENT;
	case IPPROTO_IPV6:
		return name == IPV6_V6ONLY && s->used;
	case IPPROTO_TCP:
		return name == TCP_NODELAY || name == TCP_WINDOW_CLAMP ||
		    (name == TCP_CORK && !with.corks);
	default:
		return level == IPPROTO_UDP && name == UDP_CORK && !with.corks;
	}
}

/* r: what reading gave.  The error is behind more datagrams, if empty ones. */
static bool differs_error(const struct slot *s, long r)
{
	return s->type == SOCK_DGRAM && r >= 0;
}

/*
 * An error that waits on a datagram socket polls as readable, and a new or
 * reset TCP socket polls otherwise.
 */
static unsigned same_events(const struct slot *s, int state, unsigned events)
{
	if (s->type == SOCK_DGRAM)
		return has_datagrams(s) ? events :
		    events & ~(unsigned)(POLLIN | POLLERR);
	if (with.urgent)
		events &= ~(unsigned)POLLIN;
	if (state == TCP_CLOSE)
		events &= ~(unsigned)(POLLHUP | POLLERR | POLLOUT);
	return events;
}

#endif
