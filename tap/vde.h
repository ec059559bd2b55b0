/* vde.h: the kind of interface that plugs into an Ethernet elsewhere. */
#ifndef TAP_VDE_H
#define TAP_VDE_H

struct iface_driver;
extern const struct iface_driver vde_driver;

#endif
