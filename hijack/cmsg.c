/* cmsg.c: control messages of datagrams; see cmsg.h. */
#include "hijack/cmsg.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "hijack/addr.h"
#include "hijack/fd.h"

/* ttl and tos come as a byte or an int. */
static int small_value(const struct cmsghdr *c, int *val)
{
	size_t n = c->cmsg_len - CMSG_LEN(0);
	unsigned char byte;

	if (n == sizeof(*val)) {
		memcpy(val, CMSG_DATA(c), sizeof(*val));
	} else if (n == 1) {
		memcpy(&byte, CMSG_DATA(c), 1);
		*val = byte;
	} else {
		return -EINVAL;
	}
	return *val < 0 || *val > 255 ? -EINVAL : 0;
}

static int read_ip(const struct cmsghdr *c, struct wire_dgram *h)
{
	struct in_pktinfo pi;
	int val;

	switch (c->cmsg_type) {
	case IP_PKTINFO:
		if (c->cmsg_len != CMSG_LEN(sizeof(pi)))
			return -EINVAL;
		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		h->ifindex = (uint32_t)pi.ipi_ifindex;
		h->local.family = AF_INET;
		memcpy(h->local.ip, &pi.ipi_spec_dst, 4);
		return 0;
	case IP_TTL:
		if (small_value(c, &val) || !val)
			return -EINVAL;
		h->flags |= WIRE_DG_TTL;
		h->ttl = (uint8_t)val;
		return 0;
	case IP_TOS:
		if (small_value(c, &val))
			return -EINVAL;
		h->flags |= WIRE_DG_TOS;
		h->tos = (uint8_t)val;
		return 0;
	case IP_RETOPTS:
		return 0;
	default:
		return -EINVAL;
	}
}

static int read_ip6(const struct cmsghdr *c, struct wire_dgram *h)
{
	struct in6_pktinfo pi;
	int val;

	switch (c->cmsg_type) {
	case IPV6_PKTINFO:
		if (c->cmsg_len < CMSG_LEN(sizeof(pi)))
			return -EINVAL;
		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		h->ifindex = pi.ipi6_ifindex;
		h->local.family = AF_INET6;
		memcpy(h->local.ip, &pi.ipi6_addr, 16);
		return 0;
	case IPV6_HOPLIMIT:
	case IPV6_TCLASS:
		if (c->cmsg_len != CMSG_LEN(sizeof(val)))
			return -EINVAL;
		memcpy(&val, CMSG_DATA(c), sizeof(val));
		if (val < -1 || val > 255)
			return -EINVAL;
		if (val < 0)
			return 0;	/* the socket's own */
		if (c->cmsg_type == IPV6_HOPLIMIT) {
			h->flags |= WIRE_DG_TTL;
			h->ttl = (uint8_t)val;
		} else {
			h->flags |= WIRE_DG_TOS;
			h->tos = (uint8_t)val;
		}
		return 0;
	case IPV6_DONTFRAG:
		return 0;
	default:
		return -EINVAL;
	}
}

/* IPv4, also behind a mapped address. */
static bool is_ip4(const struct wire_addr *a)
{
	return a->family == AF_INET || (a->family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->ip));
}

static int read_udp(const struct cmsghdr *c, struct wire_dgram *h)
{
	if (c->cmsg_type != UDP_SEGMENT ||
	    c->cmsg_len != CMSG_LEN(sizeof(h->segment)))
		return -EINVAL;
	memcpy(&h->segment, CMSG_DATA(c), sizeof(h->segment));
	return 0;
}

int cmsg_read(int fd, unsigned mark, const struct msghdr *m,
    struct wire_dgram *h)
{
	bool four = !(mark & MARK_V6) || is_ip4(&h->peer);
	bool six = mark & MARK_V6 && !is_ip4(&h->peer);
	struct cmsghdr *c;
	int err;

	/* To whom it is connected is not known here. */
	four |= !h->peer.family;
	if (!hj_readable(fd, m->msg_control, m->msg_controllen))
		return -EFAULT;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		char *end = (char *)m->msg_control + m->msg_controllen;

		if (c->cmsg_len < sizeof(*c) ||
		    c->cmsg_len > (size_t)(end - (char *)c))
			return -EINVAL;
		if (c->cmsg_level == IPPROTO_IP && four)
			err = read_ip(c, h);
		else if (c->cmsg_level == IPPROTO_IPV6 && (six ||
		    (mark & MARK_V6 && c->cmsg_type == IPV6_PKTINFO)))
			err = read_ip6(c, h);
		else if (c->cmsg_level == IPPROTO_UDP &&
		    !(mark & (MARK_RAW | MARK_PING)))
			err = read_udp(c, h);
		else
			err = 0;	/* SO_MARK and such: nothing here */
		if (err)
			return err;
	}
	return 0;
}

/* What is written where, and how far that is. */
struct out {
	int fd;
	struct msghdr *m;
	size_t used;
};

/* As the kernel's put_cmsg(): what does not fit is cut and flagged. */
static void put(struct out *o, int level, int type, const void *data,
    size_t len)
{
	struct msghdr *m = o->m;
	size_t room = m->msg_controllen - o->used, whole = CMSG_LEN(len);
	struct cmsghdr c = { .cmsg_level = level, .cmsg_type = type };
	char *to;

	if (!m->msg_control || room < sizeof(c)) {
		m->msg_flags |= MSG_CTRUNC;
		return;
	}
	to = (char *)m->msg_control + o->used;
	if (whole > room) {
		m->msg_flags |= MSG_CTRUNC;
		whole = room;
	}
	c.cmsg_len = whole;
	if (hj_put(o->fd, to, &c, sizeof(c)) ||
	    hj_put(o->fd, to + CMSG_LEN(0), data, whole - CMSG_LEN(0)))
		return;		/* and no word about it, as there */
	o->used += CMSG_SPACE(len) < room ? CMSG_SPACE(len) : room;
}

static void put_times(struct out *o, const struct wire_dgram *h)
{
	struct timespec ts = {
		.tv_sec = (time_t)(h->when_ns / 1000000000),
		.tv_nsec = (long)(h->when_ns % 1000000000),
	};
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / 1000 };

	if (h->want & WIRE_WANT_TIMESTAMPNS)
		put(o, SOL_SOCKET, SO_TIMESTAMPNS, &ts, sizeof(ts));
	else if (h->want & WIRE_WANT_TIMESTAMP)
		put(o, SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv));
}

/* The IPv4 address it came to, also behind a mapped one; NULL: IPv6. */
static const uint8_t *local_ip4(const struct wire_dgram *h)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (h->local.family == AF_INET)
		return h->local.ip;
	return memcmp(h->local.ip, prefix, 12) ? NULL : h->local.ip + 12;
}

static void put_ip(struct out *o, const struct wire_dgram *h,
    const uint8_t *ip)
{
	struct in_pktinfo pi = { .ipi_ifindex = (int)h->ifindex };
	struct wire_addr to = { .family = AF_INET, .port = h->local.port };
	struct sockaddr_storage ss;
	int ttl = h->ttl;

	memcpy(&pi.ipi_spec_dst, ip, 4);
	memcpy(&pi.ipi_addr, ip, 4);
	memcpy(to.ip, ip, 4);
	if (h->want & WIRE_WANT_PKTINFO)
		put(o, IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi));
	if (h->want & WIRE_WANT_TTL)
		put(o, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (h->want & WIRE_WANT_TOS)
		put(o, IPPROTO_IP, IP_TOS, &h->tos, 1);
	if (h->want & WIRE_WANT_ORIGDST)
		put(o, IPPROTO_IP, IP_RECVORIGDSTADDR, &ss,
		    addr_out(&to, AF_INET, &ss));
}

static void put_ip6(struct out *o, const struct wire_dgram *h)
{
	struct in6_pktinfo pi = { .ipi6_ifindex = h->ifindex };
	struct sockaddr_storage ss;
	int hops = h->ttl, tclass = h->tos;

	addr_out(&h->local, AF_INET6, &ss);
	pi.ipi6_addr = ((struct sockaddr_in6 *)&ss)->sin6_addr;
	if (h->want & WIRE_WANT_PKTINFO6)
		put(o, IPPROTO_IPV6, IPV6_PKTINFO, &pi, sizeof(pi));
	if (local_ip4(h))
		return;
	if (h->want & WIRE_WANT_HOPLIMIT6)
		put(o, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops));
	if (h->want & WIRE_WANT_TCLASS6)
		put(o, IPPROTO_IPV6, IPV6_TCLASS, &tclass,
		    sizeof(tclass));
}

static void put_aux(struct out *o, const struct wire_dgram *h)
{
	struct tpacket_auxdata a;
	struct wire_aux aux;
	struct wire_ll ll;

	if (!(h->want & WIRE_WANT_AUXDATA))
		return;
	memcpy(&aux, h->local.ip, sizeof(aux));
	memcpy(&ll, h->peer.ip, sizeof(ll));
	a = (struct tpacket_auxdata){
		.tp_status = aux.status, .tp_len = aux.len,
		.tp_snaplen = aux.snaplen, .tp_net = ll.net,
		.tp_vlan_tci = aux.vlan_tci, .tp_vlan_tpid = aux.vlan_tpid,
	};
	put(o, SOL_PACKET, PACKET_AUXDATA, &a, sizeof(a));
}

static void put_segment(struct out *o, const struct wire_dgram *h)
{
	int size = h->segment;

	put(o, IPPROTO_UDP, UDP_GRO, &size, sizeof(size));
}

void cmsg_write(int fd, struct msghdr *m, const struct wire_dgram *h, bool v6)
{
	struct out o = { .fd = fd, .m = m };

	put_times(&o, h);
	if (h->want & WIRE_WANT_OVERFLOW && h->dropped)
		put(&o, SOL_SOCKET, SO_RXQ_OVFL, &h->dropped,
		    sizeof(h->dropped));
	if (h->want & WIRE_WANT_GRO && h->segment)
		put_segment(&o, h);
	if (h->peer.family == AF_PACKET)
		put_aux(&o, h);
	else if (v6)
		put_ip6(&o, h);
	if (h->peer.family != AF_PACKET && local_ip4(h))
		put_ip(&o, h, local_ip4(h));
	m->msg_controllen = o.used;
}

void cmsg_write_error(int fd, struct msghdr *m, const struct wire_dgram *h,
    bool v6)
{
	struct {
		struct sock_extended_err ee;
		struct sockaddr_storage offender;
	} e;
	struct out o = { .fd = fd, .m = m };
	size_t n;

	memset(&e, 0, sizeof(e));
	e.ee.ee_errno = (uint32_t)h->err;
	e.ee.ee_origin = h->local.family == AF_INET ? SO_EE_ORIGIN_ICMP :
	    h->local.family == AF_INET6 ? SO_EE_ORIGIN_ICMP6 :
	    SO_EE_ORIGIN_LOCAL;
	e.ee.ee_type = h->icmp_type;
	e.ee.ee_code = h->icmp_code;
	e.ee.ee_info = h->err == EMSGSIZE ? h->dropped : 0;
	n = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (h->local.family) {
		addr_out(&h->local, v6 ? AF_INET6 : AF_INET, &e.offender);
		/* The reporter has no port. */
		((struct sockaddr_in *)&e.offender)->sin_port = 0;
	}
	put_times(&o, h);
	put(&o, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
	    v6 ? IPV6_RECVERR : IP_RECVERR, &e, sizeof(e.ee) + n);
	m->msg_controllen = o.used;
}
