/*
 * owner.h: whose a connection is: the programs at its ends, as far as the hosts
 * there are the user's own and answer.
 */
#ifndef STACK_CTL_OWNER_H
#define STACK_CTL_OWNER_H

#include <stddef.h>
#include <stdint.h>

#define OWNER_TEXT	256

struct bus;
struct owners;

/* Return: NULL: out of memory.  The bus must outlive it. */
struct owners *owners_new(struct bus *b);
void owners_free(struct owners *o);	/* NULL is allowed */
/* Connections that were told of are new ones again. */
void owners_restart(struct owners *o);
/*
 * If the n bytes are the first frame of a connection of TCP, or of UDP, seen
 * here: a line for each end that is known, the sender's first.
 * Return: how many.  It may take a moment, since hosts are asked.
 */
size_t owners_tell(struct owners *o, const uint8_t *frame, size_t n,
    char text[static 2][OWNER_TEXT]);

#endif
