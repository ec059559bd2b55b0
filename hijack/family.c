/*
 * family.c: sockets that no virtual host has.
 *
 * Those between the programs of one machine, and with its kernel about other
 * things than the network, are the machine's.  Every other family would reach
 * its networks, or those beyond its hypervisor: a program is told what it is
 * told where the kernel has been built without them, which it knows to handle.
 */
#include "hijack/family.h"

#include <linux/netlink.h>

#include "hijack/debug.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "stack/wire/sys.h"

#define SOCK_KINDS	11	/* Linux's SOCK_MAX */

/*
 * What the kernel says of these is about the machine and not about its
 * network.  NETLINK_SOCK_DIAG, NETFILTER and XFRM are: ss(8) falls
 * back on /proc/net, which is the virtual host's, and nft(8) says it cannot.
 */
static bool is_local_netlink(int protocol)
{
	switch (protocol) {
	case NETLINK_USERSOCK:
	case NETLINK_SELINUX:
	case NETLINK_AUDIT:
	case NETLINK_CONNECTOR:
	case NETLINK_KOBJECT_UEVENT:
	case NETLINK_SCSITRANSPORT:
	case NETLINK_ECRYPTFS:
	case NETLINK_CRYPTO:
		return true;
	default:
		return false;
	}
}

int family_check(int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);

	hj_init();
	if (!(hj_set.families & HJ_OTHER) || domain == AF_UNIX ||
	    domain == AF_ALG)
		return 0;
	/* The machine's by RUMPHIJACK, but for the packets beneath them. */
	if (domain == AF_INET && kind != SOCK_PACKET)
		return 0;
	if (domain == AF_INET6 || domain < 0 || kind < 0 || kind >= SOCK_KINDS)
		return 0;	/* or wrong in itself */
	if (domain == AF_NETLINK) {
		if (protocol == NETLINK_ROUTE || is_local_netlink(protocol) ||
		    (kind != SOCK_RAW && kind != SOCK_DGRAM))
			return 0;
		return -EPROTONOSUPPORT;
	}
	return -EAFNOSUPPORT;
}

/* Of other families only AF_TIPC has pairs, which are part of its network. */
CALL(int, socketpair, "i:DTd", (int domain, int type, int protocol, int *sv),
    domain, type, protocol, sv)
{
	int err = domain == AF_TIPC ? family_check(domain, type, protocol) : 0,
	    r;

	if (err)
		return (int)hj_ret(err);
	r = next.socketpair(domain, type, protocol, sv);
	if (r == 0) {
		fd_forget(sv[0]);
		fd_forget(sv[1]);
	}
	return r;
}
