/*
 * notify.h: news of links, addresses, routes and neighbours, as netlink
 * messages, for the programs whose netlink sockets have joined the groups.
 */
#ifndef STACK_NOTIFY_H
#define STACK_NOTIFY_H

#include "stack/wire/wire.h"

/*
 * WIRE_NOTIFY of the netlink socket sock; fd is -1 or becomes ours.
 * Return: 0 or -errno.
 */
int notify_join(const struct wire_req *req, int sock, int fd);
/* Something may have changed; with nobody there that is a load. */
void notify_look(void);

#endif
