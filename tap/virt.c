/*
 * virt.c: the network interface on a host tap, for lwIP.
 *
 * The loop thread watches the tap; no thread is needed.  Neither direction
 * waits: what the host has no room for is dropped and counted, as on any
 * Ethernet card whose ring is full.
 */
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "tap/frame.h"
#include "tap/tapdev.h"
#include "tap/virt.h"

#define BATCH	64	/* frames per turn of the loop */
#define HEADER	14	/* bytes, Ethernet */
#define VLAN	4	/* bytes more with a VLAN tag */

struct virt {
	struct pollable poll;	/* the tap; first */
	struct iface *f;
	struct tapdev dev;	/* its fd is poll.fd */
	uint8_t frame[TAPDEV_MTU_MAX + HEADER + VLAN];
};
static_assert(TAPDEV_MTU_MAX + HEADER == UINT16_MAX, "any pbuf fits");

/* ip link del, or its network namespace ended: there is nothing to wait for. */
static void lost(struct virt *v)
{
	if (v->poll.fd < 0)
		return;
	log_err("%s: the host has removed %s; destroy the interface and "
	    "create it anew", v->f->name, v->dev.name);
	netif_set_link_down(&v->f->nif);
	loop_close(&v->poll);
	v->dev.fd = -1;
}

static void input(struct virt *v, size_t n)
{
	switch (frame_input(v->f, v->frame, n)) {
	case -EBADMSG:
		counter_inc("virt.too_short");
		break;
	case -EMSGSIZE:
		counter_inc("virt.too_long");
		break;
	case -ENOMEM:
		counter_inc("virt.no_memory");
		break;
	}
}

static void on_frames(struct pollable *p, uint32_t events)
{
	struct virt *v = (struct virt *)p;
	ssize_t n;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		n = tapdev_read(&v->dev, v->frame, sizeof(v->frame));
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			lost(v);
			return;
		}
		input(v, (size_t)n);
	}
}

static err_t linkoutput(struct netif *nif, struct pbuf *p)
{
	struct iface *f = nif->state;
	struct virt *v = f->priv;
	const void *frame = p->payload;
	int e;

	if (!v || v->dev.fd < 0) {
		counter_inc("if.no_link");
		return ERR_IF;
	}
	/* One copy is nothing beside the host's work for a frame. */
	if (p->next) {
		pbuf_copy_partial(p, v->frame, p->tot_len, 0);
		frame = v->frame;
	}
	e = tapdev_write(&v->dev, frame, p->tot_len);
	switch (e) {
	case 0:
		f->tx_packets++;
		f->tx_bytes += p->tot_len;
		tap_frame(f, p, 0, true);
		return ERR_OK;
	case -EIO:		/* set down on the host: an unplugged cable */
		f->tx_dropped++;
		counter_inc("virt.host_down");
		return ERR_OK;
	case -EAGAIN:
	case -EINTR:
	case -ENOBUFS:
	case -ENOMEM:
		f->tx_dropped++;
		counter_inc("virt.no_room");
		return ERR_BUF;
	case -EBADFD:
		lost(v);
		return ERR_IF;
	default:
		f->tx_errors++;
		counter_inc("virt.send_error");
		return ERR_IF;
	}
}

/* b2:0a:RR:0b:0e:NN, and not the host's side's. */
static void make_mac(struct virt *v, uint8_t mac[static 6])
{
	do {
		mac[0] = 0xb2;
		mac[1] = 0x0a;
		mac[2] = (uint8_t)stack_random();
		mac[3] = 0x0b;
		mac[4] = 0x0e;
		mac[5] = (uint8_t)v->f->unit;
	} while (!memcmp(mac, v->dev.mac, 6));
}

static void release(struct pollable *p)
{
	free(p);
}

static int attach(struct iface *f, char err[static IFACE_ERRLEN])
{
	struct virt *v = calloc(1, sizeof(*v));
	int e;

	if (!v)
		return -ENOBUFS;
	v->f = f;
	e = tapdev_open(&v->dev, f->unit, err, IFACE_ERRLEN);
	if (e) {
		free(v);
		return e;
	}
	v->poll = (struct pollable){ .fn = on_frames, .free = release,
	    .fd = v->dev.fd };
	e = loop_add(&v->poll, EPOLLIN);
	if (e) {
		close(v->dev.fd);
		free(v);
		return e;
	}
	f->priv = v;
	f->nif.hwaddr_len = 6;
	make_mac(v, f->nif.hwaddr);
	f->nif.mtu = (u16_t)v->dev.mtu;
	f->nif.mtu6 = f->nif.mtu;
	f->nif.linkoutput = linkoutput;
	f->nif.flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	snprintf(f->linkstr, sizeof(f->linkstr), "%s", v->dev.name);
	netif_set_link_up(&f->nif);
	return 0;
}

static void detach(struct iface *f)
{
	struct virt *v = f->priv;
	int last = v->poll.fd < 0 ? -1 : dup(v->poll.fd);

	f->priv = NULL;
	loop_retire(&v->poll);
	if (last < 0)
		return;
	/* The last close takes a tap of ours down, which takes a while. */
	core_drop();
	close(last);
	core_lock();
}

static int set_mac(struct iface *f, const uint8_t mac[static 6])
{
	struct virt *v = f->priv;

	return memcmp(mac, v->dev.mac, 6) ? 0 : -EADDRINUSE;
}

static void fill_link(struct iface *f, struct wire_link *l)
{
	if (!netif_is_link_up(&f->nif))
		l->flags &= ~(uint32_t)(IFF_RUNNING | 0x10000);
}

const struct iface_driver virt_driver = {
	.kind = "virt",
	.attach = attach,
	.detach = detach,
	.set_mac = set_mac,
	.fill_link = fill_link,
};
