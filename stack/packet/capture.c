/*
 * capture.c: frames of the interfaces, on their way to packet sockets.
 *
 * Drivers show them (tap.h) under the core lock; each is copied to every socket
 * that wants it, into its pair or its ring.
 */
#include "stack/packet/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/affinity.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "stack/core/filter.h"
#include "stack/packet/state.h"
#include "stack/wire/ring.h"

#define ETH	ETH_HLEN
#define VLAN	4

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

void capture_wake(struct packet *k)
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
	capture_wake(k);
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

void capture_error(struct packet *k, int err)
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
		capture_error(k, ENETDOWN);
		if (gone)
			k->ifindex = k->s.local.scope = PACKET_GONE;
	}
}

static const struct tap_listener listener = {
	.frame = on_frame, .lost = on_lost,
};

void capture_start(struct packet *k)
{
	k->next = all;
	all = k;
	tap_listener = &listener;
}

void capture_stop(struct packet *k)
{
	struct packet **p = &all;

	while (*p != k)
		p = &(*p)->next;
	*p = k->next;
	if (!all)
		tap_listener = NULL;
}

int capture_send(struct packet *k, struct iface *f, struct pbuf *p)
{
	int err;

	sending = k;
	err = tap_send(f, p);
	sending = NULL;
	return err;
}
