/* opt.c: the table of socket options; the odd ones are in opt_special.c. */
#include "stack/opt.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/opt_special.h"
#include "stack/sock.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* For which sockets an option exists. */
enum { T = 1, D = 2, R = 4, ANY = T | D | R };

/* How the value is read and shown. */
enum kind {
	BOOL,		/* any int, kept as 0 or 1 */
	INT,		/* within min..max, else EINVAL */
	CLAMP,		/* taken to the nearer end */
	BUFFER,		/* shown doubled, as Linux does */
	IGNORE,		/* accepted, shown, no effect here */
};

static const struct option {
	int level, name;
	uint8_t who, kind;
	uint16_t field;		/* offset in struct sock_opts */
	int min, max;
} options[] = {
#define F(f) offsetof(struct sock_opts, f)
#define S SOL_SOCKET
	{ S, SO_REUSEADDR, ANY, BOOL, F(reuseaddr), 0, 0 },
	{ S, SO_REUSEPORT, ANY, BOOL, F(reuseport), 0, 0 },
	{ S, SO_KEEPALIVE, ANY, BOOL, F(keepalive), 0, 0 },
	{ S, SO_BROADCAST, ANY, BOOL, F(broadcast), 0, 0 },
	{ S, SO_OOBINLINE, ANY, BOOL, F(oobinline), 0, 0 },
	{ S, SO_DONTROUTE, ANY, BOOL, F(dontroute), 0, 0 },
	{ S, SO_SNDBUF, ANY, BUFFER, F(sndbuf), 4608, 8 << 20 },
	{ S, SO_RCVBUF, ANY, BUFFER, F(rcvbuf), 2304, 12 << 20 },
	{ S, SO_SNDBUFFORCE, ANY, BUFFER, F(sndbuf), 4608, INT_MAX / 2 },
	{ S, SO_RCVBUFFORCE, ANY, BUFFER, F(rcvbuf), 2304, INT_MAX / 2 },
	{ S, SO_RCVLOWAT, ANY, CLAMP, F(rcvlowat), 1, INT_MAX },
	{ S, SO_PRIORITY, ANY, INT, F(priority), 0, 6 },
	{ S, SO_MARK, ANY, IGNORE, F(mark), INT_MIN, INT_MAX },
	{ S, SO_TIMESTAMP, ANY, BOOL, F(timestamp), 0, 0 },
	{ S, SO_TIMESTAMPNS, ANY, BOOL, F(timestampns), 0, 0 },
	{ S, SO_NO_CHECK, ANY, BOOL, F(no_check), 0, 0 },
#undef S
#define S IPPROTO_TCP
	{ S, TCP_NODELAY, T, BOOL, F(nodelay), 0, 0 },
	{ S, TCP_CORK, T, BOOL, F(cork), 0, 0 },
	{ S, TCP_MAXSEG, T, INT, F(maxseg), 88, 32767 },
	{ S, TCP_KEEPIDLE, T, INT, F(keepidle), 1, 32767 },
	{ S, TCP_KEEPINTVL, T, INT, F(keepintvl), 1, 32767 },
	{ S, TCP_KEEPCNT, T, INT, F(keepcnt), 1, 127 },
	{ S, TCP_SYNCNT, T, INT, F(syncnt), 1, 127 },
	{ S, TCP_LINGER2, T, CLAMP, F(linger2), -1, 120 },
	{ S, TCP_DEFER_ACCEPT, T, CLAMP, F(defer_accept), 0, INT_MAX },
	{ S, TCP_WINDOW_CLAMP, T, CLAMP, F(window_clamp), 0, INT_MAX },
	{ S, TCP_QUICKACK, T, BOOL, F(quickack), 0, 0 },
	{ S, TCP_USER_TIMEOUT, T, INT, F(user_timeout), 0, INT_MAX },
	{ S, TCP_THIN_LINEAR_TIMEOUTS, T, INT, F(thin_lto), 0, 1 },
	{ S, TCP_THIN_DUPACK, T, INT, F(thin_dupack), 0, 1 },
	{ S, TCP_NOTSENT_LOWAT, T, CLAMP, F(notsent_lowat), 0, INT_MAX },
	{ S, TCP_TIMESTAMP, T, IGNORE, F(tcp_ts), INT_MIN, INT_MAX },
#undef S
#define S IPPROTO_IP
	{ S, IP_TTL, ANY, INT, F(ttl), -1, 255 },
	{ S, IP_TOS, ANY, CLAMP, F(tos), 0, 255 },
	{ S, IP_MTU_DISCOVER, ANY, INT, F(mtu_discover), 0, 5 },
	{ S, IP_PKTINFO, ANY, BOOL, F(pktinfo), 0, 0 },
	{ S, IP_RECVTTL, D | R, BOOL, F(recvttl), 0, 0 },
	{ S, IP_RECVTOS, ANY, BOOL, F(recvtos), 0, 0 },
	{ S, IP_RECVOPTS, D | R, BOOL, F(recvopts), 0, 0 },
	{ S, IP_RETOPTS, D | R, BOOL, F(retopts), 0, 0 },
	{ S, IP_RECVORIGDSTADDR, D | R, BOOL, F(recvorigdst), 0, 0 },
	{ S, IP_RECVERR, ANY, BOOL, F(recverr), 0, 0 },
	{ S, IP_MULTICAST_TTL, D | R, INT, F(mc_ttl), -1, 255 },
	{ S, IP_MULTICAST_LOOP, D | R, BOOL, F(mc_loop), 0, 0 },
	{ S, IP_MULTICAST_ALL, ANY, INT, F(mc_all), 0, 1 },
	{ S, IP_HDRINCL, R, BOOL, F(hdrincl), 0, 0 },
	{ S, IP_FREEBIND, ANY, BOOL, F(freebind), 0, 0 },
	{ S, IP_TRANSPARENT, ANY, BOOL, F(transparent), 0, 0 },
	{ S, IP_ROUTER_ALERT, R, IGNORE, F(router_alert), 0, 1 },
	{ S, IP_MINTTL, ANY, INT, F(minttl), 0, 255 },
	{ S, IP_BIND_ADDRESS_NO_PORT, ANY, BOOL, F(bind_noport), 0, 0 },
#undef S
#define S IPPROTO_IPV6
	{ S, IPV6_UNICAST_HOPS, ANY, INT, F(hops), -1, 255 },
	{ S, IPV6_TCLASS, ANY, INT, F(tclass), -1, 255 },
	{ S, IPV6_RECVPKTINFO, ANY, BOOL, F(recvpktinfo6), 0, 0 },
	{ S, IPV6_RECVHOPLIMIT, ANY, BOOL, F(recvhoplimit), 0, 0 },
	{ S, IPV6_RECVTCLASS, ANY, BOOL, F(recvtclass), 0, 0 },
	{ S, IPV6_RECVERR, ANY, BOOL, F(recverr6), 0, 0 },
	{ S, IPV6_MTU_DISCOVER, ANY, INT, F(mtu_discover6), 0, 5 },
	{ S, IPV6_MULTICAST_HOPS, D | R, INT, F(mc_hops), -1, 255 },
	{ S, IPV6_MULTICAST_LOOP, ANY, INT, F(mc_loop6), 0, 1 },
	{ S, IPV6_CHECKSUM, R, INT, F(checksum6), -1, 65534 },
	{ S, IPV6_DONTFRAG, ANY, BOOL, F(dontfrag), 0, 0 },
	{ S, IPV6_AUTOFLOWLABEL, ANY, BOOL, F(autoflowlabel), 0, 0 },
#undef S
#undef F
};

static unsigned who(const struct sock *s)
{
	return s->type == SOCK_STREAM ? T : s->type == SOCK_RAW ? R : D;
}

static const struct option *find(const struct sock *s, int level, int name)
{
	if (level == IPPROTO_IPV6 && s->domain != AF_INET6)
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *o = &options[i];

		if (o->level == level && o->name == name &&
		    (o->who & who(s)))
			return o;
	}
	return NULL;
}

static int *field(struct sock *s, const struct option *o)
{
	return (int *)((char *)&s->opt + o->field);
}

void opt_defaults(struct sock *s)
{
	struct sock_opts *o = &s->opt;

	o->sndbuf = s->type == SOCK_STREAM ? 16384 : 212992;
	o->rcvbuf = s->type == SOCK_STREAM ? 131072 : 212992;
	o->rcvlowat = 1;
	o->keepidle = 7200;
	o->keepintvl = 75;
	o->keepcnt = 9;
	o->syncnt = 6;
	o->linger2 = 60;
	o->quickack = 1;
	o->ttl = 64;
	o->mtu_discover = s->type == SOCK_RAW ? 0 : 1;
	o->mc_ttl = 1;
	o->mc_loop = 1;
	o->mc_all = 1;
	o->hops = 64;
	o->mc_hops = 1;
	o->mc_loop6 = 1;
	o->mtu_discover6 = 1;
	o->checksum6 = s->protocol == IPPROTO_ICMPV6 ? 2 : -1;
	o->autoflowlabel = 1;
	strcpy(o->congestion, "reno");
	/* Linux's IPPROTO_RAW sockets bring their header. */
	o->hdrincl = s->type == SOCK_RAW && s->protocol == IPPROTO_RAW;
}

/* IPPROTO_IP options may come as one byte; all others need an int. */
static int value(int level, const void *val, size_t len, int *v)
{
	if (len >= sizeof(*v)) {
		memcpy(v, val, sizeof(*v));
		return 0;
	}
	if (level != IPPROTO_IP || len < 1)
		return -EINVAL;
	*v = *(const uint8_t *)val;
	return 0;
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
		break;
	case CLAMP:
		*f = v < o->min ? o->min : v > o->max ? o->max : v;
		break;
	case INT:
		if (v < o->min || v > o->max)
			return -EINVAL;
		/* fall through */
	case IGNORE:
		*f = v;
		break;
	}
	return 0;
}

/* What -1 stands for, and what zero may not be. */
static int adjust(const struct option *o, int *v)
{
	if (o->level == IPPROTO_IP && o->name == IP_TTL) {
		if (*v == -1)
			*v = 64;
		return *v < 1 ? -EINVAL : 0;
	}
	if (o->level == IPPROTO_IP && o->name == IP_MULTICAST_TTL && *v == -1)
		*v = 1;
	if (o->level == IPPROTO_IPV6) {
		if (o->name == IPV6_UNICAST_HOPS && *v == -1)
			*v = 64;
		if (o->name == IPV6_MULTICAST_HOPS && *v == -1)
			*v = 1;
		if (o->name == IPV6_TCLASS && *v == -1)
			*v = 0;
	}
	if (o->level == IPPROTO_TCP && o->name == TCP_MAXSEG && *v == 0)
		*v = 88;
	return 0;
}

int opt_set(struct sock *s, int level, int name, const void *val, size_t len)
{
	const struct option *o;
	int v, err;

	err = opt_special_set(s, level, name, val, len);
	if (err != OPT_NOT_SPECIAL)
		return err;
	o = find(s, level, name);
	if (!o)
		return -ENOPROTOOPT;
	err = value(level, val, len, &v);
	if (!err)
		err = adjust(o, &v);
	if (!err)
		err = store(s, o, v);
	if (!err)
		s->ops->apply(s);
	return err;
}

int opt_get(struct sock *s, int level, int name, void *val, size_t *len)
{
	const struct option *o;
	int err;

	err = opt_special_get(s, level, name, val, len);
	if (err != OPT_NOT_SPECIAL)
		return err;
	o = find(s, level, name);
	if (!o)
		return -ENOPROTOOPT;
	if (level == IPPROTO_IP && *len >= 1 && *len < sizeof(int)) {
		*(uint8_t *)val = (uint8_t)*field(s, o);
		*len = 1;
		return 0;
	}
	if (*len > sizeof(int))
		*len = sizeof(int);
	memcpy(val, field(s, o), *len);
	return 0;
}
