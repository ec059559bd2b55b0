/* opt.c: the options of packet sockets, SOL_PACKET; see packet(7). */
#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/netif.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"
#include "stack/packet/packet.h"
#include "stack/packet/state.h"
#include "stack/wire/ring.h"

#define MEMBERS	64	/* of one socket, at most */

/* Those that are one int; what they do beside being kept is elsewhere. */
static const struct {
	int name;
	size_t field;		/* in struct packet */
	bool boolean;
} numbers[] = {
#define F(f) offsetof(struct packet, f)
	{ PACKET_AUXDATA, F(auxdata), true },
	{ PACKET_ORIGDEV, F(origdev), true },
	{ PACKET_LOSS, F(loss), true },
	{ PACKET_COPY_THRESH, F(copy_thresh), false },
	{ PACKET_TIMESTAMP, F(tstamp), false },
	{ PACKET_TX_HAS_OFF, F(tx_has_off), true },
	{ PACKET_QDISC_BYPASS, F(qdisc_bypass), true },
	{ PACKET_IGNORE_OUTGOING, F(ignore_outgoing), true },
#undef F
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static int *number(struct packet *k, int name, bool *boolean)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (numbers[i].name == name) {
			*boolean = numbers[i].boolean;
			return (int *)((char *)k + numbers[i].field);
		}
	return NULL;
}

/* Memberships. */

/* All that a bus has for multicast is seen anyhow. */
static bool is_promisc(const struct member *m)
{
	return m->type == PACKET_MR_PROMISC || m->type == PACKET_MR_UNICAST;
}

static struct member **find(struct packet *k, const struct packet_mreq *q)
{
	struct member **p = &k->members;

	while (*p && ((*p)->ifindex != q->mr_ifindex ||
	    (*p)->type != q->mr_type || (*p)->alen != q->mr_alen ||
	    memcmp((*p)->addr, q->mr_address, (*p)->alen)))
		p = &(*p)->next;
	return p;
}

static int join(struct packet *k, const struct packet_mreq *q)
{
	struct iface *f = iface_by_index((uint32_t)q->mr_ifindex);
	struct member *m, **p = find(k, q);
	unsigned n = 0;

	if (!f)
		return -ENODEV;
	if (q->mr_alen > 6)
		return -EINVAL;
	if (*p) {
		(*p)->count++;
		return 0;
	}
	for (m = k->members; m; m = m->next)
		n++;
	m = n < MEMBERS ? calloc(1, sizeof(*m)) : NULL;
	if (!m)
		return -ENOBUFS;
	m->ifindex = q->mr_ifindex;
	m->count = 1;
	m->type = q->mr_type;
	m->alen = q->mr_alen;
	memcpy(m->addr, q->mr_address, q->mr_alen);
	m->next = k->members;
	k->members = m;
	if (is_promisc(m))
		tap_promisc(f, true);
	return 0;
}

static void leave(struct member **p)
{
	struct member *m = *p;
	struct iface *f = iface_by_index((uint32_t)m->ifindex);

	*p = m->next;
	if (f && is_promisc(m))
		tap_promisc(f, false);
	free(m);
}

static int drop(struct packet *k, const struct packet_mreq *q)
{
	struct member **p;

	if (q->mr_alen > sizeof(q->mr_address))
		return -EINVAL;
	p = find(k, q);
	if (*p && --(*p)->count == 0)
		leave(p);
	return 0;
}

void packet_leave_all(struct packet *k)
{
	while (k->members)
		leave(&k->members);
}

void packet_forget(struct packet *k, const struct iface *f)
{
	struct member **p = &k->members;

	while (*p) {
		if ((*p)->ifindex == netif_get_index(&f->nif))
			leave(p);
		else
			p = &(*p)->next;
	}
}

static int set_member(struct packet *k, int name, const void *val, size_t len)
{
	struct packet_mreq q;

	if (len < sizeof(q))
		return -EINVAL;
	memcpy(&q, val, sizeof(q));
	return name == PACKET_ADD_MEMBERSHIP ? join(k, &q) : drop(k, &q);
}

/* The ring. */

static int set_ring(struct packet *k, const void *val, size_t len)
{
	int err = ring_set(&k->ring, val, len, k->version, k->reserve);

	if (err == -ENOMEM)
		counter_inc("packet.ring_max");
	if (!err)
		k->armed = true;
	return err;
}

static int set_version(struct packet *k, int v)
{
	if (v != TPACKET_V1 && v != TPACKET_V2)
		return -EINVAL;
	if (k->ring)
		return -EBUSY;
	k->version = v;
	return 0;
}

static int set_reserve(struct packet *k, int v)
{
	if (v < 0 || v > UINT16_MAX)
		return -EINVAL;
	if (k->ring)
		return -EBUSY;
	k->reserve = (unsigned)v;
	return 0;
}

int packet_opt_set(struct sock *s, int name, const void *val, size_t len)
{
	struct packet *k = packet_of(s);
	bool boolean = false;
	int v, *field;

	if (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)
		return set_member(k, name, val, len);
	if (name == PACKET_RX_RING)
		return set_ring(k, val, len);
	field = number(k, name, &boolean);
	if (!field && name != PACKET_VERSION && name != PACKET_RESERVE)
		return -ENOPROTOOPT;
	if (len < sizeof(v))
		return -EINVAL;
	memcpy(&v, val, sizeof(v));
	if (name == PACKET_VERSION)
		return set_version(k, v);
	if (name == PACKET_RESERVE)
		return set_reserve(k, v);
	if (name == PACKET_IGNORE_OUTGOING && (v < 0 || v > 1))
		return -EINVAL;
	*field = boolean ? !!v : v;
	return 0;
}

static int put(void *val, size_t *len, const void *from, size_t n)
{
	if (*len > n)
		*len = n;
	memcpy(val, from, *len);
	return 0;
}

static int get_statistics(struct packet *k, void *val, size_t *len)
{
	struct tpacket_stats st = {
		.tp_packets = k->packets, .tp_drops = k->drops,
	};

	k->packets = k->drops = 0;
	return put(val, len, &st, sizeof(st));
}

static int get_hdrlen(void *val, size_t *len)
{
	int v;

	if (*len < sizeof(v))
		return -EINVAL;
	memcpy(&v, val, sizeof(v));
	if (v == TPACKET_V1)
		v = sizeof(struct tpacket_hdr);
	else if (v == TPACKET_V2)
		v = sizeof(struct tpacket2_hdr);
	else
		return -EINVAL;
	return put(val, len, &v, sizeof(v));
}

int packet_opt_get(struct sock *s, int name, void *val, size_t *len)
{
	struct packet *k = packet_of(s);
	bool boolean;
	int v, *field;

	switch (name) {
	case PACKET_STATISTICS:
		return get_statistics(k, val, len);
	case PACKET_HDRLEN:
		return get_hdrlen(val, len);
	case PACKET_VERSION:
		v = k->version;
		break;
	case PACKET_RESERVE:
		v = (int)k->reserve;
		break;
	case PACKET_VNET_HDR:
	case PACKET_FANOUT:
		v = 0;
		break;
	default:
		field = number(k, name, &boolean);
		if (!field)
			return -ENOPROTOOPT;
		v = *field;
	}
	return put(val, len, &v, sizeof(v));
}
