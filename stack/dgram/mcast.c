/*
 * mcast.c: multicast memberships of sockets, told to IGMP and MLD.
 *
 * Those speak their versions 2 and 1, which know groups only: that a socket
 * wants some sources, or not some, is for this host to see to.
 */
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
#define SOURCES4_MAX	10	/* net.ipv4.igmp_max_msf */
#define SOURCES6_MAX	64	/* net.ipv6.mld_max_msf */

struct mc_member {
	struct mc_member *next;	/* of the socket's */
	struct mc_member *all_next;
	struct wire_addr group;
	uint32_t ifindex;
	bool include;		/* only these sources; else all but these */
	unsigned nsources;
	struct wire_addr *sources;
};

static struct mc_member *all;

/* What a program asks for. */
enum what { JOIN, LEAVE, JOIN_SOURCE, LEAVE_SOURCE, BLOCK, UNBLOCK };

struct wish {
	enum what what;
	struct wire_addr group, source;
	const uint8_t *addr;	/* IPv4: of the interface; NULL */
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

static bool sockaddr_in(int family, const struct sockaddr_storage *ss,
    struct wire_addr *a)
{
	if (ss->ss_family != family)
		return false;
	a->family = (uint16_t)family;
	if (family == AF_INET6)
		memcpy(a->ip, &((const struct sockaddr_in6 *)ss)->sin6_addr,
		    16);
	else
		memcpy(a->ip, &((const struct sockaddr_in *)ss)->sin_addr, 4);
	return true;
}

/* The protocol-independent ones of RFC 3678. */
static int parse_any(int family, const void *val, size_t len, bool source,
    struct wish *w)
{
	const struct group_source_req *g = val;

	if (len < (source ? sizeof(*g) : sizeof(struct group_req)))
		return -EINVAL;
	w->ifindex = g->gsr_interface;
	if (!sockaddr_in(family, &g->gsr_group, &w->group))
		return source || family == AF_INET6 ? -EADDRNOTAVAIL : -EINVAL;
	if (source && !sockaddr_in(family, &g->gsr_source, &w->source))
		return -EADDRNOTAVAIL;
	return 0;
}

static int parse_source4(const void *val, size_t len, struct wish *w)
{
	const struct ip_mreq_source *m = val;

	if (len != sizeof(*m))
		return -EINVAL;
	w->group.family = w->source.family = AF_INET;
	memcpy(w->group.ip, &m->imr_multiaddr, 4);
	memcpy(w->source.ip, &m->imr_sourceaddr, 4);
	w->addr = (const uint8_t *)&m->imr_interface;
	return 0;
}

static int parse_group(int level, const void *val, size_t len,
    struct wish *w)
{
	const struct ip_mreqn *n = val;
	const struct ipv6_mreq *n6 = val;

	if (level == IPPROTO_IPV6) {
		if (len < sizeof(*n6))
			return -EINVAL;
		w->group.family = AF_INET6;
		memcpy(w->group.ip, &n6->ipv6mr_multiaddr, 16);
		w->ifindex = n6->ipv6mr_interface;
		return 0;
	}
	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	w->group.family = AF_INET;
	memcpy(w->group.ip, &n->imr_multiaddr, 4);
	w->addr = (const uint8_t *)val + 4;
	if (len >= sizeof(*n))
		w->ifindex = (uint32_t)n->imr_ifindex;
	return 0;
}

static int parse(int level, int name, const void *val, size_t len,
    struct wish *w)
{
	static const struct {
		int level, name;
		enum what what;
	} names[] = {
		{ 0, MCAST_JOIN_GROUP, JOIN },
		{ 0, MCAST_LEAVE_GROUP, LEAVE },
		{ 0, MCAST_JOIN_SOURCE_GROUP, JOIN_SOURCE },
		{ 0, MCAST_LEAVE_SOURCE_GROUP, LEAVE_SOURCE },
		{ 0, MCAST_BLOCK_SOURCE, BLOCK },
		{ 0, MCAST_UNBLOCK_SOURCE, UNBLOCK },
		{ IPPROTO_IPV6, IPV6_JOIN_GROUP, JOIN },
		{ IPPROTO_IPV6, IPV6_LEAVE_GROUP, LEAVE },
		{ IPPROTO_IP, IP_ADD_MEMBERSHIP, JOIN },
		{ IPPROTO_IP, IP_DROP_MEMBERSHIP, LEAVE },
		{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, JOIN_SOURCE },
		{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, LEAVE_SOURCE },
		{ IPPROTO_IP, IP_BLOCK_SOURCE, BLOCK },
		{ IPPROTO_IP, IP_UNBLOCK_SOURCE, UNBLOCK },
	};
	enum { ANY = 6 };	/* the first ones are of both levels */
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) && (names[i].name != name ||
	    (i >= ANY && names[i].level != level)))
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		return -ENOPROTOOPT;
	memset(w, 0, sizeof(*w));
	w->what = names[i].what;
	if (i < ANY)
		return parse_any(level == IPPROTO_IPV6 ? AF_INET6 : AF_INET,
		    val, len, w->what > LEAVE, w);
	return w->what > LEAVE ? parse_source4(val, len, w) :
	    parse_group(level, val, len, w);
}

static int join(struct mc_member **list, const struct wish *w, bool include)
{
	struct mc_member *m;
	int n = 0, err;

	for (m = *list; m; m = m->next, n++)
		if (m->ifindex == w->ifindex &&
		    addr_equal(&m->group, &w->group))
			return -EADDRINUSE;
	if (n >= MEMBERS_MAX)
		return -ENOBUFS;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOBUFS;
	m->group = w->group;
	m->ifindex = w->ifindex;
	m->include = include;
	err = tell(m, true);
	if (err) {
		free(m);
		return err;
	}
	m->next = *list;
	*list = m;
	m->all_next = all;
	all = m;
	return 0;
}

/* m is out of its socket's list. */
static void end(struct mc_member *m)
{
	struct mc_member **p = &all;

	while (*p != m)
		p = &(*p)->all_next;
	*p = m->all_next;
	tell(m, false);
	free(m->sources);
	free(m);
}

static struct mc_member **find(struct mc_member **list,
    const struct wire_addr *group, uint32_t ifindex)
{
	struct mc_member **p;

	for (p = list; *p; p = &(*p)->next)
		if (addr_equal(&(*p)->group, group) &&
		    (!ifindex || (*p)->ifindex == ifindex))
			break;
	return p;
}

static int leave(struct mc_member **list, const struct wire_addr *group,
    uint32_t ifindex)
{
	struct mc_member **p = find(list, group, ifindex), *m = *p;

	if (!m)
		return -EADDRNOTAVAIL;
	*p = m->next;
	end(m);
	return 0;
}

/* Its place among the sources; nsources if it is none of them. */
static unsigned source_at(const struct mc_member *m,
    const struct wire_addr *source)
{
	unsigned i = 0;

	while (i < m->nsources && !addr_equal(&m->sources[i], source))
		i++;
	return i;
}

static int add_source(struct mc_member *m, const struct wire_addr *source)
{
	unsigned most = source->family == AF_INET ? SOURCES4_MAX :
	    SOURCES6_MAX;
	struct wire_addr *v;

	if (m->nsources >= most)
		return -ENOBUFS;
	if (source_at(m, source) < m->nsources)
		return -EADDRNOTAVAIL;
	v = realloc(m->sources, (m->nsources + 1) * sizeof(*v));
	if (!v)
		return -ENOBUFS;
	v[m->nsources++] = *source;
	m->sources = v;
	return 0;
}

/*
 * As Linux has it: once there were sources it stays whether they are wanted or
 * not, and a socket that wants none has left.
 */
static int change_source(struct mc_member **list, const struct wish *w)
{
	bool include = w->what == JOIN_SOURCE || w->what == LEAVE_SOURCE;
	struct mc_member **p = find(list, &w->group, w->ifindex), *m = *p;
	unsigned i;

	if (!m || (m->sources && m->include != include))
		return -EINVAL;
	m->include = include;
	if (w->what == JOIN_SOURCE || w->what == BLOCK)
		return add_source(m, &w->source);
	i = source_at(m, &w->source);
	if (!m->sources || i == m->nsources)
		return -EADDRNOTAVAIL;
	if (include && m->nsources == 1) {
		*p = m->next;
		end(m);
		return 0;
	}
	m->sources[i] = m->sources[--m->nsources];
	return 0;
}

static int carry_out(struct mc_member **list, const struct wish *w)
{
	int err;

	switch (w->what) {
	case JOIN:
		return join(list, w, false);
	case LEAVE:
		return leave(list, &w->group, w->ifindex);
	case JOIN_SOURCE:
		err = join(list, w, true);
		if (err && err != -EADDRINUSE)
			return err;
		/* fall through */
	default:
		return change_source(list, w);
	}
}

int mcast_member(struct mc_member **list, int level, int name, const void *val,
    size_t len)
{
	struct wish w;
	int err = parse(level, name, val, len, &w);

	if (err)
		return err;
	if (!list)
		return -EPROTO;
	if (!addr_is_multicast(&w.group))
		return w.what == LEAVE && level == IPPROTO_IP ?
		    -EADDRNOTAVAIL : -EINVAL;
	err = pick_iface(&w.group, w.addr, &w.ifindex);
	if (err)
		return w.what == LEAVE ? -EADDRNOTAVAIL : err;
	return carry_out(list, &w);
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

static bool accepts(const struct mc_member *m, const struct wire_addr *source)
{
	return (source_at(m, source) < m->nsources) == m->include;
}

/* What any socket of the host has joined, but for sources that none wants. */
static bool host_wants(const struct wire_addr *group, uint32_t ifindex,
    const struct wire_addr *source)
{
	bool joined = false;

	for (const struct mc_member *m = all; m; m = m->all_next) {
		if (m->ifindex != ifindex || !addr_equal(&m->group, group))
			continue;
		if (accepts(m, source))
			return true;
		joined = true;
	}
	return !joined;		/* the host's own groups */
}

bool mcast_wants(const struct sock *s, const struct mc_member *list,
    const struct wire_addr *group, uint32_t ifindex,
    const struct wire_addr *source)
{
	for (const struct mc_member *m = list; m; m = m->next)
		if (addr_equal(&m->group, group) && m->ifindex == ifindex)
			return accepts(m, source);
	/* IP_MULTICAST_ALL */
	return (group->family == AF_INET ? s->opt.mc_all : s->opt.mc_all6) &&
	    host_wants(group, ifindex, source);
}

void mcast_leave_all(struct mc_member **list)
{
	struct mc_member *m;

	while ((m = *list)) {
		*list = m->next;
		end(m);
	}
}

void mcast_sources(void (*each)(void *arg, const struct wire_source *s),
    void *arg)
{
	for (const struct mc_member *m = all; m; m = m->all_next) {
		struct iface *f = iface_by_index(m->ifindex);
		struct wire_source s = {
			.ifindex = m->ifindex, .include = m->include,
			.family = (uint8_t)m->group.family,
		};

		if (!f)
			continue;
		memcpy(s.group, m->group.ip, sizeof(s.group));
		memcpy(s.ifname, f->name, sizeof(s.ifname));
		for (unsigned i = 0; i < m->nsources; i++) {
			memcpy(s.ip, m->sources[i].ip, sizeof(s.ip));
			each(arg, &s);
		}
	}
}
