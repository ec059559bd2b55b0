/* frame.h: a frame that came in from outside, to lwIP. */
#ifndef TAP_FRAME_H
#define TAP_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct iface;

/*
 * One frame, copied; under the core lock.  It is counted, shown to who
 * captures, and dropped if it is for others.
 * Return: 0; -EBADMSG: too short to be one; -EMSGSIZE: longer than the
 * interface takes; -ENOMEM.  The driver has counters of its own for these.
 */
int frame_input(struct iface *f, const uint8_t *frame, size_t n);

#endif
