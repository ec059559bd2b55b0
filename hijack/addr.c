/* addr.c: addresses; see addr.h. */
#include "hijack/addr.h"

#include <netinet/in.h>
#include <linux/if_packet.h>
#include <string.h>

static socklen_t out_in6(const struct wire_addr *a, struct sockaddr_in6 *s)
{
	s->sin6_family = AF_INET6;
	s->sin6_port = a->port;
	if (a->family == AF_INET) {
		s->sin6_addr.s6_addr[10] = s->sin6_addr.s6_addr[11] = 0xff;
		memcpy(s->sin6_addr.s6_addr + 12, a->ip, 4);
	} else if (a->family == AF_INET6) {
		memcpy(&s->sin6_addr, a->ip, 16);
		s->sin6_scope_id = a->scope;
	}
	return sizeof(*s);
}

static socklen_t out_ll(const struct wire_addr *a, struct sockaddr_ll *s)
{
	struct wire_ll more;

	memcpy(&more, a->ip, sizeof(more));
	s->sll_family = AF_PACKET;
	s->sll_protocol = a->port;
	s->sll_ifindex = (int)a->scope;
	s->sll_hatype = more.hatype;
	s->sll_pkttype = more.pkttype;
	s->sll_halen = more.halen;
	memcpy(s->sll_addr, more.addr, sizeof(s->sll_addr));
	return sizeof(*s);
}

socklen_t addr_out(const struct wire_addr *a, int domain,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in *s = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(struct sockaddr_in6));
	if (a->family == AF_PACKET)
		return out_ll(a, (struct sockaddr_ll *)ss);
	if (domain == AF_INET6)
		return out_in6(a, (struct sockaddr_in6 *)ss);
	s->sin_family = AF_INET;
	s->sin_port = a->port;
	if (a->family == AF_INET)
		memcpy(&s->sin_addr, a->ip, 4);
	return sizeof(*s);
}

int addr_give(const void *sa, socklen_t n, void *user, socklen_t *len)
{
	socklen_t room;

	if (hj_copy_in(&room, len, sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	if (hj_copy_out(user, sa, room < n ? room : n) ||
	    hj_copy_out(len, &n, sizeof(n)))
		return -EFAULT;
	return 0;
}

static int in_v4(struct wire_addr *a, const void *sa, socklen_t len)
{
	const struct sockaddr_in *s = sa;

	if (len < sizeof(*s))
		return -EINVAL;
	if (s->sin_family != AF_INET && s->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	a->family = AF_INET;
	a->port = s->sin_port;
	memcpy(a->ip, &s->sin_addr, 4);
	return 0;
}

int addr_in(struct wire_addr *a, bool v6, const void *sa, socklen_t len)
{
	const struct sockaddr_in6 *s = sa;

	memset(a, 0, sizeof(*a));
	if (hj_no_memory(sa))
		return -EFAULT;
	if (len < sizeof(sa_family_t) || len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	if (!v6 || s->sin6_family == AF_INET)
		return in_v4(a, sa, len);
	/* RFC 2133's shorter form had no scope. */
	if (s->sin6_family == AF_INET6 &&
	    len < offsetof(struct sockaddr_in6, sin6_scope_id))
		return -EINVAL;
	if (s->sin6_family == AF_UNSPEC)
		return 0;	/* as if there was none */
	if (s->sin6_family != AF_INET6)
		return -EINVAL;
	a->family = AF_INET6;
	a->port = s->sin6_port;
	memcpy(a->ip, &s->sin6_addr, 16);
	if (len >= sizeof(*s))
		a->scope = s->sin6_scope_id;
	return 0;
}

int addr_in_ll(struct wire_addr *a, const struct sockaddr_ll *ll,
    socklen_t len)
{
	struct wire_ll more = { .halen = ll->sll_halen };

	memset(a, 0, sizeof(*a));
	if (len < offsetof(struct sockaddr_ll, sll_addr) + ll->sll_halen)
		return -EINVAL;
	memcpy(more.addr, ll->sll_addr, sizeof(more.addr));
	a->family = AF_PACKET;
	a->port = ll->sll_protocol;
	a->scope = (uint32_t)ll->sll_ifindex;
	memcpy(a->ip, &more, sizeof(more));
	return 0;
}
