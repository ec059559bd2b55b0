/*
 * rpc.h: requests to the virtual host.  No lock, no allocation: usable from
 * threads, signal handlers, forked and vforked children alike.
 */
#ifndef HIJACK_RPC_H
#define HIJACK_RPC_H

#include "hijack/channel.h"
#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/*
 * Ask the virtual host, which is connected to (or, a private one, started)
 * at need.
 * Return: 0, or -errno for the program: what the host answered, or -ENETDOWN
 * with a line on stderr if it is gone.
 */
HJ_HIDDEN int rpc_call(struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd);

/* The same about the socket id, which is shown if it has to be. */
HJ_HIDDEN int rpc_call_on(const struct wire_id *id, struct wire_req *req,
    const int *fds, int nfds, struct wire_rep *rep, int *rep_fd);

/* The same with nothing else along: a, b, c and data as wire.h says for op. */
HJ_HIDDEN int rpc_sock(const struct wire_id *id, enum wire_op op, int a, int b,
    int c, const void *data, size_t len, struct wire_rep *rep);

/*
 * Tell, without waiting for the answer: it would be yes.  What is asked later
 * is answered after this was done.  Return: 0 or -errno, as rpc_call().
 */
HJ_HIDDEN int rpc_tell(const struct wire_id *id, enum wire_op op, int a, int b,
    const void *data, size_t len);

/*
 * WIRE_SOCKET with `theirs` given away, whatever comes of it; like: a socket
 * to take the options from, or NULL.  id gets the server and sock.
 * Return: 0 or -errno; -ERESTART: the host is another one than before, make
 * a new pair and ask again.
 */
HJ_HIDDEN int rpc_socket(struct wire_id *id, const struct wire_id *like,
    int ours, int theirs);

/*
 * For a program that has one fd number left: the host makes the pair.  id
 * gets the server and sock.  Return: the program's end, close-on-exec, or
 * -errno.
 */
HJ_HIDDEN int rpc_socket_given(struct wire_id *id, const struct wire_id *like);

/* A connection was accepted: made where its listener was. */
HJ_HIDDEN void rpc_accepted(const struct wire_accept *rec);

/* Where a reply is waited for. */
struct rpc_wait {
	int fd;			/* the reply comes here, or the end */
	bool has_channel;
	struct channel channel;
};

/* Send only. Return: 0: then rpc_done() has to follow; or -errno. */
HJ_HIDDEN int rpc_send(const struct wire_id *id, struct wire_req *req,
    struct rpc_wait *w);
/* The reply was taken, or nobody waits for it any more. */
HJ_HIDDEN void rpc_done(struct rpc_wait *w, bool answered);
/* To be called when what rpc_send waits on ends; returns -ENETDOWN. */
HJ_HIDDEN int rpc_lost(void);

/* The control connection's number or -1, for those who guard it. */
HJ_HIDDEN int rpc_ctl_fd(void);
/* Is fd, at this moment, the control connection? */
HJ_HIDDEN bool rpc_is_ctl(int fd);
/* Move it away from its number, or let it be lost. */
HJ_HIDDEN void rpc_ctl_move(void);

#endif
