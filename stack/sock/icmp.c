/*
 * icmp.c: tells sockets of ICMP errors, which lwIP ignores (RFC 1122 4.1.3.3,
 * 4.2.3.9), and of neighbours that do not answer.
 */
#include "stack/sock/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "stack/ip/hooks.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"
#include "stack/stream/conn.h"

/* What Linux makes of each code of "destination unreachable". */
static const struct {
	uint8_t err;
	bool fatal;	/* also for a socket that did not ask for errors */
} unreach4[] = {
	{ ENETUNREACH, false }, { EHOSTUNREACH, false },
	{ ENOPROTOOPT, true }, { ECONNREFUSED, true }, { EMSGSIZE, false },
	{ EOPNOTSUPP, false }, { ENETUNREACH, true }, { EHOSTDOWN, true },
	{ ENONET, true }, { ENETUNREACH, true }, { EHOSTUNREACH, true },
	{ ENETUNREACH, false }, { EHOSTUNREACH, false },
	{ EHOSTUNREACH, true }, { EHOSTUNREACH, true }, { EHOSTUNREACH, true },
}, unreach6[] = {
	{ ENETUNREACH, false }, { EACCES, true }, { EHOSTUNREACH, false },
	{ EHOSTUNREACH, false }, { ECONNREFUSED, true }, { EACCES, true },
	{ EACCES, true },
};

/* An error message, taken apart. */
struct report {
	struct wire_dgram hdr;	/* peer, err, icmp_type, icmp_code */
	struct wire_addr local;	/* the sender of what caused it: us */
	uint8_t proto;
	uint16_t ident;		/* of an echo request, network order */
	bool fatal;
	bool too_big;
	unsigned mtu;		/* with too_big; 0: it does not say */
	unsigned whole;		/* bytes of the packet that it is about */
	uint32_t seq;		/* TCP's, of that packet */
	const uint8_t *payload;	/* of what was sent */
	size_t len;
};

static bool asked(const struct sock *s, const struct report *r)
{
	return r->local.family == AF_INET ? s->opt.recverr : s->opt.recverr6;
}

static bool concerns(const struct sock *s, const struct report *r)
{
	bool raw = s->type == SOCK_RAW;

	if (raw)
		return s->protocol == r->proto &&
		    (!s->peer.family || addr_equal(&s->peer, &r->hdr.peer));
	if (s->protocol != r->proto)
		return false;
	if (r->proto == IPPROTO_ICMP || r->proto == IPPROTO_ICMPV6)
		return s->local.port == r->ident;
	return s->local.port == r->local.port &&
	    (addr_is_any(&s->local) || addr_equal(&s->local, &r->local)) &&
	    (!s->peer.family || (addr_equal(&s->peer, &r->hdr.peer) &&
	    s->peer.port == r->hdr.peer.port));
}

/* Of UDP: does it end a call though the socket did not ask for errors? */
static bool is_fatal(const struct sock *s, const struct report *r)
{
	int how = r->local.family == AF_INET ? s->opt.mtu_discover :
	    s->opt.mtu_discover6;

	if (!s->peer.family || r->proto != IPPROTO_UDP)
		return false;
	return r->fatal || (r->too_big && how != IP_PMTUDISC_DONT);
}

static void tell(struct sock *s, const struct report *r)
{
	struct wire_dgram hdr = r->hdr;

	if (s->type == SOCK_STREAM) {
		if (s->state == SOCK_CONNECTING && r->hdr.err != EMSGSIZE)
			connect_failed(s, r->hdr.err);
		return;
	}
	if (asked(s, r) || is_fatal(s, r))
		dgram_error(s, &hdr, r->payload, r->len);
}

/*
 * Only what quotes a packet of ours is believed, but for echo replies: lwIP
 * sends those, and remembers none.
 */
static void report(struct report *r)
{
	struct sock *s, *next;
	bool known = false;

	if (r->too_big && r->proto == IPPROTO_TCP)
		known = pmtu_quoted(&r->local, &r->hdr.peer, r->seq);
	else if (r->too_big && r->proto == IPPROTO_ICMPV6)
		known = true;
	else if (r->too_big)
		for (s = sock_next(NULL); s && !known; s = sock_next(s))
			known = concerns(s, r);
	if (known) {
		pmtu_learn(&r->hdr.peer, r->mtu, r->whole);
		r->mtu = pmtu_get(&r->hdr.peer);
	}
	if (r->too_big)
		r->hdr.dropped = r->mtu;
	for (s = sock_next(NULL); s; s = next) {
		next = sock_next(s);
		if (concerns(s, r))
			tell(s, r);
	}
}

/* Ports or echo identifier of the packet that is quoted. */
static bool quoted(struct report *r, const uint8_t *p, size_t len)
{
	if (len < 8)
		return false;
	switch (r->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		memcpy(&r->local.port, p, 2);
		memcpy(&r->hdr.peer.port, p + 2, 2);
		memcpy(&r->seq, p + 4, 4);
		r->seq = ntohl(r->seq);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		memcpy(&r->ident, p + 4, 2);
		break;
	}
	/* A ping or raw socket's payload begins with its own header. */
	r->payload = r->proto == IPPROTO_UDP ? p + 8 : p;
	r->len = r->proto == IPPROTO_UDP ? len - 8 : len;
	return true;
}

/* 0: lwIP goes on with the packet.  All lengths are checked here. */
int icmp_ip4_input(struct pbuf *pb)
{
	uint8_t b[576];
	struct report r = { 0 };
	const uint8_t *icmp, *in;
	size_t n, hl, ihl;

	if (pb->len < 20 || ((uint8_t *)pb->payload)[9] != IPPROTO_ICMP)
		return 0;
	n = pbuf_copy_partial(pb, b, sizeof(b), 0);
	hl = (size_t)(b[0] & 15) * 4;
	if (hl < 20 || n < hl + 8 + 20 + 8)
		return 0;
	icmp = b + hl;
	if (icmp[0] != 3 && icmp[0] != 11)
		return 0;
	if (icmp[0] == 3 && icmp[1] >= sizeof(unreach4) / sizeof(unreach4[0]))
		return 0;
	in = icmp + 8;
	ihl = (size_t)(in[0] & 15) * 4;
	if (in[0] >> 4 != 4 || ihl < 20 || n < hl + 8 + ihl + 8)
		return 0;
	r.proto = in[9];
	r.hdr.icmp_type = icmp[0];
	r.hdr.icmp_code = icmp[1];
	r.hdr.err = icmp[0] == 11 ? EHOSTUNREACH : unreach4[icmp[1]].err;
	r.fatal = icmp[0] == 3 && unreach4[icmp[1]].fatal;
	r.too_big = icmp[0] == 3 && icmp[1] == 4;
	r.mtu = (unsigned)icmp[6] << 8 | icmp[7];
	r.whole = (unsigned)in[2] << 8 | in[3];
	r.local.family = r.hdr.peer.family = r.hdr.local.family = AF_INET;
	memcpy(r.local.ip, in + 12, 4);
	memcpy(r.hdr.peer.ip, in + 16, 4);
	memcpy(r.hdr.local.ip, b + 12, 4);
	if (quoted(&r, in + ihl, n - hl - 8 - ihl))
		report(&r);
	return 0;
}

int icmp_ip6_input(struct pbuf *pb)
{
	uint8_t b[1280];
	struct report r = { 0 };
	const uint8_t *icmp = b + 40, *in = b + 48;
	size_t n;

	if (pb->len < 40 || ((uint8_t *)pb->payload)[6] != IPPROTO_ICMPV6)
		return 0;
	n = pbuf_copy_partial(pb, b, sizeof(b), 0);
	if (n < 40 + 8 + 40 + 8 || icmp[0] < 1 || icmp[0] > 3)
		return 0;
	if (icmp[0] == 1 && icmp[1] >= sizeof(unreach6) / sizeof(unreach6[0]))
		return 0;
	r.proto = in[6];
	r.hdr.icmp_type = icmp[0];
	r.hdr.icmp_code = icmp[1];
	r.hdr.err = icmp[0] == 3 ? EHOSTUNREACH : icmp[0] == 2 ? EMSGSIZE :
	    unreach6[icmp[1]].err;
	r.too_big = icmp[0] == 2;
	memcpy(&r.mtu, icmp + 4, 4);
	r.mtu = ntohl(r.mtu);
	r.whole = 40 + ((unsigned)in[4] << 8 | in[5]);
	r.fatal = icmp[0] == 1 && unreach6[icmp[1]].fatal;
	r.local.family = r.hdr.peer.family = r.hdr.local.family = AF_INET6;
	memcpy(r.local.ip, in + 8, 16);
	memcpy(r.hdr.peer.ip, in + 24, 16);
	memcpy(r.hdr.local.ip, b + 8, 16);
	if (quoted(&r, in + 40, n - 88))
		report(&r);
	return 0;
}

/* Neighbours that do not answer. */

#define WATCHED	64
#define QUOTE	128
#define PATIENCE_NS	3000000000ull

static struct watch {
	uint64_t sock;		/* id; 0: free */
	uint64_t since;
	struct wire_addr peer;
	uint16_t len;
	uint8_t quote[QUOTE];
} watches[WATCHED];

void icmp_watch(struct sock *s, const struct dgram_route *r,
    const struct pbuf *p)
{
	struct watch *w;

	if (addr_is_multicast(&r->peer) || (r->peer.family == AF_INET &&
	    route_is_broadcast(r->peer.ip)) || route_resolved(&r->peer, 0))
		return;
	for (w = watches; w < watches + WATCHED && w->sock; w++)
		;
	if (w == watches + WATCHED)
		return;		/* UDP may stay silent */
	w->sock = s->id;
	w->since = core_now_ns();
	w->peer = r->peer;
	w->len = pbuf_copy_partial(p, w->quote, QUOTE, 0);
}

void icmp_second(void)
{
	uint64_t now = core_now_ns();

	for (struct watch *w = watches; w < watches + WATCHED; w++) {
		struct report r = {
			.hdr = { .err = EHOSTUNREACH, .peer = w->peer },
			.local = { .family = w->peer.family },
			.payload = w->quote, .len = w->len,
		};
		struct sock *s = w->sock ? sock_find(w->sock) : NULL;
		bool known = s && route_resolved(&w->peer, 0);

		if (!w->sock || (s && !known && now - w->since < PATIENCE_NS))
			continue;
		w->sock = 0;
		if (!s || known)
			continue;
		r.hdr.icmp_type = w->peer.family == AF_INET ? 3 : 1;
		r.hdr.icmp_code = w->peer.family == AF_INET ? 1 : 3;
		r.proto = (uint8_t)s->protocol;
		route_source(&w->peer, 0, NULL, &r.hdr.local);
		tell(s, &r);
	}
}
