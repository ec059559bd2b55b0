/*
 * proof.h: which sockets a control connection may name: those that were made
 * on it and those that it has shown (WIRE_SHOWS).  A number can be guessed, or
 * read in /proc/net/unix; a descriptor cannot.
 */
#ifndef STACK_PROOF_H
#define STACK_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "stack/api/rights.h"
#include "stack/wire/wire.h"

/* Ids of sockets that were shown; at first all zero. */
struct proofs {
	uint64_t *id;		/* a table by hash; 0: free */
	size_t size, used;
};

/*
 * A request came with fd to show its socket.
 * Return: 1: it is that socket; 0: it is not; -ENOMEM.
 */
int proof_show(struct proofs *p, const struct wire_req *req, int fd);
/* May the socket be named that req names, if any?  0 or -EBADF. */
int proof_check(const struct proofs *p, const struct rights *r,
    const struct wire_req *req);
void proof_drop_all(struct proofs *p);

#endif
