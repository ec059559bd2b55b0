/* udp.c: a UDP socket's way through lwIP. */
#include "lwip/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/dgram/dgram.h"
#include "stack/ip/addr.h"
#include "stack/sock/port.h"

#define UDP_PAYLOAD_MAX	65507	/* 65,535 less the IPv4 and UDP headers */
#define UDP6_PAYLOAD_MAX 65487	/* lwIP counts the IPv6 header as well */

static bool is_from(const ip_addr_t *from, const struct wire_addr *peer)
{
	ip_addr_t ip;

	addr_to_lwip(&ip, peer);
	return ip_addr_zoneless_eq(from, &ip);
}

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p,
    const ip_addr_t *from, u16_t port)
{
	struct sock *s = arg;
	const ip_addr_t *to = ip_current_dest_addr();

	(void)pcb;
	/* What goes to many comes here for each of them. */
	if ((s->opt.reuseport || s->opt.reuseaddr) && !ip_addr_ismulticast(to) &&
	    !ip_addr_isbroadcast(to, ip_current_input_netif()))
		s = port_pick_dgram(s, (uint32_t)port * 2654435761u >> 8);
	if (!s->peer.family || s->peer.port || is_from(from, &s->peer))
		deliver_packet(dgram_of(s), p, 0, from, port);
	pbuf_free(p);
}

static void udp_apply(struct sock *s)
{
	struct udp_pcb *pcb = dgram_of(s)->udp;

	/* Sharing a port is port.c's decision, not lwIP's. */
	pcb->so_options |= SOF_REUSEADDR | SOF_BROADCAST;
	deliver_apply(dgram_of(s));
}

static int udp_open(struct sock *s)
{
	struct dgram *d = dgram_of(s);

	d->udp = udp_new_ip_type(s->domain == AF_INET ? IPADDR_TYPE_V4 :
	    IPADDR_TYPE_ANY);
	if (!d->udp)
		return -ENOBUFS;
	udp_recv(d->udp, on_recv, s);
	udp_apply(s);
	return 0;
}

/*
 * Make lwIP's idea of the addresses ours.  A pcb that is not bound by lwIP
 * gets nothing, so one without a port is taken out altogether.
 */
static int udp_rebind(struct dgram *d)
{
	struct sock *s = &d->s;
	ip_addr_t ip;
	err_t err;

	if (!s->bound) {
		udp_remove(d->udp);
		return udp_open(s);
	}
	addr_to_lwip(&ip, &s->local);
	if (addr_is_any(&s->local))
		ip = s->domain == AF_INET ? *IP4_ADDR_ANY :
		    s->opt.v6only ? *IP6_ADDR_ANY : *IP_ANY_TYPE;
	udp_disconnect(d->udp);
	err = udp_bind(d->udp, &ip, ntohs(s->local.port));
	/* Connected to no port it hears from them all: see on_recv(). */
	if (err == ERR_OK && s->peer.port) {
		addr_to_lwip(&ip, &s->peer);
		err = udp_connect(d->udp, &ip, ntohs(s->peer.port));
	}
	return -errno_from_lwip(err);
}

static int udp_transmit(struct dgram *d, const struct dgram_route *r,
    struct pbuf *p)
{
	struct pbuf *q = NULL;
	err_t err;

	if (p->tot_len > (IP_IS_V6(&r->dst) ? UDP6_PAYLOAD_MAX :
	    UDP_PAYLOAD_MAX))
		return -EMSGSIZE;
	/* Broadcasts come back to the host's own sockets, too. */
	if (!IP_IS_V6(&r->dst) && ip_addr_isbroadcast(&r->dst, r->nif)) {
		q = pbuf_clone(PBUF_TRANSPORT, PBUF_RAM, p);
		if (!q)
			return -ENOBUFS;
		q->flags |= PBUF_FLAG_MCASTLOOP;
		p = q;
	}
	if (IP_IS_V6(&r->dst) ? d->s.opt.mc_loop6 : d->s.opt.mc_loop)
		udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
	else
		udp_clear_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
	d->udp->ttl = d->udp->mcast_ttl = (u8_t)r->ttl;
	d->udp->tos = (u8_t)r->tos;
	err = udp_sendto_if_src(d->udp, p, &r->dst, ntohs(r->peer.port),
	    r->nif, &r->src);
	if (q)
		pbuf_free(q);
	return -errno_from_lwip(err);
}

static bool is_kind(int domain, int type, int *protocol)
{
	if ((domain != AF_INET && domain != AF_INET6) || type != SOCK_DGRAM ||
	    (*protocol && *protocol != IPPROTO_UDP))
		return false;
	*protocol = IPPROTO_UDP;
	return true;
}

void udp_ops_add(void)
{
	static const struct dgram_ops ops = {
		.sock = {
			DGRAM_SOCK_OPS,
			.is_kind = is_kind,
			.open = udp_open,
			.apply = udp_apply,
			.tx_ready = dgram_tx_ready,	/* of all of them */
		},
		.transmit = udp_transmit,
		.rebind = udp_rebind,
	};

	sock_ops_add(&ops.sock);
}
