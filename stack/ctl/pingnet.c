/*
 * pingnet.c: the socket of ping: a datagram socket of ICMP, which needs no
 * privilege and lets the stack choose the identifier.
 */
#include "stack/ctl/ping.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "stack/ctl/text.h"
#include "stack/wire/clock.h"

#define SOCKET_BUFFER	(1 << 20)

static uint8_t packet[PING_HEAD + PING_SIZE_MAX];

uint8_t pingnet_pattern(const struct ping *p, size_t at)
{
	if (p->pattern_len)
		return p->pattern[at % p->pattern_len];
	return (uint8_t)at;
}

/* -I: an address to send from, or an interface to send by. */
static int set_source(struct ping *p, int fd, const char **call)
{
	union ping_addr from = { .sa.sa_family = (sa_family_t)p->family };
	struct text_ip ip;

	p->source_is_if = text_parse_ip(p->source, p->family, &ip);
	if (p->source_is_if) {
		*call = "SO_BINDTODEVICE";
		return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->source,
		    (socklen_t)strlen(p->source) + 1);
	}
	if (p->family == AF_INET)
		memcpy(&from.in.sin_addr, ip.ip, 4);
	else
		memcpy(&from.in6.sin6_addr, ip.ip, 16);
	*call = "bind";
	return bind(fd, &from.sa, p->to_len);
}

/* For an error line; only a connected socket knows it. */
static void find_mtu(struct ping *p, int fd)
{
	socklen_t len = sizeof(int);
	int mtu = 0;

	if (!getsockopt(fd, p->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    p->family == AF_INET ? IP_MTU : IPV6_MTU, &mtu, &len) && mtu > 0)
		p->mtu = (uint32_t)mtu;
}

/* Ask the routing table before anything is sent. */
static int probe_route(struct ping *p, const char **call)
{
	union ping_addr to = p->to;
	socklen_t len = sizeof(p->from);
	const int on = 1;
	int fd, ret;

	*call = "socket";
	fd = socket(p->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	to.in.sin_port = htons(1025);	/* the same place in both families */
	if (p->broadcast)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	ret = p->source ? set_source(p, fd, call) : 0;
	if (!ret) {
		*call = "connect";
		ret = connect(fd, &to.sa, p->to_len);
	}
	ret = ret || getsockname(fd, &p->from.sa, &len) ? -errno : 0;
	find_mtu(p, fd);
	close(fd);
	return ret;
}

/* Options whose failure costs only a detail of the output. */
static void set_options(const struct ping *p, int fd)
{
	const int on = 1, size = SOCKET_BUFFER;

	if (p->family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on,
		    sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	}
	if (p->broadcast)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (p->pmtu >= 0)
		setsockopt(fd, p->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		    p->family == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
		    &p->pmtu, sizeof(p->pmtu));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int set_ttl(const struct ping *p, int fd)
{
	if (p->family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IN6_IS_ADDR_MULTICAST(
		    &p->to.in6.sin6_addr) ? IPV6_MULTICAST_HOPS :
		    IPV6_UNICAST_HOPS, &p->ttl, sizeof(p->ttl));
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &p->ttl,
	    sizeof(p->ttl)))
		return -1;
	return setsockopt(fd, IPPROTO_IP, IP_TTL, &p->ttl, sizeof(p->ttl));
}

int pingnet_open(struct ping *p, const char **call)
{
	int fd, ret;

	ret = probe_route(p, call);
	if (ret)
		return ret;
	*call = "socket";
	fd = socket(p->family, SOCK_DGRAM | SOCK_CLOEXEC, p->family == AF_INET ?
	    IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (fd < 0)
		return -errno;
	set_options(p, fd);
	if (p->source)
		ret = set_source(p, fd, call);
	if (!ret && p->ttl) {
		*call = "the time to live";
		ret = set_ttl(p, fd);
	}
	if (ret) {
		ret = -errno;
		close(fd);
		return ret;
	}
	p->fd = fd;
	return 0;
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n % 2)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int pingnet_send(struct ping *p, uint16_t seq)
{
	size_t n = PING_HEAD + p->size;
	struct timeval now;
	uint16_t sum;

	memset(packet, 0, PING_HEAD);
	packet[0] = p->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	packet[6] = (uint8_t)(seq >> 8);
	packet[7] = (uint8_t)seq;
	for (size_t i = 0; i < p->size; i++)
		packet[PING_HEAD + i] = pingnet_pattern(p, i);
	if (p->size >= PING_STAMP) {
		/* For who reads a capture; the trip is timed by sent_at. */
		gettimeofday(&now, NULL);
		memcpy(packet + PING_HEAD, &now, PING_STAMP);
	}
	if (p->family == AF_INET) {
		sum = checksum(packet, n);
		packet[2] = (uint8_t)(sum >> 8);
		packet[3] = (uint8_t)sum;
	}
	p->sent_at[seq] = clock_ns();
	p->answered[seq] = false;
	if (sendto(p->fd, packet, n, 0, &p->to.sa, p->to_len) < 0)
		return -errno;
	return 0;
}

int pingnet_recv(struct ping *p, struct ping_reply *r)
{
	static uint8_t buf[PING_HEAD + PING_SIZE_MAX];
	union {
		struct cmsghdr h;
		char room[256];
	} control;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = {
		.msg_name = &r->from, .msg_namelen = sizeof(r->from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	memset(r, 0, sizeof(*r));
	n = recvmsg(p->fd, &m, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (n < PING_HEAD || buf[0] != (p->family == AF_INET ?
	    ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
		return 0;
	r->ttl = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_len < CMSG_LEN(sizeof(int)))
			continue;
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_HOPLIMIT))
			memcpy(&r->ttl, CMSG_DATA(c), sizeof(int));
	}
	r->seq = (uint16_t)(buf[6] << 8 | buf[7]);
	r->len = (size_t)n;
	r->data = buf + PING_HEAD;
	r->data_len = (size_t)n - PING_HEAD;
	r->truncated = m.msg_flags & MSG_TRUNC;
	return 1;
}

int pingnet_recv_error(struct ping *p, struct ping_error *e)
{
	struct {
		struct sock_extended_err ee;
		union ping_addr offender;
	} report;
	union {
		struct cmsghdr h;
		char room[512];
	} control;
	uint8_t buf[PING_HEAD];
	union ping_addr to;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	bool found = false;
	ssize_t n;

	memset(&report, 0, sizeof(report));
	n = recvmsg(p->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		size_t have = c->cmsg_len - CMSG_LEN(0);

		if (!((c->cmsg_level == IPPROTO_IP &&
		    c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_RECVERR)) ||
		    have < sizeof(report.ee))
			continue;
		memcpy(&report, CMSG_DATA(c),
		    have < sizeof(report) ? have : sizeof(report));
		found = true;
	}
	if (!found)
		return 0;
	*e = (struct ping_error){
		.from = report.offender,
		.local = report.ee.ee_origin != SO_EE_ORIGIN_ICMP &&
		    report.ee.ee_origin != SO_EE_ORIGIN_ICMP6,
		.err = (int)report.ee.ee_errno, .type = report.ee.ee_type,
		.code = report.ee.ee_code, .info = report.ee.ee_info,
		.seq = n >= PING_HEAD ? buf[6] << 8 | buf[7] : -1,
	};
	return 1;
}
