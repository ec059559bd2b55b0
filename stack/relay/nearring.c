/*
 * nearring.c: PACKET_RX_RING, memory that is shared with the program: so there
 * is one here.  The host has another, which the far half reads; what comes from
 * that is put into this one.
 */
#include "stack/relay/near.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/wire/ring.h"

/* As long as it has packets a message without data makes the pair readable. */
static void wake(struct near_sock *s)
{
	struct wire_dgram h = { .magic = WIRE_MAGIC, .flags = WIRE_DG_WAKE };

	if (!s->packets.armed)
		return;
	s->packets.armed = false;
	send(s->flow.watch.fd, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int query(struct near_sock *s, int what, int *fd)
{
	struct near_ring *r = &s->packets;

	if (what == WIRE_QUERY_READY) {
		r->armed = true;
		if (r->ring && ring_ready(r->ring))
			wake(s);
		return 0;
	}
	if (!r->ring)
		return -EINVAL;
	*fd = fcntl(ring_fd(r->ring), F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -errno : 0;
}

bool near_ring_query(struct near_sock *s, const struct wire_req *req,
    int *err, int *fd)
{
	if (s->domain != AF_PACKET || req->op != WIRE_QUERY ||
	    (req->a != WIRE_QUERY_RING && req->a != WIRE_QUERY_READY))
		return false;
	*err = query(s, req->a, fd);
	return true;
}

void near_ring_asked(struct near_sock *s, const struct wire_req *req)
{
	struct near_ring *r = &s->packets;
	int v;

	if (s->domain != AF_PACKET || req->op != WIRE_SETSOCKOPT ||
	    req->a != SOL_PACKET)
		return;
	if (req->b == PACKET_RX_RING) {
		memset(&r->req, 0, sizeof(r->req));
		memcpy(&r->req, req->data, req->len < sizeof(r->req) ?
		    req->len : sizeof(r->req));
	}
	/* The host will find the same values right. */
	if (req->b == PACKET_RESERVE && !r->ring && req->len >= sizeof(v)) {
		memcpy(&v, req->data, sizeof(v));
		if (v >= 0 && v <= UINT16_MAX)
			r->reserve = (unsigned)v;
	}
}

static int set(struct near_ring *r)
{
	int err = ring_set(&r->ring, &r->req, sizeof(r->req), TPACKET_V2,
	    r->reserve);

	if (!err)
		r->armed = true;
	return err;
}

/* h as the host wrote it: wire_dgram says where what is. */
static void put(struct near_sock *s, const struct wire_dgram *h,
    const uint8_t *data, size_t n)
{
	struct near_ring *r = &s->packets;
	struct wire_aux aux;
	struct wire_ll ll;

	memcpy(&aux, h->local.ip, sizeof(aux));
	memcpy(&ll, h->peer.ip, sizeof(ll));

	struct ring_packet p = {
		.data = data, .len = aux.len, .snaplen = (uint32_t)n,
		.net = ll.net, .when_ns = h->when_ns,
		.vlan_tci = aux.vlan_tci, .vlan_tpid = aux.vlan_tpid,
		.status = (aux.status & (TP_STATUS_VLAN_VALID |
		    TP_STATUS_VLAN_TPID_VALID | TP_STATUS_LOSING)) |
		    (r->drops ? TP_STATUS_LOSING : 0),
		.from = {
			.sll_family = AF_PACKET,
			.sll_protocol = h->peer.port,
			.sll_ifindex = (int)h->peer.scope,
			.sll_hatype = ll.hatype, .sll_pkttype = ll.pkttype,
			.sll_halen = ll.halen,
		},
	};

	memcpy(p.from.sll_addr, ll.addr, sizeof(ll.addr));
	if (ring_put(r->ring, &p))
		wake(s);
	else
		r->drops++;
}

bool near_ring_take(struct near_sock *s, const uint8_t *p, size_t n)
{
	struct wire_dgram h;

	if (!s->packets.ring || n < sizeof(h))
		return false;
	memcpy(&h, p, sizeof(h));
	if (h.flags & (WIRE_DG_ERROR | WIRE_DG_WAKE))
		return false;
	put(s, &h, p + sizeof(h), n - sizeof(h));
	return true;
}

static void add_drops(struct near_ring *r, struct wire_rep *rep)
{
	struct tpacket_stats st;

	if (rep->len < sizeof(st))
		return;
	memcpy(&st, rep->data, sizeof(st));
	st.tp_drops += r->drops;
	r->drops = 0;
	memcpy(rep->data, &st, sizeof(st));
}

void near_ring_answered(struct near_sock *s, int op, int b,
    struct wire_rep *rep)
{
	if (rep->error || s->domain != AF_PACKET)
		return;
	if (op == WIRE_SETSOCKOPT && b == PACKET_RX_RING)
		rep->error = -set(&s->packets);
	if (op == WIRE_GETSOCKOPT && b == PACKET_STATISTICS)
		add_drops(&s->packets, rep);
}
