/* autoconf.h: what routers advertise (RFC 4861, RFC 4862), as routes. */
#ifndef STACK_AUTOCONF_H
#define STACK_AUTOCONF_H

#include <stdbool.h>

struct netif;
struct pbuf;

extern int autoconf_accept;	/* a switch of sysctl; 0 or 1 */

/*
 * An advertisement came in by that interface.  false: it is to be ignored.
 * What lwIP makes of it becomes routes as soon as the lock is let go.
 */
bool autoconf_advertised(const struct pbuf *p, struct netif *in);
void autoconf_init(void);

#endif
