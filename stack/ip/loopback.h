/* loopback.h: lo0, 127.0.0.0/8 and ::1 inside the virtual host. */
#ifndef STACK_LOOPBACK_H
#define STACK_LOOPBACK_H

struct iface_driver;
extern const struct iface_driver loopback_driver;

/* To be called after lwIP took in what was looped back. */
void loopback_settle(void);

#endif
