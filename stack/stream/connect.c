/* connect.c: how streams begin; see connect.h. */
#include "stack/stream/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stack/core/counter.h"
#include "lwip/priv/tcp_priv.h"
#include "stack/ip/addr.h"
#include "stack/ip/hooks.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/event.h"
#include "stack/sock/port.h"
#include "stack/stream/accept.h"
#include "stack/stream/mss.h"
#include "stack/stream/pcbhash.h"
#include "stack/stream/tail.h"
#include "stack/stream/txbuf.h"
#include "stack/tcp/rec.h"

int connect_open(struct sock *s)
{
	/* The pcb comes with connect or listen. */
	stream_of(s)->reply_fd = -1;
	return 0;
}

/* The attempt failed; lwIP has freed the pcb. */
static void on_err(void *arg, err_t err)
{
	struct stream *st = arg;

	st->pcb = NULL;
	connect_failed(st, err == ERR_RST ? ECONNREFUSED : ETIMEDOUT);
}

static int pcb_new(struct stream *st, uint8_t type)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(type);

	if (!pcb)
		return -ENOBUFS;
	st->pcb = pcb;
	tcp_arg(pcb, st);
	tcp_err(pcb, on_err);
	connect_apply(&st->s);
	return 0;
}

static void pcb_drop(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	if (!pcb)
		return;
	st->pcb = NULL;
	tcp_arg(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_abort(pcb);
}

void connect_apply(struct sock *s)
{
	struct stream *st = stream_of(s);
	struct tcp_pcb *pcb = st->pcb;
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
	hops_set(pcb, o);
	if (o->bound_if)
		tcp_bind_netif(pcb, netif_get_by_index((u8_t)o->bound_if));
	rec_keepalive(pcb);
	if (pcb->state >= ESTABLISHED)
		sock_defer(s);		/* TCP_NODELAY, no TCP_CORK: push */
}

int connect_bind(struct sock *s, const struct wire_addr *want)
{
	struct wire_addr a = *want;
	int err;

	if (a.family == AF_INET6 && addr_is_multicast(&a))
		return -EINVAL;
	err = port_may_bind(s, &a, s->state == SOCK_FRESH && !s->bound);
	if (!err)
		err = port_bind(s, &a);
	if (err)
		return err;
	s->bound_addr = !addr_is_any(want);
	s->bound_port = want->port != 0;
	port_only_v6(s);
	return 0;
}

/*
 * The pcb on the address that the port table gave.  Not by tcp_bind(), which
 * walks through all connections for a check that port.c has made.
 */
static void pcb_bind(struct stream *st, uint8_t type)
{
	struct sock *s = &st->s;
	struct tcp_pcb *pcb = st->pcb;

	addr_to_lwip(&pcb->local_ip, &s->local);
	if (addr_is_any(&s->local))
		pcb->local_ip = type == IPADDR_TYPE_ANY ? *IP_ANY_TYPE :
		    type == IPADDR_TYPE_V6 ? *IP6_ADDR_ANY : *IP4_ADDR_ANY;
	pcb->local_port = ntohs(s->local.port);
	TCP_REG(&tcp_bound_pcbs, pcb);
}

/* Undo what an attempt to connect took; an explicit bind stays. */
static void connect_undo(struct stream *st)
{
	struct sock *s = &st->s;
	uint16_t port = s->local.port;

	pcb_drop(st);
	/* The name shows the port though it is given back. */
	if (s->bound && !s->bound_port && !s->bound_addr)
		port_release(s);
	if (!s->bound_addr && !addr_is_any(&s->local)) {
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
	if (connect_tuple_used(&s->local, peer, true))
		port_look(s, s->local.port);
	return connect_tuple_used(&s->local, peer, true) ? -EADDRNOTAVAIL : 0;
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

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)err;	/* always ERR_OK, failures go to on_err() */
	mss_fit(pcb);
	stream_attach(arg, pcb);
	connect_established(arg);
	return ERR_OK;
}

/* Simultaneous open (RFC 9293 3.5), also with oneself. */

/* lwIP has the listener's way only from SYN_RCVD on. */
static err_t on_crossed(void *arg, struct tcp_pcb *pcb, err_t err)
{
	pcb->listener = NULL;
	pcb->mss = tcp_eff_send_mss(pcb->mss, &pcb->local_ip, &pcb->remote_ip);
	return on_connected(arg, pcb, err);
}

static struct tcp_pcb_listen crossing = { .accept = on_crossed };

/*
 * A segment of a connection that is not yet established, before lwIP has it:
 * to a SYN that crosses ours it then sends SYN|ACK, and SYN|ACK is what it
 * waits for after a SYN.
 */
err_t connect_crossed(struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
	u8_t flags = TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST);

	if (pcb->state == SYN_SENT && flags == TCP_SYN) {
		pcb->rcv_nxt = pcb->rcv_ann_right_edge = h->seqno + 1;
		pcb->snd_wnd = pcb->snd_wnd_max = h->wnd;
		pcb->snd_wl1 = h->seqno - 1;
		pcb->listener = &crossing;
		pcb->state = SYN_RCVD;
	} else if (pcb->listener == &crossing && pcb->state == SYN_RCVD &&
	    flags == (TCP_SYN | TCP_ACK)) {
		pcb->listener = NULL;
		pcb->state = SYN_SENT;
	}
	return ERR_OK;
}

int connect_start(struct sock *s, const struct wire_addr *want)
{
	struct stream *st = stream_of(s);
	struct wire_addr peer = *want;
	uint8_t type;
	ip_addr_t ip;
	int err;

	port_any_peer(s, &peer);
	type = peer.family == AF_INET6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4;
	peer_of_any(&peer);
	err = connect_check(s, &peer);
	if (err)
		return err;
	err = connect_local(s, &peer);
	if (!err)
		err = pcb_new(st, type);
	if (!err) {
		pcb_bind(st, type);
		sock_set_state(s, SOCK_CONNECTING);
		s->peer = peer;
		st->connect_ns = clock_ns();
		addr_to_lwip(&ip, &peer);
		err = -errno_from_lwip(tcp_connect(st->pcb, &ip,
		    ntohs(peer.port), on_connected));
	}
	event_connect(s, &peer, err ? err : -EINPROGRESS);
	if (!err)
		return -EINPROGRESS;
	connect_undo(st);
	return err;
}

void connect_wait(struct stream *st, int reply_fd)
{
	if (st->reply_fd >= 0)
		close(st->reply_fd);
	st->reply_fd = reply_fd;
}

/* Asked again while it connects, the program has plugged again. */
void connect_plugged(struct stream *st, int n)
{
	st->plug_tail = n > 0 && n <= WIRE_PLUG_MAX;
	st->plug_bytes += st->plug_tail ? (uint32_t)n : WIRE_PLUG;
}

static bool reply(struct stream *st, int err)
{
	struct wire_rep rep = { .magic = WIRE_MAGIC, .error = err };
	ssize_t n;

	if (st->reply_fd < 0)
		return false;
	n = send(st->reply_fd, &rep, WIRE_REP_HEAD,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	close(st->reply_fd);
	st->reply_fd = -1;
	return n > 0;
}

/* Let the program write: one POLLOUT edge, as TCP shows it. */
void connect_unplug(struct stream *st)
{
	struct sock *s = &st->s;
	char buf[8192];
	ssize_t n;

	while (st->plug_bytes) {
		n = recv(s->poll.fd, buf, st->plug_bytes < sizeof(buf) ?
		    st->plug_bytes : sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			break;
		st->plug_bytes -= (uint32_t)n;
	}
	st->plug_bytes = 0;
}

void connect_established(struct stream *st)
{
	struct sock *s = &st->s;
	addr_from_lwip(&s->local, &st->pcb->local_ip, st->pcb->local_port);
	sock_set_state(s, SOCK_OPEN);
	event_connect(s, &s->peer, 0);
	s->readable |= st->plug_bytes != 0;	/* there may be more behind */
	if (st->plug_tail && st->plug_bytes) {
		st->plug_bytes--;
		tail_begin(st);
	}
	connect_unplug(st);
	reply(st, 0);
	sock_defer(s);
}

/*
 * A program that waits in connect() gets the errno and a fresh socket; one
 * that does not sees its end hang up, and asks SO_ERROR.
 */
void connect_failed(struct stream *st, int err)
{
	struct sock *s = &st->s;
	struct wire_addr local = s->local;
	bool waited = reply(st, err);

	event_connect(s, &s->peer, err);
	connect_undo(st);
	if (waited)
		return;
	s->local = local;	/* the name, till the program hears of it */
	s->so_error = err;
	sock_set_state(s, SOCK_FAILED);
	if (s->bound_port) {
		/* It has its port until it is closed: our end sees when. */
		shutdown(s->poll.fd, SHUT_RDWR);
		connect_unplug(st);
	} else {
		stream_show_reset(st);
	}
}

void connect_abandon(struct stream *st)
{
	struct sock *s = &st->s;

	event_close(s, s->state == SOCK_CONNECTING ? "while connecting" : "");
	reply(st, ECONNABORTED);
	sock_free(s);
}

/* Listening. */

int listen_start(struct sock *s, int backlog)
{
	struct stream *st = stream_of(s);
	uint8_t type = s->domain == AF_INET ? IPADDR_TYPE_V4 :
	    s->opt.v6only || !addr_is_any(&s->local) ? IPADDR_TYPE_V6 :
	    IPADDR_TYPE_ANY;
	struct wire_addr any = { .family = (uint16_t)s->domain };
	struct tcp_pcb *pcb;
	int err = 0;

	st->backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
	if (s->state == SOCK_LISTEN)
		return 0;
	if (s->state != SOCK_FRESH)
		return -EINVAL;
	if (!s->bound)
		err = port_bind(s, &any);
	if (!err)
		err = port_listen(s);
	event_listen(s, st->backlog, err);
	if (err)
		return err;
	if (s->local.family == AF_INET)
		type = IPADDR_TYPE_V4;
	sock_set_state(s, SOCK_LISTEN);
	if (port_heir(s))
		return 0;	/* the group has its pcb already */
	err = pcb_new(st, type);
	if (!err) {
		pcb_bind(st, type);
		pcb = tcp_listen_with_backlog(st->pcb, 0xff);
		if (!pcb)
			err = -ENOBUFS;
	}
	if (err) {
		pcb_drop(st);
		sock_set_state(s, SOCK_FRESH);
		return err;
	}
	st->pcb = pcb;
	tcp_arg(pcb, st);
	tcp_accept(pcb, accept_add);
	return 0;
}

void listen_stop(struct stream *st)
{
	struct sock *s = &st->s;
	struct sock *heir = port_heir(s);

	if (st->pcb && heir) {
		stream_of(heir)->pcb = st->pcb;
		tcp_arg(st->pcb, heir);
	} else if (st->pcb) {
		tcp_accept(st->pcb, NULL);
		tcp_close(st->pcb);
	}
	st->pcb = NULL;
	accept_drop(st);
}

/* What lwIP still has of sockets that are gone. */

static bool list_uses(const struct sock *s, const struct wire_addr *a,
    const struct tcp_pcb *list)
{
	struct sock other = { .domain = AF_INET };

	for (; list; list = list->next) {
		if (list->local_port != ntohs(a->port) ||
		    (s->opt.reuseaddr && (list->so_options & SOF_APP_REUSE)))
			continue;
		addr_from_lwip(&other.local, &list->local_ip,
		    list->local_port);
		if (port_overlap(s, a, &other))
			return true;
	}
	return false;
}

/* Connections that outlive their socket, or were accepted. */
bool connect_port_used(const struct sock *s, const struct wire_addr *a)
{
	return list_uses(s, a, tcp_active_pcbs) ||
	    list_uses(s, a, tcp_tw_pcbs);
}

/*
 * A connection in TIME_WAIT gives way to a new one: our initial sequence
 * numbers grow with time (RFC 6528), so old segments are told apart.
 */
bool connect_tuple_used(const struct wire_addr *local,
    const struct wire_addr *peer, bool take)
{
	struct tcp_pcb *old;
	ip_addr_t l, r;

	addr_to_lwip(&l, local);
	addr_to_lwip(&r, peer);
	old = pcbhash_find(&l, ntohs(local->port), &r, ntohs(peer->port));
	if (take && old && old->state == TIME_WAIT) {
		tcp_pcb_remove(&tcp_tw_pcbs, old);
		tcp_free(old);
		old = NULL;
	}
	return old != NULL;
}

/* Attempts that came to nothing: nobody answers ARP or ND, time-outs. */

static void expire(struct stream *st, uint64_t ms)
{
	const struct sock *s = &st->s;

	if (ms >= 3000 && !route_resolved(&s->peer, s->opt.bound_if)) {
		if (s->peer.family == AF_INET)
			counter_inc("ip.no_neighbour");
		else
			counter_inc("ip6.no_neighbour");
		connect_failed(st, EHOSTUNREACH);
	} else if (s->opt.user_timeout > 0 &&
	    ms >= (uint64_t)s->opt.user_timeout) {
		connect_failed(st, ETIMEDOUT);
	}
}

static void second(void)
{
	uint64_t now = clock_ns();
	struct sock *s, *next;

	txbuf_second();
	for (s = sock_next(NULL); s; s = next) {
		next = sock_next(s);
		if (s->state == SOCK_CONNECTING)
			expire(stream_of(s), (now -
			    stream_of(s)->connect_ns) / CLOCK_NS_MS);
	}
}

static bool needed(void)
{
	return tcp_active_pcbs || txbuf_needed();
}

/* TCP_SYNCNT, or the host's setting. */
static int syn_retries(const struct tcp_pcb *pcb)
{
	const struct stream *st = pcb->callback_arg;

	return st && st->s.opt.syncnt > 0 ? st->s.opt.syncnt : TCP_SYNMAXRTX;
}

static enum rec_algorithm algorithm(const struct tcp_pcb *pcb)
{
	const struct stream *st = pcb->callback_arg;

	if (!st || pcb->state < ESTABLISHED)
		return REC_BBR;
	return !strcmp(st->s.opt.congestion, "cubic") ? REC_CUBIC :
	    !strcmp(st->s.opt.congestion, "reno") ? REC_RENO : REC_BBR;
}

void connect_init(void)
{
	static struct core_timer timer = {
		.fn = second, .needed = needed, .period = 1000,
	};

	rec_syn_retries = syn_retries;
	rec_algorithm = algorithm;
	core_timer_add(&timer);
}
