/*
 * addr.h: addresses that a seed chooses.
 */
#ifndef TESTS_RANDOM_ADDR_H
#define TESTS_RANDOM_ADDR_H

#include "tests/random/slots.h"

static const char *const texts4[] = { "127.0.0.1", "127.0.0.1", "127.0.0.2",
	"0.0.0.0", "192.0.2.1" };
static const char *const texts6[] = { "::1", "::1", "::ffff:127.0.0.1", "::",
	"::ffff:0.0.0.0", "2001:db8::1", "::ffff:192.0.2.1" };

/* The space that is said to be there for one. */
static const socklen_t name_sizes[] = { 128, 128, 128, 28, 16, 15, 8, 2, 1, 0,
	(socklen_t)-1 };

static int random_port(void)
{
	struct slot *s = some_slot(0);
	union any_addr a;
	socklen_t len = sizeof(a);

	switch (pick(4)) {
	case 0:
		return one_in(2) ? 0 : base_port + GIVEN;
	case 1:
		return base_port + (int)pick(GIVEN);
	default:
		if (!s || getsockname(s->fd, &a.sa, &len) < 0)
			return 0;
		return ntohs(a.in.sin_port);
	}
}

/* For a socket: most often one that may be right for it. */
static union any_addr random_addr(const struct slot *s, socklen_t *len)
{
	int family = one_in(16) ? ONE_OF(AF_INET, AF_INET6, AF_UNIX) :
	    s->domain;
	int port = random_port();
	union any_addr a = family == AF_INET6 ?
	    addr_of(family, texts6[pick(COUNT(texts6))], port) :
	    addr_of(AF_INET, texts4[pick(COUNT(texts4))], port);

	a.sa.sa_family = (sa_family_t)family;
	*len = family == AF_INET6 ? sizeof(a.in6) : sizeof(a.in);
	if (one_in(12))
		a.sa.sa_family = AF_UNSPEC;
	tell(" %s", address(&a, *len));
	if (one_in(16)) {
		*len = (socklen_t)ONE_OF(0, 1, 2, 8, 15, 16, 24, 27, 28, 100,
		    128, 129, -1);
		tell(" (%d bytes)", (int)*len);
	}
	return a;
}

#endif
