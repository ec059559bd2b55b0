/* ifaddr.h: what iface.c and ifaddr.c share; others use iface.h. */
#ifndef STACK_IFADDR_H
#define STACK_IFADDR_H

#include "stack/ip/iface.h"

/* iface.c: set up a netif, of an interface or an alias. */
err_t iface_nif_init(struct netif *nif);
/* iface.c: 0, or -ENXIO with a line in err: it has no bus yet. */
int iface_need_link(struct iface *f, char err[static IFACE_ERRLEN]);
/* ifaddr.c: take an alias off its interface and free it. */
void ifaddr_alias_remove(struct iface *f, struct iface_alias *a);

#endif
