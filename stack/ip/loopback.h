/* loopback.h: lo, 127.0.0.0/8 and ::1 inside the virtual host. */
#ifndef STACK_LOOPBACK_H
#define STACK_LOOPBACK_H

#include "lwip/err.h"

struct iface_driver;
struct netif;
struct pbuf;

extern const struct iface_driver loopback_driver;

/* What lwIP calls in place of netif_loop_output(), see the Makefile. */
err_t loopback_output(struct netif *nif, struct pbuf *p);
/* The same past lo's faults; p stays the caller's. */
err_t loopback_send(struct netif *nif, struct pbuf *p);
/* A whole IPv4 header came in by nif, and lwIP is going to look at it. */
void loopback_input(const struct pbuf *p, struct netif *nif);

#endif
