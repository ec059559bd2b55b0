/* hooks.h: the questions lwIP leaves to us; the prefix names who answers. */
#ifndef STACK_HOOKS_H
#define STACK_HOOKS_H

#include <stdbool.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"

struct netif;
struct tcp_hdr;
struct tcp_pcb;

struct netif *route_ip4(const ip4_addr_t *src, const ip4_addr_t *dst);
const ip4_addr_t *route_ip4_gw(struct netif *nif, const ip4_addr_t *dst);
int route_ip4_may_forward(struct pbuf *p, u32_t dst);
int forward_ip4(struct pbuf *p, u32_t dst);
struct netif *route_ip6(const ip6_addr_t *src, const ip6_addr_t *dst);
const ip6_addr_t *route_ip6_gw(struct netif *nif, const ip6_addr_t *dst);
int input_ip4(struct pbuf *p, struct netif *in);
int input_ip6(struct pbuf *p, struct netif *in);
err_t input_other(struct pbuf *p, struct netif *in);
/* May a packet to that address have pbuf.seg_size, to be cut by that MSS? */
bool output_large(struct netif *nif, const ip_addr_t *dst, u16_t mss);
u32_t stream_isn(const ip_addr_t *local, u16_t lport, const ip_addr_t *remote,
    u16_t rport);
err_t hops_admit(const struct tcp_pcb *pcb);
void hops_begun(struct tcp_pcb *pcb);
err_t rec_input(struct tcp_pcb *pcb, const struct tcp_hdr *h, u16_t optlen,
    u16_t opt1len, const u8_t *opt2, const struct pbuf *p);
err_t connect_crossed(struct tcp_pcb *pcb, const struct tcp_hdr *syn);
err_t accept_admit(struct tcp_pcb *pcb, const struct tcp_hdr *syn);
err_t urgent_came(struct tcp_pcb *pcb, const struct tcp_hdr *h);
void rec_header(const struct tcp_pcb *pcb, const struct pbuf *p,
    struct tcp_hdr *h);
u32_t *urgent_point(const struct tcp_pcb *pcb, struct tcp_hdr *h, u32_t *opts);

#endif
