/* dgram.c: messages between a datagram socket's pair and lwIP. */
#include "stack/dgram/dgram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/raw.h"
#include "lwip/udp.h"
#include "stack/core/counter.h"
#include "stack/dgram/mcast.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/input.h"
#include "stack/ip/output.h"
#include "stack/ip/route.h"
#include "stack/sock/error.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/sock/sock.h"

#define BATCH	64	/* messages of one socket before others have a turn */

/* One message at a time, under the core lock; lwIP copies what it keeps. */
static struct {
	struct wire_dgram hdr;
	uint8_t data[DGRAM_MAX];
} in;

static unsigned held_count;	/* sockets whose message waits for room */

static const struct dgram_ops *ops_of(const struct sock *s)
{
	return (const struct dgram_ops *)s->ops;
}

/* From the program. */

static void post_error(struct sock *s, int err, const struct wire_dgram *h)
{
	struct wire_dgram hdr = { .err = err };

	hdr.peer = h->peer.family ? h->peer : s->peer;
	if (err == EMSGSIZE && hdr.peer.family)
		hdr.dropped = (uint32_t)route_mtu(&hdr.peer);
	deliver_error(s, &hdr, NULL, 0);
}

static int route_for(struct sock *s, const struct wire_dgram *h,
    struct dgram_route *r)
{
	const struct sock_opts *o = &s->opt;
	struct wire_addr want = h->local, src;
	int oif = (int)h->ifindex, err;
	bool mc;

	memset(r, 0, sizeof(*r));
	r->peer = h->peer.family ? h->peer : s->peer;
	addr_unmap(&r->peer);
	addr_unmap(&want);
	if (!r->peer.family)
		return -EDESTADDRREQ;
	if (r->peer.family == AF_INET6 && s->domain == AF_INET)
		return -EAFNOSUPPORT;
	if (r->peer.family == AF_INET && s->domain == AF_INET6 && o->v6only)
		return -ENETUNREACH;
	if (addr_is_any(&r->peer))
		memcpy(r->peer.ip, r->peer.family == AF_INET ?
		    "\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0" :
		    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	mc = addr_is_multicast(&r->peer);
	if (!oif && o->bound_if)
		oif = o->bound_if;
	if (!oif && mc)
		oif = r->peer.family == AF_INET ? o->mc_if : o->mc_if6;
	if (!oif && r->peer.family == AF_INET6)
		oif = (int)r->peer.scope;
	if (r->peer.family == AF_INET && route_is_broadcast(r->peer.ip) &&
	    !o->broadcast)
		return -EACCES;
	if (want.family != r->peer.family || addr_is_any(&want)) {
		want = s->local;
		addr_unmap(&want);
	}
	err = route_output(&r->peer, oif, want.family == r->peer.family &&
	    !addr_is_any(&want) && !addr_is_multicast(&want) ? &want : NULL,
	    &src, &r->nif);
	if (err)
		return err;
	if (r->peer.family == AF_INET6 && !r->peer.scope)
		r->peer.scope = netif_get_index(r->nif);
	addr_to_lwip(&r->dst, &r->peer);
	addr_to_lwip(&r->src, &src);
	r->ttl = mc ? (r->peer.family == AF_INET ? o->mc_ttl : o->mc_hops) :
	    r->peer.family == AF_INET ? o->ttl : o->hops;
	r->tos = r->peer.family == AF_INET ? o->tos : o->tclass;
	if (h->flags & WIRE_DG_TTL)
		r->ttl = h->ttl;
	if (h->flags & WIRE_DG_TOS)
		r->tos = h->tos;
	return 0;
}

/* With all ports taken it fails with another errno than bind(2). */
static int autobind(struct sock *s)
{
	struct wire_addr any = { .family = (uint16_t)s->domain };
	int err;

	if (s->bound || s->type == SOCK_RAW)
		return 0;
	err = dgram_bind(s, &any);
	return err == -EADDRINUSE ? -EAGAIN : err;
}

/*
 * A message no router may cut must fit the path, or with *_PROBE the
 * interface.
 */
static bool is_too_long(const struct sock *s, const struct dgram_route *r,
    size_t len)
{
	const struct sock_opts *o = &s->opt;
	bool v6 = r->peer.family == AF_INET6;
	int how = v6 ? o->mtu_discover6 : o->mtu_discover, mtu;

	if (!output_whole)
		return false;
	if (!o->hdrincl)
		len += v6 ? 40 : 20;
	if (s->type == SOCK_DGRAM && s->protocol == IPPROTO_UDP)
		len += 8;
	mtu = how == IP_PMTUDISC_PROBE ? r->nif->mtu : route_mtu(&r->peer);
	return len > (size_t)mtu;
}

static bool is_whole(const struct sock *s, const struct dgram_route *r)
{
	const struct sock_opts *o = &s->opt;
	int how = r->peer.family == AF_INET6 ? o->mtu_discover6 :
	    o->mtu_discover;

	return how == IP_PMTUDISC_DO || how == IP_PMTUDISC_PROBE ||
	    (r->peer.family == AF_INET6 && o->dontfrag);
}

int dgram_transmit(struct sock *s, const struct wire_dgram *h,
    const void *data, size_t len)
{
	struct dgram_route r;
	struct pbuf *p;
	int err;

	err = autobind(s);
	if (!err)
		err = route_for(s, h, &r);
	if (err)
		return err;
	/* PBUF_REF tells lwIP to copy it if it must be kept. */
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_REF);
	if (!p)
		return -ENOBUFS;
	p->payload = (void *)(uintptr_t)data;
	output_whole = is_whole(s, &r);
	if (is_too_long(s, &r, len))
		err = -EMSGSIZE;
	else
		err = ops_of(s)->transmit(dgram_of(s), &r, p);
	output_whole = false;
	if (!err)
		error_watch(s, &r.peer, p);
	pbuf_free(p);
	return err;
}

static void hold(struct sock *s, size_t len)
{
	struct dgram *d = dgram_of(s);
	d->held = malloc(sizeof(in.hdr) + len);
	if (!d->held) {
		counter_inc("udp.no_memory");
		return;		/* then it is lost, as UDP may */
	}
	memcpy(d->held, &in, sizeof(in.hdr) + len);
	d->held_len = len;
	held_count++;
}

static bool retry_held(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	struct wire_dgram h;
	int err;

	if (!d->held)
		return true;
	memcpy(&h, d->held, sizeof(h));
	err = dgram_transmit(s, &h, d->held + sizeof(h), d->held_len);
	if (err == -EAGAIN)
		return false;
	free(d->held);
	d->held = NULL;
	held_count--;
	if (err)
		post_error(s, -err, &h);
	return true;
}

/*
 * A message without a header came past the library (sendfile, stdio): it is
 * for the connected peer as it is.
 */
static size_t adopt(size_t len)
{
	if (len > sizeof(in.data))
		len = sizeof(in.data);
	memmove(in.data, &in, len);
	memset(&in.hdr, 0, sizeof(in.hdr));
	return len;
}

/* What a program sends with MSG_MORE, until the rest comes. */
struct dgram_more {
	struct wire_dgram hdr;	/* of the first piece */
	size_t len;
	uint8_t data[DGRAM_MAX];
};

/* Add what is in `in`. true: it now holds the whole datagram of *len bytes. */
static bool gather(struct sock *s, size_t *len)
{
	struct dgram *d = dgram_of(s);
	struct dgram_more *m = d->more;
	bool fits;

	if (!m) {
		m = malloc(sizeof(*m));
		if (!m)
			return true;	/* then in pieces */
		m->hdr = in.hdr;
		m->len = 0;
		d->more = m;
	}
	fits = *len <= sizeof(m->data) - m->len;
	if (fits) {
		memcpy(m->data + m->len, in.data, *len);
		m->len += *len;
		if (in.hdr.flags & WIRE_DG_MORE)
			return false;
		in.hdr = m->hdr;
		*len = m->len;
		memcpy(in.data, m->data, m->len);
	}
	free(m);
	d->more = NULL;
	if (!fits)
		post_error(s, EMSGSIZE, &in.hdr);
	return fits;
}

/* One message of the pair; false: there was none, or no room for it. */
static bool pull_one(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	ssize_t n = recv(s->poll.fd, &in, sizeof(in), MSG_DONTWAIT);
	size_t len;
	int err;

	if (n <= 0) {
		s->readable = false;
		return false;
	}
	len = (size_t)n - sizeof(in.hdr);
	if (n < (ssize_t)sizeof(in.hdr) || in.hdr.magic != WIRE_MAGIC)
		len = adopt((size_t)n);
	if ((d->more || in.hdr.flags & WIRE_DG_MORE) && !gather(s, &len))
		return true;
	err = dgram_transmit(s, &in.hdr, in.data, len);
	if (err == -EAGAIN) {
		hold(s, len);
		return false;
	}
	if (err)
		post_error(s, -err, &in.hdr);
	return true;
}

static void pull(struct sock *s, int batch)
{
	if (!retry_held(s))
		return;
	while (s->readable && batch--)
		if (!pull_one(s))
			return;
	if (s->readable)
		sock_defer(s);
}

void dgram_input(struct sock *s, uint32_t events)
{
	s->readable = true;
	if (events & EPOLLOUT)
		deliver_flush(dgram_of(s));
	pull(s, BATCH);
	if (events & (EPOLLHUP | EPOLLERR)) {
		pull(s, 4096);	/* what it wrote before it closed is sent */
		s->gone = true;
		event_close(s, "");
		sock_free(s);
	}
}

void dgram_flush(struct sock *s)
{
	pull(s, BATCH);
}

void dgram_drain(struct sock *s)
{
	s->readable = true;
	pull(s, 4096);
}

int dgram_set_bare(struct sock *s, bool bare)
{
	if (s->ops->release != dgram_release)
		return -EOPNOTSUPP;
	dgram_of(s)->bare = bare;
	return 0;
}

void dgram_tx_ready(void)
{
	struct sock *s;

	if (!held_count)
		return;
	for (s = sock_next(NULL); s; s = sock_next(s))
		if (s->type != SOCK_STREAM && dgram_of(s)->held)
			sock_defer(s);
}

void dgram_release(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	if (d->held) {
		free(d->held);
		d->held = NULL;
		held_count--;
	}
	free(d->more);
	d->more = NULL;
	deliver_drop(d);
	dgram_lend_end(d);
	port_release(s);
	mcast_leave_all(&d->memberships);
	if (s->type == SOCK_DGRAM && s->protocol == IPPROTO_UDP) {
		if (d->udp)
			udp_remove(d->udp);
	} else if (d->raw) {
		raw_remove(d->raw);
	}
	d->udp = NULL;
}

/* Errors. */

/* Of UDP: does it end a call though the socket did not ask for errors? */
static bool is_fatal(const struct sock *s, const struct ip_error *e)
{
	int how = e->local.family == AF_INET ? s->opt.mtu_discover :
	    s->opt.mtu_discover6;

	if (!s->peer.family || e->proto != IPPROTO_UDP)
		return false;
	return e->fatal || (e->too_big && how != IP_PMTUDISC_DONT);
}

void dgram_error(struct sock *s, const struct ip_error *e)
{
	bool asked = e->local.family == AF_INET ? s->opt.recverr :
	    s->opt.recverr6;
	struct wire_dgram h = {
		.err = e->err, .icmp_type = e->type, .icmp_code = e->code,
		.peer = e->peer, .local = e->reporter,
		.dropped = e->too_big ? e->mtu : 0,
	};

	if (asked || is_fatal(s, e))
		deliver_error(s, &h, e->payload, e->len);
}

void dgram_fill(const struct sock *s, struct wire_sock *w)
{
	w->state = s->peer.family ? TCP_ESTABLISHED : TCP_CLOSE;
	w->recvq = (uint32_t)((const struct dgram *)s)->waiting_bytes;
}

void dgram_fill_info(const struct sock *s, struct wire_sockinfo *w)
{
	w->dropped = ((const struct dgram *)s)->rx_dropped;
	w->pmtu = s->peer.family ? (uint32_t)route_mtu(&s->peer) : 0;
}

void dgram_init(void)
{
	udp_ops_add();
	raw_ops_add();
}

/* Names. */

int dgram_bind(struct sock *s, const struct wire_addr *want)
{
	struct wire_addr a = *want;
	int err = 0;

	if (s->bound)
		return -EINVAL;
	if (!addr_is_any(&a) && !iface_has_addr(&a) && !s->opt.freebind &&
	    !addr_is_multicast(&a) &&
	    !(a.family == AF_INET && route_is_broadcast(a.ip)))
		return -EADDRNOTAVAIL;
	if (s->type == SOCK_RAW) {
		a.port = 0;
		s->local = a;
	} else {
		err = port_bind(s, &a);
	}
	if (err)
		return err;
	s->bound_addr = !addr_is_any(want);
	s->bound_port = want->port != 0;
	err = ops_of(s)->rebind(dgram_of(s));
	if (err) {
		port_release(s);
		memset(&s->local, 0, sizeof(s->local));
	}
	return err;
}

static int disconnect(struct sock *s)
{
	memset(&s->peer, 0, sizeof(s->peer));
	sock_set_state(s, SOCK_FRESH);
	if (!s->bound_addr) {
		uint16_t port = s->local.port;

		memset(&s->local, 0, sizeof(s->local));
		s->local.family = (uint16_t)s->domain;
		s->local.port = port;
	}
	if (!s->bound_port && s->bound) {
		port_release(s);
		s->local.port = 0;
	}
	return ops_of(s)->rebind(dgram_of(s));
}

int dgram_connect(struct sock *s, const struct wire_addr *want)
{
	struct wire_dgram h = { .peer = *want };
	struct dgram_route r;
	int err;

	if (want->family == AF_UNSPEC)
		return disconnect(s);
	err = autobind(s);
	if (!err)
		err = route_for(s, &h, &r);
	if (err) {
		event_connect(s, want, err);
		return err;
	}
	s->peer = r.peer;
	if (s->type == SOCK_RAW)
		s->peer.port = 0;
	if (!s->bound_addr) {
		struct wire_addr src;

		addr_from_lwip(&src, &r.src, 0);
		src.port = s->local.port;
		s->local = src;
	}
	sock_set_state(s, SOCK_OPEN);
	err = ops_of(s)->rebind(dgram_of(s));
	event_connect(s, &s->peer, err);
	return err;
}

int dgram_listen(struct sock *s, int backlog)
{
	(void)s;
	(void)backlog;
	return -EOPNOTSUPP;
}

int dgram_shutdown(struct sock *s, int how)
{
	struct dgram *d = dgram_of(s);
	if (!s->peer.family)
		return -ENOTCONN;
	if (how != SHUT_WR) {
		d->rx_discard = true;
		shutdown(s->poll.fd, SHUT_WR);
	}
	return 0;
}
