/*
 * tracenet.c: the socket of traceroute.  Each probe carries its number: as
 * the destination port of UDP, as the sequence number of an echo request.
 * Errors come back on the socket's error queue, which needs no privilege.
 */
#include "stack/ctl/traceroute.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/ctl/text.h"
#include "stack/wire/clock.h"

static size_t head_size(const struct trace *t)
{
	return t->family == AF_INET ? 20 : 40;
}

static int set_source(const struct trace *t, int fd, const char **call)
{
	union ping_addr from = { .sa.sa_family = (sa_family_t)t->family };
	struct text_ip ip;

	if (text_parse_ip(t->source, t->family, &ip)) {
		*call = "SO_BINDTODEVICE";
		return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->source,
		    (socklen_t)strlen(t->source) + 1);
	}
	if (t->family == AF_INET)
		memcpy(&from.in.sin_addr, ip.ip, 4);
	else
		memcpy(&from.in6.sin6_addr, ip.ip, 16);
	*call = "bind";
	return bind(fd, &from.sa, t->to_len);
}

static int open_socket(struct trace *t, int protocol, const char **call)
{
	int fd, err;

	*call = "socket";
	fd = socket(t->family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	if (t->source && set_source(t, fd, call)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Whether there is a route, and the address we have on it. */
static int probe_route(struct trace *t, const char **call)
{
	socklen_t len = sizeof(t->local);
	union ping_addr to = t->to;
	int fd, ret;

	fd = open_socket(t, 0, call);
	if (fd < 0)
		return fd;
	to.in.sin_port = htons(t->port);
	*call = "connect";
	ret = connect(fd, &to.sa, t->to_len) ||
	    getsockname(fd, &t->local.sa, &len) ? -errno : 0;
	close(fd);
	return ret;
}

int tracenet_open(struct trace *t, const char **call)
{
	const int on = 1;
	int fd, ret;

	ret = probe_route(t, call);
	if (ret)
		return ret;
	fd = open_socket(t, !t->icmp ? 0 : t->family == AF_INET ?
	    IPPROTO_ICMP : IPPROTO_ICMPV6, call);
	if (fd < 0)
		return fd;
	*call = "IP_RECVERR";
	if (t->family == AF_INET)
		ret = setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		ret = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on,
		    sizeof(on));
	if (ret) {
		ret = -errno;
		close(fd);
		return ret;
	}
	t->fd = fd;
	return 0;
}

/* The echo request's header; ICMPv6 leaves its checksum to the stack. */
static void fill_echo(const struct trace *t, uint8_t *p, size_t n, unsigned i)
{
	uint32_t sum = 0;

	p[0] = t->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	p[1] = p[2] = p[3] = p[4] = p[5] = 0;
	p[6] = (uint8_t)((i + 1) >> 8);
	p[7] = (uint8_t)(i + 1);
	if (t->family != AF_INET)
		return;
	for (size_t k = 0; k < n; k++)
		sum += k % 2 ? p[k] : (uint32_t)p[k] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p[2] = (uint8_t)(~sum >> 8);
	p[3] = (uint8_t)~sum;
}

int tracenet_send(struct trace *t, unsigned i)
{
	static uint8_t packet[TRACE_SIZE_MAX];
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	union ping_addr to = t->to;
	size_t head = head_size(t) + (t->icmp ? 0 : 8), n;
	struct iovec iov = { .iov_base = packet };
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = t->to_len,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int ttl = (int)(i / t->queries + t->first);

	n = t->size > head ? t->size - head : 0;
	if (t->icmp && n < PING_HEAD)
		n = PING_HEAD;
	for (size_t k = 0; k < n; k++)
		packet[k] = (uint8_t)(0x40 + (k & 0x3f));
	if (t->icmp)
		fill_echo(t, packet, n, i);
	else
		to.in.sin_port = htons((uint16_t)(t->port + i));
	iov.iov_len = n;
	/* With the packet, not as an option: others are under way. */
	memset(&control, 0, sizeof(control));
	control.h.cmsg_level = t->family == AF_INET ? IPPROTO_IP :
	    IPPROTO_IPV6;
	control.h.cmsg_type = t->family == AF_INET ? IP_TTL : IPV6_HOPLIMIT;
	control.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.h), &ttl, sizeof(ttl));
	t->probe[i].sent = clock_ns();
	return sendmsg(t->fd, &m, 0) < 0 ? -errno : 0;
}

static void mark4(struct trace_probe *p, const struct sock_extended_err *ee)
{
	static const char marks[] = {
		[ICMP_NET_UNREACH] = 'N', [ICMP_HOST_UNREACH] = 'H',
		[ICMP_PROT_UNREACH] = 'P', [ICMP_SR_FAILED] = 'S',
		[ICMP_NET_UNKNOWN] = 'U', [ICMP_HOST_UNKNOWN] = 'W',
		[ICMP_HOST_ISOLATED] = 'I', [ICMP_NET_ANO] = 'A',
		[ICMP_HOST_ANO] = 'Z', [ICMP_NET_UNR_TOS] = 'Q',
		[ICMP_HOST_UNR_TOS] = 'T', [ICMP_PKT_FILTERED] = 'X',
		[ICMP_PREC_VIOLATION] = 'V', [ICMP_PREC_CUTOFF] = 'C',
	};

	if (ee->ee_type == ICMP_TIME_EXCEEDED)
		return;
	p->final = true;
	if (ee->ee_type != ICMP_DEST_UNREACH)
		snprintf(p->mark, sizeof(p->mark), " !<%u>", ee->ee_type);
	else if (ee->ee_code == ICMP_FRAG_NEEDED)
		snprintf(p->mark, sizeof(p->mark), " !F-%u", ee->ee_info);
	else if (ee->ee_code < sizeof(marks) && marks[ee->ee_code])
		snprintf(p->mark, sizeof(p->mark), " !%c",
		    marks[ee->ee_code]);
	else if (ee->ee_code != ICMP_PORT_UNREACH)
		snprintf(p->mark, sizeof(p->mark), " !<%u>", ee->ee_code);
}

static void mark6(struct trace_probe *p, const struct sock_extended_err *ee)
{
	static const char marks[] = "NXSH";	/* by code of unreachable */

	if (ee->ee_type == ICMP6_TIME_EXCEEDED)
		return;
	p->final = true;
	if (ee->ee_type == ICMP6_PACKET_TOO_BIG)
		snprintf(p->mark, sizeof(p->mark), " !F-%u", ee->ee_info);
	else if (ee->ee_type != ICMP6_DST_UNREACH)
		snprintf(p->mark, sizeof(p->mark), " !<%u>", ee->ee_type);
	else if (ee->ee_code < 4)
		snprintf(p->mark, sizeof(p->mark), " !%c",
		    marks[ee->ee_code]);
	else if (ee->ee_code != ICMP6_DST_UNREACH_NOPORT)
		snprintf(p->mark, sizeof(p->mark), " !<%u>", ee->ee_code);
}

/* The probe a report is about; NULL if it is none that waits. */
static struct trace_probe *find(struct trace *t, unsigned number)
{
	if (number >= t->n || t->probe[number].state != TRACE_SENT)
		return NULL;
	return &t->probe[number];
}

static unsigned number_of(const struct trace *t, const union ping_addr *to,
    const uint8_t *data, size_t n)
{
	if (!t->icmp)
		return (unsigned)(ntohs(to->in.sin_port) - t->port) & 0xffff;
	if (n < PING_HEAD)
		return UINT32_MAX;
	return ((unsigned)data[6] << 8 | data[7]) - 1;
}

static void take_error(struct trace *t, struct msghdr *m,
    const union ping_addr *to, const uint8_t *data, size_t n)
{
	struct {
		struct sock_extended_err ee;
		union ping_addr offender;
	} r;
	struct trace_probe *p = find(t, number_of(t, to, data, n));
	bool found = false;

	memset(&r, 0, sizeof(r));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t have = c->cmsg_len - CMSG_LEN(0);

		if ((c->cmsg_type == IP_RECVERR && c->cmsg_level ==
		    IPPROTO_IP) || (c->cmsg_type == IPV6_RECVERR &&
		    c->cmsg_level == IPPROTO_IPV6)) {
			memcpy(&r, CMSG_DATA(c),
			    have < sizeof(r) ? have : sizeof(r));
			found = have >= sizeof(r.ee);
		}
	}
	if (!p || !found)
		return;
	p->state = TRACE_ANSWERED;
	p->back = clock_ns();
	p->from = r.offender;
	if (r.ee.ee_origin == SO_EE_ORIGIN_ICMP) {
		mark4(p, &r.ee);
	} else if (r.ee.ee_origin == SO_EE_ORIGIN_ICMP6) {
		mark6(p, &r.ee);
	} else {
		/* Our own stack gave up, on an address it could not resolve */
		p->from = t->local;
		p->final = true;
		snprintf(p->mark, sizeof(p->mark), r.ee.ee_errno == EMSGSIZE ?
		    " !F-%u" : " !H", r.ee.ee_info);
	}
}

/* Return: whether there was a message. */
static bool receive_one(struct trace *t, int flags)
{
	uint8_t data[512];
	union {
		struct cmsghdr h;
		char room[512];
	} control;
	union ping_addr addr;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = {
		.msg_name = &addr, .msg_namelen = sizeof(addr),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct trace_probe *p;
	ssize_t n;

	memset(&addr, 0, sizeof(addr));
	n = recvmsg(t->fd, &m, flags | MSG_DONTWAIT);
	if (n < 0)
		return errno != EAGAIN && errno != EINTR && !flags;
	if (flags & MSG_ERRQUEUE) {
		take_error(t, &m, &addr, data, (size_t)n);
		return true;
	}
	/* An echo reply, or a service that answers on that port. */
	p = find(t, number_of(t, &addr, data, (size_t)n));
	if (p && (!t->icmp || data[0] == (t->family == AF_INET ?
	    ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))) {
		p->state = TRACE_ANSWERED;
		p->back = clock_ns();
		p->from = addr;
		p->final = true;
	}
	return true;
}

void tracenet_receive(struct trace *t)
{
	/* An errno that recvmsg gives is one report of the queue: no loss. */
	for (int i = 0; i < 256; i++)
		if (!receive_one(t, MSG_ERRQUEUE) && !receive_one(t, 0))
			break;
}
