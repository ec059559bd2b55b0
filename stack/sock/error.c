/* error.c: which socket an ICMP error is for; see error.h. */
#include "stack/sock/error.h"

#include <errno.h>
#include <netinet/in.h>

#include "stack/ip/addr.h"
#include "stack/ip/input.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/route.h"
#include "stack/ip/unresolved.h"
#include "stack/sock/sock.h"

static bool concerns(const struct sock *s, const struct ip_error *e)
{
	if (s->type == SOCK_RAW)
		return s->protocol == e->proto &&
		    (!s->peer.family || addr_equal(&s->peer, &e->peer));
	if (s->protocol != e->proto)
		return false;
	if (e->proto == IPPROTO_ICMP || e->proto == IPPROTO_ICMPV6)
		return s->local.port == e->ident;
	return s->local.port == e->local.port &&
	    (addr_is_any(&s->local) || addr_equal(&s->local, &e->local)) &&
	    (!s->peer.family || (addr_equal(&s->peer, &e->peer) &&
	    s->peer.port == e->peer.port));
}

/*
 * Only what quotes a packet of ours is believed, but for echo replies: lwIP
 * sends those, and remembers none.
 */
static bool is_ours(const struct ip_error *e)
{
	struct sock *s;

	if (e->proto == IPPROTO_ICMPV6)
		return true;
	if (e->proto == IPPROTO_TCP)
		return sock_sent(e);
	for (s = sock_next(NULL); s; s = sock_next(s))
		if (concerns(s, e))
			return true;
	return false;
}

static void learn(struct ip_error *e)
{
	unsigned mtu;

	if (is_ours(e)) {
		mtu = pmtu_learn(&e->peer, e->mtu, e->whole,
		    (unsigned)route_mtu(&e->peer));
		if (mtu)
			sock_path_mtu(&e->peer, mtu);
		e->mtu = pmtu_get(&e->peer);
	}
}

/* The one to which an answer would have gone. */
static struct sock *closest(const struct ip_error *e)
{
	struct sock *s, *best = NULL;
	int score, most = -1;

	for (s = sock_next(NULL); s; s = sock_next(s)) {
		if (s->type != SOCK_DGRAM || !concerns(s, e))
			continue;
		score = 2 * (s->peer.family != 0) + !addr_is_any(&s->local);
		if (score > most) {
			best = s;
			most = score;
		}
	}
	return best;
}

static void tell(struct ip_error *e)
{
	struct sock *s, *next, *one;

	/* One who does not see the packets has to guess (RFC 5927). */
	if (e->proto == IPPROTO_TCP && !sock_sent(e))
		return;
	if (e->too_big)
		learn(e);
	one = closest(e);
	for (s = sock_next(NULL); s; s = next) {
		next = sock_next(s);
		if (concerns(s, e) && (s == one || s->type != SOCK_DGRAM))
			s->ops->error(s, e);
	}
}

static void silent(const struct unresolved *u)
{
	bool v4 = u->peer.family == AF_INET;
	struct ip_error e = {
		.peer = u->peer, .local.family = u->peer.family,
		.err = EHOSTUNREACH, .type = v4 ? 3 : 1, .code = v4 ? 1 : 3,
		.payload = u->quote, .len = u->len,
	};
	struct sock *s = sock_find(u->id);

	if (!s)
		return;
	e.proto = (uint8_t)s->protocol;
	route_source(&u->peer, 0, NULL, &e.reporter);
	s->ops->error(s, &e);
}

void error_watch(struct sock *s, const struct wire_addr *peer,
    const struct pbuf *p)
{
	unresolved_watch(peer, silent, s->id, p);
}

void error_init(void)
{
	input_on_error(tell);
}
