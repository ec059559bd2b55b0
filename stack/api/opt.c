/*
 * opt.c: the table of socket options and how their values are read, kept and
 * shown; the odd ones are in opt_special.c.
 */
#include "stack/api/opt.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/api/opt_special.h"
#include "stack/api/opt_value.h"
#include "stack/packet/packet.h"
#include "stack/sock/sock.h"

/* Younger than the headers may be. */
#define IP_RECVFRAGSIZE_	25
#define IPV6_MULTICAST_ALL_	29

/* Who may set an option; for others it says what they get instead. */
enum { T = 1, D = 2, R = 4, ANY = T | D | R };

/* How the value is read and shown. */
enum kind {
	BOOL,		/* any int, kept as 0 or 1 */
	INT,		/* within min..max, else EINVAL */
	CLAMP,		/* taken to the nearer end */
	BUFFER,		/* shown doubled, as Linux does */
	FIXED,		/* checked as INT, but it stays as it is */
};

/* Levels, as short as a table wants them. */
enum {
	S = SOL_SOCKET, TC = IPPROTO_TCP, UD = IPPROTO_UDP, V4 = IPPROTO_IP,
	V6 = IPPROTO_IPV6,
};

enum {
	SHORT = 1,	/* no value stands for zero, where others are EINVAL */
	FULL = 2,	/* ... and the reverse, at level IPPROTO_IP */
	SETONLY = 4,
};

static const struct option {
	int level, name;
	uint8_t who, kind, flags;
	uint8_t other;		/* errno for those who may not */
	uint16_t field;		/* offset in struct sock_opts */
	int min, max;
} options[] = {
#define F(f) offsetof(struct sock_opts, f)
#define NO ENOPROTOOPT
	{ S, SO_DEBUG, ANY, BOOL, 0, 0, F(debug), 0, 0 },
	{ S, SO_REUSEADDR, ANY, BOOL, 0, 0, F(reuseaddr), 0, 0 },
	{ S, SO_REUSEPORT, ANY, BOOL, 0, 0, F(reuseport), 0, 0 },
	{ S, SO_KEEPALIVE, ANY, BOOL, 0, 0, F(keepalive), 0, 0 },
	{ S, SO_BROADCAST, ANY, BOOL, 0, 0, F(broadcast), 0, 0 },
	{ S, SO_OOBINLINE, ANY, BOOL, 0, 0, F(oobinline), 0, 0 },
	{ S, SO_DONTROUTE, ANY, BOOL, 0, 0, F(dontroute), 0, 0 },
	{ S, SO_SNDBUF, ANY, BUFFER, 0, 0, F(sndbuf), 4608, 8 << 20 },
	{ S, SO_RCVBUF, ANY, BUFFER, 0, 0, F(rcvbuf), 2304, INT_MAX / 2 },
	{ S, SO_SNDBUFFORCE, ANY, BUFFER, SETONLY, 0, F(sndbuf), 4608, INT_MAX / 2 },
	{ S, SO_RCVBUFFORCE, ANY, BUFFER, SETONLY, 0, F(rcvbuf), 2304, INT_MAX / 2 },
	{ S, SO_PRIORITY, ANY, INT, 0, 0, F(priority), INT_MIN, INT_MAX },
	{ S, SO_MARK, ANY, INT, 0, 0, F(mark), INT_MIN, INT_MAX },
	{ S, SO_TIMESTAMP, ANY, BOOL, 0, 0, F(timestamp), 0, 0 },
	{ S, SO_TIMESTAMPNS, ANY, BOOL, 0, 0, F(timestampns), 0, 0 },
	{ S, SO_RXQ_OVFL, ANY, BOOL, 0, 0, F(rxq_ovfl), 0, 0 },
	{ S, SO_NO_CHECK, ANY, BOOL, 0, 0, F(no_check), 0, 0 },
	{ S, SO_WIFI_STATUS, ANY, BOOL, 0, 0, F(wifi_status), 0, 0 },
	{ S, SO_NOFCS, ANY, BOOL, 0, 0, F(nofcs), 0, 0 },
	{ S, SO_LOCK_FILTER, ANY, BOOL, 0, 0, F(lock_filter), 0, 0 },
	{ S, SO_SELECT_ERR_QUEUE, ANY, BOOL, 0, 0, F(select_err_queue), 0, 0 },
	{ S, SO_BUSY_POLL, ANY, INT, 0, 0, F(busy_poll), 0, INT_MAX },
	{ S, SO_INCOMING_CPU, ANY, INT, 0, 0, F(incoming_cpu), INT_MIN,
	    INT_MAX },
	{ S, SO_INCOMING_NAPI_ID, 0, INT, 0, NO, F(incoming_napi_id), 0, 0 },
	/* What cannot be had can at least be switched off. */
	{ S, SO_ZEROCOPY, T | D, INT, 0, EOPNOTSUPP, F(zerocopy), 0, 0 },
	{ S, SO_PEEK_OFF, T | D, INT, 0, EOPNOTSUPP, F(peek_off), -1, -1 },
	{ TC, TCP_NODELAY, T, BOOL, 0, 0, F(nodelay), 0, 0 },
	{ TC, TCP_CORK, T, BOOL, 0, 0, F(cork), 0, 0 },
	{ TC, TCP_MAXSEG, T, INT, 0, 0, F(maxseg), 88, 32767 },
	{ TC, TCP_KEEPIDLE, T, INT, 0, 0, F(keepidle), 1, 32767 },
	{ TC, TCP_KEEPINTVL, T, INT, 0, 0, F(keepintvl), 1, 32767 },
	{ TC, TCP_KEEPCNT, T, INT, 0, 0, F(keepcnt), 1, 127 },
	{ TC, TCP_SYNCNT, T, INT, 0, 0, F(syncnt), 1, 127 },
	{ TC, TCP_LINGER2, T, CLAMP, 0, 0, F(linger2), -1, 120 },
	{ TC, TCP_DEFER_ACCEPT, T, INT, 0, 0, F(defer_accept), 0, INT_MAX },
	{ TC, TCP_WINDOW_CLAMP, T, CLAMP, 0, 0, F(window_clamp), 1152,
	    INT_MAX },
	{ TC, TCP_QUICKACK, T, BOOL, 0, 0, F(quickack), 0, 0 },
	{ TC, TCP_USER_TIMEOUT, T, INT, 0, 0, F(user_timeout), 0, INT_MAX },
	{ TC, TCP_THIN_LINEAR_TIMEOUTS, T, INT, 0, 0, F(thin_lto), 0, 1 },
	{ TC, TCP_THIN_DUPACK, T, FIXED, 0, 0, F(thin_dupack), 0, 1 },
	{ TC, TCP_NOTSENT_LOWAT, T, INT, 0, 0, F(notsent_lowat), INT_MIN,
	    INT_MAX },
	{ UD, UDP_CORK, D, BOOL, 0, 0, F(udp_cork), 0, 0 },
	{ UD, UDP_SEGMENT, D, INT, 0, 0, F(udp_segment), 0, 65535 },
	{ UD, UDP_GRO, D, BOOL, 0, 0, F(udp_gro), 0, 0 },
	{ UD, UDP_NO_CHECK6_TX, D, BOOL, 0, 0, F(no_check6_tx), 0, 0 },
	{ UD, UDP_NO_CHECK6_RX, D, BOOL, 0, 0, F(no_check6_rx), 0, 0 },
	{ V4, IP_TTL, ANY, INT, FULL, 0, F(ttl), 1, 255 },
	{ V4, IP_TOS, ANY, INT, 0, 0, F(tos), INT_MIN, INT_MAX },
	{ V4, IP_MTU_DISCOVER, ANY, INT, 0, 0, F(mtu_discover), 0, 5 },
	{ V4, IP_PKTINFO, ANY, BOOL, 0, 0, F(pktinfo), 0, 0 },
	{ V4, IP_RECVTTL, ANY, BOOL, 0, 0, F(recvttl), 0, 0 },
	{ V4, IP_RECVTOS, ANY, BOOL, 0, 0, F(recvtos), 0, 0 },
	{ V4, IP_RECVOPTS, ANY, BOOL, 0, 0, F(recvopts), 0, 0 },
	{ V4, IP_RETOPTS, ANY, BOOL, 0, 0, F(retopts), 0, 0 },
	{ V4, IP_RECVORIGDSTADDR, ANY, BOOL, 0, 0, F(recvorigdst), 0, 0 },
	{ V4, IP_RECVERR, ANY, BOOL, 0, 0, F(recverr), 0, 0 },
	{ V4, IP_PASSSEC, ANY, BOOL, 0, 0, F(passsec), 0, 0 },
	{ V4, IP_CHECKSUM, ANY, BOOL, 0, 0, F(checksum), 0, 0 },
	{ V4, IP_RECVFRAGSIZE_, D | R, BOOL, 0, EINVAL, F(recvfragsize), 0, 0 },
	{ V4, IP_MULTICAST_TTL, D | R, INT, FULL, EINVAL, F(mc_ttl), 0, 255 },
	{ V4, IP_MULTICAST_LOOP, ANY, BOOL, FULL, 0, F(mc_loop), 0, 0 },
	{ V4, IP_MULTICAST_ALL, ANY, INT, FULL, 0, F(mc_all), 0, 1 },
	{ V4, IP_HDRINCL, R, BOOL, 0, NO, F(hdrincl), 0, 0 },
	{ V4, IP_NODEFRAG, R, BOOL, 0, NO, F(nodefrag), 0, 0 },
	{ V4, IP_ROUTER_ALERT, R, INT, 0, EINVAL, F(router_alert), 0, 255 },
	{ V4, IP_FREEBIND, ANY, BOOL, FULL, 0, F(freebind), 0, 0 },
	{ V4, IP_TRANSPARENT, ANY, BOOL, FULL, 0, F(transparent), 0, 0 },
	{ V4, IP_MINTTL, ANY, INT, FULL, 0, F(minttl), 0, 255 },
	{ V4, IP_BIND_ADDRESS_NO_PORT, ANY, BOOL, 0, 0, F(bind_noport), 0, 0 },
	{ V4, IP_UNICAST_IF, ANY, INT, 0, 0, F(unicast_if), INT_MIN, INT_MAX },
	{ V6, IPV6_UNICAST_HOPS, ANY, INT, 0, 0, F(hops), 0, 255 },
	{ V6, IPV6_MULTICAST_HOPS, D | R, INT, 0, NO, F(mc_hops), 0, 255 },
	{ V6, IPV6_MULTICAST_LOOP, ANY, INT, 0, 0, F(mc_loop6), 0, 1 },
	{ V6, IPV6_MULTICAST_ALL_, ANY, BOOL, 0, 0, F(mc_all6), 0, 0 },
	{ V6, IPV6_TCLASS, ANY, INT, 0, 0, F(tclass), 0, 255 },
	{ V6, IPV6_MTU_DISCOVER, ANY, INT, 0, 0, F(mtu_discover6), 0, 5 },
	{ V6, IPV6_RECVERR, ANY, BOOL, 0, 0, F(recverr6), 0, 0 },
	{ V6, IPV6_HDRINCL, R, BOOL, 0, NO, F(hdrincl), 0, 0 },
	{ V6, IPV6_V6ONLY, T | D, BOOL, 0, EINVAL, F(v6only), 0, 0 },
	{ V6, IPV6_RECVPKTINFO, ANY, BOOL, 0, 0, F(recvpktinfo6), 0, 0 },
	{ V6, IPV6_RECVHOPLIMIT, ANY, BOOL, 0, 0, F(recvhoplimit), 0, 0 },
	{ V6, IPV6_RECVTCLASS, ANY, BOOL, 0, 0, F(recvtclass), 0, 0 },
	{ V6, IPV6_RECVHOPOPTS, ANY, BOOL, 0, 0, F(recvhopopts), 0, 0 },
	{ V6, IPV6_RECVRTHDR, ANY, BOOL, 0, 0, F(recvrthdr), 0, 0 },
	{ V6, IPV6_RECVDSTOPTS, ANY, BOOL, 0, 0, F(recvdstopts), 0, 0 },
	{ V6, IPV6_RECVPATHMTU, ANY, BOOL, 0, 0, F(recvpathmtu), 0, 0 },
	{ V6, IPV6_RECVORIGDSTADDR, ANY, BOOL, 0, 0, F(recvorigdst6), 0, 0 },
	{ V6, IPV6_DONTFRAG, ANY, BOOL, SHORT, 0, F(dontfrag), 0, 0 },
	{ V6, IPV6_AUTOFLOWLABEL, ANY, BOOL, SHORT, 0, F(autoflowlabel), 0, 0 },
	{ V6, IPV6_ADDR_PREFERENCES, ANY, INT, 0, 0, F(addr_prefs), INT_MIN,
	    INT_MAX },
	{ V6, IPV6_MINHOPCOUNT, ANY, INT, 0, 0, F(minhops), 0, 255 },
	{ V6, IPV6_FREEBIND, ANY, BOOL, 0, 0, F(freebind), 0, 0 },
	{ V6, IPV6_TRANSPARENT, ANY, BOOL, 0, 0, F(transparent), 0, 0 },
	{ V6, IPV6_UNICAST_IF, ANY, INT, 0, 0, F(unicast_if6), INT_MIN,
	    INT_MAX },
#undef NO
#undef F
};

static bool is_udp(const struct sock *s)
{
	return s->type == SOCK_DGRAM && s->protocol == IPPROTO_UDP;
}

static unsigned who(const struct sock *s)
{
	return s->type == SOCK_STREAM ? T : s->type == SOCK_RAW ? R : D;
}

/* Does Linux ask code that knows this level? */
static bool has_level(const struct sock *s, int level)
{
	if (s->domain == AF_PACKET)
		return level == SOL_SOCKET || level == SOL_PACKET;
	switch (level) {
	case SOL_SOCKET:
		return true;
	case IPPROTO_TCP:
		return s->type == SOCK_STREAM;
	case IPPROTO_UDP:
		return is_udp(s);
	case IPPROTO_IP:
		return s->domain == AF_INET || s->type != SOCK_RAW;
	case IPPROTO_IPV6:
		return s->domain == AF_INET6;
	case SOL_RAW:
		return s->type == SOCK_RAW;
	case IPPROTO_ICMPV6:
		return s->domain == AF_INET6 && s->type == SOCK_RAW;
	default:
		return false;
	}
}

static const struct option *find(int level, int name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level == level && options[i].name == name)
			return &options[i];
	return NULL;
}

static int *field(struct sock *s, const struct option *o)
{
	return (int *)((char *)&s->opt + o->field);
}

/* At IPPROTO_IP one byte will do, for most options even none. */
static int value(const struct option *o, const void *val, size_t len, int *v)
{
	*v = 0;
	if (len >= sizeof(*v)) {
		memcpy(v, val, sizeof(*v));
		return 0;
	}
	if (o->level == IPPROTO_IP) {
		if (len)
			*v = *(const uint8_t *)val;
		return len || !(o->flags & FULL) ? 0 : -EINVAL;
	}
	return o->flags & SHORT ? 0 : -EINVAL;
}

static int store(struct sock *s, const struct option *o, int v)
{
	int *f = field(s, o);

	switch (o->kind) {
	case BOOL:
		*f = !!v;
		break;
	case BUFFER:
		if (v < 0 || v > o->max / 2)
			v = o->max / 2;
		*f = v * 2 < o->min ? o->min : v * 2;
		if (f == &s->opt.sndbuf)
			s->opt.sndbuf_set = 1;
		break;
	case CLAMP:
		*f = v < o->min ? o->min : v > o->max ? o->max : v;
		break;
	default:
		if (v < o->min || v > o->max)
			return -EINVAL;
		if (o->kind == INT)
			*f = v;
	}
	return 0;
}

int opt_set(struct sock *s, int level, int name, const void *val, size_t len)
{
	const struct option *o;
	int v, err;

	if (!has_level(s, level))
		return -ENOPROTOOPT;
	if (level == SOL_PACKET)
		return packet_opt_set(s, name, val, len);
	err = opt_special_set(s, level, name, val, len);
	if (err != OPT_NOT_SPECIAL)
		return err;
	if (len < sizeof(v) && (level == SOL_SOCKET || level == IPPROTO_TCP ||
	    level == IPPROTO_UDP))
		return -EINVAL;
	o = find(level, name);
	if (!o)
		return -ENOPROTOOPT;
	if (!(o->who & who(s)))
		return -o->other;
	err = value(o, val, len, &v);
	if (!err)
		err = opt_value(s, level, name, len, &v);
	if (!err)
		err = store(s, o, v);
	if (!err)
		s->ops->apply(s);
	return err;
}

int opt_get(struct sock *s, int level, int name, void *val, size_t *len)
{
	const struct option *o;
	int err, v;

	if (!has_level(s, level))
		return s->domain == AF_INET ? -EOPNOTSUPP : -ENOPROTOOPT;
	if (level == SOL_PACKET)
		return packet_opt_get(s, name, val, len);
	err = opt_special_get(s, level, name, val, len);
	if (err != OPT_NOT_SPECIAL)
		return err;
	o = find(level, name);
	if (!o || o->flags & SETONLY)
		return -ENOPROTOOPT;
	v = *field(s, o);
	if (level == IPPROTO_IP && *len >= 1 && *len < sizeof(int) &&
	    v >= 0 && v <= 255) {
		*(uint8_t *)val = (uint8_t)v;
		*len = 1;
		return 0;
	}
	if (*len > sizeof(int))
		*len = sizeof(int);
	memcpy(val, &v, *len);
	return 0;
}
