/* mss.c: connections fit their segments to the size that their path takes. */
#include "stack/stream/mss.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/addr.h"
#include "stack/ip/route.h"
#include "stack/tcp/rec.h"

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
	u16_t mss = (u16_t)rec_mss(pcb);
	struct tcp_seg *head = pcb->unsent, *seg;

	for (seg = head; seg; seg = seg->next) {
		if (seg->len <= mss)
			continue;
		pcb->unsent = seg;
		if (tcp_split_unsent_seg(pcb, mss) != ERR_OK)
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
	mss = (u16_t)rec_mss(pcb);
	if (!too_long(pcb->unacked, mss) && !too_long(pcb->unsent, mss))
		return;
	rec_cut(pcb);
	cut_unsent(pcb);
	if (pcb->cwnd < 2u * mss)
		pcb->cwnd = 2u * mss;
	tcp_output(pcb);
}

void mss_path(const struct wire_addr *peer, unsigned mtu)
{
	struct tcp_pcb *pcb, *next;
	ip_addr_t ip;

	addr_to_lwip(&ip, peer);
	for (pcb = tcp_active_pcbs; pcb; pcb = next) {
		next = pcb->next;
		if (ip_addr_zoneless_eq(&pcb->remote_ip, &ip))
			shrink(pcb, mtu);
	}
}

void mss_fit(struct tcp_pcb *pcb)
{
	struct wire_addr peer;
	unsigned mtu;

	addr_from_lwip(&peer, &pcb->remote_ip, 0);
	mtu = (unsigned)route_mtu(&peer);
	if (mtu >= 88 && pcb->mss > mss_for(pcb, mtu))
		pcb->mss = mss_for(pcb, mtu);
}
