/* virt.h: the kind of interface that is the other side of a host tap. */
#ifndef TAP_VIRT_H
#define TAP_VIRT_H

struct iface_driver;
extern const struct iface_driver virt_driver;

#endif
