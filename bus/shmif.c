/*
 * shmif.c: the network interface on a bus, for lwIP.
 *
 * One thread per interface sleeps on the bus.  It copies frames out without
 * the core lock, then hands a batch to lwIP under it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bus/bus.h"
#include "bus/gso.h"
#include "bus/shmif.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ip4.h"
#include "stack/core/affinity.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "stack/wire/clock.h"
#include "stack/wire/thread.h"

#define AUTO_TRIES 32	/* addresses */
#define BATCH	32	/* frames per turn of the core lock */
#define FLOOD	(32u << 10)	/* bytes that programs have not read, the same */

void shmif_release(struct shmif *sh)
{
	shmif_drop_stuck(sh);
	pthread_mutex_destroy(&sh->spare_lock);
	free(sh);
}

/* Next frame off the bus as a pbuf; NULL: none, *err tells why. */
static struct pbuf *receive(struct shmif *sh, int *err)
{
	ssize_t len = bus_peek(sh->bus), n;
	struct rxbuf *b;
	struct pbuf *p;

	*err = len < 0 ? (int)len : -EAGAIN;
	if (len <= 0)
		return NULL;
	b = rxbuf_get(sh, (size_t)len);
	if (!b) {
		*err = -ENOMEM;
		return NULL;
	}
	n = bus_take(sh->bus, b->data + RXBUF_ALIGN, b->cap, &b->seg_size);
	/* also for an empty one, so that there is one way to free it */
	p = pbuf_alloced_custom(PBUF_RAW, n > 0 ? (u16_t)n : 0, PBUF_RAM,
	    &b->pc, b->data + RXBUF_ALIGN, (u16_t)(n > 0 ? n : 0));
	if (n > 0) {
		probe_see(&sh->probe, p->payload, (size_t)n);
		return p;
	}
	rxbuf_free((struct pbuf *)b);
	*err = n < 0 ? (int)n : 0;	/* 0: lapped, look for the next */
	return NULL;
}

static void addr_at(const struct shmif *sh, struct wire_addr *a,
    const uint8_t *ip, const uint8_t *port, bool v4)
{
	*a = (struct wire_addr){ .family = v4 ? AF_INET : AF_INET6,
	    .scope = iface_index(&sh->f->nif) };
	memcpy(a->ip, ip, v4 ? 4 : 16);
	memcpy(&a->port, port, 2);
}

/* Is it for this host, and for one socket of it? */
static bool ends_here(const struct shmif *sh, const struct gso_cut *c)
{
	const uint8_t *ip = c->bytes + BUS_ETH_HDR, *l4 = c->bytes + c->seg.l4;
	bool v4 = c->seg.l4 == BUS_ETH_HDR + IP_HLEN;
	struct wire_addr from, to;

	addr_at(sh, &to, ip + (v4 ? 16 : 24), l4 + 2, v4);
	if (!iface_has_addr(&to))
		return false;
	addr_at(sh, &from, ip + (v4 ? 12 : 8), l4, v4);
	return !c->seg.udp || iface_takes_datagrams(&from, &to);
}

void shmif_cut(struct shmif *sh, struct gso_cut *c, void (*fn)(
    struct shmif *sh, struct pbuf *p))
{
	struct pbuf *q;

	for (unsigned i = 0; i < c->n; i++) {
		q = pbuf_alloc(PBUF_RAW, (u16_t)(c->seg.head + c->seg_size),
		    PBUF_RAM);
		if (!q) {
			counter_inc("bus.no_memory");
			break;		/* lost, as frames are */
		}
		pbuf_realloc(q, (u16_t)gso_frame(c, i, q->payload, q->len));
		fn(sh, q);
	}
}

static void input_frame(struct shmif *sh, struct pbuf *p)
{
	tap_input(sh->f, p, true);
}

static void show_frame(struct shmif *sh, struct pbuf *p)
{
	tap_frame(sh->f, p, 0, false);
	pbuf_free(p);
}

/*
 * A frame, or a large segment: whole to who it is for, else as its frames, of
 * which with faults each has its own fate.
 */
static void deliver(struct shmif *sh, struct pbuf *p)
{
	uint32_t seg_size = ((struct rxbuf *)p)->seg_size;
	struct gso_cut c;

	if (!seg_size) {
		tap_input(sh->f, p, true);
		return;
	}
	gso_open(&c, p->payload, p->len, seg_size);
	if (c.n == 1 || (!(sh->f->faults && sh->f->faults->in) &&
	    ends_here(sh, &c))) {
		sh->f->rx_packets += c.n - 1;
		sh->f->rx_bytes += (c.n - 1) * c.seg.head;
		if (tap_listener && c.n > 1)
			shmif_cut(sh, &c, show_frame);
		if (c.n > 1 && c.seg.udp)
			p->seg_size = c.seg_size;
		tap_input(sh->f, p, c.n == 1);
		return;
	}
	shmif_cut(sh, &c, input_frame);
	pbuf_free(p);
}

static void broken(struct shmif *sh)
{
	log_err("%s: %s: the bus is broken (truncated or overwritten); "
	    "remove it and make it anew", sh->f->name, sh->f->linkstr);
	core_lock();
	netif_set_link_down(&sh->f->nif);
	core_unlock();
}

/* The slot was overwritten.  What is lost TCP sends again. */
static bool rejoin(struct shmif *sh)
{
	static struct log_rate rate = { .kind = "bus" };
	int r;

	core_lock();
	r = bus_rejoin(sh->bus);
	core_unlock();
	if (r != 1)
		return r == 0;
	counter_inc("bus.rejoined");
	if (log_may(&rate))
		log_err("%s: %s: slot %d was overwritten by a program that "
		    "may write to the bus; joined again", sh->f->name,
		    sh->f->linkstr, bus_slot(sh->bus));
	return true;
}

/* 200 us.  To yield is not enough where others want the CPU as well. */
static void let_read(void)
{
	const struct timespec nap = { .tv_nsec = 200000 };

	nanosleep(&nap, NULL);
}

/*
 * n frames to lwIP.  Where more messages come for programs than these read,
 * they are let read before more come than their queues can hold: once in a
 * while, and (true) in the end.
 */
static bool deliver_all(struct shmif *sh, struct pbuf **batch, int n)
{
	uint64_t at_first = iface_rx_behind;

	for (int i = 0; i < n; i++) {
		deliver(sh, batch[i]);
		if (iface_rx_behind - at_first < FLOOD)
			continue;
		if (i + 1 == n)
			return true;
		core_unlock();
		let_read();
		core_lock();
		at_first = iface_rx_behind;
	}
	return false;
}

/* false: the bus is broken. */
static bool turn(struct shmif *sh)
{
	struct pbuf *batch[BATCH];
	int n = 0, err = 0;
	bool flood;

	while (n < BATCH) {
		batch[n] = receive(sh, &err);
		if (batch[n])
			n++;
		else if (err)
			break;
	}
	core_lock();
	flood = deliver_all(sh, batch, n);
	if (sh->blocked) {
		sh->blocked = false;
		if (shmif_unstick(sh))
			iface_tx_ready();
	}
	core_unlock();
	if (flood)
		let_read();
	if (err == -ENOMEM)
		return bus_wait(sh->bus, 10) != -EIO; /* 10 ms without */
	return err != -EIO;
}

static void *run(void *arg)
{
	struct shmif *sh = arg;
	char line[BUS_ERRLEN];
	int r;

	while (!atomic_load(&sh->stop)) {
		affinity_turn();
		r = bus_wait(sh->bus, -1);
		if (r == -EIO || (r == -ESTALE && !rejoin(sh))) {
			broken(sh);
			break;
		}
		if (bus_stuck(sh->bus, line))
			log_err("%s: %s", sh->f->name, line);
		if (atomic_exchange(&sh->told, false) &&
		    bus_peek(sh->bus) == 0)
			continue;	/* wait for the room itself */
		if (!atomic_load(&sh->stop) && !turn(sh)) {
			broken(sh);
			break;
		}
	}
	return NULL;
}

static int attach(struct iface *f, char err[static IFACE_ERRLEN])
{
	(void)err;
	f->nif.hwaddr_len = 6;
	f->nif.mtu = 1500;
	f->nif.mtu6 = 1500;
	f->nif.linkoutput = shmif_output;
	f->nif.flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	return 0;
}

static void announce(struct iface *f)
{
	struct shmif *sh = f->priv;
	struct bus_addr out[BUS_ADDRS];
	struct wire_ifaddr a;
	size_t n = 0;

	if (!sh)
		return;
	memset(out, 0, sizeof(out));
	for (unsigned i = 0; n < BUS_ADDRS && iface_addr_at(f, i, &a); i++) {
		if (a.scope == 253)
			continue;
		out[n].family = a.family;
		out[n].plen = a.plen;
		memcpy(out[n++].addr, a.ip, 16);
	}
	bus_announce_addrs(sh->bus, out, n);
	bus_announce_server(sh->bus, iface_server);
}

static int join(struct iface *f, struct shmif *sh, const char *path,
    char err[static IFACE_ERRLEN])
{
	struct bus_want want = { 0 };
	int e;

	memcpy(want.ip4, f->want_ip4, 4);
	if (f->mac_set)
		memcpy(want.mac, f->nif.hwaddr, 6);
	e = bus_open(&sh->bus, path, BUS_OPEN_CREATE, err);
	if (e < 0)
		return e;
	e = bus_join(sh->bus, &want, err);
	if (e >= 0)
		bus_announce_server(sh->bus, iface_server);
	bus_defer_wake(sh->bus);
	return e < 0 ? e : 0;
}

static int link_bus(struct iface *f, const char *path,
    char err[static IFACE_ERRLEN])
{
	struct shmif *sh = calloc(1, sizeof(*sh));
	int e;

	if (!sh)
		return -ENOBUFS;
	sh->f = f;
	pthread_mutex_init(&sh->spare_lock, NULL);
	e = join(f, sh, path, err);
	if (!e)
		e = thread_start(&sh->thread, run, sh);
	if (e) {
		bus_close(sh->bus);
		shmif_release(sh);
		return e;
	}
	memcpy(f->nif.hwaddr, bus_mac(sh->bus), 6);
	if (!f->mtu_set || f->nif.mtu > bus_geometry(sh->bus)->mtu) {
		f->nif.mtu = (u16_t)bus_geometry(sh->bus)->mtu;
		f->nif.mtu6 = f->nif.mtu;
	}
	f->priv = sh;
	bus_set_promisc(sh->bus, f->promisc);
	netif_set_link_up(&f->nif);
	return 0;
}

static void unlink_bus(struct iface *f)
{
	struct shmif *sh = f->priv;

	if (!sh)
		return;
	netif_set_link_down(&f->nif);
	f->priv = NULL;
	atomic_store(&sh->stop, true);
	bus_kick(sh->bus);
	core_drop();		/* the thread may wait for it */
	pthread_join(sh->thread, NULL);
	core_lock();
	core_after_forget(sh, true);
	bus_close(sh->bus);
	rxbuf_end(sh);
}

/* A host with two interfaces on a bus has one name on both. */
static int take_name(struct iface *f, const char *name)
{
	const struct shmif *sh = f->priv, *other;
	uint64_t ours[BUS_SLOTS / 64] = { 0 };
	struct iface *g = NULL;
	unsigned slot;

	while (sh && (g = iface_next(g))) {
		other = g->driver == f->driver ? g->priv : NULL;
		if (!other || !bus_same(sh->bus, other->bus))
			continue;
		slot = (unsigned)bus_slot(other->bus);
		ours[slot / 64] |= 1ull << slot % 64;
	}
	return sh ? bus_take_name(sh->bus, name, ours) : 0;
}

static void in_child(struct iface *f)
{
	struct shmif *sh = f->priv;

	f->priv = NULL;
	if (sh)
		bus_close_in_child(sh->bus);
}

static int check_addr(struct iface *f, const struct wire_ifaddr *a,
    char err[static IFACE_ERRLEN])
{
	struct shmif *sh = f->priv;
	struct bus_addr ba = { .family = a->family, .plen = a->plen };
	char text[BUS_HOSTTEXT];
	int host = -1, e;

	memcpy(ba.addr, a->ip, 16);
	e = bus_check_addr(sh->bus, &ba, &host);
	if (e == -EADDRINUSE)
		snprintf(err, IFACE_ERRLEN, "%s of %s has that address "
		    "already; take another", bus_host_text(sh->bus,
		    (unsigned)host, text), f->linkstr);
	return e;
}

/* At most ms, unless somebody has the address.  Without the core lock. */
static void probe_wait(struct shmif *sh, unsigned ms)
{
	const struct timespec step = { .tv_nsec = 5000000 };	/* 5 ms */

	core_drop();
	for (unsigned i = 0; i < ms && !atomic_load(&sh->probe.taken); i += 5)
		nanosleep(&step, NULL);
	core_lock();
}

/* Is it nobody's beyond the bridges either? */
static bool nobody_has(struct shmif *sh, const uint8_t ip4[static 4])
{
	const struct bus_addr a = { AF_INET, 32, { ip4[0], ip4[1], ip4[2],
	    ip4[3] } };
	uint8_t frame[PROBE_FRAME];
	struct iovec iov = { frame, sizeof(frame) };
	int other;

	if (bus_check_addr(sh->bus, &a, &other) < 0)
		return false;
	probe_begin(&sh->probe, ip4, sh->f->nif.hwaddr);
	probe_frame(&sh->probe, frame);
	/* So that those who start at the same time do not ask as one. */
	probe_wait(sh, (unsigned)(clock_ns() % PROBE_MS));
	for (int i = 0; i < PROBE_NUM && !atomic_load(&sh->probe.taken); i++) {
		bus_send(sh->bus, &iov, 1, 0);
		bus_wake(sh->bus);
		probe_wait(sh, PROBE_MS);
	}
	return probe_end(&sh->probe);
}

/*
 * The slot's address; where there is a bridge only if nobody beyond it has
 * that, and else the next one that is free.
 */
static int auto_addr(struct iface *f, struct wire_ifaddr *a)
{
	struct shmif *sh = f->priv;
	int slot;

	if (!sh || !bus_geometry(sh->bus)->plen)
		return -ENXIO;
	slot = bus_slot(sh->bus);
	a->family = AF_INET;
	a->plen = bus_geometry(sh->bus)->plen;
	for (int i = 0; i < AUTO_TRIES; i++) {
		bus_slot_ip4(sh->bus, (slot + i) % BUS_SLOTS, a->ip);
		if (!bus_bridged(sh->bus) || (a->ip[0] &&
		    nobody_has(sh, a->ip)))
			return 0;
	}
	return -EADDRNOTAVAIL;
}

static int set_mac(struct iface *f, const uint8_t mac[static 6])
{
	struct shmif *sh = f->priv;

	return sh ? bus_set_mac(sh->bus, mac) : 0;
}

static void set_promisc(struct iface *f)
{
	struct shmif *sh = f->priv;

	if (sh)
		bus_set_promisc(sh->bus, f->promisc);
}

static void fill_link(struct iface *f, struct wire_link *l)
{
	struct shmif *sh = f->priv;
	struct bus_member m;

	if (!sh)
		return;
	l->slot = bus_slot(sh->bus);
	if (bus_member(sh->bus, (unsigned)l->slot, &m) != 1)
		return;
	l->rx_dropped = m.rx_lost;
	l->tx_dropped = m.tx_full;
}

static int resolve(struct iface *f, const char *name, struct wire_rep *rep)
{
	struct shmif *sh = f->priv;
	struct wire_ifaddr a = { 0 };
	struct bus_member m;

	for (unsigned i = 0; sh && i < BUS_HOSTS; i++) {
		if (bus_host(sh->bus, i, &m) != 1 ||
		    strcmp(m.name, name))
			continue;
		for (int k = 0; k < BUS_ADDRS && m.addr[k].family &&
		    rep->len + sizeof(a) <= WIRE_DATA; k++) {
			a.family = m.addr[k].family;
			a.plen = m.addr[k].plen;
			memcpy(a.ip, m.addr[k].addr, 16);
			memcpy(rep->data + rep->len, &a, sizeof(a));
			rep->len += sizeof(a);
		}
		return rep->len ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static bool has_addr(const struct bus_member *m, const struct wire_ifaddr *a)
{
	for (int i = 0; i < BUS_ADDRS && m->addr[i].family; i++)
		if (m->addr[i].family == a->family && !memcmp(m->addr[i].addr,
		    a->ip, a->family == AF_INET ? 4 : 16))
			return true;
	return false;
}

static int name_of(struct iface *f, const struct wire_ifaddr *a,
    struct wire_rep *rep)
{
	struct shmif *sh = f->priv;
	struct bus_member m;

	for (unsigned i = 0; sh && i < BUS_HOSTS; i++) {
		if (bus_host(sh->bus, i, &m) != 1 || !m.name[0] ||
		    !has_addr(&m, a))
			continue;
		rep->len = (uint32_t)strlen(m.name);
		memcpy(rep->data, m.name, rep->len);
		return 0;
	}
	return -ENOENT;
}

static void names(struct iface *f, void (*put)(void *arg, const char *name,
    const struct wire_ifaddr *a), void *arg)
{
	struct shmif *sh = f->priv;
	struct wire_ifaddr a = { 0 };
	struct bus_member m;

	for (unsigned i = 0; sh && i < BUS_HOSTS; i++) {
		if (bus_host(sh->bus, i, &m) != 1 || !m.name[0])
			continue;
		for (int k = 0; k < BUS_ADDRS && m.addr[k].family; k++) {
			a.family = m.addr[k].family;
			a.plen = m.addr[k].plen;
			memcpy(a.ip, m.addr[k].addr, 16);
			put(arg, m.name, &a);
		}
	}
}

static uint32_t mtu_max(const struct iface *f)
{
	const struct shmif *sh = f->priv;

	return bus_geometry(sh->bus)->mtu;
}

const struct iface_driver shmif_driver = {
	.kind = "shmif",
	.large = true,
	.attach = attach,
	.detach = unlink_bus,
	.link = link_bus,
	.unlink = unlink_bus,
	.check_addr = check_addr,
	.addrs_changed = announce,
	.auto_addr = auto_addr,
	.set_mac = set_mac,
	.take_name = take_name,
	.fill_link = fill_link,
	.set_promisc = set_promisc,
	.in_child = in_child,
	.mtu_max = mtu_max,
	.batch_begin = shmif_batch_begin,
	.batch_end = shmif_batch_end,
	.resolve = resolve,
	.name_of = name_of,
	.names = names,
};
