/* frame.c: a frame that came in from outside, to lwIP; see frame.h. */
#include "tap/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"

#define HEADER	14	/* bytes, Ethernet */
#define VLAN	4	/* bytes more with a VLAN tag */
#define ALIGN	2	/* puts the IP header on a 4-byte boundary */

/* A bridge floods frames to us that are for others. */
static bool for_us(const struct netif *nif, const uint8_t *frame)
{
	return frame[0] & 1 || !memcmp(frame, nif->hwaddr, 6);
}

static size_t frame_max(const struct netif *nif, const uint8_t *frame)
{
	bool tagged = frame[12] == 0x81 && frame[13] == 0x00;

	return (size_t)nif->mtu + HEADER + (tagged ? VLAN : 0);
}

static void deliver(struct iface *f, struct pbuf *p, const uint8_t *frame)
{
	struct netif *nif = iface_arp_target(f, p->payload, p->len);

	tap_frame(f, p, 0, false);
	if (tap_not_ours(f, frame)) {
		pbuf_free(p);
	} else if (!netif_is_up(&f->nif)) {
		counter_inc("if.down");
		pbuf_free(p);
	} else if (nif->input(p, nif) != ERR_OK) {
		counter_inc("if.not_taken");
		pbuf_free(p);
	}
}

int frame_input(struct iface *f, const uint8_t *frame, size_t n)
{
	struct pbuf *p;

	if (n < HEADER) {
		f->rx_errors++;
		return -EBADMSG;
	}
	if (!f->promisc && !for_us(&f->nif, frame))
		return 0;
	if (n > frame_max(&f->nif, frame)) {
		f->rx_dropped++;
		return -EMSGSIZE;
	}
	p = pbuf_alloc(PBUF_RAW, (u16_t)(n + ALIGN), PBUF_RAM);
	if (!p) {
		f->rx_dropped++;
		return -ENOMEM;
	}
	pbuf_remove_header(p, ALIGN);
	memcpy(p->payload, frame, n);
	f->rx_packets++;
	f->rx_bytes += n;
	if (frame[0] & 1)
		f->rx_multicast++;
	deliver(f, p, frame);
	return 0;
}
