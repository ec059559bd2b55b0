/*
 * netlink.h: NETLINK_ROUTE and NETLINK_GENERIC sockets, answered for the
 * virtual host.
 */
#ifndef HIJACK_NETLINK_H
#define HIJACK_NETLINK_H

#include <linux/netlink.h>

#include "hijack/hijack.h"

struct wire_id;

/* socket(AF_NETLINK, type, protocol). Return: the fd or -errno. */
HJ_HIDDEN int netlink_make(int type, int protocol);
static inline bool netlink_has(int protocol)
{
	return protocol == NETLINK_ROUTE || protocol == NETLINK_GENERIC;
}
/* bind(2) and setsockopt(2), by which it joins groups. Return: 0 or -errno. */
HJ_HIDDEN int netlink_bind(int fd, const void *addr, socklen_t len);
HJ_HIDDEN int netlink_set_option(int fd, int level, int name,
    const void *val, socklen_t len);
/* The socket's own name, or with id NULL its peer's: the kernel. */
HJ_HIDDEN int netlink_name(const struct wire_id *id, void *addr,
    socklen_t *len);
/* getsockopt(2). Return: 0, -errno, or -ENOSYS: it is the kernel's own. */
HJ_HIDDEN int netlink_option(const struct wire_id *id, int level, int name,
    void *val, socklen_t *len);
/* Answer a request. Return: the number of bytes or -errno. */
HJ_HIDDEN ssize_t netlink_send(int fd, const struct msghdr *m);
/* As recvmsg(2), with errno. */
HJ_HIDDEN ssize_t netlink_recv(int fd, struct msghdr *m, int flags);

#endif
