/*
 * rights.h: what a control connection may ask of the host, kept and enforced
 * here and nowhere else.  A connection has its rights from the day it is made,
 * whatever user its program becomes, and can only lose some (WIRE_LIMIT).
 */
#ifndef STACK_RIGHTS_H
#define STACK_RIGHTS_H

#include <stdbool.h>

#include "stack/sock/sock.h"
#include "stack/wire/right.h"
#include "stack/wire/wire.h"

struct rights {
	struct right_set may;
	uint64_t number;	/* of the connection, from 1 */
	uint32_t uid;		/* who connected */
	char key[WIRE_KEYLEN];	/* "": none was named */
};

/*
 * Those of who connected on fd: a stranger has none, and is no more than one
 * that may show a socket of this host.
 */
void rights_of_peer(struct rights *r, int fd);
/*
 * Who has come by a socket of this host, which its program left it by fork or
 * exec, may use the host as far as that program may.
 */
void rights_of_socket(struct rights *r, const struct sock_owner *o);
static inline bool rights_none(const struct rights *r)
{
	return !r->may.bits;
}
/* May it know of that socket? */
bool rights_sees(const struct rights *r, const struct sock_owner *o);

/*
 * May that be asked on this connection?
 * Return: 0, or -EPERM, of a stranger -EACCES, with a line of text in the
 * reply.
 */
int rights_check(const struct rights *r, const struct wire_req *req,
    struct wire_rep *rep);

/* WIRE_LIMIT; 0 or -errno. */
int rights_limit(struct rights *r, const struct wire_req *req,
    struct wire_rep *rep);

#endif
