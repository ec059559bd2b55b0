/* frame.h: one line of text about an Ethernet frame. */
#ifndef STACK_CTL_FRAME_H
#define STACK_CTL_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Describe the n captured bytes of a frame that was len bytes long: addresses,
 * protocol, and what the protocol says.  Every field is checked against n.
 */
void frame_describe(char *dst, size_t size, const uint8_t *p, size_t n,
    size_t len);

#endif
