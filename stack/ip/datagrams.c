/*
 * datagrams.c: who gets a datagram, before lwIP has it.
 *
 * Many that came as one large segment (bus/gso.h) may stay together on their
 * way through lwIP if one socket gets all of them: not where the port is
 * closed, since the sender is told what came first then, and not where raw
 * sockets get each as well.
 */
#include <netinet/in.h>

#include "lwip/ip_addr.h"
#include "lwip/udp.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"

unsigned iface_raw_udp;

/* As lwIP's udp_input() finds what is for one host; ports are equal. */
static bool is_for(const struct udp_pcb *pcb, const ip_addr_t *from,
    uint16_t port, const ip_addr_t *to)
{
	if (!IP_IS_ANY_TYPE_VAL(pcb->local_ip) &&
	    (!IP_ADDR_PCB_VERSION_MATCH_EXACT(pcb, to) ||
	    (!ip_addr_isany(&pcb->local_ip) &&
	    !ip_addr_eq(&pcb->local_ip, to))))
		return false;
	return !(pcb->flags & UDP_FLAGS_CONNECTED) ||
	    (pcb->remote_port == port && ip_addr_eq(&pcb->remote_ip, from));
}

bool iface_takes_datagrams(const struct wire_addr *from,
    const struct wire_addr *to)
{
	uint16_t port = ntohs(to->port);
	ip_addr_t src, dst;

	addr_to_lwip(&src, from);
	addr_to_lwip(&dst, to);
	for (const struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next)
		if (pcb->local_port == port && is_for(pcb, &src,
		    ntohs(from->port), &dst))
			return !iface_raw_udp;
	return false;
}
