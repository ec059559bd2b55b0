/*
 * packet.c: AF_PACKET sockets: what is asked of them, and what they send; what
 * they see is capture.c's.
 */
#include "stack/packet/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/ip/iface.h"
#include "stack/packet/capture.h"
#include "stack/core/filter.h"
#include "stack/packet/state.h"
#include "stack/sock/event.h"
#include "stack/wire/ring.h"

#define ETH	ETH_HLEN
#define VLAN	4
#define QUEUE_MAX (6 << 20)	/* bytes that may wait to be read */
#define BATCH	64	/* packets of one socket before others have a turn */

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
	err = capture_send(k, f, p);
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
	s->local.family = AF_PACKET;
	s->local.port = k->protocol;
	capture_start(k);
	return 0;
}

static void on_release(struct sock *s)
{
	struct packet *k = packet_of(s);

	capture_stop(k);
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
		capture_error(k, ENETDOWN);
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
		capture_wake(k);
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
