/*
 * hops.c: how far segments may go, and from how far they may come: what of
 * farther away than IP_MINTTL or IPV6_MINHOPCOUNT allow is not looked at (RFC
 * 5082).
 */
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "stack/core/counter.h"
#include "stack/ip/hooks.h"
#include "stack/sock/sock.h"
#include "stack/stream/stream.h"

void hops_set(struct tcp_pcb *pcb, const struct sock_opts *o)
{
	bool v6 = IP_IS_V6_VAL(pcb->remote_ip);
	int most = v6 ? o->hops : o->ttl;

	pcb->ttl = (u8_t)(most > 0 ? most : TCP_TTL);
	pcb->tos = (u8_t)(v6 ? o->tclass : o->tos);
}

/* The answer to a SYN has what its listener says. */
void hops_begun(struct tcp_pcb *pcb)
{
	const struct sock *l = pcb->callback_arg;

	if (l)
		hops_set(pcb, &l->opt);
}

/* For a connection that nobody has accepted yet it is the listener's. */
err_t hops_admit(const struct tcp_pcb *pcb)
{
	const struct sock *s = pcb->callback_arg;
	int left, least;

	if (!s || pcb->state == TIME_WAIT)
		return ERR_OK;
	if (ip_current_is_v6()) {
		left = IP6H_HOPLIM(ip6_current_header());
		least = s->opt.minhops;
	} else {
		left = IPH_TTL(ip4_current_header());
		least = s->opt.minttl;
	}
	if (left >= least)
		return ERR_OK;
	counter_inc("tcp.too_far");
	return ERR_ABRT;
}
