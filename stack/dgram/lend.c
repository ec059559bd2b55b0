/*
 * lend.c: a datagram socket for a program without the library: a socket of
 * the machine's own kind, whose messages have no header in front.
 *
 * For each peer there is one of ours that is connected to it and sends it what
 * the peer sent: recvfrom(2) gives an address as long as the peer's, which
 * means that peer to sendto(2) and nothing else to anyone.  What comes while
 * there is no room waits in the socket's own pair, for the next program that
 * has it; so does all once the program has closed its end.
 */
#include "stack/dgram/dgram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stack/core/loop.h"

#define PEERS	16	/* at once; a new one takes the place of the oldest */
#define BATCH	64	/* messages before others have a turn */
#define FIRST	8	/* that are handed over at the start */

struct loan_peer {
	struct pollable poll;		/* connected to the program's end */
	struct dgram *of;
	struct wire_addr addr;
};

struct dgram_loan {
	struct sockaddr_un end;		/* the program's */
	socklen_t end_len;
	unsigned next;			/* place for a new peer */
	struct loan_peer *peer[PEERS];
};

/* One message at a time, under the core lock. */
static struct {
	struct wire_dgram hdr;
	uint8_t data[DGRAM_MAX];
} buf;

static void peer_free(struct pollable *p)
{
	free(p);
}

static void peer_end(struct loan_peer *p)
{
	if (!p)
		return;
	p->of = NULL;
	loop_retire(&p->poll);
}

void dgram_lend_end(struct dgram *d)
{
	struct dgram_loan *l = d->loan;

	if (!l)
		return;
	d->loan = NULL;
	for (int i = 0; i < PEERS; i++)
		peer_end(l->peer[i]);
	free(l);
}

/* What the program sent to that peer. */
static void on_reply(struct pollable *pollable, uint32_t events)
{
	struct loan_peer *p = (struct loan_peer *)pollable;
	struct wire_dgram h = { .peer = p->addr };
	size_t at;

	(void)events;
	for (int i = 0; i < BATCH && p->of; i++) {
		ssize_t n = recv(p->poll.fd, buf.data, sizeof(buf.data),
		    MSG_DONTWAIT);

		if (n < 0)
			return;
		/* What cannot be sent is lost, as UDP may. */
		at = 0;
		dgram_transmit(&p->of->s, &h, buf.data, (size_t)n, &at);
	}
}

/*
 * A name as long as the socket's addresses: programs have room for these, and
 * some give their length in any case.
 */
static int bind_name(int fd, int domain)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = domain == AF_INET ? sizeof(struct sockaddr_in) :
	    sizeof(struct sockaddr_in6);
	unsigned long id = 0;

	for (int i = 0; i < 8; i++) {
		if (getrandom(&id, sizeof(id), 0) < 0)
			return -errno;
		snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1,
		    "%0*lx", (int)(len - 3), id & 0xffffffffffff);
		if (bind(fd, (struct sockaddr *)&sun, (socklen_t)len) == 0)
			return 0;
	}
	return -errno;
}

static struct loan_peer *peer_new(struct dgram *d,
    const struct wire_addr *addr)
{
	struct loan_peer *p = calloc(1, sizeof(*p));
	int fd;

	if (!p)
		return NULL;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	p->poll = (struct pollable){
		.fn = on_reply, .free = peer_free, .fd = fd,
	};
	p->of = d;
	p->addr = *addr;
	if (fd >= 0 && bind_name(fd, d->s.domain) == 0 &&
	    connect(fd, (struct sockaddr *)&d->loan->end,
	    d->loan->end_len) == 0 && loop_add(&p->poll, EPOLLIN) == 0)
		return p;
	if (fd >= 0)
		close(fd);
	free(p);
	return NULL;
}

static struct loan_peer *peer_for(struct dgram *d,
    const struct wire_addr *addr)
{
	struct dgram_loan *l = d->loan;
	struct loan_peer **place;

	for (int i = 0; i < PEERS; i++)
		if (l->peer[i] && !memcmp(&l->peer[i]->addr, addr,
		    sizeof(*addr)))
			return l->peer[i];
	place = &l->peer[l->next++ % PEERS];
	peer_end(*place);
	*place = peer_new(d, addr);
	return *place;
}

bool dgram_lend_deliver(struct dgram *d, const struct wire_addr *from,
    const struct iovec *iov, size_t n)
{
	struct msghdr m = {
		.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n,
	};
	struct loan_peer *p = d->loan ? peer_for(d, from) : NULL;

	if (p && sendmsg(p->poll.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	/* No room, or nobody there any more. */
	if (d->loan && (!p || errno != EAGAIN))
		dgram_lend_end(d);
	return false;
}

/* The oldest messages, for which the program was started. */
static void hand_over_first(struct dgram *d, int own)
{
	struct iovec iov = { .iov_base = buf.data };

	for (int i = 0; i < FIRST && d->loan; i++) {
		ssize_t n = recv(own, &buf, sizeof(buf), MSG_DONTWAIT);

		if (n < (ssize_t)sizeof(buf.hdr))
			return;
		if (buf.hdr.magic != WIRE_MAGIC ||
		    buf.hdr.flags & WIRE_DG_ERROR)
			continue;
		iov.iov_len = (size_t)n - sizeof(buf.hdr);
		dgram_lend_deliver(d, &buf.hdr.peer, &iov, 1);
	}
}

/* Is fd what the library calls the socket, and not another one's? */
static bool is_end_of(const struct dgram *d, int fd)
{
	uint64_t id = 0;
	socklen_t len = sizeof(id);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &id, &len) == 0 &&
	    id == d->s.id;
}

/* The program's new end, with a name that the kernel chooses; or -errno. */
static int end_new(struct dgram_loan *l)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	l->end_len = sizeof(l->end);
	if (bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&l->end, &l->end_len) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* As the socket is: then write(2) has somebody, and nobody else is heard. */
static void connect_end(struct dgram *d, int fd)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	struct loan_peer *p;

	if (!d->s.peer.family)
		return;
	p = peer_for(d, &d->s.peer);
	if (p && getsockname(p->poll.fd, (struct sockaddr *)&sun, &len) == 0)
		connect(fd, (struct sockaddr *)&sun, len);
}

int dgram_lend(struct sock *s, int own)
{
	struct dgram *d = dgram_of(s);
	struct dgram_loan *l;
	int fd;

	if (s->ops->release != dgram_release)
		return -EOPNOTSUPP;
	if (!is_end_of(d, own))
		return -EINVAL;
	dgram_lend_end(d);
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	fd = end_new(l);
	if (fd < 0) {
		free(l);
		return fd;
	}
	d->loan = l;
	connect_end(d, fd);
	hand_over_first(d, own);
	return fd;
}
