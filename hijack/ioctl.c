/*
 * ioctl.c: ioctl on sockets: queues, and the interfaces of the virtual host.
 *
 * Interface requests are answered on any AF_UNIX socket, since programs use
 * those for them as well; a virtual socket's pair is one, too.
 */
#include "hijack/hijack.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hijack/debug.h"
#include "hijack/dgram.h"
#include "hijack/dump.h"
#include "hijack/fd.h"
#include "hijack/ifset.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

static bool is_unix(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    domain == AF_UNIX;
}

/* Requests of the 0x89xx family that are about interfaces and routes. */
static bool about_interfaces(unsigned long req)
{
	return req >= SIOCADDRT && req <= SIOCSIFMAP && req != SIOCOUTQNSD;
}

static void set_in(struct sockaddr *sa, const uint8_t ip[4])
{
	struct sockaddr_in *in = (struct sockaddr_in *)sa;

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	memcpy(&in->sin_addr, ip, 4);
}

static void mask_of(uint8_t mask[4], unsigned plen)
{
	for (unsigned i = 0; i < 4; i++, plen = plen > 8 ? plen - 8 : 0)
		mask[i] = plen >= 8 ? 0xff : (uint8_t)(0xff00 >> plen);
}

/* An interface's first IPv4 address, as SIOCGIFADDR has it, or an alias. */
static int first_addr(unsigned ifindex, const char *name,
    struct wire_ifaddr *out)
{
	bool alias = strchr(name, ':');
	unsigned count;
	int fd = dump_open(WIRE_DUMP_ADDR, &count), err = -EADDRNOTAVAIL;

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, out, sizeof(*out));
	    i++)
		if (out->ifindex == ifindex && out->family == AF_INET &&
		    (!alias || !strncmp(out->ifname, name, IFNAMSIZ))) {
			err = 0;
			break;
		}
	sys_close(fd);
	return err;
}

static int get_addr(unsigned long req, const struct wire_link *l,
    struct ifreq *ifr)
{
	struct wire_ifaddr a;
	uint8_t mask[4];
	int err = first_addr(l->ifindex, ifr->ifr_name, &a);

	if (err)
		return err;
	mask_of(mask, a.plen);
	if (req == SIOCGIFNETMASK)
		set_in(&ifr->ifr_addr, mask);
	else if (req == SIOCGIFBRDADDR)
		set_in(&ifr->ifr_addr, a.bcast);
	else
		set_in(&ifr->ifr_addr, a.ip);
	return 0;
}

/* One interface's property. */
static int get_property(unsigned long req, struct ifreq *ifr)
{
	struct wire_link l;
	int err;

	if (req == SIOCGIFNAME) {
		err = dump_link(NULL, (unsigned)ifr->ifr_ifindex, &l);
		if (!err)
			memcpy(ifr->ifr_name, l.name, IFNAMSIZ);
		return err;
	}
	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	err = dump_link(ifr->ifr_name, 0, &l);
	if (err)
		return err;
	switch (req) {
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		return get_addr(req, &l, ifr);
	case SIOCGIFFLAGS:
		ifr->ifr_flags = (short)l.flags;
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = (int)l.mtu;
		return 0;
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = (int)l.ifindex;
		return 0;
	case SIOCGIFHWADDR:
		memset(&ifr->ifr_hwaddr, 0, sizeof(ifr->ifr_hwaddr));
		ifr->ifr_hwaddr.sa_family = l.hatype;
		memcpy(ifr->ifr_hwaddr.sa_data, l.mac, 6);
		return 0;
	case SIOCGIFMETRIC:
		ifr->ifr_metric = 0;
		return 0;
	case SIOCGIFTXQLEN:
		ifr->ifr_qlen = 1000;
		return 0;
	case SIOCGIFMAP:
		memset(&ifr->ifr_map, 0, sizeof(ifr->ifr_map));
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* SIOCGIFCONF: every IPv4 address, or with no buffer the room they take. */
static int get_conf(void *user)
{
	struct ifconf ifc;
	struct wire_ifaddr a;
	unsigned count;
	int fd, used = 0, err = hj_copy_in(&ifc, user, sizeof(ifc));

	if (err)
		return err;
	fd = dump_open(WIRE_DUMP_ADDR, &count);
	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &a, sizeof(a)); i++) {
		struct ifreq ifr;

		if (a.family != AF_INET)
			continue;
		if (ifc.ifc_buf) {
			if (ifc.ifc_len - used < (int)sizeof(ifr))
				break;
			memset(&ifr, 0, sizeof(ifr));
			memcpy(ifr.ifr_name, a.ifname, IFNAMSIZ - 1);
			set_in(&ifr.ifr_addr, a.ip);
			err = hj_copy_out(ifc.ifc_buf + used, &ifr,
			    sizeof(ifr));
		}
		used += (int)sizeof(ifr);
	}
	sys_close(fd);
	ifc.ifc_len = used;
	return err ? err : hj_copy_out(user, &ifc, sizeof(ifc));
}

static bool is_v6(int fd)
{
	struct wire_id id;

	return client_id_of(fd, &id) && id.domain == AF_INET6;
}

static int interface(int fd, unsigned long req, void *user)
{
	struct ifreq ifr;
	int err;

	switch (req) {
	case SIOCGIFCONF:
		return get_conf(user);
	case SIOCADDRT:
	case SIOCDELRT:
		return is_v6(fd) ? ifset_route6(req == SIOCADDRT, user) :
		    ifset_route(req == SIOCADDRT, user);
	case SIOCGARP:
	case SIOCSARP:
	case SIOCDARP:
		return ifset_arp(req, user);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
		if (is_v6(fd))
			return ifset_addr6(req == SIOCSIFADDR, user);
		break;
	case SIOCETHTOOL:
		return -EOPNOTSUPP;
	}
	err = hj_copy_in(&ifr, user, sizeof(ifr));
	if (err)
		return err;
	err = ifset_ioctl(req, &ifr);
	if (err != -ENOTTY)
		return err;
	err = get_property(req, &ifr);
	return err ? err : hj_copy_out(user, &ifr, sizeof(ifr));
}

/* What is in the queues of a virtual socket. -ENOSYS: the kernel knows. */
static int queues(int fd, const struct wire_id *id, unsigned long req,
    void *user)
{
	unsigned mark = fd_mark(fd);
	struct wire_rep rep;
	int val, err;

	switch (req) {
	case FIONREAD:
		if (mark & MARK_LISTEN && !(mark & MARK_DGRAM))
			return -EINVAL;
		if (!(mark & MARK_DGRAM) || mark & MARK_BARE)
			return -ENOSYS;
		val = dgram_pending(fd);
		break;
	case SIOCOUTQNSD:
		if (id->type != SOCK_STREAM)
			return -ENOTTY;
		/* fallthrough */
	case TIOCOUTQ:
		if (mark & MARK_LISTEN && !(mark & MARK_DGRAM))
			return -EINVAL;
		err = rpc_sock(id, WIRE_QUERY, WIRE_QUERY_OUTQ, 0, 0, NULL, 0,
		    &rep);
		if (err)
			return err;
		val = (int)rep.value;
		break;
	case SIOCATMARK:
		return id->type == SOCK_STREAM ? -ENOSYS : -ENOTTY;
	default:
		return -ENOSYS;
	}
	return hj_copy_out(user, &val, sizeof(val));
}

static int ioctl_any(int fd, unsigned long req, void *arg)
{
	struct wire_id id;
	int err;

	if (hj_sandboxed)
		return next.ioctl(fd, req, arg);
	if (about_interfaces(req) && hj_wants(AF_INET) && is_unix(fd))
		return (int)hj_ret(interface(fd, req, arg));
	if (req == FIONREAD || req == TIOCOUTQ || req == SIOCOUTQNSD ||
	    req == SIOCATMARK)
		if (client_id_of(fd, &id) && id.domain != AF_NETLINK) {
			err = queues(fd, &id, req, arg);
			if (err != -ENOSYS)
				return (int)hj_ret(err);
		}
	return next.ioctl(fd, req, arg);
}

HOOK(int, ioctl, int fd, unsigned long req, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, req);
	arg = va_arg(ap, void *);
	va_end(ap);
	req &= 0xffffffff;
	DEBUG_RETURN("ioctl", "i:FR", ioctl_any, fd, req, arg);
}

/* libc's own would ask the host's kernel behind our back. */
HOOK(int, sockatmark, int fd)
{
	int at;

	return hook_ioctl(fd, SIOCATMARK, &at) < 0 ? -1 : at;
}
