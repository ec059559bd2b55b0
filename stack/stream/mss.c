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

static void shrink(struct tcp_pcb *pcb, unsigned mtu)
{
	u16_t mss = mss_for(pcb, mtu);

	if (pcb->state < ESTABLISHED || pcb->mss <= mss)
		return;
	pcb->mss = mss;
	rec_too_long(pcb);
	if (pcb->cwnd < 2 * rec_mss(pcb))
		pcb->cwnd = 2 * rec_mss(pcb);
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
