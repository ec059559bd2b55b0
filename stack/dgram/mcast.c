/* mcast.c: multicast memberships of sockets, told to IGMP and MLD. */
#include "stack/dgram/mcast.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

#define MEMBERS_MAX	20	/* net.ipv4.igmp_max_memberships */

struct mc_member {
	struct mc_member *next;
	struct wire_addr group;
	uint32_t ifindex;
};

static int tell(const struct mc_member *m, bool join)
{
	struct iface *f = iface_by_index(m->ifindex);
	ip_addr_t ip;
	err_t err;

	if (!f)
		return -ENODEV;
	addr_to_lwip(&ip, &m->group);
	if (IP_IS_V6(&ip)) {
		if (ip6_addr_has_scope(ip_2_ip6(&ip), IP6_MULTICAST))
			ip6_addr_set_zone(ip_2_ip6(&ip), (u8_t)m->ifindex);
		err = join ? mld6_joingroup_netif(&f->nif, ip_2_ip6(&ip)) :
		    mld6_leavegroup_netif(&f->nif, ip_2_ip6(&ip));
	} else {
		err = join ? igmp_joingroup_netif(&f->nif, ip_2_ip4(&ip)) :
		    igmp_leavegroup_netif(&f->nif, ip_2_ip4(&ip));
	}
	return -errno_from_lwip(err);
}

/* The interface that has this address, or the one a route gives. */
static int pick_iface(const struct wire_addr *group, const uint8_t *addr,
    uint32_t *ifindex)
{
	struct wire_addr a = { .family = AF_INET }, src;
	struct iface *f;
	struct netif *nif;

	if (*ifindex)
		return iface_by_index(*ifindex) ? 0 : -ENODEV;
	if (addr) {
		memcpy(a.ip, addr, 4);
		if (!addr_is_any(&a)) {
			f = iface_of_addr(&a);
			if (!f)
				return -ENODEV;
			*ifindex = netif_get_index(&f->nif);
			return 0;
		}
	}
	memset(&src, 0, sizeof(src));
	if (route_output(group, 0, NULL, &src, &nif))
		return -ENODEV;
	*ifindex = iface_index(nif);
	return 0;
}

static int parse(int level, int name, const void *val, size_t len,
    struct wire_addr *group, const uint8_t **addr, uint32_t *ifindex)
{
	const struct ip_mreqn *n = val;
	const struct ipv6_mreq *n6 = val;
	const struct group_req *g = val;

	memset(group, 0, sizeof(*group));
	*addr = NULL;
	*ifindex = 0;
	if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP) {
		if (len < sizeof(*g))
			return -EINVAL;
		*ifindex = g->gr_interface;
		group->family = g->gr_group.ss_family;
		if (group->family == AF_INET6)
			memcpy(group->ip, &((const struct sockaddr_in6 *)
			    &g->gr_group)->sin6_addr, 16);
		else
			memcpy(group->ip, &((const struct sockaddr_in *)
			    &g->gr_group)->sin_addr, 4);
	} else if (level == IPPROTO_IPV6) {
		if (len < sizeof(*n6))
			return -EINVAL;
		group->family = AF_INET6;
		memcpy(group->ip, &n6->ipv6mr_multiaddr, 16);
		*ifindex = n6->ipv6mr_interface;
	} else {
		if (len < sizeof(struct ip_mreq))
			return -EINVAL;
		group->family = AF_INET;
		memcpy(group->ip, &n->imr_multiaddr, 4);
		*addr = (const uint8_t *)val + 4;
		if (len >= sizeof(*n))
			*ifindex = (uint32_t)n->imr_ifindex;
	}
	return 0;
}

static int join(struct mc_member **list, const struct wire_addr *group,
    uint32_t ifindex)
{
	struct mc_member *m;
	int n = 0, err;

	for (m = *list; m; m = m->next, n++)
		if (m->ifindex == ifindex && addr_equal(&m->group, group))
			return -EADDRINUSE;
	if (n >= MEMBERS_MAX)
		return -ENOBUFS;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOBUFS;
	m->group = *group;
	m->ifindex = ifindex;
	err = tell(m, true);
	if (err) {
		free(m);
		return err;
	}
	m->next = *list;
	*list = m;
	return 0;
}

static int leave(struct mc_member **list, const struct wire_addr *group,
    uint32_t ifindex)
{
	struct mc_member **p, *m;

	for (p = list; (m = *p); p = &m->next) {
		if (!addr_equal(&m->group, group) ||
		    (ifindex && m->ifindex != ifindex))
			continue;
		*p = m->next;
		tell(m, false);
		free(m);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

int mcast_member(struct mc_member **list, int level, int name, const void *val,
    size_t len)
{
	struct wire_addr group;
	const uint8_t *addr;
	uint32_t ifindex;
	bool drop = name == MCAST_LEAVE_GROUP ||
	    (level == IPPROTO_IP && name == IP_DROP_MEMBERSHIP) ||
	    (level == IPPROTO_IPV6 && name == IPV6_LEAVE_GROUP);
	int err = parse(level, name, val, len, &group, &addr, &ifindex);

	if (err)
		return err;
	if (!addr_is_multicast(&group))
		return drop ? -EADDRNOTAVAIL : -EINVAL;
	err = pick_iface(&group, addr, &ifindex);
	if (err)
		return drop ? -EADDRNOTAVAIL : err;
	return drop ? leave(list, &group, ifindex) :
	    join(list, &group, ifindex);
}

/* struct in_addr, ip_mreq or ip_mreqn */
int mcast_set_if4(struct sock *s, const void *val, size_t len)
{
	struct wire_addr a = { .family = AF_INET };
	struct iface *f;
	int ifindex = 0;

	if (len < 4)
		return -EINVAL;
	memcpy(a.ip, (const char *)val + (len >= 8 ? 4 : 0), 4);
	if (len >= sizeof(struct ip_mreqn))
		memcpy(&ifindex, (const char *)val + 8, sizeof(ifindex));
	if (!ifindex && addr_is_any(&a)) {
		s->opt.mc_if = 0;
		memset(s->opt.mc_if_addr, 0, 4);
		return 0;
	}
	f = ifindex ? iface_by_index((uint32_t)ifindex) : iface_of_addr(&a);
	if (!f)
		return -EADDRNOTAVAIL;
	s->opt.mc_if = netif_get_index(&f->nif);
	memcpy(s->opt.mc_if_addr, a.ip, 4);
	return 0;
}

int mcast_set_if6(struct sock *s, const void *val, size_t len)
{
	int v;

	if (len < sizeof(v))
		return -EINVAL;
	memcpy(&v, val, sizeof(v));
	if (v && !iface_by_index((uint32_t)v))
		return -ENODEV;
	s->opt.mc_if6 = v;
	return 0;
}

bool mcast_wants(const struct sock *s, const struct mc_member *list,
    const struct wire_addr *group, uint32_t ifindex)
{
	const struct mc_member *m;

	for (m = list; m; m = m->next)
		if (addr_equal(&m->group, group) && m->ifindex == ifindex)
			return true;
	/* IP_MULTICAST_ALL: what any socket of the host has joined. */
	return group->family == AF_INET ? s->opt.mc_all : s->opt.mc_all6;
}

void mcast_leave_all(struct mc_member **list)
{
	struct mc_member *m;

	while ((m = *list)) {
		*list = m->next;
		tell(m, false);
		free(m);
	}
}
