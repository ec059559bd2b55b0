/* name.c: getsockname and getpeername. */
#include "hijack/addr.h"

#include "hijack/debug.h"
#include "hijack/netlink.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"

static int name(const struct wire_id *id, enum wire_op op, void *addr,
    socklen_t *len)
{
	struct wire_rep rep;
	int err = rpc_sock(id, op, 0, 0, 0, NULL, 0, &rep);

	if (err)
		return err;
	if (rep.len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	return addr_give(rep.data, rep.len, addr, len);
}

CALL(int, getsockname, "i:fA", (int fd, struct sockaddr *addr, socklen_t *len),
    fd, addr, len)
{
	struct wire_id id;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.getsockname(fd, addr, len);
	if (id.domain == AF_NETLINK)
		return (int)hj_ret(netlink_name(&id, addr, len));
	return (int)hj_ret(name(&id, WIRE_GETSOCKNAME, addr, len));
}

CALL(int, getpeername, "i:fA", (int fd, struct sockaddr *addr, socklen_t *len),
    fd, addr, len)
{
	struct wire_id id;

	if (hj_sandboxed || !client_id_of(fd, &id))
		return next.getpeername(fd, addr, len);
	if (id.domain == AF_NETLINK)
		return (int)hj_ret(netlink_name(NULL, addr, len));
	return (int)hj_ret(name(&id, WIRE_GETPEERNAME, addr, len));
}
