/*
 * packet.c: AF_PACKET sockets: every frame of an interface, in and out.
 *
 * What comes is shown by the drivers (tap.h) under the core lock, and copied
 * to each socket that wants it, into its pair or its ring.
 */
#include "stack/packet/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/affinity.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "stack/packet/filter.h"
#include "stack/packet/ring.h"
#include "stack/packet/state.h"
#include "stack/sock/event.h"

#define ETH	ETH_HLEN
#define VLAN	4
#define QUEUE_MAX (6 << 20)	/* bytes that may wait to be read */
#define BATCH	64	/* packets of one socket before others have a turn */

static struct packet *all;
static struct packet *sending;	/* it does not see what it sends */

/* A frame that is being shown; one at a time, under the core lock. */
static struct {
	struct iface *f;
	const uint8_t *data;	/* begins with the Ethernet header */
	size_t len;
	bool out;
	uint16_t protocol;	/* network byte order */
	uint16_t vlan_tci, vlan_tpid;
	uint64_t when_ns;
	struct wire_ll ll;
	uint8_t room[ETH + UINT16_MAX];
} now;

/* To the program. */

static uint8_t kind_of(const struct iface *f, const uint8_t *to, bool out)
{
	static const uint8_t all_ones[6] = "\xff\xff\xff\xff\xff\xff";

	if (out)
		return PACKET_OUTGOING;
	if (!memcmp(to, all_ones, 6))
		return PACKET_BROADCAST;
	if (to[0] & 1)
		return PACKET_MULTICAST;
	return iface_is_loopback(f) || !memcmp(to, f->nif.hwaddr, 6) ?
	    PACKET_HOST : PACKET_OTHERHOST;
}

/* A length instead of a type: IEEE 802.3, by Linux's numbers for it. */
static uint16_t protocol_of(const uint8_t *frame, size_t len)
{
	uint16_t type;

	memcpy(&type, frame + 12, 2);
	if (ntohs(type) >= ETH_P_802_3_MIN)
		return type;
	return htons(len >= ETH + 2 && frame[ETH] == 0xff &&
	    frame[ETH + 1] == 0xff ? ETH_P_802_3 : ETH_P_802_2);
}

/* As Linux does on arrival: the tag is told beside the frame. */
static void take_vlan_off(void)
{
	uint8_t *p = now.room;

	if (now.len < ETH + VLAN || (now.protocol != htons(ETH_P_8021Q) &&
	    now.protocol != htons(ETH_P_8021AD)))
		return;
	memcpy(&now.vlan_tci, p + ETH, 2);
	now.vlan_tci = ntohs(now.vlan_tci);
	now.vlan_tpid = ntohs(now.protocol);
	memmove(p + VLAN, p, 12);
	now.data = p + VLAN;
	now.len -= VLAN;
	now.protocol = protocol_of(now.data, now.len);
}

static bool read_frame(struct iface *f, const struct pbuf *p, uint16_t type,
    bool out)
{
	size_t skip = type ? ETH : 0;
	struct timespec ts;

	if (p->tot_len + skip > sizeof(now.room) || p->tot_len + skip < ETH)
		return false;
	now.f = f;
	now.out = out;
	now.data = now.room;
	now.len = p->tot_len + skip;
	now.vlan_tci = now.vlan_tpid = 0;
	if (type) {
		memset(now.room, 0, ETH);
		type = htons(type);
		memcpy(now.room + 12, &type, 2);
	}
	pbuf_copy_partial(p, now.room + skip, p->tot_len, 0);
	now.protocol = protocol_of(now.data, now.len);
	if (!out)
		take_vlan_off();
	clock_gettime(CLOCK_REALTIME, &ts);
	now.when_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	now.ll = (struct wire_ll){ .halen = 6,
		.pkttype = kind_of(f, now.data, out),
		.hatype = iface_is_loopback(f) ? ARPHRD_LOOPBACK :
		    ARPHRD_ETHER };
	memcpy(now.ll.addr, now.data + 6, 6);
	return true;
}

static bool wants(const struct packet *k)
{
	if (k->ifindex && k->ifindex != netif_get_index(&now.f->nif))
		return false;
	if (now.out && (k == sending || k->ignore_outgoing))
		return false;
	return k->protocol == htons(ETH_P_ALL) ||
	    (!now.out && k->protocol == now.protocol);
}

static uint16_t wanted(const struct packet *k)
{
	const struct sock_opts *o = &k->s.opt;

	return (uint16_t)((o->timestamp ? WIRE_WANT_TIMESTAMP : 0) |
	    (o->timestampns ? WIRE_WANT_TIMESTAMPNS : 0) |
	    (o->rxq_ovfl ? WIRE_WANT_OVERFLOW : 0) |
	    (k->auxdata ? WIRE_WANT_AUXDATA : 0));
}

static uint32_t vlan_status(void)
{
	return now.vlan_tpid ? TP_STATUS_VLAN_VALID |
	    TP_STATUS_VLAN_TPID_VALID : 0;
}

/* Of one message; false: the program does not read, it is lost. */
static bool to_pair(struct packet *k, const uint8_t *data, size_t len,
    size_t snaplen)
{
	struct wire_aux aux = {
		.status = TP_STATUS_USER | vlan_status(),
		.len = (uint32_t)len, .snaplen = (uint32_t)snaplen,
		.vlan_tci = now.vlan_tci, .vlan_tpid = now.vlan_tpid,
	};
	struct wire_dgram h = {
		.magic = WIRE_MAGIC, .want = wanted(k),
		.ifindex = netif_get_index(&now.f->nif),
		.when_ns = now.when_ns,
		.dropped = k->rx_dropped,
		.peer = { .family = AF_PACKET, .port = now.protocol,
		    .scope = netif_get_index(&now.f->nif) },
	};
	struct iovec iov[2] = {
		{ &h, sizeof(h) }, { (void *)(uintptr_t)data, snaplen },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	now.ll.net = (uint8_t)(now.data + ETH - data);
	memcpy(h.peer.ip, &now.ll, sizeof(now.ll));
	memcpy(h.local.ip, &aux, sizeof(aux));
	affinity_sample(k->s.owner.affinity);
	return sendmsg(k->s.poll.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static void wake(struct packet *k)
{
	struct wire_dgram h = { .magic = WIRE_MAGIC, .flags = WIRE_DG_WAKE };

	if (!k->armed)
		return;
	k->armed = false;
	send(k->s.poll.fd, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool to_ring(struct packet *k, const uint8_t *data, size_t len,
    size_t snaplen)
{
	struct ring_packet p = {
		.data = data, .len = (uint32_t)len,
		.snaplen = (uint32_t)snaplen,
		.net = (unsigned)(now.data + ETH - data),
		.when_ns = now.when_ns, .status = vlan_status() |
		    (k->drops ? TP_STATUS_LOSING : 0),
		.vlan_tci = now.vlan_tci, .vlan_tpid = now.vlan_tpid,
		.from = {
			.sll_family = AF_PACKET, .sll_protocol = now.protocol,
			.sll_ifindex = netif_get_index(&now.f->nif),
			.sll_hatype = now.ll.hatype,
			.sll_pkttype = now.ll.pkttype,
			.sll_halen = now.ll.halen,
		},
	};

	memcpy(p.from.sll_addr, now.ll.addr, sizeof(now.ll.addr));
	if (!ring_put(k->ring, &p))
		return false;
	wake(k);
	return true;
}

static void show(struct packet *k)
{
	size_t skip = k->s.type == SOCK_DGRAM ? ETH : 0, snaplen;
	const uint8_t *data = now.data + skip;
	size_t len = now.len - skip;

	snaplen = filter_run(k->filter, data, len);
	if (!snaplen && len)
		return;
	k->packets++;
	if (k->ring ? to_ring(k, data, len, snaplen) :
	    to_pair(k, data, len, snaplen))
		return;
	counter_inc("packet.full");
	k->drops++;
	k->rx_dropped++;
}

static void on_frame(struct iface *f, const struct pbuf *p, uint16_t type,
    bool out)
{
	if (!netif_is_up(&f->nif) || !read_frame(f, p, type, out))
		return;
	for (struct packet *k = all; k; k = k->next)
		if (wants(k))
			show(k);
}

/* An error waits in the pair, as of all datagram sockets. */
static void post_error(struct packet *k, int err)
{
	struct wire_dgram h = { .magic = WIRE_MAGIC, .flags = WIRE_DG_ERROR,
		.err = err };

	send(k->s.poll.fd, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_lost(struct iface *f, bool gone)
{
	for (struct packet *k = all; k; k = k->next) {
		if (gone)
			packet_forget(k, f);
		if (k->ifindex != netif_get_index(&f->nif))
			continue;
		post_error(k, ENETDOWN);
		if (gone)
			k->ifindex = k->s.local.scope = PACKET_GONE;
	}
}

static const struct tap_listener listener = {
	.frame = on_frame, .lost = on_lost,
};

/* From the program. */

static struct {
	struct wire_dgram hdr;
	uint8_t data[ETH + VLAN + UINT16_MAX];
} in;

static int check_size(const struct iface *f, size_t len, bool raw)
{
	size_t max = f->nif.mtu;

	if (raw) {
		bool tagged = len >= ETH && in.data[12] == 0x81 &&
		    in.data[13] == 0x00;

		max += ETH + (tagged ? VLAN : 0u);
	}
	if (len > max)
		return -EMSGSIZE;
	return raw && len < ETH ? -EINVAL : 0;
}

static void put_header(const struct iface *f, const struct wire_ll *to,
    uint16_t protocol, uint8_t *h)
{
	memcpy(h, to->addr, 6);
	memcpy(h + 6, f->nif.hwaddr, 6);
	memcpy(h + 12, &protocol, 2);
}

static int transmit(struct packet *k, size_t len)
{
	const struct wire_addr *to = &in.hdr.peer;
	bool raw = k->s.type == SOCK_RAW;
	struct iface *f;
	struct wire_ll ll;
	struct pbuf *p;
	int err;

	f = iface_by_index(to->family ? to->scope : k->ifindex);
	if (!f)
		return -ENXIO;
	memcpy(&ll, to->ip, sizeof(ll));
	if (!netif_is_up(&f->nif))
		return -ENETDOWN;
	err = check_size(f, len, raw);
	if (!raw && !to->family && !iface_is_loopback(f))
		err = -EINVAL;	/* to whom? */
	if (err)
		return err;
	p = pbuf_alloc(PBUF_RAW, (u16_t)(len + (raw ? 0 : ETH)), PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	if (!raw)
		put_header(f, &ll, to->family ? to->port : k->protocol,
		    p->payload);
	memcpy((uint8_t *)p->payload + (raw ? 0 : ETH), in.data, len);
	sending = k;
	err = tap_send(f, p);
	sending = NULL;
	pbuf_free(p);
	return err;
}

static bool pull_one(struct sock *s)
{
	ssize_t n = recv(s->poll.fd, &in, sizeof(in), MSG_DONTWAIT);

	if (n <= 0) {
		s->readable = false;
		return false;
	}
	if (n >= (ssize_t)sizeof(in.hdr) && in.hdr.magic == WIRE_MAGIC)
		packet_of(s)->send_err = -transmit(packet_of(s),
		    (size_t)n - sizeof(in.hdr));
	return true;
}

static void pull(struct sock *s, int batch)
{
	while (s->readable && batch--)
		pull_one(s);
	if (s->readable)
		sock_defer(s);
}

static void on_input(struct sock *s, uint32_t events)
{
	s->readable = true;
	pull(s, events & (EPOLLHUP | EPOLLERR) ? 4096 : BATCH);
	if (events & (EPOLLHUP | EPOLLERR)) {
		s->gone = true;
		event_close(s, "");
		sock_free(s);
	}
}

static void on_flush(struct sock *s)
{
	pull(s, BATCH);
}

static void on_drain(struct sock *s)
{
	s->readable = true;
	pull(s, 4096);
}

int packet_sent(struct sock *s)
{
	int err = packet_of(s)->send_err;

	packet_of(s)->send_err = 0;
	return err;
}

/* The rest. */

static int on_open(struct sock *s)
{
	struct packet *k = packet_of(s);

	k->protocol = (uint16_t)s->protocol;
	k->next = all;
	all = k;
	s->local.family = AF_PACKET;
	s->local.port = k->protocol;
	tap_listener = &listener;
	return 0;
}

static void on_release(struct sock *s)
{
	struct packet *k = packet_of(s), **p;

	for (p = &all; *p != k; p = &(*p)->next)
		;
	*p = k->next;
	if (!all)
		tap_listener = NULL;
	packet_leave_all(k);
	filter_free(k->filter);
	ring_free(k->ring);
}

static int on_bind(struct sock *s, const struct wire_addr *a)
{
	struct packet *k = packet_of(s);
	struct iface *f = NULL;
	struct wire_ll ll = { 0 };

	if (a->scope) {
		f = iface_by_index(a->scope);
		if (!f)
			return -ENODEV;
		ll.halen = 6;
		ll.hatype = iface_is_loopback(f) ? ARPHRD_LOOPBACK :
		    ARPHRD_ETHER;
		memcpy(ll.addr, f->nif.hwaddr, 6);
	}
	k->ifindex = a->scope;
	if (a->port)
		k->protocol = a->port;
	s->local = *a;
	s->local.port = k->protocol;
	memcpy(s->local.ip, &ll, sizeof(ll));
	if (f && !netif_is_up(&f->nif))
		post_error(k, ENETDOWN);
	return 0;
}

static int on_connect(struct sock *s, const struct wire_addr *a)
{
	(void)s;
	(void)a;
	return -EOPNOTSUPP;
}

static int not_here(struct sock *s, int arg)
{
	(void)s;
	(void)arg;
	return -EOPNOTSUPP;
}

/* What waits to be read is in the queue of the pair. */
static void on_apply(struct sock *s)
{
	int size = s->opt.rcvbuf / 2;	/* the kernel doubles it again */

	if (size > QUEUE_MAX)
		size = QUEUE_MAX;
	if (setsockopt(s->poll.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
	    sizeof(size)) < 0)
		setsockopt(s->poll.fd, SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
}

int packet_filter(struct sock *s, int fd, uint32_t n)
{
	struct packet *k = packet_of(s);
	struct filter *f = NULL;
	int err = 0;

	if (s->opt.lock_filter)
		return -EPERM;
	if (fd < 0 && !k->filter)
		return -ENOENT;
	if (fd >= 0)
		err = filter_new(&f, fd, n);
	if (err)
		return err;
	filter_free(k->filter);
	k->filter = f;
	return 0;
}

int packet_ring(struct sock *s)
{
	int fd;

	if (!packet_of(s)->ring)
		return -EINVAL;
	fd = fcntl(ring_fd(packet_of(s)->ring), F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

int packet_ready(struct sock *s)
{
	struct packet *k = packet_of(s);

	k->armed = true;
	if (k->ring && ring_ready(k->ring))
		wake(k);
	return 0;
}

/* Of a forked child's copy: the ring's memory is the parent's. */
static void on_child(struct sock *s)
{
	ring_free(packet_of(s)->ring);
	packet_of(s)->ring = NULL;
}

/* Nothing is of any interest for whom packets went. */
static void on_error(struct sock *s, const struct ip_error *e)
{
	(void)s;
	(void)e;
}

static void fill(const struct sock *s, struct wire_sock *w)
{
	(void)s;
	w->state = TCP_CLOSE;
}

static void fill_info(const struct sock *s, struct wire_sockinfo *w)
{
	w->dropped = ((const struct packet *)s)->rx_dropped;
}

static bool is_kind(int domain, int type, int *protocol)
{
	(void)protocol;
	return domain == AF_PACKET && (type == SOCK_RAW || type == SOCK_DGRAM);
}

void packet_init(void)
{
	static const struct sock_ops ops = {
		.size = sizeof(struct packet),
		.is_kind = is_kind,
		.open = on_open,
		.release = on_release,
		.bind = on_bind,
		.connect = on_connect,
		.listen = not_here,
		.shutdown = not_here,
		.input = on_input,
		.drain = on_drain,
		.flush = on_flush,
		.apply = on_apply,
		.in_child = on_child,
		.error = on_error,
		.fill = fill,
		.fill_info = fill_info,
	};

	sock_ops_add(&ops);
}
