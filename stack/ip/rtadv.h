/* rtadv.h: a router advertises itself (RFC 4861 6.2). */
#ifndef STACK_RTADV_H
#define STACK_RTADV_H

struct netif;
struct pbuf;

/* A switch of sysctl, 0 or 1; it takes forwarding to have an effect. */
extern int rtadv_send;

/* A solicitation came in by that interface. */
void rtadv_solicited(const struct pbuf *p, struct netif *in);
void rtadv_init(void);

#endif
