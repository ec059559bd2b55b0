/* netconfig.c: interfaces, addresses and routes from C; rump(3). */
#include "stack/rump/rump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stack/core/core.h"
#include "stack/host.h"
#include "stack/ip/iface.h"
#include "stack/ip/ifconfig.h"
#include "stack/rump/report.h"
#include "stack/spec.h"

/* What is done to an interface. 0 or -errno with a line in err. */
typedef int action(struct iface *f, const void *arg,
    char err[static IFACE_ERRLEN]);

static int with(const char *ifname, action *fn, const void *arg)
{
	char err[IFACE_ERRLEN] = "";
	struct iface *f;
	int e = -ENXIO;

	if (!ifname || !host_is_here())
		return ifname ? ENXIO : EINVAL;
	core_lock();
	f = iface_find(ifname);
	if (f)
		e = fn(f, arg, err);
	else
		snprintf(err, sizeof(err), "does not exist");
	core_unlock();
	return rump_report(e, ifname, err);
}

int rump_pub_netconfig_ifcreate(const char *ifname)
{
	char err[IFACE_ERRLEN] = "";
	struct iface *f;
	int e;

	if (!ifname || !host_is_here())
		return ifname ? ENXIO : EINVAL;
	core_lock();
	e = ifconfig_create(ifname, &f, err);
	core_unlock();
	return rump_report(e, "ifcreate", err);
}

static int destroy(struct iface *f, const void *arg,
    char err[static IFACE_ERRLEN])
{
	(void)arg;
	return ifconfig_destroy(f, err);
}

int rump_pub_netconfig_ifdestroy(const char *ifname)
{
	return with(ifname, destroy, NULL);
}

static int set_link(struct iface *f, const void *arg,
    char err[static IFACE_ERRLEN])
{
	return ifconfig_link_now(f, arg, err);
}

int rump_pub_netconfig_ifsetlinkstr(const char *ifname, const char *path)
{
	char err[IFACE_ERRLEN] = "", bus[512];
	int e;

	if (!path)
		return EINVAL;
	e = spec_link_name(bus, sizeof(bus), ifname ? ifname : "", path, err);
	return e ? rump_report(e, ifname, err) : with(ifname, set_link, bus);
}

static int set_up(struct iface *f, const void *arg,
    char err[static IFACE_ERRLEN])
{
	return ifconfig_up(f, *(const bool *)arg, err);
}

int rump_pub_netconfig_ifup(const char *ifname)
{
	return with(ifname, set_up, &(bool){ true });
}

int rump_pub_netconfig_ifdown(const char *ifname)
{
	return with(ifname, set_up, &(bool){ false });
}

/* The router solicitation goes out when the interface goes up. */
int rump_pub_netconfig_auto_ipv6(const char *ifname)
{
	return rump_pub_netconfig_ifup(ifname);
}

static int add_addr(struct iface *f, const void *arg,
    char err[static IFACE_ERRLEN])
{
	struct wire_ifaddr a = *(const struct wire_ifaddr *)arg;

	return ifconfig_addr_add(f, &a, err);
}

static int ifaddr(const char *ifname, int family, const char *addr, int plen)
{
	struct wire_ifaddr a = {
		.family = (uint8_t)family, .plen = (uint8_t)plen,
		.flags = WIRE_ADDR_ALIAS,
	};

	if (!addr || plen < 0 || plen > (family == AF_INET ? 32 : 128) ||
	    inet_pton(family, addr, a.ip) != 1)
		return EINVAL;
	return with(ifname, add_addr, &a);
}

int rump_pub_netconfig_ipv4_ifaddr_cidr(const char *ifname, const char *addr,
    int plen)
{
	return ifaddr(ifname, AF_INET, addr, plen);
}

int rump_pub_netconfig_ipv4_ifaddr(const char *ifname, const char *addr,
    const char *netmask)
{
	struct in_addr in;
	uint32_t mask;

	if (!netmask || inet_pton(AF_INET, netmask, &in) != 1)
		return EINVAL;
	mask = ntohl(in.s_addr);
	if (~mask & (~mask + 1))
		return EINVAL;		/* a hole in it */
	return ifaddr(ifname, AF_INET, addr, __builtin_popcount(mask));
}

int rump_pub_netconfig_ipv6_ifaddr(const char *ifname, const char *addr,
    int plen)
{
	return ifaddr(ifname, AF_INET6, addr, plen);
}

static int gateway(int family, const char *addr)
{
	struct wire_route r = {
		.family = (uint8_t)family, .flags = WIRE_RT_GATEWAY,
	};
	char err[IFACE_ERRLEN];

	if (!addr || inet_pton(family, addr, r.gw) != 1)
		return EINVAL;
	if (!host_is_here())
		return ENXIO;
	return rump_report(host_route(&r, err), addr, err);
}

int rump_pub_netconfig_ipv4_gw(const char *addr)
{
	return gateway(AF_INET, addr);
}

int rump_pub_netconfig_ipv6_gw(const char *addr)
{
	return gateway(AF_INET6, addr);
}
