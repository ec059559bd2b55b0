/* pcbhash.c: lwIP's connections by their four names; see pcbhash.h. */
#include "stack/stream/pcbhash.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lwip/ip.h"
#include "stack/sock/sock.h"

#define FIRST_SIZE	1024	/* buckets; a power of two */

static struct tcp_pcb **bucket;
static size_t size, count;

#define PREV(p)	((p)->ext_args[PCBARG_PREV].data)
#define NEXT(p)	((p)->ext_args[PCBARG_NEXT].data)

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

static uint32_t ip_mix(uint32_t h, const ip_addr_t *ip)
{
	if (!IP_IS_V6(ip))
		return mix(h, ip_2_ip4(ip)->addr);
	for (int i = 0; i < 4; i++)
		h = mix(h, ip_2_ip6(ip)->addr[i]);
	return h;
}

/* Keyed, so that nobody outside chooses what falls into one bucket. */
static uint32_t hash(const ip_addr_t *lip, u16_t lport, const ip_addr_t *rip,
    u16_t rport)
{
	static uint32_t seed;

	if (!seed)
		seed = stack_random() | 1;
	return ip_mix(ip_mix(mix(seed, (uint32_t)lport << 16 | rport), lip),
	    rip);
}

static struct tcp_pcb **bucket_of(const struct tcp_pcb *pcb)
{
	return &bucket[hash(&pcb->local_ip, pcb->local_port, &pcb->remote_ip,
	    pcb->remote_port) & (size - 1)];
}

static void put(struct tcp_pcb *pcb)
{
	struct tcp_pcb **b = bucket_of(pcb);

	NEXT(pcb) = *b;
	*b = pcb;
}

/* At most one connection a bucket on average. */
static void grow(void)
{
	size_t old_size = size, n = size ? size * 4 : FIRST_SIZE;
	struct tcp_pcb **old = bucket, **b = calloc(n, sizeof(*b)), *pcb;

	if (!b) {
		if (!old)
			abort();	/* at the very start */
		return;			/* slower, but right */
	}
	bucket = b;
	size = n;
	for (size_t i = 0; i < old_size; i++) {
		while ((pcb = old[i])) {
			old[i] = NEXT(pcb);
			put(pcb);
		}
	}
	free(old);
}

static bool hashed(struct tcp_pcb *const *list)
{
	return list == &tcp_active_pcbs || list == &tcp_tw_pcbs;
}

/* The order in the listeners' list is lwIP's own business. */
static bool doubly_linked(struct tcp_pcb *const *list)
{
	return list != &tcp_listen_pcbs.pcbs;
}

void pcbhash_reg(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
	pcb->next = *list;
	*list = pcb;
	if (!doubly_linked(list))
		return;
	PREV(pcb) = NULL;
	if (pcb->next)
		PREV(pcb->next) = pcb;
	if (!hashed(list))
		return;
	if (count >= size)
		grow();
	put(pcb);
	count++;
}

static void unhash(struct tcp_pcb *pcb)
{
	struct tcp_pcb **p = bucket_of(pcb), *q;

	if (*p == pcb) {
		*p = NEXT(pcb);
	} else {
		for (q = *p; q && NEXT(q) != pcb; q = NEXT(q))
			;
		if (!q)
			return;
		NEXT(q) = NEXT(pcb);
	}
	count--;
}

void pcbhash_unlink(struct tcp_pcb *pcb)
{
	if (pcb->next)
		PREV(pcb->next) = PREV(pcb);
	unhash(pcb);
}

void pcbhash_rmv(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
	struct tcp_pcb **p = list;

	if (list == &tcp_active_pcbs)
		rec_drop(pcb);
	if (!doubly_linked(list)) {
		while (*p && *p != pcb)
			p = &(*p)->next;
	} else {
		if (hashed(list))
			unhash(pcb);
		if (pcb->next)
			PREV(pcb->next) = PREV(pcb);
		if (PREV(pcb))
			p = &((struct tcp_pcb *)PREV(pcb))->next;
	}
	if (*p)
		*p = pcb->next;
	pcb->next = NULL;
}

struct tcp_pcb *pcbhash_find(const ip_addr_t *lip, u16_t lport,
    const ip_addr_t *rip, u16_t rport)
{
	struct tcp_pcb *pcb;

	if (!size)
		return NULL;
	pcb = bucket[hash(lip, lport, rip, rport) & (size - 1)];
	while (pcb && !(pcb->local_port == lport &&
	    pcb->remote_port == rport && ip_addr_eq(&pcb->local_ip, lip) &&
	    ip_addr_eq(&pcb->remote_ip, rip)))
		pcb = NEXT(pcb);
	return pcb;
}

static struct tcp_pcb *current(u16_t local, u16_t remote)
{
	return pcbhash_find(ip_current_dest_addr(), local,
	    ip_current_src_addr(), remote);
}

struct tcp_pcb *pcbhash_active(u16_t local, u16_t remote)
{
	struct tcp_pcb *pcb = current(local, remote);

	return pcb && pcb->state != TIME_WAIT ? pcb : NULL;
}

struct tcp_pcb *pcbhash_timewait(u16_t local, u16_t remote, u8_t flags,
    u32_t seqno)
{
	struct tcp_pcb *pcb = current(local, remote);

	if (!pcb || pcb->state != TIME_WAIT)
		return NULL;
	if ((flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
	    TCP_SEQ_GT(seqno, pcb->rcv_nxt)) {
		tcp_pcb_remove(&tcp_tw_pcbs, pcb);
		tcp_free(pcb);
		return NULL;
	}
	return pcb;
}

void pcbhash_output(struct tcp_pcb *pcb)
{
	rec_input_done(pcb);
	if (pcb->callback_arg && pcb->state >= ESTABLISHED)
		sock_defer(pcb->callback_arg);
	else
		tcp_output(pcb);
}
