/* dial.h: the near half's way to the far half: TCP, or a program. */
#ifndef RELAY_DIAL_H
#define RELAY_DIAL_H

#include <stddef.h>
#include <stdint.h>

#include "stack/relay/relay.h"
#include "stack/relay/trans.h"
#include "stack/wire/url.h"

#define DIAL_ERRLEN 400

struct dialled {
	struct trans trans;
	uint32_t number;	/* of the link */
	char ahead[RELAY_LINE];	/* came behind the hello line */
	size_t n;
	int said;		/* ssh: what it writes as errors; else -1 */
};

/*
 * Connect, and exchange hello lines.  key: a file of keys, or NULL.
 * Return: 0, or -1 with a line in err.
 */
int dial(const struct url *u, const char *key, struct dialled *d,
    char err[static DIAL_ERRLEN]);

#endif
