/*
 * pmtu.c: the size of packets that a path takes: learned from routers, and
 * kept for ten minutes.
 */
#include "stack/ip/pmtu.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "stack/core/counter.h"
#include "stack/ip/addr.h"
#include "stack/wire/clock.h"

#define LIFETIME_NS	600000000000ull	/* RFC 1191 6.3 */
#define MIN4		552	/* bytes; a lie below that costs too much */
#define MIN6		1280

int pmtu_discover = 1;

/* One entry for all addresses of a hash; the younger one has it. */
static struct pmtu {
	struct wire_addr peer;
	unsigned mtu;		/* 0: free */
	uint64_t since;
} cache[PMTU_MAX];

static struct pmtu *entry_of(const struct wire_addr *peer)
{
	uint32_t hash = 0, word;

	for (int i = 0; i < 16; i += 4) {
		memcpy(&word, peer->ip + i, sizeof(word));
		hash = (hash ^ word) * 2654435761u;
	}
	return &cache[hash >> 24];
}

unsigned pmtu_get(const struct wire_addr *peer)
{
	struct pmtu *p = entry_of(peer);

	if (!p->mtu || p->peer.family != peer->family ||
	    !addr_equal(&p->peer, peer))
		return 0;
	if (clock_ns() - p->since > LIFETIME_NS) {
		p->mtu = 0;	/* perhaps it has grown */
		nd6_clear_destination_cache();
		return 0;
	}
	return p->mtu;
}

/* Old routers tell no size: the next lower common one. */
static unsigned guess(unsigned len)
{
	static const unsigned common[] = {
		32000, 17914, 8166, 4352, 2002, 1492,
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (common[i] < len)
			return common[i];
	return MIN4;
}

/* Neighbours have an entry of their own in lwIP's cache, with an MTU. */
static void tell_nd6(const struct wire_addr *peer, unsigned mtu)
{
	for (int i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++)
		if (!memcmp(destination_cache[i].destination_addr.addr,
		    peer->ip, 16))
			destination_cache[i].pmtu = (u16_t)mtu;
}

unsigned pmtu_learn(const struct wire_addr *peer, unsigned mtu, unsigned len,
    unsigned most)
{
	struct pmtu *p = entry_of(peer);
	unsigned least = peer->family == AF_INET ? MIN4 : MIN6;

	if (!mtu)
		mtu = guess(len);
	if (mtu < least)
		mtu = least;
	if (mtu > most)
		return 0;
	if (p->mtu && (p->peer.family != peer->family ||
	    !addr_equal(&p->peer, peer)))
		counter_inc("ip.path_mtu_replaced");
	p->peer = *peer;
	p->mtu = mtu;
	p->since = clock_ns();
	if (peer->family == AF_INET6)
		tell_nd6(peer, mtu);
	return mtu;
}
