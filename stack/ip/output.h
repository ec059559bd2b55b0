/* output.h: an interface's netif.output; the next hop is found here. */
#ifndef STACK_OUTPUT_H
#define STACK_OUTPUT_H

#include <stdbool.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"

struct netif;
struct pbuf;

/* Set while a packet is sent that no router may cut. */
extern bool output_whole;

/* Packets of this host. */
err_t output_ip4(struct netif *nif, struct pbuf *p, const ip4_addr_t *dst);
err_t output_ip6(struct netif *nif, struct pbuf *p, const ip6_addr_t *dst);
/* One longer than the MTU, as fragments; in ip4_frag()'s and ip6_frag()'s place. */
err_t output_long4(struct pbuf *p, struct netif *nif, const ip4_addr_t *dst);
err_t output_long6(struct pbuf *p, struct netif *nif, const ip6_addr_t *dst);
/* Packets as they are, also of others. */
err_t output_send_ip4(struct netif *nif, struct pbuf *p, const ip4_addr_t *dst);
err_t output_send_ip6(struct netif *nif, struct pbuf *p, const ip6_addr_t *dst);

#endif
