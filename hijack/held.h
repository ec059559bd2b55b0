/*
 * held.h: a way to the host for a program that may not use its socket's file,
 * as it was started by one that may and has become another user since: inetd's
 * services, who logs in.  A socket of the host that it holds lets it in.
 */
#ifndef HIJACK_HELD_H
#define HIJACK_HELD_H

#include "hijack/hijack.h"

struct client_hello;
struct wire_id;

/*
 * about: the socket that is asked about, or NULL: any of those we have.
 * Return: a control connection of at least min_fd, or -errno: there is no way.
 */
HJ_HIDDEN int held_connect(const struct wire_id *about, int min_fd,
    struct client_hello *hello);
/* The same of a private host, if that is another user's. */
HJ_HIDDEN int held_connect_private(const struct wire_id *about, int min_fd,
    struct client_hello *hello);

#endif
