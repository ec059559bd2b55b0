/*
 * allow.h: which other users of the machine may use the host, and how: what
 * -o allow=WHO[:RIGHT,...] says.  Root and the host's own user need none.
 */
#ifndef STACK_ALLOW_H
#define STACK_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "stack/wire/right.h"

#define ALLOW_ERRLEN	160

/*
 * One more WHO[:RIGHT[,RIGHT]...]: a uid, a user, or @ and a group.
 * Return: 0, or -EINVAL with a line in err.
 */
int allow_add(const char *text, char err[static ALLOW_ERRLEN]);
/* Is there any? */
bool allow_any(void);
/* What who connected on fd may do; uid gets who it is. */
struct right_set allow_peer(int fd, uint32_t *uid);

#endif
