/* dumptext.h: a frame of shmif dump as a line of text, or of JSON. */
#ifndef STACK_CTL_DUMPTEXT_H
#define STACK_CTL_DUMPTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bus_frame;

struct dumptext {
	bool json;
	bool hex;		/* text: with the bytes */
	bool nano;		/* text: nanoseconds */
};

/* n is how many bytes of the frame there are. */
void dumptext(FILE *to, const struct dumptext *how, const struct bus_frame *f,
    const uint8_t *bytes, size_t n);

#endif
