/* tap.c: frames past lwIP; see tap.h. */
#include "stack/ip/tap.h"

#include <errno.h>
#include <string.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ethernet.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"

const struct tap_listener *tap_listener;

/* What lo is given comes back as if it had been sent by IP. */
static int loop(struct iface *f, struct pbuf *p)
{
	const struct eth_hdr *h = p->payload;
	uint16_t type = lwip_ntohs(h->type);
	struct pbuf *q;
	err_t err = ERR_OK;

	q = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
	if (!q)
		return -ENOBUFS;
	tap_frame(f, p, 0, true);
	tap_frame(f, p, 0, false);
	pbuf_remove_header(q, SIZEOF_ETH_HDR);
	if (q->tot_len && (type == ETHTYPE_IP || type == ETHTYPE_IPV6))
		err = netif_loop_output(&f->nif, q);
	pbuf_free(q);
	return err == ERR_OK ? 0 : -ENOBUFS;
}

int tap_send(struct iface *f, struct pbuf *p)
{
	if (iface_is_loopback(f))
		return loop(f, p);
	switch (f->nif.linkoutput(&f->nif, p)) {
	case ERR_OK:
		return 0;
	case ERR_IF:
		return -ENETDOWN;
	default:
		return -ENOBUFS;
	}
}

void tap_promisc(struct iface *f, bool on)
{
	unsigned was = f->promisc;

	f->promisc += on ? 1 : was ? -1u : 0;
	if (!was != !f->promisc && f->driver->set_promisc)
		f->driver->set_promisc(f);
}

/* Would lwIP take a frame for others, that came in since somebody wants it? */
static bool not_ours(const struct iface *f, const uint8_t *frame)
{
	return f->promisc && !(frame[0] & 1) &&
	    memcmp(frame, f->nif.hwaddr, 6);
}

void tap_input(struct iface *f, struct pbuf *p, bool show)
{
	const uint8_t *frame = p->payload;
	struct netif *nif = iface_arp_target(f, frame, p->len);

	f->rx_packets++;
	f->rx_bytes += p->len;
	if (frame[0] & 1)
		f->rx_multicast++;
	if (show)
		tap_frame(f, p, 0, false);
	if (not_ours(f, frame)) {
		pbuf_free(p);
	} else if (!netif_is_up(&f->nif)) {
		counter_inc("if.down");
		pbuf_free(p);
	} else if (nif->input(p, nif) != ERR_OK) {
		counter_inc("if.not_taken");
		pbuf_free(p);
	}
}
