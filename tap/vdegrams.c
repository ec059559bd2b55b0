/* vdegrams.c: many datagrams in one system call; see vdegrams.h. */
#include "tap/vdegrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Linux 5.0; glibc's header has it as well by now. */
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

#define SLOTS		16	/* messages that one call receives */
#define SLOT		65536u	/* bytes of each: UDP's limit, and GRO's */
#define MSGS		64	/* messages that one call sends */
#define RUN_GRAMS	64	/* UDP_MAX_SEGMENTS of kernels before 6.7 */
#define RUN_BYTES	65000u	/* all of it is one IP packet for the kernel */

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

struct vdegrams {
	int fd;
	bool udp;

	/* The sender's: bytes of the longest that the kernel may cut. */
	size_t run_max;

	/* The receiver's: what was received and not given out. */
	int n, at;		/* messages, and the next one */
	size_t off;		/* bytes of it that were given out */
	size_t len[SLOTS], each[SLOTS];	/* of it; of a datagram in it */
	uint8_t slot[SLOTS][SLOT];
};

static int option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) ? -1 : v;
}

static bool is_udp(int fd)
{
	return option(fd, SO_PROTOCOL) == IPPROTO_UDP;
}

/* Of the kinds that are known to add nothing to a frame. */
static bool knows(const char *vnl, int fd)
{
	if (option(fd, SO_TYPE) != SOCK_DGRAM)
		return false;
	if (!strncmp(vnl, "udp://", 6))
		return is_udp(fd);
	return option(fd, SO_DOMAIN) == AF_UNIX &&
	    (!strncmp(vnl, "vde://", 6) || !strstr(vnl, "://"));
}

struct vdegrams *vdegrams_new(const char *vnl, int fd)
{
	struct vdegrams *g = knows(vnl, fd) ? malloc(sizeof(*g)) : NULL;
	int one = 1;

	if (!g)
		return NULL;
	/* Not of the slots, whose memory is there once it is used. */
	memset(g, 0, offsetof(struct vdegrams, slot));
	g->fd = fd;
	g->udp = is_udp(fd);
	g->run_max = g->udp ? UINT16_MAX : 0;
	if (g->udp)
		setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	return g;
}

void vdegrams_free(struct vdegrams *g)
{
	free(g);
}

/* Receiving. */

/* Bytes of each datagram that the kernel made this message of. */
static size_t each_of(struct msghdr *m, size_t len)
{
	struct cmsghdr *c;
	int size = 0;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size > 0 ? (size_t)size : len;
}

static int refill(struct vdegrams *g)
{
	struct mmsghdr m[SLOTS];
	union control control[SLOTS];
	struct iovec iov[SLOTS];
	int n;

	memset(m, 0, sizeof(m));
	for (int i = 0; i < SLOTS; i++) {
		iov[i] = (struct iovec){ g->slot[i], SLOT };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_control = g->udp ? &control[i] : NULL;
		m[i].msg_hdr.msg_controllen = g->udp ? sizeof(control[i]) : 0;
	}
	n = recvmmsg(g->fd, m, SLOTS, MSG_DONTWAIT, NULL);
	g->at = 0;
	g->off = 0;
	g->n = n > 0 ? n : 0;
	for (int i = 0; i < g->n; i++) {
		g->len[i] = m[i].msg_len;
		g->each[i] = each_of(&m[i].msg_hdr, m[i].msg_len);
	}
	return n >= 0 || errno == EAGAIN ? 0 : -errno;
}

static int give_out(struct vdegrams *g, struct iovec *gram, int max)
{
	int n = 0;

	while (n < max && g->at < g->n) {
		size_t left = g->len[g->at] - g->off;
		size_t size = left < g->each[g->at] ? left : g->each[g->at];

		if (size >= VDEGRAMS_MIN)
			gram[n++] = (struct iovec){
				g->slot[g->at] + g->off, size };
		g->off += size;
		if (g->off == g->len[g->at]) {
			g->at++;
			g->off = 0;
		}
	}
	return n;
}

int vdegrams_recv(struct vdegrams *g, struct iovec *gram, int max)
{
	int e = g->at == g->n ? refill(g) : 0;

	return e ? e : give_out(g, gram, max);
}

/* Sending. */

/* How many of them the kernel can cut from one piece: all as long but the last. */
static int run_of(const struct vdegrams *g, const struct iovec *gram, int n)
{
	size_t len = gram->iov_len, bytes = len;
	int i = 1;

	if (len > g->run_max)
		return 1;
	while (i < n && i < RUN_GRAMS && gram[i - 1].iov_len == len &&
	    gram[i].iov_len <= len && gram[i].iov_len > 0 &&
	    bytes + gram[i].iov_len <= RUN_BYTES)
		bytes += gram[i++].iov_len;
	return i;
}

static void set_message(struct msghdr *m, union control *control,
    const struct iovec *gram, int n)
{
	uint16_t size = (uint16_t)gram->iov_len;
	struct cmsghdr *c;

	*m = (struct msghdr){
		.msg_iov = (struct iovec *)(uintptr_t)gram,
		.msg_iovlen = (size_t)n,
	};
	if (n == 1)
		return;
	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(sizeof(size));
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
}

/* Return: how many were sent, in whole messages; -errno of the first. */
static int send_some(struct vdegrams *g, const struct iovec *gram, int n)
{
	struct mmsghdr m[MSGS];
	union control control[MSGS];
	int k = 0, done = 0, sent = 0;

	for (; k < MSGS && done < n; k++) {
		int run = run_of(g, gram + done, n - done);

		set_message(&m[k].msg_hdr, &control[k], gram + done, run);
		done += run;
	}
	k = sendmmsg(g->fd, m, (unsigned)k, MSG_NOSIGNAL);
	for (int i = 0; i < k; i++)
		sent += (int)m[i].msg_hdr.msg_iovlen;
	return k < 0 ? -errno : sent;
}

/* What an error means for the first message.  Return: its frames that are lost. */
static int failed(struct vdegrams *g, const struct iovec *gram, int n, int e,
    unsigned tries)
{
	int run = run_of(g, gram, n);

	switch (e) {
	case -EINTR:
		return 0;
	case -EINVAL:
	case -EMSGSIZE:
	case -EIO:
	case -EOPNOTSUPP:
		if (run == 1)
			return 1;
		/* It cannot, or not where packets are to be fragmented. */
		g->run_max = gram->iov_len - 1;
		return 0;
	}
	/* Or it tells of what was sent before, an ICMP error, and only once. */
	return tries > 1 ? run : 0;
}

int vdegrams_send(struct vdegrams *g, const struct iovec *gram, int n,
    int *lost)
{
	unsigned tries = 0;
	int done = 0, r;

	while (done < n) {
		r = send_some(g, gram + done, n - done);
		if (r == -ENOTCONN || r == -EDESTADDRREQ)
			break;
		if (r <= 0) {
			r = failed(g, gram + done, n - done, r, ++tries);
			*lost += r;
		}
		if (r)
			tries = 0;
		done += r;
	}
	return done;
}
