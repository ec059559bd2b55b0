/* conn.c: how streams begin: bind, connect, listen, accept. */
#include "stack/stream/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stack/core/log.h"
#include "stack/ip/iface.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/route.h"
#include "stack/sock/port.h"
#include "stack/sock/sock.h"
#include "stack/stream/accept.h"
#include "stack/stream/pcbhash.h"
#include "stack/stream/stream.h"
#include "stack/stream/txbuf.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

int connect_open(struct sock *s)
{
	(void)s;	/* the pcb comes with bind, connect or listen */
	return 0;
}

static int pcb_new(struct sock *s, uint8_t type)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(type);

	if (!pcb)
		return -ENOBUFS;
	stream_attach(s, pcb);
	return 0;
}

static void pcb_drop(struct sock *s)
{
	struct tcp_pcb *pcb = s->tcp;

	if (!pcb)
		return;
	s->tcp = NULL;
	tcp_arg(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_abort(pcb);
}

void connect_apply(struct sock *s)
{
	struct tcp_pcb *pcb = s->tcp;
	const struct sock_opts *o = &s->opt;

	if (!pcb || s->state == SOCK_LISTEN)
		return;
	if (o->reuseaddr)
		pcb->so_options |= SOF_APP_REUSE;
	else
		pcb->so_options &= (u8_t)~SOF_APP_REUSE;
	if (o->keepalive)
		pcb->so_options |= SOF_KEEPALIVE;
	else
		pcb->so_options &= (u8_t)~SOF_KEEPALIVE;
	pcb->keep_idle = (u32_t)o->keepidle * 1000;
	pcb->keep_intvl = (u32_t)o->keepintvl * 1000;
	pcb->keep_cnt = (u32_t)o->keepcnt;
	if (o->nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	pcb->ttl = (u8_t)(o->ttl > 0 ? o->ttl : TCP_TTL);
	pcb->tos = (u8_t)(s->domain == AF_INET6 ? o->tclass : o->tos);
	if (o->bound_if)
		tcp_bind_netif(pcb, netif_get_by_index((u8_t)o->bound_if));
	if (pcb->state >= ESTABLISHED)
		sock_defer(s);		/* TCP_NODELAY, no TCP_CORK: push */
}

int connect_bind(struct sock *s, const struct wire_addr *want)
{
	struct wire_addr a = *want;
	int err;

	if (s->state != SOCK_FRESH || s->bound)
		return -EINVAL;
	if (a.family == AF_INET6 && addr_is_multicast(&a))
		return -EINVAL;
	/* Linux lets a group or broadcast address be had, for no use. */
	if (!addr_is_any(&a) && !iface_has_addr(&a) && !s->opt.freebind &&
	    !addr_is_multicast(&a) && !(a.family == AF_INET &&
	    route_is_broadcast(a.ip)))
		return -EADDRNOTAVAIL;
	err = port_bind(s, &a);
	if (err)
		return err;
	s->bound_addr = !addr_is_any(want);
	s->bound_port = want->port != 0;
	return 0;
}

/*
 * The pcb on the address that the port table gave.  Not by tcp_bind(), which
 * walks through all connections for a check that port.c has made.
 */
static void pcb_bind(struct sock *s, uint8_t type)
{
	struct tcp_pcb *pcb = s->tcp;

	addr_to_lwip(&pcb->local_ip, &s->local);
	if (addr_is_any(&s->local))
		pcb->local_ip = type == IPADDR_TYPE_ANY ? *IP_ANY_TYPE :
		    type == IPADDR_TYPE_V6 ? *IP6_ADDR_ANY : *IP4_ADDR_ANY;
	pcb->local_port = ntohs(s->local.port);
	TCP_REG(&tcp_bound_pcbs, pcb);
}

/* Undo what an attempt to connect took; an explicit bind stays. */
static void connect_undo(struct sock *s)
{
	uint16_t port = s->local.port;

	pcb_drop(s);
	if (s->bound && !s->bound_port && !s->bound_addr) {
		port_release(s);
		/* The name shows the port though it is given back. */
		memset(&s->local, 0, sizeof(s->local));
		s->local.family = (uint16_t)s->domain;
		s->local.port = port;
	}
	memset(&s->peer, 0, sizeof(s->peer));
	sock_set_state(s, SOCK_FRESH);
}

/* "Any" as a destination means this host, as on Linux. */
static void peer_of_any(struct wire_addr *peer)
{
	if (!addr_is_any(peer))
		return;
	if (peer->family == AF_INET)
		memcpy(peer->ip, "\x7f\0\0\1", 4);
	else
		peer->ip[15] = 1;
}

static int connect_local(struct sock *s, const struct wire_addr *peer)
{
	struct wire_addr local = { .family = peer->family };
	int err;

	err = route_source(peer, s->opt.bound_if,
	    s->bound_addr ? &s->local : NULL, &local);
	if (err)
		return err;
	if (!s->bound)
		return port_connect(s, &local, peer);
	if (!s->bound_addr) {
		/* Stay in the table's bucket: the port does not change. */
		local.port = s->local.port;
		s->local = local;
	}
	return port_tuple_free(&s->local, peer) ? 0 : -EADDRNOTAVAIL;
}

static int connect_check(const struct sock *s, const struct wire_addr *peer)
{
	if (s->state == SOCK_CONNECTING)
		return -EALREADY;
	if (s->state == SOCK_FAILED)
		return -ECONNABORTED;
	if (s->state != SOCK_FRESH)
		return -EISCONN;
	if (s->bound_addr && s->local.family != peer->family)
		return -ENETUNREACH;
	if (addr_is_multicast(peer) || (peer->family == AF_INET &&
	    route_is_broadcast(peer->ip)))
		return -ENETUNREACH;
	return 0;
}

int connect_start(struct sock *s, const struct wire_addr *want)
{
	struct wire_addr peer = *want;
	uint8_t type = peer.family == AF_INET6 ? IPADDR_TYPE_V6 :
	    IPADDR_TYPE_V4;
	ip_addr_t ip;
	int err;

	peer_of_any(&peer);
	err = connect_check(s, &peer);
	if (err)
		return err;
	err = connect_local(s, &peer);
	if (!err)
		err = pcb_new(s, type);
	if (!err) {
		pcb_bind(s, type);
		sock_set_state(s, SOCK_CONNECTING);
		s->peer = peer;
		s->connect_ns = core_now_ns();
		addr_to_lwip(&ip, &peer);
		err = stream_start_connect(s, &ip, ntohs(peer.port));
	}
	if (!err)
		return -EINPROGRESS;
	connect_undo(s);
	return err;
}

void connect_wait(struct sock *s, int reply_fd)
{
	if (s->reply_fd >= 0)
		close(s->reply_fd);
	s->reply_fd = reply_fd;
}

/* Asked again while it connects, the program has plugged again. */
void connect_plugged(struct sock *s, int dup_fd, int sndbuf)
{
	if (s->plug_dup >= 0)
		close(s->plug_dup);
	s->plug_dup = dup_fd;
	s->plug_bytes += WIRE_PLUG;
	if (sndbuf > s->plug_sndbuf)
		s->plug_sndbuf = sndbuf;
}

static bool reply(struct sock *s, int err)
{
	struct wire_rep rep = { .magic = WIRE_MAGIC, .error = err };
	ssize_t n;

	if (s->reply_fd < 0)
		return false;
	n = send(s->reply_fd, &rep, WIRE_REP_HEAD, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(s->reply_fd);
	s->reply_fd = -1;
	return n > 0;
}

/* Let the program write: one POLLOUT edge, as TCP shows it. */
void connect_unplug(struct sock *s)
{
	char buf[WIRE_PLUG];
	int half = s->plug_sndbuf / 2;	/* the kernel doubles it */
	ssize_t n;

	while (s->plug_bytes) {
		n = recv(s->poll.fd, buf, s->plug_bytes < sizeof(buf) ?
		    s->plug_bytes : sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			break;
		s->plug_bytes -= (uint32_t)n;
	}
	s->plug_bytes = 0;
	if (s->plug_dup < 0)
		return;
	if (half > 0)
		setsockopt(s->plug_dup, SOL_SOCKET, SO_SNDBUF, &half,
		    sizeof(half));
	close(s->plug_dup);
	s->plug_dup = -1;
	s->plug_sndbuf = 0;
}

void connect_established(struct sock *s)
{
	addr_from_lwip(&s->local, &s->tcp->local_ip, s->tcp->local_port);
	sock_set_state(s, SOCK_OPEN);
	connect_unplug(s);
	reply(s, 0);
	s->readable = true;
	sock_defer(s);
}

/*
 * A program that waits in connect() gets the errno and a fresh socket; one
 * that does not sees its end hang up, and asks SO_ERROR.
 */
void connect_failed(struct sock *s, int err)
{
	bool waited = reply(s, err);

	connect_undo(s);
	if (waited)
		return;
	s->so_error = err;
	sock_set_state(s, SOCK_FAILED);
	if (s->plug_dup >= 0) {
		close(s->plug_dup);
		s->plug_dup = -1;
	}
	port_release(s);
	sock_hang_up(s);
}

void connect_abandon(struct sock *s)
{
	reply(s, ECONNABORTED);
	sock_free(s);
}

/* Listening. */

int listen_start(struct sock *s, int backlog)
{
	uint8_t type = s->domain == AF_INET ? IPADDR_TYPE_V4 :
	    s->opt.v6only || !addr_is_any(&s->local) ? IPADDR_TYPE_V6 :
	    IPADDR_TYPE_ANY;
	struct wire_addr any = { .family = (uint16_t)s->domain };
	struct tcp_pcb *pcb;
	int err = 0;

	s->backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
	if (s->state == SOCK_LISTEN)
		return 0;
	if (s->state != SOCK_FRESH)
		return -EINVAL;
	if (!s->bound)
		err = port_bind(s, &any);
	if (!err)
		err = port_listen(s);
	if (err)
		return err;
	if (s->local.family == AF_INET)
		type = IPADDR_TYPE_V4;
	sock_set_state(s, SOCK_LISTEN);
	if (port_heir(s))
		return 0;	/* the group has its pcb already */
	err = pcb_new(s, type);
	if (!err) {
		pcb_bind(s, type);
		pcb = tcp_listen_with_backlog(s->tcp, 0xff);
		if (!pcb)
			err = -ENOBUFS;
	}
	if (err) {
		pcb_drop(s);
		sock_set_state(s, SOCK_FRESH);
		return err;
	}
	s->tcp = pcb;
	tcp_arg(pcb, s);
	tcp_accept(pcb, accept_add);
	return 0;
}

void listen_stop(struct sock *s)
{
	struct sock *heir = port_heir(s);

	if (s->tcp && heir) {
		heir->tcp = s->tcp;
		tcp_arg(s->tcp, heir);
	} else if (s->tcp) {
		tcp_accept(s->tcp, NULL);
		tcp_close(s->tcp);
	}
	s->tcp = NULL;
	accept_drop(s);
}

/* Attempts that came to nothing: nobody answers ARP or ND, time-outs. */
void connect_second(void)
{
	uint64_t now = core_now_ns();
	struct sock *s, *next;

	txbuf_second();
	for (s = sock_next(NULL); s; s = next) {
		uint64_t ms = (now - s->connect_ns) / 1000000;

		next = sock_next(s);
		if (s->state != SOCK_CONNECTING)
			continue;
		if (ms >= 3000 && !route_resolved(&s->peer, s->opt.bound_if))
			connect_failed(s, EHOSTUNREACH);
		else if (s->opt.user_timeout > 0 &&
		    ms >= (uint64_t)s->opt.user_timeout)
			connect_failed(s, ETIMEDOUT);
		else if (s->opt.syncnt > 0 && s->opt.syncnt < TCP_SYNMAXRTX &&
		    ms >= (1000ull << (s->opt.syncnt + 1)) - 1000)
			connect_failed(s, ETIMEDOUT);
	}
}
