/* loopback.c: lo; what is sent comes back before the lock is let go. */
#include "stack/ip/loopback.h"

#include <string.h>

#include "bus/bus.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/prot/ethernet.h"
#include "stack/core/core.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"

static struct netif *lo;

/* A copy for the members of a group on this host, beside what is sent. */
static bool is_copy(const struct netif *nif, const struct pbuf *p)
{
	const uint8_t *h = p->payload;

	return nif != lo && (h[0] >> 4 == 6 ? h[24] == 0xff :
	    (h[16] & 0xf0) == 0xe0);
}

/* lwIP loops back on the interface that has the address; we say it was lo. */
err_t loopback_send(struct netif *nif, struct pbuf *p)
{
	struct iface *f = lo->state;
	err_t err = netif_loop_output(nif, p);
	uint16_t type;

	if (err != ERR_OK || is_copy(nif, p))
		return err;
	type = *(uint8_t *)p->payload >> 4 == 6 ? ETHTYPE_IPV6 : ETHTYPE_IP;
	f->tx_packets++;
	f->rx_packets++;
	f->tx_bytes += p->tot_len;
	f->rx_bytes += p->tot_len;
	tap_frame(f, p, type, true);
	tap_frame(f, p, type, false);
	return ERR_OK;
}

err_t loopback_output(struct netif *nif, struct pbuf *p)
{
	struct iface *f = lo->state;

	if (__builtin_expect(f->faults != NULL, 0) && !is_copy(nif, p))
		return f->faults->loop(nif, p);
	return loopback_send(nif, p);
}

static err_t output4(struct netif *nif, struct pbuf *p, const ip4_addr_t *to)
{
	(void)to;
	return loopback_output(nif, p);
}

static err_t output6(struct netif *nif, struct pbuf *p, const ip6_addr_t *to)
{
	(void)to;
	return loopback_output(nif, p);
}

/*
 * All of 127.0.0.0/8 is this host, but lwIP takes only what is for the
 * interface's own address: so its address is that of the packet, until all
 * that was looped back has been taken in.
 */
void loopback_input(const struct pbuf *p, struct netif *nif)
{
	const struct ip_hdr *h = p->payload;
	ip4_addr_t to;

	if (nif != lo)
		return;
	ip4_addr_copy(to, h->dest);
	if (ip4_addr_isloopback(&to))
		ip_addr_copy_from_ip4(nif->ip_addr, to);
}

static void settle(void)
{
	IP_ADDR4(&lo->ip_addr, 127, 0, 0, 1);
}

static int attach(struct iface *f, char err[static IFACE_ERRLEN])
{
	ip4_addr_t ip, mask, gw = { 0 };
	ip6_addr_t ip6;

	(void)err;
	IP4_ADDR(&ip, 127, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	lo = &f->nif;
	core_on_loopback(settle);
	f->nif.input = ip_input;
	f->nif.output = output4;
	f->nif.output_ip6 = output6;
	f->nif.mtu = BUS_MTU_MAX;
	f->nif.mtu6 = BUS_MTU_MAX;
	f->nif.flags = NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	netif_set_addr(&f->nif, &ip, &mask, &gw);
	memset(&ip6, 0, sizeof(ip6));
	ip6.addr[3] = PP_HTONL(1);
	netif_ip6_addr_set(&f->nif, 0, &ip6);
	netif_ip6_addr_set_state(&f->nif, 0, IP6_ADDR_PREFERRED);
	f->plen6[0] = 128;
	netif_set_link_up(&f->nif);
	netif_set_up(&f->nif);
	return 0;
}

static void detach(struct iface *f)
{
	(void)f;
}

const struct iface_driver loopback_driver = {
	.kind = "lo",
	.loopback = true,
	.attach = attach,
	.detach = detach,
};
