/* frame.c: a frame that came in from outside, to lwIP; see frame.h. */
#include "tap/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
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
	tap_input(f, p, true);
	return 0;
}
