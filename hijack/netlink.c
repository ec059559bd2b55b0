/* netlink.c: see netlink.h. */
#include "hijack/netlink.h"

#include <linux/netlink.h>

#include "hijack/next.h"
#include "stack/sys.h"

int netlink_make(int type)
{
	return (int)SYS3(SYS_socket, AF_NETLINK, type, NETLINK_ROUTE);
}

int netlink_bind(int fd, const void *addr, socklen_t len)
{
	return (int)SYS3(SYS_bind, fd, addr, len);
}

ssize_t netlink_send(int fd, const struct msghdr *m)
{
	(void)fd; (void)m;
	return -EOPNOTSUPP;
}

ssize_t netlink_recv(int fd, struct msghdr *m, int flags)
{
	return next.recvmsg(fd, m, flags);
}

int netlink_name(const struct wire_id *id, void *addr, socklen_t *len)
{
	(void)id; (void)addr; (void)len;
	return -EINVAL;
}
