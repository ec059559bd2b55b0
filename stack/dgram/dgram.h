/*
 * dgram.h: what UDP, ping and raw sockets have in common: messages with a
 * struct wire_dgram in front, in and out of the pair.
 */
#ifndef STACK_DGRAM_H
#define STACK_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/ip_addr.h"
#include "stack/wire/wire.h"

struct netif;
struct pbuf;
struct sock;

#define DGRAM_MAX	65535	/* bytes of payload */

/* ops->input, ops->flush and ops->drain of all of them. */
void dgram_input(struct sock *s, uint32_t events);
void dgram_flush(struct sock *s);
void dgram_drain(struct sock *s);
void dgram_release(struct sock *s);
int dgram_bind(struct sock *s, const struct wire_addr *a);
int dgram_connect(struct sock *s, const struct wire_addr *a);
int dgram_listen(struct sock *s, int backlog);
int dgram_shutdown(struct sock *s, int how);

/* Where a message goes, found out once for all kinds of socket. */
struct dgram_route {
	struct wire_addr peer;
	ip_addr_t dst, src;
	struct netif *nif;
	int ttl, tos;
};

/*
 * ops->transmit sends; 0 or -errno, -EAGAIN: no room, try again.
 * ops->rebind makes what lwIP needs after the local or the peer's address
 * changed; 0 or -errno.
 */

/*
 * Give the program a packet that came in just now (lwIP's ip_current_*):
 * payload of p from offset on.  Dropped and counted if it does not read.
 */
void dgram_deliver(struct sock *s, struct pbuf *p, uint16_t offset,
    const ip_addr_t *from, uint16_t port);
/*
 * Tell the program of an error: hdr has err and, for one of ICMP's, what
 * WIRE_DG_ERROR says; payload is what had been sent.
 */
void dgram_error(struct sock *s, struct wire_dgram *hdr, const void *payload,
    size_t len);
void dgram_tx_ready(void);		/* an interface has room again */
bool dgram_delivered(void);	/* programs got any since the last call */

#endif
