/*
 * capiface.h: who the frames of a bus come from, as the interfaces of a pcapng
 * file: one for each member, with its name and addresses.
 */
#ifndef STACK_CTL_CAPIFACE_H
#define STACK_CTL_CAPIFACE_H

#include <stdint.h>
#include <stdio.h>

struct bus;
struct bus_frame;
struct capifaces;

/* bus: what the user calls it.  Return: NULL: out of memory. */
struct capifaces *capifaces_new(struct bus *b, const char *bus,
    uint32_t snaplen);
void capifaces_free(struct capifaces *c);	/* NULL is allowed */
/* Into a file just begun: who is there now. */
void capifaces_begin(struct capifaces *c, FILE *to);
/*
 * The number of the frame's interface, which is written first if the file does
 * not have it yet; a member that has changed becomes another one.
 */
uint32_t capifaces_of(struct capifaces *c, FILE *to,
    const struct bus_frame *f, const uint8_t *bytes, size_t n);

#endif
