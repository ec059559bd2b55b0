/* event.c: what happens to sockets, as lines of the log; see event.h. */
#include "stack/sock/event.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/ip/addr.h"
#include "stack/sock/sock.h"

#define TEXT	(2 * ADDR_TEXT + 16)

static const char *proto(const struct sock *s)
{
	if (s->domain == AF_PACKET)
		return "packet";
	if (s->type == SOCK_STREAM)
		return "tcp";
	if (s->type == SOCK_RAW)
		return "raw";
	return s->protocol == IPPROTO_UDP ? "udp" : "icmp";
}

/* "tcp 10.0.0.2:40001 -> 10.0.0.1:9"; family 0: there is no peer. */
static const char *ends(char buf[static TEXT], const struct sock *s,
    const struct wire_addr *peer, const char *arrow)
{
	char here[ADDR_TEXT], there[ADDR_TEXT];

	addr_text(here, &s->local);
	if (peer->family)
		snprintf(buf, TEXT, "%s %s %s %s", proto(s), here, arrow,
		    addr_text(there, peer));
	else
		snprintf(buf, TEXT, "%s %s", proto(s), here);
	return buf;
}

#define WHO		"%s[%d]"
#define WHO_OF(s)	(s)->owner.comm, (s)->owner.pid

void event_connect(const struct sock *s, const struct wire_addr *peer,
    int err)
{
	char buf[TEXT];

	log_event("connect", "%s %s " WHO, ends(buf, s, peer, "->"),
	    log_result(err), WHO_OF(s));
}

void event_listen(const struct sock *s, int backlog, int err)
{
	static const struct wire_addr none;
	char buf[TEXT];

	log_event("listen", "%s backlog %d %s " WHO, ends(buf, s, &none, ""),
	    backlog, log_result(err), WHO_OF(s));
}

void event_accept(const struct sock *s)
{
	char buf[TEXT];

	log_event("accept", "%s " WHO, ends(buf, s, &s->peer, "<-"),
	    WHO_OF(s));
}

void event_full(const struct sock *s)
{
	static const struct wire_addr none;
	char buf[TEXT];

	log_event("listen", "%s is full: a connection is not let in " WHO,
	    ends(buf, s, &none, ""), WHO_OF(s));
}

void event_close(const struct sock *s, const char *how)
{
	char buf[TEXT];

	log_event("close", "%s %s%s" WHO, ends(buf, s, &s->peer, "->"), how,
	    *how ? " " : "", WHO_OF(s));
}

void event_reset(const struct sock *s, const char *by)
{
	char buf[TEXT];

	log_event("reset", "%s by %s " WHO, ends(buf, s, &s->peer, "->"), by,
	    WHO_OF(s));
}

void event_lost(const struct sock *s, bool shut)
{
	if (s->type == SOCK_RAW)
		counter_inc("raw.socket_full");
	else if (s->protocol != IPPROTO_UDP)
		counter_inc("icmp.socket_full");
	else if (shut)
		counter_inc("udp.socket_shut");
	else
		counter_inc("udp.socket_full");
}
