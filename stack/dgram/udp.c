/* udp.c: a UDP socket's way through lwIP. */
#include "lwip/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/dgram/dgram.h"
#include "stack/sock/port.h"
#include "stack/sock/sock.h"

#define UDP_PAYLOAD_MAX	65507	/* 65,535 less the IPv4 and UDP headers */
#define UDP6_PAYLOAD_MAX 65487	/* lwIP counts the IPv6 header as well */

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
	dgram_deliver(s, p, 0, from, port);
	pbuf_free(p);
}

static void udp_apply(struct sock *s)
{
	struct udp_pcb *pcb = s->udp;

	/* Sharing a port is port.c's decision, not lwIP's. */
	pcb->so_options |= SOF_REUSEADDR | SOF_BROADCAST;
	if (s->opt.mc_loop && s->opt.mc_loop6)
		udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
	else
		udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
}

static int udp_open(struct sock *s)
{
	s->udp = udp_new_ip_type(s->domain == AF_INET ? IPADDR_TYPE_V4 :
	    IPADDR_TYPE_ANY);
	if (!s->udp)
		return -ENOBUFS;
	udp_recv(s->udp, on_recv, s);
	udp_apply(s);
	return 0;
}

/*
 * Make lwIP's idea of the addresses ours.  A pcb that is not bound by lwIP
 * gets nothing, so one without a port is taken out altogether.
 */
static int udp_rebind(struct sock *s)
{
	ip_addr_t ip;
	err_t err;

	if (!s->bound) {
		udp_remove(s->udp);
		return udp_open(s);
	}
	addr_to_lwip(&ip, &s->local);
	if (addr_is_any(&s->local))
		ip = s->domain == AF_INET ? *IP4_ADDR_ANY :
		    s->opt.v6only ? *IP6_ADDR_ANY : *IP_ANY_TYPE;
	udp_disconnect(s->udp);
	err = udp_bind(s->udp, &ip, ntohs(s->local.port));
	if (err == ERR_OK && s->peer.family) {
		addr_to_lwip(&ip, &s->peer);
		err = udp_connect(s->udp, &ip, ntohs(s->peer.port));
	}
	return -errno_from_lwip(err);
}

static int udp_transmit(struct sock *s, const struct dgram_route *r,
    struct pbuf *p)
{
	struct pbuf *q = NULL;
	err_t err;

	if (p->tot_len > (IP_IS_V6(&r->dst) ? UDP6_PAYLOAD_MAX :
	    UDP_PAYLOAD_MAX))
		return -EMSGSIZE;
	if (!r->peer.port)
		return -EINVAL;
	/* Broadcasts come back to the host's own sockets, too. */
	if (!IP_IS_V6(&r->dst) && ip_addr_isbroadcast(&r->dst, r->nif)) {
		q = pbuf_clone(PBUF_TRANSPORT, PBUF_RAM, p);
		if (!q)
			return -ENOBUFS;
		q->flags |= PBUF_FLAG_MCASTLOOP;
		p = q;
	}
	s->udp->ttl = s->udp->mcast_ttl = (u8_t)r->ttl;
	s->udp->tos = (u8_t)r->tos;
	err = udp_sendto_if_src(s->udp, p, &r->dst, ntohs(r->peer.port),
	    r->nif, &r->src);
	if (q)
		pbuf_free(q);
	return -errno_from_lwip(err);
}

const struct sock_ops udp_ops = {
	.open = udp_open,
	.release = dgram_release,
	.bind = dgram_bind,
	.connect = dgram_connect,
	.listen = dgram_listen,
	.shutdown = dgram_shutdown,
	.input = dgram_input,
	.drain = dgram_drain,
	.flush = dgram_flush,
	.apply = udp_apply,
	.transmit = udp_transmit,
	.rebind = udp_rebind,
};
