/* match.c: which entry a frame meets. */
#include <netinet/in.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "lwip/prot/ethernet.h"
#include "stack/core/filter.h"
#include "stack/fault/fault.h"

enum {
	ETH = 14,
	ARP_FROM = ETH + 14, ARP_TO = ETH + 24,
	IP4_FROM = ETH + 12, IP4_TO = ETH + 16,
	IP6_NEXT = ETH + 6, IP6_FROM = ETH + 8, IP6_TO = ETH + 24,
	ICMP6 = ETH + 40, ND_TARGET = ICMP6 + 8,
	HEAD = ND_TARGET + 16,
	ND_SOLICIT = 135, ND_ADVERTISE = 136,
};

/* A frame whose bytes are in one piece, as a filter wants them. */
static struct {
	const uint8_t *data;
	size_t len;
	uint8_t room[ETH + UINT16_MAX];
} flat;

static void flatten(const struct faults *l, const struct pbuf *p)
{
	size_t skip = iface_is_loopback(l->f) ? ETH : 0;
	uint16_t type;

	flat.len = p->tot_len + skip;
	flat.data = flat.room;
	if (!skip && !p->next) {
		flat.data = p->payload;
		return;
	}
	if (skip) {
		type = PP_HTONS(*(uint8_t *)p->payload >> 4 == 6 ?
		    ETHTYPE_IPV6 : ETHTYPE_IP);
		memset(flat.room, 0, ETH);
		memcpy(flat.room + 12, &type, 2);
	}
	pbuf_copy_partial(p, flat.room + skip, p->tot_len, 0);
}

static bool same(const struct wire_fault_addr *a, size_t at, size_t len)
{
	return at + len <= flat.len && !memcmp(flat.data + at, a->addr, len);
}

static unsigned type(void)
{
	return flat.len < ETH ? 0 :
	    (unsigned)(flat.data[12] << 8 | flat.data[13]);
}

static bool is_for4(const struct wire_fault_addr *a)
{
	if (type() == ETHTYPE_ARP)
		return same(a, ARP_FROM, 4) || same(a, ARP_TO, 4);
	return type() == ETHTYPE_IP &&
	    (same(a, IP4_FROM, 4) || same(a, IP4_TO, 4));
}

static bool is_for6(const struct wire_fault_addr *a)
{
	if (type() != ETHTYPE_IPV6)
		return false;
	if (same(a, IP6_FROM, 16) || same(a, IP6_TO, 16))
		return true;
	return flat.len > ICMP6 && flat.data[IP6_NEXT] == IPPROTO_ICMPV6 &&
	    (flat.data[ICMP6] == ND_SOLICIT ||
	    flat.data[ICMP6] == ND_ADVERTISE) && same(a, ND_TARGET, 16);
}

/* Does it come from there or go there, or ask or tell where that is? */
static bool is_for(const struct wire_fault_addr *a)
{
	switch (a->family) {
	case AF_INET:
		return is_for4(a);
	case AF_INET6:
		return is_for6(a);
	default:
		return same(a, 0, 6) || same(a, 6, 6);
	}
}

static bool cuts(const struct fault *e)
{
	for (uint32_t i = 0; i < e->conf.naddr; i++)
		if (is_for(&e->addr[i]))
			return true;
	return false;
}

struct fault *fault_find(struct faults *l, int dir, const struct pbuf *p)
{
	bool ready = false;

	for (struct fault *e = l->first; e; e = e->next) {
		bool partition = e->conf.kind == WIRE_FAULT_PARTITION;

		if (!(e->conf.dirs & dir))
			continue;
		if (!ready && (e->filter || partition)) {
			flatten(l, p);
			ready = true;
		}
		if (e->filter && !filter_run(e->filter, flat.data, flat.len))
			continue;
		if (!partition || cuts(e))
			return e;
	}
	return NULL;
}
