/*
 * trace.c: which way a packet would take, without sending one: the questions
 * of route.c, output.c and forward.c in their order, and at the end the name
 * of the counter that would tell of it (see trace.h).
 */
#include "stack/api/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/neigh.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

static int dropped(struct wire_trace *t, const char *layer, const char *why)
{
	t->verdict = WIRE_TRACE_DROPPED;
	snprintf(t->counter, sizeof(t->counter), "%s.%s", layer, why);
	return 0;
}

static const char *ip_layer(const struct wire_trace *t)
{
	return t->dst.family == AF_INET ? "ip" : "ip6";
}

/* What the socket says of itself: of IPv6 as a program sees it, too. */
static bool takes_family(const struct sock *s, const struct wire_addr *to)
{
	return to->family == s->domain ||
	    (s->domain == AF_INET6 && !s->opt.v6only);
}

static bool is_receiver(const struct sock *s, const struct wire_trace *t)
{
	struct wire_sock w = { .state = 0 };
	struct wire_addr here = s->local, there = s->peer;

	if (s->protocol != t->protocol || here.port != t->dst.port ||
	    s->type == SOCK_RAW || !takes_family(s, &t->dst))
		return false;
	addr_unmap(&here);
	addr_unmap(&there);
	if (!addr_is_any(&here) && !addr_equal(&here, &t->dst))
		return false;
	s->ops->fill(s, &w);
	if (s->type == SOCK_STREAM && w.state == TCP_LISTEN)
		return true;
	if (!there.family)
		return s->type == SOCK_DGRAM;
	return t->src.family && addr_equal(&there, &t->src) &&
	    there.port == t->src.port;
}

/* The one that is connected to the sender comes first. */
static void find_receiver(struct wire_trace *t)
{
	struct sock *best = NULL;

	for (struct sock *s = sock_next(NULL); s; s = sock_next(s))
		if (is_receiver(s, t) && (!best || (s->peer.family &&
		    !best->peer.family)))
			best = s;
	if (!best)
		return;
	t->sock = best->id;
	t->pid = best->owner.pid;
	memcpy(t->comm, best->owner.comm, sizeof(t->comm));
}

static int deliver(struct wire_trace *t, struct iface *f)
{
	t->verdict = WIRE_TRACE_DELIVERED;
	memcpy(t->ifname, f->name, sizeof(t->ifname));
	t->mtu = (uint32_t)route_mtu(&t->dst);
	if (!t->protocol || !t->dst.port)
		return 0;
	find_receiver(t);
	return t->sock ? 0 : dropped(t, t->protocol == IPPROTO_TCP ? "tcp" :
	    "udp", "no_port");
}

static void find_neighbour(struct wire_trace *t, const uint8_t *hop)
{
	struct wire_neigh n;
	size_t len = addr_len(t->dst.family);

	memcpy(t->hop.ip, hop, len);
	t->hop.family = t->dst.family;
	for (unsigned i = 0; neigh_at(i, &n); i++)
		if (n.family == t->dst.family && !memcmp(n.ip, hop, len))
			t->neigh = n;
}

/* From an address that is not ours: it came in, and is to go on. */
static bool may_pass(const struct wire_trace *t)
{
	return t->dst.family == AF_INET ? route_forward4 : route_forward6;
}

static bool is_wide(const struct wire_addr *a)
{
	return addr_is_multicast(a) || (a->family == AF_INET &&
	    route_is_broadcast(a->ip));
}

static int send_out(struct wire_trace *t, bool passes)
{
	const struct wire_route *rt;
	struct wire_addr src = t->src;
	struct netif *nif;
	struct iface *f;
	int err;

	err = route_try(&t->dst, (int)t->dst.scope,
	    t->src.family ? &t->src : NULL, &src, &nif);
	rt = route_find(t->dst.family, t->dst.ip, (int)t->dst.scope);
	if (rt && !rt->plen && is_wide(&t->dst))
		rt = NULL;		/* not by the default route */
	if (rt)
		t->route = *rt;
	if (err == -EHOSTUNREACH || err == -EINVAL || err == -EACCES)
		return dropped(t, ip_layer(t), passes ? "forward_no_route" :
		    "rejected");
	if (err)
		return dropped(t, ip_layer(t), passes ? "forward_no_route" :
		    "no_route");
	if (!t->src.family) {
		src.family = t->dst.family;
		src.port = 0;
		t->src = src;
	}
	f = nif->state;
	memcpy(t->ifname, f->name, sizeof(t->ifname));
	t->mtu = (uint32_t)route_mtu(&t->dst);
	if (!netif_is_link_up(nif))
		return dropped(t, "if", "no_link");
	if (!is_wide(&t->dst))
		find_neighbour(t, rt && rt->flags & WIRE_RT_GATEWAY ? rt->gw :
		    t->dst.ip);
	t->verdict = WIRE_TRACE_LEAVES;
	return 0;
}

static int follow(struct wire_trace *t)
{
	struct iface *f = iface_of_addr(&t->dst);
	bool passes = t->src.family && !iface_has_addr(&t->src);

	if (f)
		return deliver(t, f);
	if (passes && !may_pass(t))
		return dropped(t, ip_layer(t), "forward_off");
	if (passes && is_wide(&t->dst))
		return dropped(t, ip_layer(t), addr_is_multicast(&t->dst) ?
		    "forward_never" : "forward_broadcast");
	return send_out(t, passes);
}

int trace_request(const struct wire_req *req, struct wire_rep *rep)
{
	struct wire_trace ask, t = { .verdict = WIRE_TRACE_DROPPED };
	int err;

	if (req->len != sizeof(ask))
		return -EINVAL;
	memcpy(&ask, req->data, sizeof(ask));
	if ((ask.dst.family != AF_INET && ask.dst.family != AF_INET6) ||
	    (ask.src.family && ask.src.family != ask.dst.family))
		return -EAFNOSUPPORT;
	t.protocol = ask.protocol;
	t.src = ask.src;
	t.dst = ask.dst;
	err = follow(&t);
	memcpy(rep->data, &t, sizeof(t));
	rep->len = sizeof(t);
	return err;
}
