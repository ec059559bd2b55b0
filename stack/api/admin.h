/* admin.h: requests about the host as a whole: interfaces, tables, lists. */
#ifndef STACK_ADMIN_H
#define STACK_ADMIN_H

#include <stdint.h>

#include "stack/wire/wire.h"

struct rights;
struct sock_owner;

/* 0 or -errno, perhaps with a line of text in rep->data. */
int admin_request(const struct wire_req *req, const struct rights *who,
    struct wire_rep *rep, int *rep_fd);
/* Who is that? */
void admin_owner(struct sock_owner *o, int32_t pid, uint32_t uid);
/*
 * A process that the one which asks, of that user, speaks for.
 * Return: 0, -ESRCH, -EPERM: it is another user's.
 */
int admin_owner_other(struct sock_owner *o, int32_t pid, uint32_t uid);

#endif
