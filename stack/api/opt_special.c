/* opt_special.c: options that are more than a number in a range. */
#include "stack/api/opt_special.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/netif.h"
#include "stack/dgram/dgram.h"
#include "stack/dgram/mcast.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/stream/stream.h"
#include "stack/stream/tcpinfo.h"

/* Younger than the headers may be. */
#define IP_PROTOCOL_	52
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL	36
#endif
#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif
#ifndef ICMPV6_FILTER
#define ICMPV6_FILTER 1
#endif

static int put(void *val, size_t *len, const void *from, size_t n)
{
	if (*len > n)
		*len = n;
	memcpy(val, from, *len);
	return 0;
}

static int put_int(void *val, size_t *len, int v)
{
	return put(val, len, &v, sizeof(v));
}

/* An int that a short value does not fill is refused. */
static int get_int(const void *val, size_t len, int *v)
{
	if (len < sizeof(*v))
		return -EINVAL;
	memcpy(v, val, sizeof(*v));
	return 0;
}

static int set_device(struct sock *s, const char *val, size_t len)
{
	char name[WIRE_NAMELEN] = "";
	struct netif *nif;

	if (len > sizeof(name) - 1)
		len = sizeof(name) - 1;
	memcpy(name, val, len);
	if (!name[0]) {
		s->opt.bound_if = 0;
		s->ops->apply(s);
		return 0;
	}
	nif = iface_by_name(name);
	if (!nif)
		return -ENODEV;
	s->opt.bound_if = netif_get_index(nif);
	s->ops->apply(s);
	return 0;
}

static bool is_icmp(const struct sock *s)
{
	return s->type == SOCK_RAW || s->protocol == IPPROTO_ICMP ||
	    s->protocol == IPPROTO_ICMPV6;
}

static int set_ifindex(struct sock *s, const void *val, size_t len)
{
	int v, err = get_int(val, len, &v);

	if (err)
		return err;
	if (v < 0)
		return -EINVAL;
	if (v && !iface_by_index((uint32_t)v))
		return -ENODEV;
	s->opt.bound_if = v;
	s->ops->apply(s);
	return 0;
}

/* Linux takes a negative one for "as much as there can be". */
static int set_lowat(struct sock *s, const void *val, size_t len)
{
	int most = s->type == SOCK_STREAM ? 16 << 20 : INT_MAX, v;
	int err = get_int(val, len, &v);

	if (err)
		return err;
	s->opt.rcvlowat = v < 0 || v > most ? most : v ? v : 1;
	return 0;
}

/* One or the other, and none of both turns both off. */
static int set_stamps(struct sock *s, int name, const void *val, size_t len)
{
	int v, err = get_int(val, len, &v);

	if (err)
		return err;
	s->opt.timestamp = v && name == SO_TIMESTAMP;
	s->opt.timestampns = v && name == SO_TIMESTAMPNS;
	s->ops->apply(s);
	return 0;
}

static int sol_socket_set(struct sock *s, int name, const void *val,
    size_t len)
{
	struct linger l;

	switch (name) {
	case SO_LINGER:
		if (len < sizeof(l))
			return -EINVAL;
		memcpy(&l, val, sizeof(l));
		s->opt.linger_on = !!l.l_onoff;
		if (l.l_onoff)
			s->opt.linger_s = l.l_linger;
		return 0;
	case SO_BINDTODEVICE:
		return set_device(s, val, len);
	case SO_BINDTOIFINDEX:
		return set_ifindex(s, val, len);
	case SO_BSDCOMPAT:
	case SO_CNX_ADVICE:
		return len < sizeof(int) ? -EINVAL : 0;
	case SO_RCVLOWAT:
		return set_lowat(s, val, len);
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		return set_stamps(s, name, val, len);
	case SO_PEEK_OFF:
	case SO_ZEROCOPY:
		return is_icmp(s) && len >= sizeof(int) ? -EOPNOTSUPP :
		    OPT_NOT_SPECIAL;
	}
	return OPT_NOT_SPECIAL;
}

static int sol_socket_get(struct sock *s, int name, void *val, size_t *len)
{
	static const struct ucred nobody = { 0, (uid_t)-1, (gid_t)-1 };
	struct linger l = { s->opt.linger_on, s->opt.linger_s };
	struct netif *nif;
	char ifname[WIRE_NAMELEN];

	switch (name) {
	case SO_ERROR:
		return put_int(val, len, sock_take_error(s));
	case SO_TYPE:
		return put_int(val, len, s->type);
	case SO_DOMAIN:
		return put_int(val, len, s->domain);
	case SO_PROTOCOL:
		return put_int(val, len, s->protocol);
	case SO_ACCEPTCONN:
		return put_int(val, len, s->state == SOCK_LISTEN);
	case SO_LINGER:
		return put(val, len, &l, sizeof(l));
	case SO_SNDLOWAT:
		return put_int(val, len, 1);
	case SO_BINDTODEVICE:
		nif = netif_get_by_index((u8_t)s->opt.bound_if);
		if (!s->opt.bound_if || !nif) {
			*len = 0;
			return 0;
		}
		if (*len < sizeof(ifname))
			return -EINVAL;
		iface_name(nif, ifname);
		return put(val, len, ifname, strlen(ifname) + 1);
	case SO_BINDTOIFINDEX:
		return put_int(val, len, s->opt.bound_if);
	case SO_RCVLOWAT:
		return put_int(val, len, s->opt.rcvlowat);
	case SO_PEEK_OFF:
		return is_icmp(s) ? -EOPNOTSUPP : OPT_NOT_SPECIAL;
	case SO_PEERCRED:
		return put(val, len, &nobody, sizeof(nobody));
	case SO_BSDCOMPAT:
		return put_int(val, len, 0);
	}
	return OPT_NOT_SPECIAL;
}

static int tcpopt_set(struct sock *s, int name, const void *val, size_t len)
{
	char cc[16] = "";
	int v, err;

	switch (name) {
	case TCP_CONGESTION:
		if (len < 1)
			return -EINVAL;
		memcpy(cc, val, len < sizeof(cc) - 1 ? len : sizeof(cc) - 1);
		if (!sockopt_is_congestion(cc))
			return -ENOENT;
		strcpy(s->opt.congestion, cc);
		return 0;
	case TCP_ULP:
		return len < 1 ? -EINVAL : -ENOENT;	/* there is none */
	case TCP_MAXSEG:
	case TCP_LINGER2:
	case TCP_WINDOW_CLAMP:
		err = get_int(val, len, &v);
		if (err || v)
			return err ? err : OPT_NOT_SPECIAL;
		/* none: the default */
		if (name == TCP_MAXSEG)
			s->opt.maxseg = 0;
		else if (name == TCP_LINGER2)
			s->opt.linger2 = 60;
		else
			s->opt.window_clamp = 0;
		return 0;
	case TCP_NODELAY:
	case TCP_CORK:
		err = get_int(val, len, &v);
		if (err)
			return err;
		/* either one off or on may free what was held back */
		sock_defer(s);
		return OPT_NOT_SPECIAL;
	}
	return OPT_NOT_SPECIAL;
}

static int tcpopt_get(struct sock *s, int name, void *val, size_t *len)
{
	struct stream_info ti;

	switch (name) {
	case TCP_CONGESTION:
		return put(val, len, s->opt.congestion,
		    sizeof(s->opt.congestion));
	case TCP_INFO:
		memset(&ti, 0, sizeof(ti));
		stream_fill_info(s, &ti);
		return put(val, len, &ti, sizeof(ti));
	case TCP_MAXSEG:
		if (s->state != SOCK_OPEN)
			return put_int(val, len, s->opt.maxseg ?
			    s->opt.maxseg : 536);
		memset(&ti, 0, sizeof(ti));
		stream_fill_info(s, &ti);
		return put_int(val, len, (int)ti.tcpi_snd_mss);
	}
	return OPT_NOT_SPECIAL;
}

/* UDP_CORK off: what was held back goes. */
static int udp_set_opt(struct sock *s, int name, const void *val, size_t len)
{
	int v;

	if (name == UDP_CORK && !get_int(val, len, &v) && !v)
		dgram_uncork(s);
	return OPT_NOT_SPECIAL;
}

static struct mc_member **memberships(struct sock *s)
{
	return s->type == SOCK_STREAM ? NULL : &dgram_of(s)->memberships;
}

static int ip_set(struct sock *s, int name, const void *val, size_t len)
{
	switch (name) {
	case IP_MULTICAST_IF:
		return s->type == SOCK_STREAM ? -EINVAL :
		    mcast_set_if4(s, val, len);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		if (s->type == SOCK_STREAM)
			return -EPROTO;
		/* fall through */
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
		return mcast_member(memberships(s), IPPROTO_IP, name, val,
		    len);
	case IP_OPTIONS:
		return len ? -EINVAL : 0;
	}
	return OPT_NOT_SPECIAL;
}

static int ip_get(struct sock *s, int name, void *val, size_t *len)
{
	switch (name) {
	case IP_MULTICAST_IF:
		return put(val, len, s->opt.mc_if_addr, 4);
	case IP_MTU:
		if (!s->peer.family)
			return -ENOTCONN;
		return put_int(val, len, route_mtu(&s->peer));
	case IP_OPTIONS:
		*len = 0;
		return 0;
	case IP_PROTOCOL_:
		return put_int(val, len, s->type == SOCK_RAW ? s->protocol :
		    ntohs(s->local.port));
	}
	return OPT_NOT_SPECIAL;
}

/* IPV6_CHECKSUM: where a raw socket's checksum is, even; -1: nowhere. */
static int set_checksum6(struct sock *s, int level, const void *val,
    size_t len)
{
	int v, err;

	if (s->type != SOCK_RAW)
		return -ENOPROTOOPT;
	err = get_int(val, len, &v);
	if (err || (v > 0 && v & 1) || v > 65534)
		return -EINVAL;
	/* An ICMPv6 socket has its own; at SOL_RAW it may be said again. */
	if (s->protocol == IPPROTO_ICMPV6 && level == IPPROTO_IPV6)
		return -EINVAL;
	s->opt.checksum6 = v < 0 ? -1 : v;
	s->ops->apply(s);
	return 0;
}

/* Which address to send from, until told otherwise. */
static int set_pktinfo6(struct sock *s, const void *val, size_t len)
{
	struct in6_pktinfo pi;

	if (len < sizeof(pi))
		return -EINVAL;
	memcpy(&pi, val, sizeof(pi));
	if (s->opt.bound_if && pi.ipi6_ifindex != (unsigned)s->opt.bound_if)
		return -EINVAL;
	s->opt.src_if6 = (int)pi.ipi6_ifindex;
	memcpy(s->opt.src_addr6, &pi.ipi6_addr, 16);
	return 0;
}

static int ipv6_set(struct sock *s, int name, const void *val, size_t len)
{
	int v, err;

	switch (name) {
	case IPV6_V6ONLY:
		if (s->bound && len >= sizeof(v))
			return -EINVAL;
		return OPT_NOT_SPECIAL;
	case IPV6_MULTICAST_IF:
		return s->type == SOCK_STREAM ? -ENOPROTOOPT :
		    mcast_set_if6(s, val, len);
	case IPV6_JOIN_GROUP:
	case IPV6_LEAVE_GROUP:
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
		return mcast_member(memberships(s), IPPROTO_IPV6, name, val,
		    len);
	case IPV6_MTU:
		err = get_int(val, len, &v);
		if (err || (v && v < 1280))
			return -EINVAL;
		s->opt.mtu6 = v;
		return 0;
	case IPV6_PKTINFO:
		return set_pktinfo6(s, val, len);
	case IPV6_CHECKSUM:
		return set_checksum6(s, IPPROTO_IPV6, val, len);
	}
	return OPT_NOT_SPECIAL;
}

static int raw6_get(struct sock *s, int name, void *val, size_t *len)
{
	switch (name) {
	case IPV6_CHECKSUM:
		return put_int(val, len, s->opt.checksum6);
	case IPV6_HDRINCL:
		return put_int(val, len, s->opt.hdrincl);
	default:
		return -ENOPROTOOPT;
	}
}

static int ipv6_get(struct sock *s, int name, void *val, size_t *len)
{
	switch (name) {
	case IPV6_CHECKSUM:
	case IPV6_HDRINCL:
		return s->type != SOCK_RAW ? -ENOPROTOOPT :
		    raw6_get(s, name, val, len);
	case IPV6_MULTICAST_IF:
		return put_int(val, len, s->opt.mc_if6);
	case IPV6_MTU:
		if (!s->peer.family)
			return -ENOTCONN;
		return put_int(val, len, route_mtu(&s->peer));
	}
	return OPT_NOT_SPECIAL;
}

/*
 * SOL_RAW of IPv4 and IPPROTO_ICMPV6 have one option each, the filter, and
 * sockets of another protocol not even that.
 */
static int raw_filter(struct sock *s, int level, int name, void **f, size_t *n)
{
	bool v4 = level == SOL_RAW;

	if (v4 && name != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (s->protocol != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return -EOPNOTSUPP;
	if (name != ICMPV6_FILTER)
		return -ENOPROTOOPT;
	*f = v4 ? (void *)&s->opt.icmp_filter : s->opt.icmp6_filter;
	*n = v4 ? sizeof(s->opt.icmp_filter) : sizeof(s->opt.icmp6_filter);
	return 0;
}

static int raw6_set(struct sock *s, int name, const void *val, size_t len)
{
	int v, err = get_int(val, len, &v);

	if (err)
		return err;
	switch (name) {
	case IPV6_CHECKSUM:
		return set_checksum6(s, SOL_RAW, val, len);
	case IPV6_HDRINCL:
		s->opt.hdrincl = !!v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int opt_special_set(struct sock *s, int level, int name, const void *val,
    size_t len)
{
	void *f;
	size_t n;
	int err;

	switch (level) {
	case SOL_SOCKET:
		return sol_socket_set(s, name, val, len);
	case IPPROTO_TCP:
		return tcpopt_set(s, name, val, len);
	case IPPROTO_UDP:
		return udp_set_opt(s, name, val, len);
	case IPPROTO_IP:
		return ip_set(s, name, val, len);
	case IPPROTO_IPV6:
		return ipv6_set(s, name, val, len);
	case SOL_RAW:
		if (s->domain == AF_INET6)
			return raw6_set(s, name, val, len);
		/* fall through */
	case IPPROTO_ICMPV6:
		err = raw_filter(s, level, name, &f, &n);
		if (err)
			return err;
		memcpy(f, val, len < n ? len : n);
		return 0;
	}
	return OPT_NOT_SPECIAL;
}

int opt_special_get(struct sock *s, int level, int name, void *val,
    size_t *len)
{
	void *f;
	size_t n;
	int err;

	switch (level) {
	case SOL_SOCKET:
		return sol_socket_get(s, name, val, len);
	case IPPROTO_TCP:
		return tcpopt_get(s, name, val, len);
	case IPPROTO_IP:
		return ip_get(s, name, val, len);
	case IPPROTO_IPV6:
		return ipv6_get(s, name, val, len);
	case SOL_RAW:
		if (s->domain == AF_INET6)
			return raw6_get(s, name, val, len);
		/* fall through */
	case IPPROTO_ICMPV6:
		err = raw_filter(s, level, name, &f, &n);
		return err ? err : put(val, len, f, n);
	}
	return OPT_NOT_SPECIAL;
}
