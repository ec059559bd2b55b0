/* frame.h: what is done to the bytes of a frame. */
#ifndef STACK_FAULT_FRAME_H
#define STACK_FAULT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pbuf;

/* Another one with the same bytes, in one piece.  NULL: no memory. */
struct pbuf *frame_copy(const struct pbuf *p);
/*
 * p itself if nobody else refers to it, else a copy in its place: to be kept or
 * changed.  NULL: no memory, and p is let go of.
 */
struct pbuf *frame_own(struct pbuf *p);
void frame_flip(struct pbuf *p, uint32_t byte, uint8_t bit);
/*
 * Tell of congestion (RFC 3168), if the packet behind `ip` bytes may be told.
 * frame_may_mark: may it?  frame_mark: p is our own.
 */
bool frame_may_mark(const struct pbuf *p, size_t ip);
void frame_mark(struct pbuf *p, size_t ip);

#endif
