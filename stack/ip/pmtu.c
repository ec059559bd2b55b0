/*
 * pmtu.c: the size of packets that a path takes: learned from routers, kept
 * for ten minutes, and what it means for connections.
 */
#include "stack/ip/pmtu.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "stack/core/core.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

#define ENTRIES		256
#define LIFETIME_NS	600000000000ull	/* RFC 1191 6.3 */
#define MIN4		552	/* bytes; a lie below that costs too much */
#define MIN6		1280

int pmtu_discover = 1;

/* One entry for all addresses of a hash; the younger one has it. */
static struct pmtu {
	struct wire_addr peer;
	unsigned mtu;		/* 0: free */
	uint64_t since;
} cache[ENTRIES];

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
	if (core_now_ns() - p->since > LIFETIME_NS) {
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

static u16_t mss_for(const struct tcp_pcb *pcb, unsigned mtu)
{
	return (u16_t)(mtu - (IP_IS_V6_VAL(pcb->remote_ip) ? 60 : 40));
}

/*
 * Cut all that waits to be sent.  lwIP cuts only the first segment of the
 * queue: each of them is made the first for that moment.
 */
static void cut_unsent(struct tcp_pcb *pcb)
{
	struct tcp_seg *head = pcb->unsent, *seg;

	for (seg = head; seg; seg = seg->next) {
		if (seg->len <= pcb->mss)
			continue;
		pcb->unsent = seg;
		if (tcp_split_unsent_seg(pcb, pcb->mss) != ERR_OK)
			break;	/* no memory: the next report comes */
	}
	pcb->unsent = head;
}

static bool too_long(const struct tcp_seg *seg, u16_t mss)
{
	for (; seg; seg = seg->next)
		if (seg->len > mss)
			return true;
	return false;
}

/* What is on its way is lost: all of it was too long, or nearly all. */
static void shrink(struct tcp_pcb *pcb, unsigned mtu)
{
	u16_t mss = mss_for(pcb, mtu);

	if (pcb->state < ESTABLISHED)
		return;
	if (pcb->mss > mss)
		pcb->mss = mss;
	if (!too_long(pcb->unacked, mss) && !too_long(pcb->unsent, mss))
		return;
	if (pcb->unacked)
		tcp_rexmit_rto_prepare(pcb);
	cut_unsent(pcb);
	if (pcb->cwnd < 2u * mss)
		pcb->cwnd = 2u * mss;
	tcp_output(pcb);
}

/* Neighbours have an entry of their own in lwIP's cache, with an MTU. */
static void tell_nd6(const struct wire_addr *peer, unsigned mtu)
{
	for (int i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++)
		if (!memcmp(destination_cache[i].destination_addr.addr,
		    peer->ip, 16))
			destination_cache[i].pmtu = (u16_t)mtu;
}

void pmtu_learn(const struct wire_addr *peer, unsigned mtu, unsigned len)
{
	struct pmtu *p = entry_of(peer);
	unsigned least = peer->family == AF_INET ? MIN4 : MIN6;
	struct tcp_pcb *pcb, *next;
	ip_addr_t ip;

	if (!mtu)
		mtu = guess(len);
	if (mtu < least)
		mtu = least;
	if (mtu > (unsigned)route_mtu(peer))
		return;
	p->peer = *peer;
	p->mtu = mtu;
	p->since = core_now_ns();
	if (peer->family == AF_INET6)
		tell_nd6(peer, mtu);
	addr_to_lwip(&ip, peer);
	for (pcb = tcp_active_pcbs; pcb; pcb = next) {
		next = pcb->next;
		if (ip_addr_zoneless_eq(&pcb->remote_ip, &ip))
			shrink(pcb, mtu);
	}
}

struct tcp_pcb *pmtu_quoted(const struct wire_addr *local,
    const struct wire_addr *peer, uint32_t seq)
{
	struct tcp_pcb *pcb;
	ip_addr_t here, there;

	addr_to_lwip(&here, local);
	addr_to_lwip(&there, peer);
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->local_port == ntohs(local->port) &&
		    pcb->remote_port == ntohs(peer->port) &&
		    ip_addr_zoneless_eq(&pcb->remote_ip, &there) &&
		    ip_addr_zoneless_eq(&pcb->local_ip, &here))
			break;
	/* One who does not see the packets has to guess this. */
	if (pcb && !TCP_SEQ_BETWEEN(seq, pcb->lastack, pcb->snd_nxt))
		pcb = NULL;
	return pcb;
}

void pmtu_fit(struct tcp_pcb *pcb)
{
	struct wire_addr peer;
	unsigned mtu;

	addr_from_lwip(&peer, &pcb->remote_ip, 0);
	mtu = (unsigned)route_mtu(&peer);
	if (mtu >= 88 && pcb->mss > mss_for(pcb, mtu))
		pcb->mss = mss_for(pcb, mtu);
}
