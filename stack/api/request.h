/* request.h: one request of a client, carried out. */
#ifndef STACK_REQUEST_H
#define STACK_REQUEST_H

#include "stack/api/rights.h"
#include "stack/sock/sock.h"
#include "stack/wire/wire.h"

#define MAX_FDS		4

/* One request with what came along; fds not taken are closed. */
struct request {
	struct wire_req req;
	struct wire_rep rep;
	struct sock_owner *owner;
	struct rights *rights;	/* of the connection */
	const struct proofs *proofs;
	int fd[MAX_FDS];
	int nfd;
	int rep_fd;		/* goes with the reply, then closed; or -1 */
	int err;		/* 0, or what is wrong with how it came */
	int channel;		/* for the reply, not ours to close; or -1 */
};

/* Do it and answer; under the core lock, with a length that is right. */
void request_handle(struct request *r);
/* One of another version: the answer's number says that of ours. */
void request_foreign(struct request *r);
/* One whose descriptors did not come: we had no number left for them. */
void request_lost(const struct request *r);
/* The i-th descriptor, the caller's from now on; -1: there is none. */
int request_take_fd(struct request *r, int i);

#endif
