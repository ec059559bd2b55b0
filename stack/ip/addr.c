/* addr.c: sockaddrs, wire addresses and lwIP's, one into the other. */
#include "stack/ip/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lwip/netif.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static int from_ll(struct wire_addr *a, const void *sa, size_t len)
{
	struct sockaddr_ll ll;
	struct wire_ll more = { .pkttype = 0 };

	if (len < sizeof(ll))
		return -EINVAL;
	memcpy(&ll, sa, sizeof(ll));
	if (ll.sll_family != AF_PACKET)
		return -EINVAL;
	more.halen = ll.sll_halen;
	memcpy(more.addr, ll.sll_addr, sizeof(more.addr));
	a->family = AF_PACKET;
	a->port = ll.sll_protocol;
	a->scope = (uint32_t)ll.sll_ifindex;
	memcpy(a->ip, &more, sizeof(more));
	return 0;
}

static size_t to_ll(const struct wire_addr *a, struct sockaddr_ll *ll)
{
	struct wire_ll more;

	memcpy(&more, a->ip, sizeof(more));
	ll->sll_family = AF_PACKET;
	ll->sll_protocol = a->port;
	ll->sll_ifindex = (int)a->scope;
	ll->sll_hatype = more.hatype;
	ll->sll_pkttype = more.pkttype;
	ll->sll_halen = more.halen;
	memcpy(ll->sll_addr, more.addr, sizeof(more.addr));
	return offsetof(struct sockaddr_ll, sll_addr) + more.halen;
}

int addr_from_sockaddr(struct wire_addr *a, int domain, bool v6only,
    const void *sa, size_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	sa_family_t family;

	memset(a, 0, sizeof(*a));
	if (domain == AF_PACKET)
		return from_ll(a, sa, len);
	if (len < sizeof(family))
		return -EINVAL;
	memcpy(&family, sa, sizeof(family));
	/* IPv6 without the scope id, RFC 2133 */
	if (family != AF_INET && len < (domain == AF_INET6 ? 24 : sizeof(in)))
		return -EINVAL;
	if (family == AF_INET || (family == AF_UNSPEC &&
	    domain == AF_INET && len >= sizeof(in))) {
		if (len < sizeof(in))
			return -EINVAL;
		memcpy(&in, sa, sizeof(in));
		if (domain == AF_INET6 && family == AF_INET && v6only)
			return -ENETUNREACH;
		a->family = AF_INET;
		a->port = in.sin_port;
		memcpy(a->ip, &in.sin_addr, 4);
		return 0;
	}
	if (family != AF_INET6 || domain != AF_INET6)
		return -EAFNOSUPPORT;
	memset(&in6, 0, sizeof(in6));
	memcpy(&in6, sa, len < sizeof(in6) ? len : sizeof(in6));
	a->port = in6.sin6_port;
	if (!memcmp(&in6.sin6_addr, mapped, sizeof(mapped))) {
		if (v6only)
			return -ENETUNREACH;
		a->family = AF_INET;
		memcpy(a->ip, in6.sin6_addr.s6_addr + 12, 4);
		return 0;
	}
	a->family = AF_INET6;
	a->scope = in6.sin6_scope_id;
	memcpy(a->ip, &in6.sin6_addr, 16);
	return 0;
}

size_t addr_to_sockaddr(const struct wire_addr *a, int domain,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (domain == AF_PACKET)
		return to_ll(a, (struct sockaddr_ll *)ss);
	if (domain == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = a->port;
		if (a->family == AF_INET)
			memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = a->port;
	if (a->family == AF_INET6) {
		memcpy(&in6->sin6_addr, a->ip, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ||
		    IN6_IS_ADDR_MC_LINKLOCAL(&in6->sin6_addr))
			in6->sin6_scope_id = a->scope;
	} else if (a->family == AF_INET) {
		memcpy(&in6->sin6_addr, mapped, sizeof(mapped));
		memcpy(in6->sin6_addr.s6_addr + 12, a->ip, 4);
	}
	return sizeof(*in6);
}

void addr_to_lwip(ip_addr_t *ip, const struct wire_addr *a)
{
	memset(ip, 0, sizeof(*ip));
	if (a->family == AF_INET6) {
		ip6_addr_t *ip6 = ip_2_ip6(ip);

		IP_SET_TYPE(ip, IPADDR_TYPE_V6);
		memcpy(ip6->addr, a->ip, 16);
		if (ip6_addr_has_scope(ip6, IP6_UNKNOWN))
			ip6_addr_set_zone(ip6, (u8_t)a->scope);
	} else {
		IP_SET_TYPE(ip, IPADDR_TYPE_V4);
		memcpy(&ip_2_ip4(ip)->addr, a->ip, 4);
	}
}

void addr_from_lwip(struct wire_addr *a, const ip_addr_t *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->port = htons(port);
	if (IP_IS_V6(ip)) {
		a->family = AF_INET6;
		memcpy(a->ip, ip_2_ip6(ip)->addr, 16);
		a->scope = ip6_addr_zone(ip_2_ip6(ip));
	} else {
		a->family = AF_INET;
		memcpy(a->ip, &ip_2_ip4(ip)->addr, 4);
	}
}

bool addr_is_any(const struct wire_addr *a)
{
	static const uint8_t zero[16];

	return !memcmp(a->ip, zero, addr_len(a->family));
}

bool addr_is_multicast(const struct wire_addr *a)
{
	return a->family == AF_INET ? (a->ip[0] & 0xf0) == 0xe0 :
	    a->family == AF_INET6 && a->ip[0] == 0xff;
}

bool addr_needs_scope(const struct wire_addr *a)
{
	return a->family == AF_INET6 && ((a->ip[0] == 0xfe &&
	    (a->ip[1] & 0xc0) == 0x80) || (a->ip[0] == 0xff &&
	    (a->ip[1] & 0xf) == 2));
}

bool addr_equal(const struct wire_addr *a, const struct wire_addr *b)
{
	return a->family == b->family &&
	    !memcmp(a->ip, b->ip, addr_len(a->family));
}

void addr_present(struct wire_addr *a, int domain)
{
	if (domain != AF_INET6 || a->family != AF_INET)
		return;
	memmove(a->ip + 12, a->ip, 4);
	memcpy(a->ip, mapped, sizeof(mapped));
	a->family = AF_INET6;
	a->scope = 0;
}

void addr_unmap(struct wire_addr *a)
{
	if (a->family != AF_INET6 || memcmp(a->ip, mapped, sizeof(mapped)))
		return;
	memmove(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	a->family = AF_INET;
	a->scope = 0;
}

const char *addr_text(char buf[static ADDR_TEXT], const struct wire_addr *a)
{
	bool six = a->family == AF_INET6;
	char ip[INET6_ADDRSTRLEN];

	if (!a->family || !inet_ntop(a->family, a->ip, ip, sizeof(ip)))
		snprintf(buf, ADDR_TEXT, "*:%u", ntohs(a->port));
	else
		snprintf(buf, ADDR_TEXT, six ? "[%s]:%u" : "%s:%u", ip,
		    ntohs(a->port));
	return buf;
}
