/*
 * waitnet.c: the sockets of shmif wait.  A port is asked by a SYN from a raw
 * socket, a host by an echo request; the latter is also there if it answers
 * only ARP or neighbour solicitations.
 */
#include "stack/ctl/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/ping.h"
#include "stack/wire/clock.h"

#define AGAIN_SILENT	200000000u	/* ns until the next SYN or echo */
#define AGAIN_REFUSED	50000000u	/* ns; a refusal is no load */

static bool wants_port(const struct wait_probe *p)
{
	return p->to.in.sin_port != 0;	/* the same place in both families */
}

/* A socket that is connected to the target, or -1. */
static int connected(const struct wait_probe *p, int type, int protocol)
{
	int fd = socket(p->to.sa.sa_family,
	    type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd >= 0 && connect(fd, &p->to.sa, p->len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The address we have on the way there. */
static bool find_source(struct wait_probe *p)
{
	union wait_addr to = p->to;
	socklen_t len = sizeof(p->from);
	bool ok;
	int fd;

	if (!to.in.sin_port)
		p->to.in.sin_port = htons(9);	/* connect(2) wants one */
	fd = connected(p, SOCK_DGRAM, 0);
	p->to = to;
	ok = fd >= 0 && !getsockname(fd, &p->from.sa, &len);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* A port that nobody else gets, by a socket which is not connected. */
static bool hold_port(struct wait_probe *p)
{
	socklen_t len = sizeof(p->from);

	p->from.in.sin_port = 0;
	p->hold = socket(p->to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return p->hold >= 0 && !bind(p->hold, &p->from.sa, p->len) &&
	    !getsockname(p->hold, &p->from.sa, &len);
}

static bool same_ip(const struct wait_probe *p, const struct wire_neigh *n)
{
	if (n->family != p->to.sa.sa_family)
		return false;
	return n->family == AF_INET ?
	    !memcmp(n->ip, &p->to.in.sin_addr, 4) :
	    !memcmp(n->ip, &p->to.in6.sin6_addr, 16);
}

/*
 * Is it a neighbour that has answered?  With forget, what was known of it
 * before is struck out: it may have gone since.
 */
static bool neighbour(const struct wait_probe *p, bool forget)
{
	const struct wire_neigh *n;
	struct ctl_list list;
	struct wire_rep rep;
	bool found = false;

	if (ctl_dump(WIRE_DUMP_NEIGH, &list))
		return false;
	n = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (!same_ip(p, &n[i]) || n[i].state & NUD_PERMANENT)
			continue;
		found = n[i].state & NUD_REACHABLE;
		if (forget) {
			struct wire_req req = {
				.op = WIRE_NEIGH, .a = WIRE_TABLE_DEL,
				.len = sizeof(n[i]),
			};

			memcpy(req.data, &n[i], sizeof(n[i]));
			ctl_call(&req, &rep, NULL, NULL);
		}
	}
	free(list.rec);
	return found;
}

void waitnet_open(struct wait_probe *p)
{
	union wait_addr to = p->to;

	p->fd = p->hold = -1;
	p->asked = 0;
	p->open = find_source(p);
	if (!p->open)
		return;
	if (wants_port(p)) {
		p->open = hold_port(p);
		p->to.in.sin_port = 0;		/* a raw socket has none */
		if (p->open)
			p->fd = connected(p, SOCK_RAW, IPPROTO_TCP);
		p->to = to;
		if (getrandom(&p->seq, sizeof(p->seq), 0) < 0)
			p->seq = (uint32_t)clock_ns();
	} else {
		neighbour(p, true);
		p->fd = connected(p, SOCK_DGRAM, p->to.sa.sa_family ==
		    AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	}
	p->open = p->fd >= 0;
	if (!p->open)
		waitnet_close(p);
}

void waitnet_close(struct wait_probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->hold >= 0)
		close(p->hold);
	p->fd = p->hold = -1;
	p->open = false;
}

static uint32_t add16(uint32_t sum, const void *data, size_t n)
{
	const uint8_t *b = data;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return sum;
}

/* Over the pseudo header, RFC 9293 and RFC 8200, and the TCP header. */
static uint16_t checksum(const struct wait_probe *p, const struct tcphdr *h)
{
	uint32_t sum = IPPROTO_TCP + sizeof(*h);

	if (p->to.sa.sa_family == AF_INET) {
		sum = add16(sum, &p->from.in.sin_addr, 4);
		sum = add16(sum, &p->to.in.sin_addr, 4);
	} else {
		sum = add16(sum, &p->from.in6.sin6_addr, 16);
		sum = add16(sum, &p->to.in6.sin6_addr, 16);
	}
	sum = add16(sum, h, sizeof(*h));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void send_syn(struct wait_probe *p)
{
	struct tcphdr h = {
		.th_sport = p->from.in.sin_port, .th_dport = p->to.in.sin_port,
		.th_seq = htonl(p->seq), .th_off = sizeof(h) / 4,
		.th_flags = TH_SYN, .th_win = htons(1024),
	};

	h.th_sum = checksum(p, &h);
	send(p->fd, &h, sizeof(h), MSG_NOSIGNAL);
}

static void send_echo(struct wait_probe *p)
{
	uint8_t m[PING_HEAD] = {
		p->to.sa.sa_family == AF_INET ? ICMP_ECHO :
		ICMP6_ECHO_REQUEST,
	};

	p->seq++;
	m[6] = (uint8_t)(p->seq >> 8);
	m[7] = (uint8_t)p->seq;
	send(p->fd, m, sizeof(m), MSG_NOSIGNAL);
}

/* A segment for us, which raw IPv4 has with its IP header. */
static void take_segment(struct wait_probe *p, const uint8_t *m, size_t n)
{
	size_t head = p->to.sa.sa_family == AF_INET && n ? (m[0] & 15) * 4u : 0;
	struct tcphdr h;

	if (n < head + sizeof(h))
		return;
	memcpy(&h, m + head, sizeof(h));
	if (h.th_sport != p->to.in.sin_port ||
	    h.th_dport != p->from.in.sin_port || !(h.th_flags & TH_ACK) ||
	    ntohl(h.th_ack) != p->seq + 1)
		return;
	if (h.th_flags & TH_RST) {
		p->answer = WAIT_REFUSED;
		p->seq += 0x10000;	/* the next SYN is another one */
	} else if (h.th_flags & TH_SYN) {
		p->answer = WAIT_UP;
	}
}

static void receive(struct wait_probe *p)
{
	uint8_t m[2048];
	ssize_t n;

	/* What others send is in it as well; it ends by itself. */
	for (int i = 0; i < 256 && p->answer != WAIT_UP; i++) {
		n = recv(p->fd, m, sizeof(m), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue;	/* an ICMP error, told once */
		if (wants_port(p))
			take_segment(p, m, (size_t)n);
		else
			p->answer = WAIT_UP;
	}
}

enum wait_answer waitnet_ask(struct wait_probe *p)
{
	uint64_t now = clock_ns();

	if (!p->open)
		waitnet_open(p);
	if (!p->open)
		return p->answer;
	receive(p);
	if (p->answer != WAIT_UP && p->asked && !wants_port(p) &&
	    neighbour(p, false))
		p->answer = WAIT_UP;
	if (p->answer == WAIT_UP || now - p->asked < (p->answer ==
	    WAIT_REFUSED ? AGAIN_REFUSED : AGAIN_SILENT))
		return p->answer;
	p->asked = now;
	if (wants_port(p))
		send_syn(p);
	else
		send_echo(p);
	return p->answer;
}
