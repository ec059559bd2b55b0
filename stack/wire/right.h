/*
 * right.h: what a client may ask of a host, and how that is written: in the
 * option -o allow, in a file of keys, in WIRE_LIMIT.
 */
#ifndef STACK_RIGHT_H
#define STACK_RIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

enum right {
	RIGHT_USE = 1,		/* sockets; see how the network is */
	RIGHT_RAW = 2,		/* raw and packet sockets */
	RIGHT_WATCH = 4,	/* what other programs do; log, counters */
	RIGHT_CONFIG = 8,	/* change interfaces, routes, settings */
	RIGHT_HALT = 16,	/* end the host */
	RIGHT_ALL = 31,
};

/* What somebody may do.  Rights with a value belong in here, too. */
struct right_set {
	uint32_t bits;		/* of enum right */
};

#define RIGHT_TEXTLEN	64	/* all of them by name, with the NUL */

/*
 * RIGHT[,RIGHT]...; "use" comes with every list, "watch" with "config".
 * Return: 0, or -EINVAL and in *bad the word that is none (not ended by NUL
 * but by a comma or the end of the text).
 */
int right_parse(struct right_set *set, const char *text, const char **bad);
/* "use,raw". Return: buf. */
char *right_text(char buf[static RIGHT_TEXTLEN], uint32_t bits);
/* The name of one right. */
const char *right_name(enum right r);
/* Keep of set what is in limit. */
void right_narrow(struct right_set *set, const struct right_set *limit);

#endif
