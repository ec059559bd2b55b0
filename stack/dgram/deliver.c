/*
 * deliver.c: messages to the program; see dgram.h.
 *
 * The pair takes as much as the kernel lets a socket of ours have on its way,
 * a few large messages.  Behind it a queue of SO_RCVBUF bytes waits in the
 * host's memory until the program has read most of what is in the pair.
 */
#include "stack/dgram/dgram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/stats.h"
#include "stack/core/affinity.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/core/trim.h"
#include "stack/dgram/mcast.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/event.h"
#include "stack/sock/sock.h"
#include "stack/wire/clock.h"

#define PIECES		64	/* of a message that goes as it is */
#define TOGETHER	64	/* messages that go with one call */
#define IOVECS		512
#define JOINED_MAX	65536	/* bytes: of one with headers, of all without */
#define PAIR_MOST	212992	/* bytes, SO_SNDBUF as Linux shows it */
#define PAIR_LEAST	69632	/* one message of any size */

int deliver_mem = 64 << 20;

static size_t waiting;		/* bytes, of all sockets */

/* A message that waits for room in the pair, as it goes there. */
struct parcel {
	struct parcel *next;
	size_t len;
	uint8_t bytes[];
};

static void hand_over_all(void);

/* What the library needs beside a message. */

static uint16_t wanted(const struct sock *s)
{
	const struct sock_opts *o = &s->opt;

	return (uint16_t)((o->pktinfo ? WIRE_WANT_PKTINFO : 0) |
	    (o->recvttl ? WIRE_WANT_TTL : 0) |
	    (o->recvtos ? WIRE_WANT_TOS : 0) |
	    (o->timestamp ? WIRE_WANT_TIMESTAMP : 0) |
	    (o->timestampns ? WIRE_WANT_TIMESTAMPNS : 0) |
	    (o->rxq_ovfl ? WIRE_WANT_OVERFLOW : 0) |
	    (o->recvorigdst ? WIRE_WANT_ORIGDST : 0) |
	    (o->recvpktinfo6 ? WIRE_WANT_PKTINFO6 : 0) |
	    (o->recvhoplimit ? WIRE_WANT_HOPLIMIT6 : 0) |
	    (o->recvtclass ? WIRE_WANT_TCLASS6 : 0) |
	    (o->udp_gro ? WIRE_WANT_GRO : 0));
}

static void envelope(struct sock *s, struct wire_dgram *h)
{
	h->magic = WIRE_MAGIC;
	h->want = wanted(s);
	h->dropped = (uint32_t)dgram_of(s)->rx_dropped;
	if (!h->when_ns)
		h->when_ns = clock_real_ns();
	addr_present(&h->peer, s->domain);
	addr_present(&h->local, s->domain);
}

void deliver_error(struct sock *s, struct wire_dgram *h, const void *payload,
    size_t len)
{
	struct iovec iov[2] = {
		{ h, sizeof(*h) }, { (void *)(uintptr_t)payload, len },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	uint32_t mtu = h->dropped;

	hand_over_all();
	h->flags |= WIRE_DG_ERROR;
	envelope(s, h);
	if (h->err == EMSGSIZE)
		h->dropped = mtu;
	if (dgram_of(s)->bare ||
	    sendmsg(s->poll.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		s->so_error = h->err;
}

/* The queue. */

static size_t cost(size_t len)
{
	return sizeof(struct parcel) + len;
}

/* As on Linux an empty queue takes any message. */
static bool has_room(const struct dgram *d, size_t len)
{
	size_t n = cost(len);

	if (d->waiting && d->waiting_bytes + n > (size_t)d->s.opt.rcvbuf)
		return false;
	if (waiting + n <= (size_t)deliver_mem)
		return true;
	counter_inc("dgram.memory_full");
	return false;
}

static bool keep(struct dgram *d, const struct msghdr *m, size_t len)
{
	struct parcel *p = has_room(d, len) ? malloc(cost(len)) : NULL;
	size_t at = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		memcpy(p->bytes + at, m->msg_iov[i].iov_base,
		    m->msg_iov[i].iov_len);
		at += m->msg_iov[i].iov_len;
	}
	p->next = NULL;
	p->len = len;
	if (!d->waiting)
		d->waiting_last = &d->waiting;
	*d->waiting_last = p;
	d->waiting_last = &p->next;
	d->waiting_bytes += cost(len);
	waiting += cost(len);
	iface_rx_behind += cost(len);
	trim_count((int64_t)cost(len));
	sock_watch(&d->s, d->s.events | EPOLLOUT);
	return true;
}

static void take_first(struct dgram *d)
{
	struct parcel *p = d->waiting;

	d->waiting = p->next;
	d->waiting_bytes -= cost(p->len);
	waiting -= cost(p->len);
	trim_count(-(int64_t)cost(p->len));
	free(p);
}

/* The first ones that wait.  Return: how many of them the pair took, or -1. */
static int send_waiting(struct dgram *d)
{
	size_t skip = d->bare ? sizeof(struct wire_dgram) : 0;
	struct mmsghdr v[TOGETHER];
	struct iovec iov[TOGETHER];
	unsigned n = 0;

	for (struct parcel *p = d->waiting; p && n < TOGETHER; p = p->next) {
		iov[n] = (struct iovec){ p->bytes + skip, p->len - skip };
		v[n].msg_hdr = (struct msghdr){ .msg_iov = &iov[n],
		    .msg_iovlen = 1 };
		n++;
	}
	return sendmmsg(d->s.poll.fd, v, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void deliver_flush(struct dgram *d)
{
	if (!d->waiting)
		return;
	while (d->waiting) {
		int n = send_waiting(d);

		if (n < 0 && errno == EAGAIN)
			return;
		do
			take_first(d);
		while (--n > 0);
	}
	sock_watch(&d->s, d->s.events & ~(uint32_t)EPOLLOUT);
}

void deliver_drop(struct dgram *d)
{
	hand_over_all();
	while (d->waiting)
		take_first(d);
}

/* A small queue is not to be made large by what the pair takes. */
void deliver_apply(struct dgram *d)
{
	int room = d->s.opt.rcvbuf, half;

	room = room < PAIR_LEAST ? PAIR_LEAST : room > PAIR_MOST ? PAIR_MOST :
	    room;
	if (d->pair_room == room || (!d->pair_room && room == PAIR_MOST))
		return;
	d->pair_room = room;
	half = room / 2;	/* the kernel doubles it */
	setsockopt(d->s.poll.fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

/* Packets. */

/*
 * What has come under this hold of the core lock goes to the programs in one
 * go: with one call for each socket, and with UDP_GRO as few large messages.
 */
static struct {
	struct coming {
		struct dgram *d;
		struct wire_dgram h;
		struct iovec *iov;	/* the header's and its pieces' */
		size_t niov, len;	/* bytes of data */
		unsigned joined;	/* datagrams */
		bool closed;		/* by a shorter one, its last */
	} msg[TOGETHER];
	struct iovec iov[IOVECS];
	struct pbuf *ref[DGRAM_SEGMENTS * 2];
	unsigned n, niov, nref;
	size_t bytes;
} come;

/* Data of a packet: one datagram, or some that are `step` bytes long. */
struct part {
	struct pbuf *p;
	unsigned niov, n;	/* pieces, datagrams */
	size_t len, step;
};

/* As Linux does: of one sender, equally long but for the last. */
static bool may_join(const struct coming *c, const struct dgram *d,
    const struct wire_dgram *h, const struct part *a)
{
	size_t step = c->h.segment ? c->h.segment : c->len;
	size_t heads = 14 + (ip_current_is_v6() ? 40 : 20) + 8;

	return c->d == d && d->s.opt.udp_gro && !d->bare && !c->closed &&
	    a->len && (a->n == 1 ? a->len <= step : a->step == step) &&
	    c->joined + a->n <= DGRAM_SEGMENTS &&
	    heads + c->len + a->len < JOINED_MAX &&
	    c->h.tos == h->tos && c->h.ttl == h->ttl &&
	    c->h.flags == h->flags && c->h.ifindex == h->ifindex &&
	    !memcmp(&c->h.peer, &h->peer, sizeof(h->peer)) &&
	    !memcmp(&c->h.local, &h->local, sizeof(h->local));
}

static void lose(struct dgram *d)
{
	d->rx_dropped++;
	event_lost(&d->s, d->rx_discard);
}

/* n messages of one socket. */
static void hand_over(struct coming *c, unsigned n)
{
	struct mmsghdr v[TOGETHER];
	struct dgram *d = c->d;
	unsigned skip = d->bare;	/* the header stays with us */
	int sent = 0;

	memset(v, 0, n * sizeof(v[0]));
	for (unsigned i = 0; i < n; i++) {
		v[i].msg_hdr.msg_iov = c[i].iov + skip;
		v[i].msg_hdr.msg_iovlen = c[i].niov - skip;
	}
	if (!d->waiting)
		sent = sendmmsg(d->s.poll.fd, v, n, MSG_DONTWAIT |
		    MSG_NOSIGNAL);
	/* While it waits, a bare one has a header as well. */
	for (unsigned i = sent < 0 ? 0 : (unsigned)sent; i < n; i++) {
		v[i].msg_hdr.msg_iov = c[i].iov;
		v[i].msg_hdr.msg_iovlen = c[i].niov;
		c[i].h.dropped = (uint32_t)d->rx_dropped;
		if (!keep(d, &v[i].msg_hdr, sizeof(c[i].h) + c[i].len))
			lose(d);
	}
}

static void hand_over_all(void)
{
	unsigned i, n;

	for (i = 0; i < come.n; i += n) {
		for (n = 1; i + n < come.n &&
		    come.msg[i + n].d == come.msg[i].d; n++)
			;
		hand_over(&come.msg[i], n);
	}
	for (i = 0; i < come.nref; i++)
		pbuf_free(come.ref[i]);
	come.n = come.niov = come.nref = 0;
	come.bytes = 0;
}

static void hand_over_later(struct core_work *w)
{
	(void)w;
	hand_over_all();
}

/* A group that only another socket of this host has joined is not ours. */
static bool not_joined(const struct dgram *d, const struct wire_dgram *h)
{
	return addr_is_multicast(&h->local) && !mcast_wants(&d->s,
	    d->memberships, &h->local, h->ifindex, &h->peer);
}

/* Whom it is from and to, by which interface.  false: not for this socket. */
static bool address(struct dgram *d, struct wire_dgram *h,
    const ip_addr_t *from, uint16_t port)
{
	struct sock *s = &d->s;

	h->ifindex = netif_get_index(ip_current_input_netif());
	addr_from_lwip(&h->peer, from, port);
	addr_from_lwip(&h->local, ip_current_dest_addr(), 0);
	h->local.port = s->local.port;
	if (not_joined(d, h))
		return false;
	if (s->opt.bound_if && s->opt.bound_if != (int)h->ifindex)
		return false;
	if (ip_current_is_v6()) {
		h->ttl = IP6H_HOPLIM(ip6_current_header());
		h->tos = (uint8_t)IP6H_TC(ip6_current_header());
	} else {
		h->ttl = IPH_TTL(ip4_current_header());
		h->tos = IPH_TOS(ip4_current_header());
	}
	if (addr_is_multicast(&h->local) || (h->local.family == AF_INET &&
	    route_is_broadcast(h->local.ip)))
		h->flags |= WIRE_DG_MULTICAST;
	return true;
}

/*
 * The pieces of p from byte `skip` on.  Where fragments have made them too
 * many, they are copied together (under the core lock, so one buffer will do).
 */
static size_t pieces(struct pbuf *p, uint16_t skip, struct iovec *iov)
{
	static uint8_t whole[UINT16_MAX];
	struct pbuf *all = p;
	size_t n = 0, at = skip;

	for (; p; p = p->next) {
		if (at >= p->len) {
			at -= p->len;
			continue;
		}
		if (n == PIECES) {
			iov[0].iov_base = whole;
			iov[0].iov_len = pbuf_copy_partial(all, whole,
			    sizeof(whole), skip);
			return 1;
		}
		iov[n].iov_base = (uint8_t *)p->payload + at;
		iov[n++].iov_len = p->len - at;
		at = 0;
	}
	return n;
}

/* Room for one more of any kind. */
static void make_room(void)
{
	static struct core_work work = { .fn = hand_over_later };

	if (come.n == TOGETHER || come.bytes > JOINED_MAX ||
	    come.niov + 1 + PIECES > IOVECS ||
	    come.nref == sizeof(come.ref) / sizeof(come.ref[0]))
		hand_over_all();
	core_defer(&work);
}

/* a's pieces are the last in come.iov. */
static void add(struct dgram *d, const struct wire_dgram *h,
    const struct part *a)
{
	struct coming *c = come.n ? &come.msg[come.n - 1] : NULL;
	struct iovec *iov = &come.iov[come.niov];

	come.bytes += a->len;
	pbuf_ref(a->p);
	come.ref[come.nref++] = a->p;
	if (c && may_join(c, d, h, a)) {
		if (!c->h.segment)
			c->h.segment = (uint16_t)c->len;
		memmove(iov, iov + 1, a->niov * sizeof(*iov));
		c->closed = a->len < a->n * (size_t)c->h.segment;
		c->niov += a->niov;
		c->len += a->len;
		c->joined += a->n;
		come.niov += a->niov;
		return;
	}
	c = &come.msg[come.n++];
	*c = (struct coming){
		.d = d, .h = *h, .iov = iov, .niov = 1 + a->niov,
		.len = a->len, .joined = a->n,
	};
	if (a->n > 1) {
		c->h.segment = (uint16_t)a->step;
		c->closed = a->len < a->n * a->step;
	}
	*iov = (struct iovec){ &c->h, sizeof(c->h) };
	come.niov += 1 + a->niov;
}

/* What begins at byte `at` of a->p. */
static void deliver(struct dgram *d, const struct wire_dgram *h,
    struct part *a, size_t at)
{
	struct iovec *iov;

	make_room();
	iov = &come.iov[come.niov + 1];
	if (a->p->len >= at + a->len) {
		iov[0].iov_base = (uint8_t *)a->p->payload + at;
		iov[0].iov_len = a->len;
		a->niov = 1;
	} else {
		a->niov = (unsigned)pieces(a->p, (uint16_t)at, iov);
	}
	if (d->loan && dgram_lend_deliver(d, &h->peer, iov, a->niov))
		return;
	if (d->rx_discard) {
		lose(d);
		return;
	}
	add(d, h, a);
	/* What lwIP goes on with it may change, and `whole` is one buffer. */
	if (!dgram_is_udp(&d->s) || (a->niov == 1 && a->p->next))
		hand_over_all();
}

void deliver_packet(struct dgram *d, struct pbuf *p, uint16_t offset,
    const ip_addr_t *from, uint16_t port)
{
	struct wire_dgram h = { 0 };
	size_t len = (size_t)p->tot_len - offset, step = p->seg_size, at = 0;
	struct part a = { .p = p, .n = 1, .len = len };

	if (!address(d, &h, from, port))
		return;
	envelope(&d->s, &h);
	affinity_sample(d->s.owner.affinity);
	if (step && d->s.opt.udp_gro && !d->loan && !d->bare) {
		a.step = step;
		a.n = (unsigned)((len + step - 1) / step);
		step = 0;
	}
	do {
		if (step)
			a.len = len - at < step ? len - at : step;
		deliver(d, &h, &a, offset + at);
		lwip_stats.udp.recv += at != 0;
		at += a.len;
	} while (step && at < len);
}
