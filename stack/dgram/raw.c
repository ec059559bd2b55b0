/* raw.c: raw and ping sockets' way through lwIP. */
#include "lwip/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/pbuf.h"
#include "stack/dgram/dgram.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/output.h"

static bool is_ping(const struct sock *s)
{
	return s->type == SOCK_DGRAM;
}

static uint8_t echo_reply(const struct sock *s)
{
	return s->domain == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
}

static bool filtered(const struct sock *s, uint8_t type)
{
	if (s->protocol == IPPROTO_ICMP)
		return type < 32 && (s->opt.icmp_filter >> type & 1);
	if (s->protocol == IPPROTO_ICMPV6)
		return s->opt.icmp6_filter[type >> 5] >> (type & 31) & 1;
	return false;
}

/* lwIP goes on with the packet itself: 0, not eaten. */
static u8_t on_recv(void *arg, struct raw_pcb *pcb, struct pbuf *p,
    const ip_addr_t *from)
{
	struct sock *s = arg;
	uint16_t hlen = ip_current_header_tot_len(), offset = hlen;
	uint8_t icmp[8] = { 0 };
	bool icmp_proto = s->protocol == IPPROTO_ICMP ||
	    s->protocol == IPPROTO_ICMPV6;

	(void)pcb;
	if (ip_current_is_v6() != (s->domain == AF_INET6))
		return 0;
	if (icmp_proto && pbuf_copy_partial(p, icmp, 8, hlen) != 8)
		return 0;
	if (is_ping(s) && (icmp[0] != echo_reply(s) ||
	    memcmp(icmp + 4, &s->local.port, 2)))
		return 0;
	if (icmp_proto && !is_ping(s) && filtered(s, icmp[0]))
		return 0;
	/* A raw IPv4 socket sees the IP header, RFC 3542 sockets do not. */
	if (s->type == SOCK_RAW && s->domain == AF_INET)
		offset = 0;
	deliver_packet(dgram_of(s), p, offset, from, 0);
	return 0;
}

static void raw_apply(struct sock *s)
{
	struct raw_pcb *pcb = dgram_of(s)->raw;

	pcb->so_options |= SOF_BROADCAST;
	pcb->chksum_reqd = s->domain == AF_INET6 && s->opt.checksum6 >= 0;
	pcb->chksum_offset = (u16_t)(pcb->chksum_reqd ? s->opt.checksum6 : 0);
	deliver_apply(dgram_of(s));
}

static int raw_open(struct sock *s)
{
	struct dgram *d = dgram_of(s);

	d->raw = raw_new_ip_type(s->domain == AF_INET ? IPADDR_TYPE_V4 :
	    IPADDR_TYPE_V6, (u8_t)s->protocol);
	if (!d->raw)
		return -ENOBUFS;
	raw_recv(d->raw, on_recv, s);
	raw_apply(s);
	iface_raw_udp += s->protocol == IPPROTO_UDP;
	return 0;
}

static int raw_rebind(struct dgram *d)
{
	struct sock *s = &d->s;
	ip_addr_t ip;
	err_t err;

	raw_disconnect(d->raw);
	addr_to_lwip(&ip, &s->local);
	if (s->local.family && !addr_is_any(&s->local))
		raw_bind(d->raw, &ip);
	else
		ip_addr_set_any(s->domain == AF_INET6, &d->raw->local_ip);
	if (!s->peer.family)
		return 0;
	addr_to_lwip(&ip, &s->peer);
	err = raw_connect(d->raw, &ip);
	return -errno_from_lwip(err);
}

/* An echo request gets the socket's identifier and a checksum, as on Linux. */
static int ping_fill(struct sock *s, struct pbuf *p)
{
	uint8_t *icmp = p->payload;
	uint16_t sum;

	if (p->len < 8)
		return -EINVAL;
	if (icmp[0] != (s->domain == AF_INET ? ICMP_ECHO :
	    ICMP6_ECHO_REQUEST) || icmp[1] != 0)
		return -EINVAL;
	memcpy(icmp + 4, &s->local.port, 2);
	if (s->domain == AF_INET) {
		memset(icmp + 2, 0, 2);
		sum = inet_chksum(icmp, p->len);
		memcpy(icmp + 2, &sum, 2);
	}
	return 0;
}

/* Is the packet also for the host that sends it? */
static bool comes_back(const struct sock *s, const struct dgram_route *r)
{
	if (IP_IS_V6(&r->dst))
		return ip_addr_ismulticast(&r->dst) && s->opt.mc_loop6;
	return ip_addr_isbroadcast(&r->dst, r->nif) ||
	    (ip_addr_ismulticast(&r->dst) && s->opt.mc_loop);
}

/* What Linux fills in of a header that the program made. */
static int header_fill(const struct dgram_route *r, struct pbuf *p)
{
	struct ip_hdr *h = p->payload;
	uint16_t hlen;

	if (p->len < IP_HLEN)
		return -EINVAL;
	hlen = IPH_HL_BYTES(h);
	if (hlen < IP_HLEN || hlen > p->len)
		return -EINVAL;
	IPH_LEN_SET(h, lwip_htons(p->tot_len));
	if (ip4_addr_isany_val(h->src))
		ip4_addr_copy(h->src, *ip_2_ip4(&r->src));
	if (!IPH_ID(h))
		IPH_ID_SET(h, (u16_t)stack_random());
	IPH_CHKSUM_SET(h, 0);
	IPH_CHKSUM_SET(h, inet_chksum(h, hlen));
	return 0;
}

/*
 * A packet with the program's own header goes as it is, to where sendto(2)
 * says.  The copy has room for Ethernet's header, which lwIP does not make.
 */
static int send_as_is(struct sock *s, const struct dgram_route *r,
    struct pbuf *p)
{
	bool v6 = IP_IS_V6(&r->dst);
	bool own = iface_has_addr(&r->peer) || ip_addr_isloopback(&r->dst);
	unsigned mtu = v6 ? netif_mtu6(r->nif) : r->nif->mtu;
	struct pbuf *q;
	err_t err;

	if (!own && p->tot_len > mtu)
		return -EMSGSIZE;
	q = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
	if (!q)
		return -ENOBUFS;
	if (own) {
		err = netif_loop_output(r->nif, q);
	} else {
		if (comes_back(s, r))
			netif_loop_output(r->nif, q);
		err = v6 ? output_send_ip6(r->nif, q, ip_2_ip6(&r->dst)) :
		    output_send_ip4(r->nif, q, ip_2_ip4(&r->dst));
	}
	pbuf_free(q);
	return -errno_from_lwip(err);
}

/* lwIP sends multicast back by itself, but broadcast only where it is told. */
static int send_payload(struct dgram *d, const struct dgram_route *r,
    struct pbuf *p)
{
	struct pbuf *q = NULL;
	err_t err;

	if (ip_addr_ismulticast(&r->dst) && comes_back(&d->s, r))
		raw_set_flags(d->raw, RAW_FLAGS_MULTICAST_LOOP);
	else
		raw_clear_flags(d->raw, RAW_FLAGS_MULTICAST_LOOP);
	if (!ip_addr_ismulticast(&r->dst) && comes_back(&d->s, r)) {
		q = pbuf_clone(PBUF_IP, PBUF_RAM, p);
		if (!q)
			return -ENOBUFS;
		q->flags |= PBUF_FLAG_MCASTLOOP;
		p = q;
	}
	d->raw->ttl = d->raw->mcast_ttl = (u8_t)r->ttl;
	d->raw->tos = (u8_t)r->tos;
	err = raw_sendto_if_src(d->raw, p, &r->dst, r->nif, &r->src);
	if (q)
		pbuf_free(q);
	return -errno_from_lwip(err);
}

static int raw_transmit(struct dgram *d, const struct dgram_route *r,
    struct pbuf *p)
{
	struct sock *s = &d->s;
	int e = 0;

	if (is_ping(s))
		e = ping_fill(s, p);
	else if (s->opt.hdrincl)
		e = s->domain == AF_INET ? header_fill(r, p) :
		    p->len < IP6_HLEN ? -EINVAL : 0;
	if (e)
		return e;
	if (s->opt.hdrincl)
		return send_as_is(s, r, p);
	/* lwIP takes it for granted that the checksum has a place. */
	if (d->raw->chksum_reqd && p->tot_len < d->raw->chksum_offset + 2)
		return -EINVAL;
	return send_payload(d, r, p);
}

static bool is_kind(int domain, int type, int *protocol)
{
	int icmp = domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (domain != AF_INET && domain != AF_INET6)
		return false;
	if (type == SOCK_DGRAM)
		return *protocol == icmp;
	return type == SOCK_RAW && *protocol > 0 && *protocol < 256;
}

void raw_ops_add(void)
{
	static const struct dgram_ops ops = {
		.sock = {
			DGRAM_SOCK_OPS,
			.is_kind = is_kind,
			.open = raw_open,
			.apply = raw_apply,
		},
		.transmit = raw_transmit,
		.rebind = raw_rebind,
	};

	sock_ops_add(&ops.sock);
}
