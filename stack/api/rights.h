/*
 * rights.h: what a control connection may ask of the host, kept and enforced
 * here and nowhere else.  A connection has its rights from the day it is made,
 * whatever user its program becomes, and can only lose some (WIRE_LIMIT).
 */
#ifndef STACK_RIGHTS_H
#define STACK_RIGHTS_H

#include "stack/wire/right.h"
#include "stack/wire/wire.h"

struct rights {
	struct right_set may;
	uint64_t number;	/* of the connection, from 1 */
	char key[WIRE_KEYLEN];	/* "": none was named */
};

/* Those of who connected on fd. */
void rights_of_peer(struct rights *r, int fd);

/*
 * May that be asked on this connection?
 * Return: 0, or -EPERM with a line of text in the reply.
 */
int rights_check(const struct rights *r, const struct wire_req *req,
    struct wire_rep *rep);

/* WIRE_LIMIT; 0 or -errno. */
int rights_limit(struct rights *r, const struct wire_req *req,
    struct wire_rep *rep);

#endif
