/*
 * ifconfig.h: changes to network interfaces, as ifconfig(8) makes them.
 *
 * All under the core lock.  0 or -errno, where there is an err with one line
 * in it that names the interface and the remedy.
 */
#ifndef STACK_IFCONFIG_H
#define STACK_IFCONFIG_H

#include "stack/ip/iface.h"

/* A kind of interface that can be created; for the life of the host. */
void ifconfig_driver_add(const struct iface_driver *d);
int ifconfig_init(void);		/* makes lo */
void ifconfig_stop_all(void);		/* at the end */

/* name "shmif" takes the next number; *out gets what was made. */
int ifconfig_create(const char *name, struct iface **out,
    char err[static IFACE_ERRLEN]);
int ifconfig_destroy(struct iface *f, char err[static IFACE_ERRLEN]);
/* -EINPROGRESS: not decided yet, to be called again. */
int ifconfig_link(struct iface *f, const char *path,
    char err[static IFACE_ERRLEN]);
/* The same for a thread that may wait: not the loop's. */
int ifconfig_link_now(struct iface *f, const char *path,
    char err[static IFACE_ERRLEN]);
int ifconfig_unlink(struct iface *f, char err[static IFACE_ERRLEN]);
/* WIRE_ADDR_ALIAS: one more; without it the first IPv4 address is replaced. */
int ifconfig_addr_add(struct iface *f, struct wire_ifaddr *a,
    char err[static IFACE_ERRLEN]);
int ifconfig_addr_del(struct iface *f, const struct wire_ifaddr *a);
int ifconfig_up(struct iface *f, bool up, char err[static IFACE_ERRLEN]);
int ifconfig_mtu(struct iface *f, uint32_t mtu, char err[static IFACE_ERRLEN]);
/* Which of WIRE_IF_ASKED are set from now on. */
int ifconfig_flags(struct iface *f, uint32_t flags);
int ifconfig_mac(struct iface *f, const uint8_t mac[static 6],
    char err[static IFACE_ERRLEN]);

/* Between ifconfig.c and ifconfig_addr.c. */

/* Set up a netif, of an interface or an alias. */
err_t ifconfig_nif_init(struct netif *nif);
/* 0, or -ENXIO with a line in err: it has no bus yet. */
int ifconfig_need_link(struct iface *f, char err[static IFACE_ERRLEN]);
/* Take an alias off its interface and free it. */
void ifconfig_alias_remove(struct iface *f, struct iface_alias *a);

#endif
