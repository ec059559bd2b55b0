/* sock.h: making virtual sockets, for the files that hook their calls. */
#ifndef HIJACK_SOCK_H
#define HIJACK_SOCK_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/*
 * Make a virtual socket as socket(2).  like: one whose place it takes, or
 * NULL.
 * Return: the fd, marked, or -errno.
 */
HJ_HIDDEN int sock_make(int domain, int type, int protocol,
    const struct wire_id *like);

/*
 * Put a fresh socket of the same kind in the place of a stream whose
 * connection attempt failed or that is to be disconnected.
 * Return: 0 or -errno.
 */
HJ_HIDDEN int sock_renew(int fd, const struct wire_id *id);

/* The marks of a new socket of this kind. */
HJ_HIDDEN unsigned sock_fresh_mark(const struct wire_id *id);

/* accept.c: is there something on that pair that its connections have, too? */
HJ_HIDDEN bool accept_inherits(int fd);

/* socket(2) without the choice between host and virtual host. */
HJ_HIDDEN int sock_check_kind(int domain, int type, int *protocol);

/*
 * The error the virtual host keeps for a stream whose pair said `err` (a
 * negative errno or 0 for the end of data): the true one, or err itself.
 */
HJ_HIDDEN int sock_true_error(int fd, int err);
/* The same for a read, which the peer's FIN ends without an error. */
HJ_HIDDEN int sock_read_error(int fd, int err);
/*
 * What poll(2) is to show of an fd that has hung up, besides: for a stream,
 * POLLOUT, and POLLERR if there is an error, which stays.
 */
HJ_HIDDEN short sock_hung_up_events(int fd);

#endif
