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

#include "bus/bus.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/raw.h"
#include "lwip/stats.h"
#include "lwip/udp.h"
#include "stack/core/counter.h"
#include "stack/dgram/mcast.h"
#include "stack/ip/addr.h"
#include "stack/ip/hooks.h"
#include "stack/ip/iface.h"
#include "stack/ip/input.h"
#include "stack/ip/output.h"
#include "stack/ip/route.h"
#include "stack/sock/error.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/sock/sock.h"

#define COPY_MAX	(16u << 10)	/* bytes; two longer ones are no batch */

static const struct dgram_ops *ops_of(const struct sock *s)
{
	return (const struct dgram_ops *)s->ops;
}

/* To lwIP. */

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

/*
 * Where the last message of a batch went: many go the same way, and nothing
 * that decides about it changes as long as the core lock is held.
 */
static struct {
	bool on;
	const struct sock *s;	/* NULL: there was none */
	struct wire_dgram h;
	struct dgram_route r;
	bool resolved;		/* the neighbour is known */
} last;

void dgram_batch(bool on)
{
	last.on = on;
	last.s = NULL;
}

static bool same_way(const struct sock *s, const struct wire_dgram *h)
{
	const struct wire_dgram *l = &last.h;

	return last.s == s && h->flags == l->flags && h->ttl == l->ttl &&
	    h->tos == l->tos && h->ifindex == l->ifindex &&
	    !memcmp(&h->peer, &l->peer, sizeof(h->peer)) &&
	    !memcmp(&h->local, &l->local, sizeof(h->local));
}

/* As route_for(), or as it was.  Return: 0 or -errno. */
static int find_way(struct sock *s, const struct wire_dgram *h,
    struct dgram_route *r)
{
	int err;

	if (same_way(s, h)) {
		*r = last.r;
		return 0;
	}
	err = route_for(s, h, r);
	last.s = NULL;
	if (!err && last.on) {
		last.s = s;
		last.h = *h;
		last.r = *r;
		last.resolved = route_resolved(&r->peer, 0);
	}
	return err;
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

static int path_mtu(const struct sock *s, const struct dgram_route *r)
{
	int how = r->peer.family == AF_INET6 ? s->opt.mtu_discover6 :
	    s->opt.mtu_discover;

	return how >= IP_PMTUDISC_PROBE ? r->nif->mtu : route_mtu(&r->peer);
}

/*
 * A message no router may cut must fit the path, or with *_PROBE the
 * interface.
 */
static bool is_too_long(const struct sock *s, const struct dgram_route *r,
    size_t len)
{
	if (!output_whole)
		return false;
	if (!s->opt.hdrincl)
		len += r->peer.family == AF_INET6 ? 40 : 20;
	if (dgram_is_udp(s))
		len += 8;
	return len > (size_t)path_mtu(s, r);
}

/* UDP_SEGMENT: what Linux asks of it. */
static int check_segments(const struct sock *s, const struct dgram_route *r,
    size_t step, size_t len)
{
	bool v6 = r->peer.family == AF_INET6;
	size_t head = (v6 ? 40 : 20) + 8;

	if (head + (len < step ? len : step) > (size_t)path_mtu(s, r))
		return -EMSGSIZE;
	if (len > step * DGRAM_SEGMENTS ||
	    (v6 ? s->opt.no_check6_tx : s->opt.no_check))
		return -EINVAL;
	return 0;
}

static bool is_whole(const struct sock *s, const struct dgram_route *r)
{
	const struct sock_opts *o = &s->opt;
	int how = r->peer.family == AF_INET6 ? o->mtu_discover6 :
	    o->mtu_discover;

	return how == IP_PMTUDISC_DO || how == IP_PMTUDISC_PROBE ||
	    (r->peer.family == AF_INET6 && o->dontfrag);
}

/*
 * Of `left` bytes that are cut by `step`, how many go through lwIP as one
 * datagram, for a driver to carry (bus/gso.h)?  As TCP's segments they have
 * numbers that others may have too, and so may not be cut further.
 */
static size_t together(const struct sock *s, const struct dgram_route *r,
    size_t step, size_t left)
{
	bool v6 = r->peer.family == AF_INET6;
	size_t head = (v6 ? 40 : 20) + 8, n;
	int how = v6 ? s->opt.mtu_discover6 : s->opt.mtu_discover;

	if (left <= step)
		return left;
	n = (BUS_MTU_DEFAULT - head) / step;
	if (n > DGRAM_SEGMENTS)
		n = DGRAM_SEGMENTS;
	if (n < 2 || how == IP_PMTUDISC_DONT ||
	    addr_is_multicast(&r->peer) ||
	    (!v6 && route_is_broadcast(r->peer.ip)) ||
	    !output_large(r->nif, &r->dst, (u16_t)(step > 12 ? step - 12 :
	    0)))	/* it counts 20 bytes of a header */
		return step;
	return left < n * step ? left : n * step;
}

/*
 * In one piece with its headers, so that a driver may keep it for a moment and
 * gather what follows; or, where that would be much to copy, with PBUF_REF,
 * which tells lwIP to copy it if it must be kept.
 */
static struct pbuf *buffer(const void *data, size_t len, size_t step)
{
	bool copy = len <= COPY_MAX || len > step;
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len,
	    copy ? PBUF_RAM : PBUF_REF);

	if (p && copy)
		memcpy(p->payload, data, len);
	else if (p)
		p->payload = (void *)(uintptr_t)data;
	if (p && len > step) {
		p->seg_size = (u16_t)step;
		lwip_stats.udp.xmit += (len - 1) / step;
	}
	return p;
}

/* One datagram, or several of `step` bytes. */
static int transmit_one(struct sock *s, const struct dgram_route *r,
    const void *data, size_t len, size_t step)
{
	struct pbuf *p = buffer(data, len, step);
	struct pbuf quote = { .payload = (void *)(uintptr_t)data,
	    .len = (u16_t)len, .tot_len = (u16_t)len };
	int err;

	if (!p)
		return -ENOBUFS;
	output_whole = len > step || is_whole(s, r);
	if (len <= step && is_too_long(s, r, len))
		err = -EMSGSIZE;
	else
		err = ops_of(s)->transmit(dgram_of(s), r, p);
	output_whole = false;
	if (!err && !(last.s == s && last.resolved))
		error_watch(s, &r->peer, &quote);	/* p has headers now */
	pbuf_free(p);
	return err;
}

int dgram_transmit(struct sock *s, const struct wire_dgram *h,
    const uint8_t *data, size_t len, size_t *at)
{
	size_t step = h->segment && dgram_is_udp(s) ? h->segment : len, part;
	struct dgram_route r;
	int err;

	err = autobind(s);
	if (!err)
		err = find_way(s, h, &r);
	if (!err && h->segment && dgram_is_udp(s))
		err = check_segments(s, &r, step, len);
	if (err)
		return err;
	do {
		part = together(s, &r, step, len - *at);
		err = transmit_one(s, &r, data + *at, part, step);
		if (err)
			return err;
		*at += part;
	} while (*at < len);
	return 0;
}

int dgram_tell_again(struct sock *s, int err)
{
	struct wire_dgram h = { .err = err, .peer = s->peer };

	if (s->ops->release != dgram_release)
		return -EOPNOTSUPP;
	if (err <= 0 || err > 4095)
		return -EINVAL;
	deliver_error(s, &h, NULL, 0);
	return 0;
}

int dgram_set_bare(struct sock *s, bool bare)
{
	if (s->ops->release != dgram_release)
		return -EOPNOTSUPP;
	dgram_of(s)->bare = bare;
	return 0;
}

void dgram_release(struct sock *s)
{
	struct dgram *d = dgram_of(s);

	pull_drop(d);
	deliver_drop(d);
	dgram_lend_end(d);
	port_release(s);
	mcast_leave_all(&d->memberships);
	if (dgram_is_udp(s)) {
		if (d->udp)
			udp_remove(d->udp);
	} else if (d->raw) {
		raw_remove(d->raw);
		iface_raw_udp -= s->protocol == IPPROTO_UDP;
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
	int err;

	/* A new port for one that was disconnected, and had an address. */
	if (!s->bound && s->bound_addr && addr_is_any(&a) && !a.port)
		a = s->local;
	err = port_may_bind(s, &a, !s->bound);
	if (err)
		return err;
	if (s->type == SOCK_RAW) {
		a.port = 0;
		s->local = a;
	} else {
		err = port_bind(s, &a);
	}
	if (err)
		return err;
	s->bound_addr = !addr_is_any(&a);
	s->bound_port = want->port != 0;
	port_only_v6(s);
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

/* An IPv6 socket on an IPv4 address stays with IPv4. */
static int check_family(const struct sock *s, const struct wire_addr *want)
{
	return want->family == AF_INET6 && s->local.family == AF_INET &&
	    !addr_is_any(&s->local) ? -EAFNOSUPPORT : 0;
}

int dgram_connect(struct sock *s, const struct wire_addr *want)
{
	struct wire_dgram h = { .peer = *want };
	struct dgram_route r;
	int err;

	if (want->family == AF_UNSPEC)
		return disconnect(s);
	err = autobind(s);
	port_any_peer(s, &h.peer);
	if (!err)
		err = check_family(s, &h.peer);
	if (!err)
		err = route_for(s, &h, &r);
	if (err) {
		event_connect(s, want, err);
		return err;
	}
	s->peer = r.peer;
	if (s->type == SOCK_RAW)
		s->peer.port = 0;
	/* The first peer decides about the address, till it is disconnected. */
	if (addr_is_any(&s->local) || s->local.family != s->peer.family) {
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
