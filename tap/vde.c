/*
 * vde.c: the network interface on a VDE plug, for lwIP.
 *
 * The threads of its line wait for the plug; what there is no room for is
 * dropped and counted, or held back by TCP.
 */
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "tap/frame.h"
#include "tap/vde.h"
#include "tap/vdeline.h"
#include "tap/vdeplug.h"

#define MTU	1500	/* what every kind of plug carries */
#define PATIENCE 200	/* ms, at least half of it */
#define OPEN_MS	50	/* that a request may wait: others do as well */

/* Lives as long as its line. */
struct vde {
	struct iface *f;	/* NULL: the interface has let go of it */
	struct vdeline *line;
	bool full;		/* lwIP waits for room */
	bool stuck;		/* there was none for long: it is dropped */
};

static unsigned nfull;		/* of all */

/*
 * What does not read for PATIENCE is like a cable that is not plugged in: who
 * sends there, by a socket for other ways as well, does not wait for it.
 */
static void set_full(struct vde *v, bool full)
{
	if (v->full == full)
		return;
	v->full = full;
	nfull += full ? 1u : -1u;
}

static bool any_full(void)
{
	return nfull > 0;
}

static void give_up(void)
{
	struct iface *f = NULL;
	struct vde *v;

	while ((f = iface_next(f))) {
		v = f->driver == &vde_driver ? f->priv : NULL;
		if (!v || !v->full)
			continue;
		v->stuck = true;
		set_full(v, false);
	}
	iface_tx_ready();
}

static struct core_timer patience = {
	.fn = give_up,
	.needed = any_full,
	.period = PATIENCE,
};

static void count(int e)
{
	switch (e) {
	case -EBADMSG:
		counter_inc("vde.too_short");
		break;
	case -EMSGSIZE:
		counter_inc("vde.too_long");
		break;
	case -ENOMEM:
		counter_inc("vde.no_memory");
		break;
	}
}

static void on_frames(void *arg, const struct iovec *frame, int n)
{
	struct vde *v = arg;

	core_lock();
	for (int i = 0; v->f && i < n; i++)
		count(frame_input(v->f, frame[i].iov_base, frame[i].iov_len));
	core_unlock();
}

static void on_plugged(void *arg, bool in)
{
	struct vde *v = arg;

	core_lock();
	if (v->f && in) {
		log_err("%s: %s is there again", v->f->name, v->f->linkstr);
		netif_set_link_up(&v->f->nif);
	} else if (v->f) {
		log_err("%s: %s has gone; trying to plug in again", v->f->name,
		    v->f->linkstr);
		netif_set_link_down(&v->f->nif);
	}
	core_unlock();
}

static void on_room(void *arg)
{
	struct vde *v = arg;

	core_lock();
	if (v->f) {
		v->stuck = false;
		set_full(v, false);
		iface_tx_ready();
	}
	core_unlock();
}

static void on_lost(void *arg, int n)
{
	struct vde *v = arg;

	counter_add("vde.send_error", (uint64_t)n);
	core_lock();
	if (v->f)
		v->f->tx_errors += (uint64_t)n;
	core_unlock();
}

static void on_gone(void *arg)
{
	free(arg);
}

static const struct vdeline_user user = {
	.frames = on_frames,
	.plugged = on_plugged,
	.room = on_room,
	.lost = on_lost,
	.gone = on_gone,
};

static void fill(const void *from, uint8_t *to, size_t n)
{
	pbuf_copy_partial(from, to, (u16_t)n, 0);
}

static err_t linkoutput(struct netif *nif, struct pbuf *p)
{
	struct iface *f = nif->state;
	struct vde *v = f->priv;

	if (!v || !netif_is_link_up(nif)) {
		counter_inc("if.no_link");
		return ERR_IF;
	}
	switch (vdeline_send(v->line, p->tot_len, fill, p)) {
	case 0:
		f->tx_packets++;
		f->tx_bytes += p->tot_len;
		tap_frame(f, p, 0, true);
		return ERR_OK;
	case -EAGAIN:
		if (v->stuck) {
			f->tx_dropped++;
			counter_inc("vde.no_room");
			return ERR_BUF;
		}
		set_full(v, true);
		return ERR_WOULDBLOCK;
	case -ENETDOWN:
		counter_inc("if.no_link");
		return ERR_IF;
	default:
		f->tx_errors++;
		counter_inc("vde.no_memory");
		return ERR_BUF;
	}
}

/* b2:de and 32 random bits: others make theirs on other machines. */
static void make_mac(uint8_t mac[static 6])
{
	uint32_t r = stack_random();

	mac[0] = 0xb2;
	mac[1] = 0xde;
	memcpy(mac + 2, &r, 4);
}

static int attach(struct iface *f, char err[static IFACE_ERRLEN])
{
	static bool timed;

	(void)err;
	if (!timed)
		core_timer_add(&patience);
	timed = true;
	f->nif.hwaddr_len = 6;
	make_mac(f->nif.hwaddr);
	f->nif.mtu = MTU;
	f->nif.mtu6 = MTU;
	f->nif.linkoutput = linkoutput;
	f->nif.flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	return 0;
}

/* Without the core lock meanwhile, which the threads may be waiting for. */
static void end(struct iface *f)
{
	struct vde *v = f->priv;
	struct vdeline *line;

	if (!v)
		return;
	netif_set_link_down(&f->nif);
	f->priv = NULL;
	v->f = NULL;
	set_full(v, false);
	line = v->line;
	core_drop();
	vdeline_end(line);
	core_lock();
}

static int begin(struct iface *f, const char *vnl)
{
	struct vde *v = calloc(1, sizeof(*v));
	int e;

	if (!v)
		return -ENOBUFS;
	v->f = f;
	e = vdeline_new(&v->line, vnl, &user, v);
	if (e) {
		free(v);
		return e;
	}
	f->priv = v;
	return 0;
}

/*
 * A name may have to be looked up, and a switch to answer: who asks comes
 * again and again until it is decided, and so does not hold up the host.
 */
static int link_vnl(struct iface *f, const char *vnl,
    char err[static IFACE_ERRLEN])
{
	struct vde *v = f->priv;
	int e;

	static_assert(VDELINE_ERRLEN <= IFACE_ERRLEN, "one line");
	if (v && strcmp(vdeline_vnl(v->line), vnl))
		end(f);		/* who asked for that has gone */
	e = f->priv ? 0 : begin(f, vnl);
	if (e)
		return e;
	v = f->priv;
	core_drop();
	e = vdeline_wait(v->line, OPEN_MS, err);
	core_lock();
	if (e == 0)
		netif_set_link_up(&f->nif);
	else if (e != -EINPROGRESS)
		end(f);
	return e;
}

/* What slirp's own DHCP server would give first. */
static int auto_addr(struct iface *f, struct wire_ifaddr *a)
{
	const struct vde *v = f->priv;
	const char *vnl = v ? vdeline_vnl(v->line) : "";

	if (strncmp(vnl, "slirp:", 6) || strstr(vnl, "addr=") ||
	    strstr(vnl, "host="))
		return -ENXIO;
	a->family = AF_INET;
	a->plen = 24;
	memcpy(a->ip, (uint8_t[]){ 10, 0, 2, 15 }, 4);
	return 0;
}

static void fill_link(struct iface *f, struct wire_link *l)
{
	if (!netif_is_link_up(&f->nif))
		l->flags &= ~(uint32_t)(IFF_RUNNING | 0x10000);
}

static void in_child(struct iface *f)
{
	struct vde *v = f->priv;

	f->priv = NULL;
	if (v)
		vdeline_in_child(v->line);
}

static uint32_t mtu_max(const struct iface *f)
{
	(void)f;
	return VDEPLUG_MTU;
}

const struct iface_driver vde_driver = {
	.kind = "vde",
	.vnl = true,
	.attach = attach,
	.detach = end,
	.link = link_vnl,
	.unlink = end,
	.auto_addr = auto_addr,
	.fill_link = fill_link,
	.in_child = in_child,
	.mtu_max = mtu_max,
};
