/*
 * words.h: what a seed chooses, and the words in which a step and what it
 * gives are told.  Ports and data are shown as symbols.
 */
#ifndef TESTS_RANDOM_WORDS_H
#define TESTS_RANDOM_WORDS_H

#include "tests/h_conform.h"

#define GIVEN		4	/* ports; one more that nobody has */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static int base_port = 20000;	/* 8 from this one on are free */
static int step;
static char what[900];		/* the step, in words */
static volatile sig_atomic_t pipes;	/* SIGPIPE has come */

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t dice;

static unsigned pick(unsigned n)
{
	dice = mix(dice);
	return (unsigned)(dice >> 33) % n;
}

static bool one_in(unsigned n)
{
	return pick(n) == 0;
}

#define ONE_OF(...) ((const int[]){ __VA_ARGS__ }				\
	[pick(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))])

/* Words. */

static void __attribute__((format(printf, 1, 2))) tell(const char *fmt, ...)
{
	size_t n = strlen(what);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what + n, sizeof(what) - n, fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 1, 2))) gives(const char *fmt, ...)
{
	char value[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	say(what, "%s%s", value, pipes ? " SIGPIPE" : "");
	pipes = 0;
}

static const char *port_text(int port)
{
	static int known[64], n;
	static char buf[8][16];
	static int at;
	int i;

	at = (at + 1) % 8;
	if (!port)
		return "0";
	if (port >= base_port && port < base_port + 8) {
		snprintf(buf[at], sizeof(buf[at]), "g%d", port - base_port);
		return buf[at];
	}
	for (i = 0; i < n && known[i] != port; i++)
		;
	if (i == n && n < 64)
		known[n++] = port;
	snprintf(buf[at], sizeof(buf[at]), "e%d", i);
	return buf[at];
}

static const char *address(const void *p, socklen_t len)
{
	static char buf[4][96];
	static int at;
	const union any_addr *a = p;
	char ip[64] = "?";
	int port;

	at = (at + 1) % 4;
	if (len < sizeof(sa_family_t))
		return "-";
	port = ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port :
	    a->in6.sin6_port);
	if (a->sa.sa_family == AF_INET && len >= 8)
		inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip));
	else if (a->sa.sa_family == AF_INET6 && len >= 24)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, ip, sizeof(ip));
	snprintf(buf[at], sizeof(buf[at]), "%d %s %s", a->sa.sa_family, ip,
	    len < 4 ? "?" : port_text(port));
	return buf[at];
}

static unsigned sum(const void *p, size_t n)
{
	const uint8_t *b = p;
	unsigned v = 17;

	while (n--)
		v = v * 31 + *b++;
	return v & 0xffff;
}

static const void *maybe_bad(const void *p, unsigned n)
{
	if (!one_in(n))
		return p;
	tell(" EFAULT");
	return BAD;
}

#endif
