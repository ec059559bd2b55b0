/*
 * farring.c: PACKET_RX_RING, memory that the host fills: what is in it goes to
 * the near half as datagrams, as what comes by a pair does.
 */
#include "stack/relay/far.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/wire/ring.h"

void far_ring_asked(struct far_sock *s, const struct wire_req *req)
{
	struct far_ring *r = &s->packets;

	/* With one there it can only be taken away. */
	if (req->op != WIRE_SETSOCKOPT || req->a != SOL_PACKET ||
	    req->b != PACKET_RX_RING || (r->ring && req->len >=
	    sizeof(r->req) && memcmp(req->data, &(struct tpacket_req){ 0 },
	    sizeof(r->req))))
		return;
	memset(&r->req, 0, sizeof(r->req));
	memcpy(&r->req, req->data, req->len < sizeof(r->req) ? req->len :
	    sizeof(r->req));
}

void far_ring_answered(struct far_sock *s, int op, int b, int err)
{
	struct far_ring *r = &s->packets;

	if (err || op != WIRE_SETSOCKOPT || b != PACKET_RX_RING)
		return;
	if (r->req.tp_block_nr) {
		far_ask_ring(s);
		return;
	}
	ring_free(r->ring);
	r->ring = NULL;
}

void far_ring_memory(struct far_sock *s, int fd)
{
	if (s->packets.ring || ring_map(&s->packets.ring, fd,
	    &s->packets.req))
		return;
	s->packets.armed = false;
	flow_resume(&s->flow);
}

/* As the host would have sent it by the pair. Return: bytes, 0: none. */
static size_t take(struct far_ring *r, uint8_t *to, size_t max)
{
	struct wire_dgram h = { .magic = WIRE_MAGIC };
	struct ring_packet p;
	struct wire_aux aux;
	struct wire_ll ll;

	if (!ring_peek(r->ring, &p))
		return 0;
	if (p.snaplen > max - sizeof(h))
		p.snaplen = (uint32_t)(max - sizeof(h));
	aux = (struct wire_aux){
		.status = p.status, .len = p.len, .snaplen = p.snaplen,
		.vlan_tci = p.vlan_tci, .vlan_tpid = p.vlan_tpid,
	};
	ll = (struct wire_ll){
		.pkttype = p.from.sll_pkttype, .halen = p.from.sll_halen,
		.hatype = p.from.sll_hatype, .net = (uint8_t)p.net,
	};
	memcpy(ll.addr, p.from.sll_addr, sizeof(ll.addr));
	h.when_ns = p.when_ns;
	h.ifindex = h.peer.scope = (uint32_t)p.from.sll_ifindex;
	h.peer.family = AF_PACKET;
	h.peer.port = p.from.sll_protocol;
	memcpy(h.peer.ip, &ll, sizeof(ll));
	memcpy(h.local.ip, &aux, sizeof(aux));
	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), p.data, p.snaplen);
	ring_next(r->ring);
	return sizeof(h) + p.snaplen;
}

static bool is_wake(const uint8_t *p, size_t n)
{
	struct wire_dgram h;

	if (n < sizeof(h))
		return false;
	memcpy(&h, p, sizeof(h));
	return h.flags & WIRE_DG_WAKE;
}

/*
 * The ring first, then the pair: that there is nothing there, and no message
 * that there is, is the time to ask for such a message.
 */
ssize_t far_ring_fetch(struct flow *f, void *p, size_t n)
{
	struct far_sock *s = (struct far_sock *)f;
	struct far_ring *r = &s->packets;
	ssize_t got;

	if (!r->ring)
		return flow_fetch(f, p, n);
	for (;;) {
		got = (ssize_t)take(r, p, n);
		if (got > 0)
			return got;
		if (!r->armed) {
			r->armed = true;
			far_ask_ready(s);
		}
		got = flow_fetch(f, p, n);
		if (got <= 0 || !is_wake(p, (size_t)got))
			return got;
		r->armed = false;
	}
}
